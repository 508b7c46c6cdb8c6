"""Rates of an index over accrual periods, fixed or projected, in every market state.

Past rates are the market's fixings, and one that is missing is never made up. Later ones are
forwards of the index's curve. docs/methods/floating_note.md gives the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import calendars, dates, daycount
from pricing.market.indices import Index, IndexKind
from pricing.pricers import swap_rates
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_NEVER = np.array(-(2**40))
NOT_MISSING = -(2**40)


@dataclass(frozen=True, slots=True)
class Fixing:
    """How a note reads an index.

    `lag` business days before the period (its end if `arrears`) a term rate is fixed. Daily rates
    are those of `lookback` business days before; `shifted` moves the weights too. In the last
    `lockout` business days the rate before them goes on. `averaged`: a mean, not compounded.
    """

    lag: int
    arrears: bool
    lookback: int
    shifted: bool
    lockout: int
    averaged: bool


@dataclass(frozen=True, slots=True)
class PeriodRates:
    """Annual rates (periods, states) on the index's day count, and the day whose fixing is missing.

    `missing` (periods,) is NOT_MISSING where nothing is.
    """

    rates: FloatArray
    missing: IntArray


def period_rates(
    index: Index, how: Fixing, start: IntArray, end: IntArray, states: States, states_of: StateSet
) -> PeriodRates:
    """Return the rate of each accrual period [start, end) (day ordinals) in each state."""
    if index.kind is IndexKind.TERM:
        return _term(index, how, start, end, states, states_of)
    if index.kind is IndexKind.CMS:
        return _swap(index, how, start, end, states, states_of)
    return _daily(index, how, start, end, states, states_of)


def fixing_days(index: Index, how: Fixing, start: IntArray, end: IntArray) -> IntArray:
    """Return the day on which the term rate of each period is fixed."""
    calendar = np.full(len(start), index.calendar)
    reset = end if how.arrears else start
    if how.lag == 0:
        preceding = np.full(len(start), calendars.ROLLS.index("PRECEDING"))
        return calendars.adjust(reset, calendar, preceding)
    return calendars.business_days_before(reset, np.full(len(start), how.lag), calendar)


def _must_be_known(day: IntArray, states: States) -> BoolArray:
    return np.asarray(day < states.day if states.inclusive else day <= states.day)


def _known(index: Index, day: IntArray, states: States) -> tuple[FloatArray, BoolArray]:
    """Return the fixings of days up to the valuation date, and whether there is one."""
    fixings = states.market.fixings.get(index.name)
    if fixings is None:
        return np.full(len(day), np.nan), np.zeros(len(day), dtype=bool)
    rates, known = fixings.at(day)
    return rates, known & (day <= states.day)


def _discount(index: Index, day: IntArray, states: States, states_of: StateSet) -> FloatArray:
    # Periods share their days: each is interpolated once.
    days, place = np.unique(np.maximum(day - states.day, 0), return_inverse=True)
    return states.state_discount(index.curve, None, days / 365.0, states_of).take(place, axis=0)


def _term(
    index: Index, how: Fixing, start: IntArray, end: IntArray, states: States, states_of: StateSet
) -> PeriodRates:
    """Term rates: fixed once a period, projected as the simple forward of the index's own dates.

    These run from the index's fixing lag after the fixing, whatever lag the note has.
    """
    fixed = fixing_days(index, how, start, end)
    begin = _value_days(index, fixed)
    until = _tenor_end(index, begin)
    known_rates, known = _known(index, fixed, states)
    needed = _must_be_known(fixed, states)
    basis = np.full(len(start), index.day_count)
    fraction = daycount.year_fraction(basis, begin, until, _NEVER)
    discount = _discount(index, np.concatenate([begin, until]), states, states_of)
    forward = discount[: len(begin)] / discount[len(begin) :]
    forward -= 1.0
    forward /= fraction[:, None]
    forward += index.margin
    rates = np.where(known[:, None], known_rates[:, None], forward)
    return PeriodRates(rates, np.where(needed & ~known, fixed, NOT_MISSING))


def _value_days(index: Index, fixed: IntArray) -> IntArray:
    """Return the day on which what is fixed on a day begins."""
    calendar = np.full(len(fixed), index.calendar)
    following = np.full(len(fixed), calendars.ROLLS.index("FOLLOWING"))
    begin = fixed
    for _ in range(index.fixing_lag_days):
        begin = calendars.adjust(begin + 1, calendar, following)
    return calendars.adjust(begin, calendar, following)


def value_days(index: Index, how: Fixing, start: IntArray, end: IntArray) -> IntArray:
    """Return the day on which the deposit or swap whose rate each period reads begins."""
    return _value_days(index, fixing_days(index, how, start, end))


def deposit_fraction(index: Index, how: Fixing, start: IntArray, end: IntArray) -> FloatArray:
    """Return the year fraction of the deposit whose term rate each period reads."""
    begin = value_days(index, how, start, end)
    basis = np.full(len(begin), index.day_count)
    return daycount.year_fraction(basis, begin, _tenor_end(index, begin), _NEVER)


def deposit_end(index: Index, fixed: IntArray) -> IntArray:
    """Return the end of the deposit whose term rate is fixed on each day."""
    return _tenor_end(index, _value_days(index, fixed))


def _swap(
    index: Index, how: Fixing, start: IntArray, end: IntArray, states: States, states_of: StateSet
) -> PeriodRates:
    """Swap rates: fixed once a period, projected as the par rate of the swap that then begins."""
    fixed = fixing_days(index, how, start, end)
    known_rates, known = _known(index, fixed, states)
    needed = _must_be_known(fixed, states)
    swap = swap_rates.project(index, _value_days(index, fixed), states, states_of)
    rates = np.where(known[:, None], known_rates[:, None], swap.rate + index.margin)
    return PeriodRates(rates, np.where(needed & ~known, fixed, NOT_MISSING))


def _tenor_end(index: Index, begin: IntArray) -> IntArray:
    """Return the end of deposits of the tenor: from a last business day to a last business day."""
    calendar = np.full(len(begin), index.calendar)
    roll = np.full(len(begin), index.roll)
    month = dates.month_index(begin)
    preceding = np.full(len(begin), calendars.ROLLS.index("PRECEDING"))
    last_of = calendars.adjust(dates.on_day(month, 31), calendar, preceding)
    later = month + index.months
    plain = calendars.adjust(dates.on_day(later, dates.day_of_month(begin)), calendar, roll)
    ends = calendars.adjust(dates.on_day(later, 31), calendar, preceding)
    return np.where(begin >= last_of, ends, plain)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Business days of an index, each with its rate until the next one.

    `total` (blocks + 1, states) runs from the valuation date, forward and backward, so that a
    block's number depends on no other period of the batch.
    """

    begin: IntArray
    rate: FloatArray
    total: FloatArray
    lacking: IntArray
    observed: IntArray
    basis: int
    averaged: bool

    def _growth(self, rate: FloatArray, begin: IntArray, end: IntArray) -> FloatArray:
        basis = np.full(len(begin), self.basis)
        earned = rate * daycount.year_fraction(basis, begin, end, _NEVER)[:, None]
        return earned if self.averaged else np.asarray(np.log1p(earned))

    def until(self, day: IntArray) -> FloatArray:
        """Return (days, states): what has been earned from the valuation date to a day."""
        block = np.searchsorted(self.begin, day, side="right") - 1
        return self.total[block] + self._growth(self.rate[block], self.begin[block], day)

    def locked(self, end: IntArray, lockout: int) -> FloatArray:
        """Return (days, states): what a lockout adds to the growth until period ends."""
        added = np.zeros((len(end), self.rate.shape[1]))
        last = np.searchsorted(self.begin, end, side="left")
        frozen = self.rate[np.maximum(last - lockout - 1, 0)]
        for back in range(1, lockout + 1):
            block = np.maximum(last - back, 0)
            begin, until = self.begin[block], np.minimum(self.begin[block + 1], end)
            added += self._growth(frozen, begin, until)
            added -= self._growth(self.rate[block], begin, until)
        return added


def _blocks(
    index: Index, how: Fixing, first: int, last: int, states: States, states_of: StateSet
) -> _Blocks:
    """Return the index's business days that cover [first, last]."""
    lookback = 0 if how.shifted else how.lookback
    open_days = dates.DAYS[~calendars.holidays(index.calendar)]
    # The valuation date is always covered: sums run from it.
    low = int(np.searchsorted(open_days, min(first, states.day), side="right")) - 1 - lookback
    high = int(np.searchsorted(open_days, max(last, states.day), side="right")) + 2
    begin = open_days[low : high + 1]
    observed, following = begin[:-1], begin[1:]
    basis = np.full(len(observed), index.day_count)
    length = daycount.year_fraction(basis, observed, following, _NEVER)
    known_rates, known = _known(index, observed, states)
    discount = _discount(index, begin, states, states_of)
    forward = discount[:-1] / discount[1:]
    forward -= 1.0
    forward /= length[:, None]
    forward += index.margin
    rate = np.where(known[:, None], known_rates[:, None], forward)
    # The rate of a day is published on the next one: that of today may still be a forward.
    lacking = (observed < states.day) & ~known
    if lookback:
        rate, lacking, seen = rate[:-lookback], lacking[:-lookback], observed[:-lookback]
        begin = begin[lookback:]
        length = length[lookback:]
    else:
        seen = observed
    earned = rate * length[:, None]
    growth = earned if how.averaged else np.log1p(earned)
    anchor = int(np.clip(np.searchsorted(begin[:-1], states.day), 0, len(growth)))
    total = np.zeros((len(growth) + 1, growth.shape[1]))
    np.cumsum(growth[anchor:], axis=0, out=total[anchor + 1 :])
    total[:anchor] = -np.cumsum(growth[:anchor][::-1], axis=0)[::-1]
    counted = np.concatenate([[0], np.cumsum(lacking)])
    return _Blocks(begin, rate, total, counted, seen, index.day_count, how.averaged)


def _daily(
    index: Index, how: Fixing, start: IntArray, end: IntArray, states: States, states_of: StateSet
) -> PeriodRates:
    """Daily rates, compounded or averaged over the period's business days."""
    if how.shifted and how.lookback:
        calendar = np.full(len(start), index.calendar)
        back = np.full(len(start), how.lookback)
        start = calendars.business_days_before(start, back, calendar)
        end = calendars.business_days_before(end, back, calendar)
    if not len(start):
        return PeriodRates(np.zeros((0, len(states_of))), start)
    blocks = _blocks(index, how, int(start.min()), int(end.max()), states, states_of)
    growth = blocks.until(end) - blocks.until(start)
    if how.lockout:
        growth += blocks.locked(end, how.lockout)
    earned = growth if how.averaged else np.expm1(growth)
    basis = np.full(len(start), index.day_count)
    fraction = daycount.year_fraction(basis, start, end, _NEVER)
    rates = earned / np.where(fraction == 0.0, 1.0, fraction)[:, None]
    before = np.searchsorted(blocks.begin, start, side="right") - 1
    after = np.searchsorted(blocks.begin, end, side="left") - 1
    lacks = blocks.lacking[np.maximum(after + 1, before)] > blocks.lacking[before]
    # The first block whose number of missing fixings is above that before the period.
    place = np.searchsorted(blocks.lacking, blocks.lacking[before], side="right") - 1
    named = blocks.observed[np.clip(place, 0, len(blocks.observed) - 1)]
    return PeriodRates(rates, np.where(lacks, named, NOT_MISSING))
