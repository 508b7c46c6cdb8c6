"""How pools stand tonight: what is left of them, when it is paid and how it is scheduled."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from pricing import calendars, dates
from pricing.batch import Batch
from pricing.grouping import combine
from pricing.pricers.pool_rates import Assumptions
from pricing.products.pool import STRIPS
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

IO, PO = STRIPS.index("IO"), STRIPS.index("PO")


@dataclass(frozen=True, slots=True)
class Calendar:
    """When months of rows accrue and are paid, columns (rows,); month 0 is the next payment's.

    `first` is the month index in which the accrual of month 0 begins.
    """

    first: IntArray
    day: IntArray
    delay: IntArray
    calendar: IntArray
    roll: IntArray

    def take(self, index: IntpArray) -> Calendar:
        """Return the given rows."""
        return Calendar(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def begins(self, k: IntArray) -> IntArray:
        """Return the day ordinals on which accrual month k begins."""
        return dates.on_day(self.first + k, self.day)

    def paid(self, k: IntArray) -> IntArray:
        """Return the day ordinals on which month k is paid."""
        return calendars.adjust(self.begins(k + 1) + self.delay, self.calendar, self.roll)

    def grids(self) -> tuple[IntpArray, IntpArray]:
        """Return a row of each distinct calendar, and each row's one."""
        return combine(self.first, self.day, self.delay, self.calendar, self.roll)


@dataclass(frozen=True, slots=True)
class Pools:
    """Pools with payments left, columns (rows,); `rows` are places in the batch.

    `rate` is a twelfth of the WAC, `coupon` of what the holder gets; `amortising` the months the
    payment repays the balance in; `interest` and `principal` are 0 where a strip leaves them out.
    `paths` are those a row is valued over, 0 where on the curve alone, `key` that of their numbers.
    A pool that stands `copies` times in a row is scheduled once.
    """

    rows: IntpArray
    months: IntArray
    balance: FloatArray
    rate: FloatArray
    coupon: FloatArray
    amortising: IntArray
    interest: FloatArray
    principal: FloatArray
    calendar: Calendar
    assumptions: Assumptions
    paths: IntArray
    key: IntArray
    copies: int = 1

    def take(self, index: IntpArray) -> Pools:
        """Return the given rows."""
        return Pools(
            self.rows[index],
            self.months[index],
            self.balance[index],
            self.rate[index],
            self.coupon[index],
            self.amortising[index],
            self.interest[index],
            self.principal[index],
            self.calendar.take(index),
            self.assumptions.take(index),
            self.paths[index],
            self.key[index],
        )

    def repeated(self, copies: int) -> Pools:
        """Return each pool so many times, one after the other."""
        return replace(self.take(np.repeat(np.arange(len(self.rows)), copies)), copies=copies)

    def scheduled(self, k: int, rows: int) -> FloatArray:
        """Return (rows,): the scheduled share of tonight's balance left after k payments.

        (1 - (1 + i)^-(N - k)) / (1 - (1 + i)^-N) of a level payment over N months; 0 from the
        last month on, when a balloon is repaid.
        """
        once = slice(0, rows, self.copies)
        share = scheduled(self.rate[once], self.amortising[once], self.months[once], k)
        return share if self.copies == 1 else np.repeat(share, self.copies)


def scheduled(rate: FloatArray, amortising: IntArray, months: IntArray, k: int) -> FloatArray:
    """Return the scheduled share of a balance left after k of `months` payments."""
    flat = rate == 0.0
    log = -np.log1p(np.where(flat, 0.01, rate))
    left = np.maximum(amortising - k, 0)
    level = np.expm1(log * left) / np.expm1(log * amortising)
    return np.where(k >= months, 0.0, np.where(flat, left / amortising, level))


def stand(batch: Batch, rows: IntpArray, states: States) -> tuple[Pools, IntpArray]:
    """Return the pools of rows that have payments left after the cut, and the rows with none."""
    whole = Calendar(
        *(batch.integers(name)[rows] for name in ("start_month", "start_day", "delay")),
        *(batch.integers(name)[rows] for name in ("calendar", "roll")),
    )
    made = _made(whole, states)
    stated, age = batch.integers("months_now")[rows], batch.integers("age_now")[rows]
    months = np.where(stated > 0, stated, batch.integers("months")[rows] - made)
    age = np.where(age >= 0, age, batch.integers("age")[rows] + made)
    alive = np.flatnonzero(months > 0)
    left, months, age = rows[alive], months[alive], age[alive]
    calendar = whole.take(alive)
    calendar = Calendar(
        calendar.first + made[alive], calendar.day, calendar.delay, calendar.calendar, calendar.roll
    )
    strip = batch.column("strip")[left]
    pools = Pools(
        left,
        months,
        batch.floats("balance")[left],
        batch.floats("wac")[left] / 12.0,
        batch.floats("coupon")[left] / 12.0,
        months + batch.integers("amortising")[left],
        np.where(strip == PO, 0.0, 1.0),
        np.where(strip == IO, 0.0, 1.0),
        calendar,
        Assumptions.of(
            batch,
            left,
            age,
            months,
            batch.floats("survival")[left],
            batch.floats("wac")[left],
            calendar.first,
        ),
        batch.integers("paths")[left],
        batch.integers("key")[left],
    )
    return pools, rows[months_over(stated, batch.integers("months")[rows], made)]


def months_over(stated: IntArray, months: IntArray, made: IntArray) -> npt.NDArray[np.bool_]:
    """Return where no month is left."""
    return np.where(stated > 0, stated, months - made) <= 0


def _made(calendar: Calendar, states: States) -> IntArray:
    """Return how many months of each row are paid by the cut."""
    limit = states.day - 1 if states.inclusive else states.day
    now = int(dates.month_index(np.array([states.day], dtype=np.int64))[0])
    # A delay of 90 days and a roll move a payment less than five months.
    k = np.maximum(now - calendar.first - 5, 0)
    for _ in range(8):
        paid = calendar.paid(k) <= limit
        if not paid.any():
            break
        k = k + paid
    return k
