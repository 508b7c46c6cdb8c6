"""Par swap rates of CMS indices, and what paying one at once does to its expectation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import calendars, dates, daycount
from pricing.market.indices import Index
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NEVER = np.array(-(2**40))


@dataclass(frozen=True, slots=True)
class SwapRates:
    """Rates and annuities of swaps (swaps, states), and the day of their first payment (swaps,)."""

    rate: FloatArray
    annuity: FloatArray
    first: IntArray


def project(index: Index, begin: IntArray, states: States, states_of: StateSet) -> SwapRates:
    """Return the par rates of swaps that begin on days, all on the curve of the index.

    (P(begin) - P(end)) / sum tau P, the fixed leg's dates rolled by the index.
    """
    calendar, roll = np.full(len(begin), index.calendar), np.full(len(begin), index.roll)
    basis = np.full(len(begin), index.leg_day_count)
    month, day = dates.month_index(begin), dates.day_of_month(begin)
    start = _discount(index, begin, states, states_of)
    annuity = np.zeros_like(start)
    factor, before, first = start, begin, begin
    for months in range(index.leg_months, index.months + 1, index.leg_months):
        until = calendars.adjust(dates.on_day(month + months, day), calendar, roll)
        factor = _discount(index, until, states, states_of)
        fraction = daycount.year_fraction(basis, before, until, _NEVER)
        annuity += factor * fraction[:, None]
        first = until if months == index.leg_months else first
        before = until
    return SwapRates((start - factor) / annuity, annuity, first)


def slope(
    index: Index,
    begin: IntArray,
    paid: IntArray,
    rate: FloatArray,
    states: States,
    states_of: StateSet,
) -> FloatArray:
    """Return (periods, states): G'(S) A / P(paid), G the price of a payment in annuities.

    G(S) = S / ((1 + S/q)^d (1 - (1 + S/q)^-n)): the yield curve is that of the swap's yield S,
    q payments a year, n in all, paid d periods after the start. Source: Hagan, *Convexity
    Conundrums*, Wilmott (March 2003), section 2.4, the standard model.
    """
    swap = project(index, begin, states, states_of)
    often = 12.0 / index.leg_months
    count = index.months / index.leg_months
    late = _periods(index, begin, paid, swap.first, states.day)[:, None]
    growth = 1.0 + rate / often
    whole = growth**-count
    left = 1.0 - whole
    flat = np.abs(rate) < 1e-9
    safe_left = np.where(flat, 1.0, left)
    value = 1.0 / (growth**late * safe_left)
    inner = 1.0 - late * rate / (often * growth)
    inner -= rate * count * whole / (often * growth * safe_left)
    # Near a rate of 0: S/(1 - (1+S/q)^-n) = q/n (1 + S (n + 1) / (2 q)) and (1+S/q)^-d = 1 - S d/q.
    level = ((count + 1.0) / 2.0 - late) / count
    derivative = np.where(flat, level, value * inner)
    return np.asarray(derivative * swap.annuity / _discount(index, paid, states, states_of))


def _periods(
    index: Index, begin: IntArray, paid: IntArray, first: IntArray, today: int
) -> FloatArray:
    """Return how many periods of the fixed leg lie between the swap's start and a payment."""
    basis, now = np.full(len(begin), index.leg_day_count), np.full(len(begin), today)
    start, payment, period = (
        daycount.year_fraction(basis, now, np.maximum(day, today), _NEVER)
        for day in (begin, paid, first)
    )
    length = period - start
    return np.asarray((payment - start) / np.where(length > 0.0, length, 1.0))


def _discount(index: Index, day: IntArray, states: States, states_of: StateSet) -> FloatArray:
    days, place = np.unique(np.maximum(day - states.day, 0), return_inverse=True)
    return states.state_discount(index.curve, None, days / 365.0, states_of).take(place, axis=0)
