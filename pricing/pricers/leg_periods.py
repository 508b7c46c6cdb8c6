"""The periods left of swap legs: legs on one grid of dates read them from one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import calendars, dates, daycount
from pricing.grouping import combine
from pricing.pricers.flows import offsets_of
from pricing.schedule import Schedule

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class LegPeriods:
    """Distinct periods (periods,) as day ordinals, and the flows of legs among them.

    Flow j of leg `owner[j]` is its payment `payment[j]`, made on `paid[place[j]]` for the period
    [start[place[j]], end[place[j]]), `fraction[j]` of a year; leg i owns [offsets[i],
    offsets[i + 1]).
    """

    start: IntArray
    end: IntArray
    paid: IntArray
    offsets: Int32Array
    owner: IntpArray
    payment: IntArray
    place: IntpArray
    fraction: FloatArray


def first_left(schedule: Schedule, pay_lag: IntArray, day: int, inclusive: bool) -> IntArray:
    """Return the first payment of each leg that is made after `day` (or on it)."""
    first = schedule.first_paid_after(day, inclusive)
    if not pay_lag.any():
        return first
    limit = day if inclusive else day + 1
    # A lag of 30 business days spans two periods of a month.
    for _ in range(3):
        earlier = np.maximum(first - 1, 0)
        late = (first > 0) & (paid_days(schedule, pay_lag, earlier) >= limit)
        first = first - late
    return first


def paid_days(schedule: Schedule, pay_lag: IntArray, k: IntArray) -> IntArray:
    """Return the day on which payment k of each leg is made."""
    paid = schedule.paid(k)
    if not pay_lag.any():
        return paid
    return calendars.business_days_after(paid, pay_lag, schedule.calendar)


def periods_left(schedule: Schedule, pay_lag: IntArray, first: IntArray) -> LegPeriods:
    """Return the periods of legs from payment `first` on; each leg has at least one left."""
    count = schedule.payments - first
    sample, row = combine(
        schedule.first_month + first * schedule.months,
        schedule.months,
        schedule.pay_day,
        schedule.calendar,
        schedule.roll,
        schedule.accrual_adjusted,
        schedule.basis,
        pay_lag,
    )
    accrual, paid, fraction = _tables(
        schedule.take(sample), pay_lag[sample], first[sample], int(count.max())
    )
    width = paid.shape[1]
    offsets = offsets_of(count)
    begin, last = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64) - 1
    owner = np.repeat(np.arange(len(count)), count)
    step = np.arange(int(offsets[-1])) - begin[owner]
    place = (row * width)[owner] + step
    share = fraction.ravel().take(place)
    own = _Own.of(schedule, pay_lag, first)
    share[begin] = own.first_fraction
    share[last] = own.last_fraction
    start, end, paid_flat = accrual[:, :-1].ravel(), accrual[:, 1:].ravel(), paid.ravel()
    odd_first = np.flatnonzero(own.first_start != start[place[begin]])
    odd_last = np.flatnonzero(
        (own.last_end != end[place[last]])
        | (own.last_paid != paid_flat[place[last]])
        | (own.last_start != start[place[last]])
    )
    # A leg with one period left is odd in its last one alone, which has both its ends.
    odd_first = odd_first[count[odd_first] > 1]
    at = np.concatenate([begin[odd_first], last[odd_last]])
    odd = (
        np.concatenate([own.first_start[odd_first], own.last_start[odd_last]]),
        np.concatenate([own.first_end[odd_first], own.last_end[odd_last]]),
        np.concatenate([own.first_paid[odd_first], own.last_paid[odd_last]]),
    )
    added, number = combine(*odd) if len(at) else (at, at)
    place[at] = len(start) + number
    columns = [
        np.concatenate([table, column[added]])
        for table, column in zip((start, end, paid_flat), odd, strict=True)
    ]
    used = np.zeros(len(columns[0]), dtype=np.bool_)
    used[place] = True
    kept = np.flatnonzero(used)
    renumbered = np.cumsum(used) - 1
    return LegPeriods(
        columns[0][kept],
        columns[1][kept],
        columns[2][kept],
        offsets,
        owner,
        step + first[owner],
        renumbered[place],
        share,
    )


def _tables(
    schedule: Schedule, pay_lag: IntArray, first: IntArray, width: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return accrual dates (grids, width + 1), pay days and fractions (grids, width)."""
    last_month = dates.FIRST_MONTH + (dates.LAST_YEAR - dates.FIRST_YEAR + 1) * 12 - 1
    steps = np.arange(-1, width)[None, :] * schedule.months[:, None]
    month = (schedule.first_month + first * schedule.months)[:, None] + steps
    month = np.clip(month, dates.FIRST_MONTH, last_month)
    due = dates.on_day(month, schedule.pay_day[:, None])
    moved = calendars.adjust(due, schedule.calendar[:, None], schedule.roll[:, None])
    accrual = np.where(schedule.accrual_adjusted[:, None] == 1, moved, due)
    paid = moved[:, 1:]
    if pay_lag.any():
        lag = np.broadcast_to(pay_lag[:, None], paid.shape)
        calendar = np.broadcast_to(schedule.calendar[:, None], paid.shape)
        paid = calendars.business_days_after(paid, lag, calendar)
    return accrual, paid, _fractions(schedule, accrual)


def _fractions(schedule: Schedule, accrual: IntArray) -> FloatArray:
    basis = np.broadcast_to(schedule.basis[:, None], accrual[:, 1:].shape)
    # No date of a table is a termination date: the last period is the leg's own.
    never = np.array(-(2**40))
    fraction = daycount.year_fraction(basis, accrual[:, :-1], accrual[:, 1:], never)
    periodic = daycount.is_periodic(schedule.basis)
    fraction[periodic] = (schedule.months[periodic] / 12.0)[:, None]
    return fraction


@dataclass(frozen=True, slots=True)
class _Own:
    """The first and the last period left of each leg, computed from the leg itself."""

    first_start: IntArray
    first_end: IntArray
    first_paid: IntArray
    first_fraction: FloatArray
    last_start: IntArray
    last_end: IntArray
    last_paid: IntArray
    last_fraction: FloatArray

    @staticmethod
    def of(schedule: Schedule, pay_lag: IntArray, first: IntArray) -> _Own:
        last = schedule.payments - 1
        return _Own(
            schedule.accrual(first - 1),
            schedule.accrual(first),
            paid_days(schedule, pay_lag, first),
            schedule.period_fraction(first),
            schedule.accrual(last - 1),
            schedule.accrual(last),
            paid_days(schedule, pay_lag, last),
            schedule.period_fraction(last),
        )
