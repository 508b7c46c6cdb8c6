"""Shared payment grids: rows with the same dates read them from one table.

A lattice is (first month left, months per period, pay day, calendar, roll, accrual, day count).
Its tables hold payment by payment, for all rows on it, the days from the valuation date and the
year fraction; a row's own first and last period may differ and are carried by the row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import calendars, dates, daycount
from pricing.dates import IntArray
from pricing.grouping import combine, order_by
from pricing.kernel import BLOCK_FLOWS, dense_size
from pricing.schedule import Remaining, Schedule

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Lattices:
    """Tables (payments, lattices) and each row's lattice (rows,).

    `regular` says whether a row's last payment is on the grid as all others are.
    `days` are pay days after the valuation day, `fraction` year fractions of whole periods.
    `grid` (lattices,) numbers the distinct pay dates: lattices may differ in day count alone.
    """

    row: npt.NDArray[np.intp]
    regular: npt.NDArray[np.bool_]
    grid: npt.NDArray[np.intp]
    days: IntArray
    fraction: FloatArray

    def take(self, index: npt.NDArray[np.intp], payments: int) -> Lattices:
        """Return the given rows with the tables of their lattices only, up to `payments`."""
        sample, row = combine(self.row[index])
        used = self.row[index[sample]]
        return Lattices(
            row,
            self.regular[index],
            self.grid[used],
            self.days[:payments, used],
            self.fraction[:payments, used],
        )

    def order(
        self, leading: npt.NDArray[np.int64], count: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.intp]:
        """Return rows by a leading column, then those for the sparse product, then grid and size.

        Rows of one grid read the same discount factors, which then stay in cache.
        """
        size = dense_size(count, self.regular) // BLOCK_FLOWS
        return order_by(leading, (size > 0).astype(np.int64), self.grid[self.row], size)


def build(schedule: Schedule, remaining: Remaining, valuation: int) -> Lattices:
    """Return the lattices of rows that have at least one payment left."""
    first_month = schedule.first_month + remaining.first * schedule.months
    sample, row = combine(
        first_month,
        schedule.months,
        schedule.pay_day,
        schedule.calendar,
        schedule.roll,
        schedule.accrual_adjusted,
        schedule.basis,
    )
    payments = int(remaining.count.max(initial=0))
    _, grid = combine(
        first_month[sample],
        schedule.months[sample],
        schedule.pay_day[sample],
        schedule.calendar[sample],
        schedule.roll[sample],
    )
    days, fraction = _tables(schedule, first_month, sample, payments, valuation)
    regular = days[remaining.count - 1, row] == remaining.last_day - valuation
    return Lattices(row, regular, grid, days, fraction)


def _tables(
    schedule: Schedule,
    first_month: IntArray,
    sample: npt.NDArray[np.intp],
    payments: int,
    valuation: int,
) -> tuple[IntArray, FloatArray]:
    months = schedule.months[sample]
    last_month = dates.FIRST_MONTH + (dates.LAST_YEAR - dates.FIRST_YEAR + 1) * 12 - 1
    steps = np.arange(-1, payments)[:, None] * months[None, :]
    month = np.clip(first_month[sample] + steps, dates.FIRST_MONTH, last_month)
    due = dates.on_day(month, schedule.pay_day[sample])
    paid = calendars.adjust(due, schedule.calendar[sample], schedule.roll[sample])
    accrual = np.where(schedule.accrual_adjusted[sample] == 1, paid, due)
    # No date of a table is a termination date: the last period is the row's own.
    never = np.array(-(2**40))
    fraction = daycount.year_fraction(schedule.basis[sample], accrual[:-1], accrual[1:], never)
    periodic = daycount.is_periodic(schedule.basis[sample])
    fraction[:, periodic] = months[periodic] / 12.0
    return paid[1:] - valuation, fraction
