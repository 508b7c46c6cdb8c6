"""Payment schedules of a batch: dates by formula, so that any payment of any row is one gather.

Payment k of a row falls on `pay_day` of month `first_month + k x months` (the month's last day
where it is shorter), except the last, which falls on the maturity. Pay dates are adjusted by the
row's calendar and roll convention; interest accrues between due dates, adjusted or not as the
row says. An odd first period starts at `start`, an odd last one ends at `maturity`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pricing import calendars, dates, daycount
from pricing.batch import Batch
from pricing.dates import IntArray

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MAX_PAYMENTS = 1200
COLUMNS = {
    "start": "i4",
    "first_month": "i2",
    "months": "i1",
    "pay_day": "i1",
    "maturity": "i4",
    "payments": "i2",
    "calendar": "i1",
    "roll": "i1",
    "accrual_adjusted": "i1",
    "basis": "i1",
}
"""The columns of a schedule in a packed batch."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Schedules as int64 columns (rows,): days are ordinals, `months` the length of a period."""

    start: IntArray
    first_month: IntArray
    months: IntArray
    pay_day: IntArray
    maturity: IntArray
    payments: IntArray
    calendar: IntArray
    roll: IntArray
    accrual_adjusted: IntArray
    basis: IntArray

    @staticmethod
    def of(batch: Batch) -> Schedule:
        """Return the schedules of a packed batch."""
        return Schedule(**{name: batch.integers(name) for name in COLUMNS})

    def take(self, index: npt.NDArray[np.intp]) -> Schedule:
        """Return the schedules of the given rows."""
        return Schedule(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def due(self, k: IntArray) -> IntArray:
        """Return the unadjusted due date of payment k of each row; k = -1 is the start."""
        month = np.minimum(self.first_month + np.maximum(k, 0) * self.months, _LAST_MONTH)
        regular = dates.on_day(month, self.pay_day)
        day = np.where(k >= self.payments - 1, self.maturity, regular)
        return np.where(k < 0, self.start, day)

    def paid(self, k: IntArray) -> IntArray:
        """Return the adjusted pay date of payment k of each row."""
        return calendars.adjust(self.due(k), self.calendar, self.roll)

    def accrual(self, k: IntArray) -> IntArray:
        """Return the date on which the period of payment k ends; k = -1 is the start."""
        due = self.due(k)
        if not self.accrual_adjusted.any():
            return due
        moved = calendars.adjust(due, self.calendar, self.roll)
        return np.where((self.accrual_adjusted == 1) & (k >= 0), moved, due)

    def first_paid_after(self, day: int, inclusive: bool) -> IntArray:
        """Return the first payment of each row that is paid after `day` (or on it)."""
        limit = np.full(len(self.start), day - 1 if inclusive else day)
        return self._search(limit, adjusted=True)

    def first_due_from(self, days: IntArray) -> IntArray:
        """Return the first payment of each row due on its day or later."""
        return self._search(days - 1, adjusted=False)

    def first_paid_from(self, days: IntArray) -> IntArray:
        """Return the first payment of each row paid on its day or later."""
        return self._search(days - 1, adjusted=True)

    def _search(self, limit: IntArray, *, adjusted: bool) -> IntArray:
        month = dates.month_index(np.clip(limit, dates.MIN_DAY, dates.LAST_INPUT_DAY))
        k: IntArray = (month - self.first_month) // self.months - 1
        k = np.clip(k, 0, self.payments)
        # A roll moves a date by days, never by a period: a few steps close the gap.
        for _ in range(4):
            day = self.paid(k) if adjusted else self.due(k)
            behind = (day <= limit) & (k < self.payments)
            if not behind.any():
                break
            k = k + behind
        return k

    def period_fraction(self, k: IntArray) -> FloatArray:
        """Return the year fraction of the whole period of payment k of each row."""
        return self.fraction(k, self.accrual(k - 1), self.accrual(k))

    def fraction(self, k: IntArray, begin: IntArray, end: IntArray) -> FloatArray:
        """Return the year fraction from begin to end inside the period of payment k."""
        out = daycount.year_fraction(self.basis, begin, end, self.maturity)
        for basis, inside in _PERIODIC.items():
            at = np.flatnonzero(self.basis == basis)
            if len(at):
                out[at] = self.take(at)._periodic(k[at], begin[at], end[at], inside)
        return out

    def _periodic(
        self, k: IntArray, begin: IntArray, end: IntArray, inside: _InsidePeriod
    ) -> FloatArray:
        """Return the sum over the notional periods of the row's grid around payment k."""
        month = np.minimum(self.first_month + k * self.months, _LAST_MONTH)
        regular = dates.on_day(month, self.pay_day)
        before = dates.on_day(np.maximum(month - self.months, _FIRST_MONTH), self.pay_day)
        total = np.zeros(len(k))
        period_end, period_start = regular, before
        # A first period begins at most four whole ones and a part before its payment.
        for back in range(1, 6):
            total += inside(begin, end, period_start, period_end, self.months)
            period_end = period_start
            earlier = np.maximum(month - (back + 1) * self.months, _FIRST_MONTH - 1 + back)
            period_start = dates.on_day(np.maximum(earlier, _FIRST_MONTH), self.pay_day)
            period_start = np.minimum(period_start, period_end - 1)
        if (end > regular).any():
            # A last period longer than a regular one runs into notional periods after its first.
            period_start = regular
            for ahead in range(1, 4):
                later = np.minimum(month + ahead * self.months, _LAST_MONTH)
                period_end = np.maximum(dates.on_day(later, self.pay_day), period_start + 1)
                total += inside(begin, end, period_start, period_end, self.months)
                period_start = period_end
        whole = (begin == before) & (end == regular)
        return np.where(whole, self.months / 12.0, total)


_InsidePeriod = Callable[[IntArray, IntArray, IntArray, IntArray, IntArray], FloatArray]
_PERIODIC: dict[int, _InsidePeriod] = {
    daycount.ICMA: daycount.icma_fraction,
    daycount.CANADIAN: daycount.canadian_fraction,
}
_FIRST_MONTH = dates.FIRST_MONTH
_LAST_MONTH = dates.FIRST_MONTH + (dates.LAST_YEAR - dates.FIRST_YEAR + 1) * 12 - 1


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of schedules after a cut, as columns (rows,).

    `first` is the number of the first payment left, `count` how many are left (0: matured),
    `first_fraction` and `last_fraction` the year fractions of the first and the last period left,
    `last_day` the last pay date. With one payment left both fractions are of the same period.
    """

    first: IntArray
    count: IntArray
    first_fraction: FloatArray
    last_fraction: FloatArray
    last_day: IntArray

    @staticmethod
    def of(schedule: Schedule, first: IntArray) -> Remaining:
        """Return what is left of schedules from payment `first` of each row on."""
        count = schedule.payments - first
        last = schedule.payments - 1
        return Remaining(
            first,
            count,
            schedule.period_fraction(np.minimum(first, last)),
            schedule.period_fraction(last),
            schedule.paid(last),
        )

    def take(self, index: npt.NDArray[np.intp]) -> Remaining:
        """Return the given rows."""
        return Remaining(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def accrued_fraction(schedule: Schedule, first: IntArray, day: int) -> FloatArray:
    """Return the year fraction of interest earned up to a day in the period of payment `first`.

    0 before the period begins; the whole period between its end and a later pay date.
    """
    at = np.minimum(first, schedule.payments - 1)
    begin = schedule.accrual(at - 1)
    end = np.minimum(np.maximum(day, begin), schedule.accrual(at))
    fraction = schedule.fraction(at, begin, end)
    return np.where((first < schedule.payments) & (end > begin), fraction, 0.0)
