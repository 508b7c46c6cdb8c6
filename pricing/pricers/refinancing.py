"""Rates at which borrowers could refinance: an index as its curve projects it on any later day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing import dates, daycount
from pricing.market.indices import Index, IndexKind
from pricing.scenarios.market_states import Bump, StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NEVER = np.array(-(2**40))


def projected(index: Index, day: IntArray, states: States, states_of: StateSet) -> FloatArray:
    """Return (days, states): the rate of an index that starts on a day, from the curve alone.

    A term rate is simple over its tenor, a swap rate the par rate of its fixed leg, a daily rate
    that of one day. It is what a borrower is offered, no contractual fixing: on the valuation day
    it is today's curve.
    """
    out = np.empty((len(day), len(states_of)))
    for part, places in states_of.by_horizon():
        out[:, places] = _projected(index, np.maximum(day, today(states, part)), states, part)
    return out


def today(states: States, states_of: StateSet) -> int:
    """Return the day whose curve states that roll alike begin with: the valuation day, or later."""
    first = states_of.first
    return states.day + (first.horizon if first is not None and first.bump is Bump.ROLL else 0)


def _projected(index: Index, begin: IntArray, states: States, states_of: StateSet) -> FloatArray:
    if index.kind is IndexKind.CMS:
        return _par(index, begin, states, states_of)
    months = index.months
    until = _later(begin, months) if months else begin + 1
    fraction = _fraction(index.day_count, begin, until)
    growth = _discount(index, begin, states, states_of) / _discount(index, until, states, states_of)
    return np.asarray((growth - 1.0) / fraction[:, None] + index.margin)


def _par(index: Index, begin: IntArray, states: States, states_of: StateSet) -> FloatArray:
    leg = np.zeros((len(begin), len(states_of)))
    first = factor = _discount(index, begin, states, states_of)
    before = begin
    for months in range(index.leg_months, index.months + 1, index.leg_months):
        until = _later(begin, months)
        factor = _discount(index, until, states, states_of)
        leg += factor * _fraction(index.leg_day_count, before, until)[:, None]
        before = until
    return np.asarray((first - factor) / leg + index.margin)


def _later(day: IntArray, months: int) -> IntArray:
    last = dates.FIRST_MONTH + (dates.LAST_YEAR - dates.FIRST_YEAR + 1) * 12 - 1
    month = np.minimum(dates.month_index(day) + months, last)
    return dates.on_day(month, dates.day_of_month(day))


def _fraction(day_count: int, begin: IntArray, until: IntArray) -> FloatArray:
    basis = np.full(len(begin), day_count)
    return daycount.year_fraction(basis, begin, until, _NEVER)


def _discount(index: Index, day: IntArray, states: States, states_of: StateSet) -> FloatArray:
    return states.state_discount(index.curve, None, (day - states.day) / 365.0, states_of)
