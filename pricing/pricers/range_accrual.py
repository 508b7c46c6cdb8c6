"""Range accruals: the share of a period's days on which an index is expected inside a range.

Each day is a difference of two digital options, each a narrow spread of calls, so that the slope
of the smile is in it. docs/methods/floating_note.md gives the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import calendars, dates, daycount
from pricing.kernel import sequential
from pricing.market.indices import Index
from pricing.market.volatility import Volatility, VolatilityModel
from pricing.pricers.flows import offsets_of
from pricing.pricers.index_rates import NOT_MISSING, Fixing, deposit_end, period_rates
from pricing.pricers.option_formulas import option_value
from pricing.products.rate_options import UNLIMITED
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

WIDTH = 1e-6
"""Half the width of the call spread that stands for a digital option."""
TOGETHER = 1_000_000
"""Days times states worked on together."""
OBSERVED = Fixing(0, False, 0, False, 0, False)
"""The rate of a day is what is fixed on it."""

_NEVER = np.array(-(2**40))


@dataclass(frozen=True, slots=True)
class Shares:
    """Expected shares (periods, states), NaN where the surface defines none, and missing days.

    `missing` (periods,) is NOT_MISSING where no fixing is.
    """

    inside: FloatArray
    missing: IntArray


@dataclass(frozen=True, slots=True)
class Ranges:
    """Periods [start, end) of one index, paid on `paid`, that earn while low <= rate <= high.

    Columns (periods,); a bound beyond UNLIMITED is none. `surface` is None for forwards alone.
    """

    index: Index
    surface: Volatility | None
    start: IntArray
    end: IntArray
    paid: IntArray
    low: FloatArray
    high: FloatArray

    def shares(self, states: States, states_of: StateSet) -> Shares:
        """Return the shares of calendar days inside; a closed day has the rate of the one before.

        Periods go a few at a time, each with all its days.
        """
        inside = np.empty((len(self.start), len(states_of)))
        missing = np.full(len(self.start), NOT_MISSING, dtype=np.int64)
        days = _Days.of(self.index, self.start, self.end)
        limit = max(TOGETHER // max(len(states_of), 1), 1)
        first = 0
        while first < len(self.start):
            begin = int(days.offsets[first])
            last = int(np.searchsorted(days.offsets, begin + limit, side="right")) - 1
            last = max(last, first + 1)
            part = slice(begin, int(days.offsets[last]))
            one, lacking = self._probability(days, part, states, states_of)
            offsets = days.offsets[first : last + 1] - days.offsets[first]
            slots = np.arange(len(one), dtype=np.int32)
            inside[first:last] = sequential(days.weight[part], slots, offsets, one)
            at = np.flatnonzero(lacking != NOT_MISSING)[::-1]
            missing[days.owner[part][at]] = lacking[at]
            first = last
        return Shares(inside, missing)

    def _probability(
        self, days: _Days, part: slice, states: States, states_of: StateSet
    ) -> tuple[FloatArray, IntArray]:
        """Return (days, states): the probability that a day's rate is inside the range."""
        day, owner = days.day[part], days.owner[part]
        distinct, place = np.unique(day, return_inverse=True)
        found = period_rates(self.index, OBSERVED, distinct, distinct, states, states_of)
        rate, missing = found.rates.take(place, axis=0), found.missing[place]
        rate[missing != NOT_MISSING] = 0.0
        years = np.maximum((day - states.day) / 365.0, 0.0)
        if self.surface is not None:
            rate = rate + self._timing(rate, day, owner, years, states, states_of)
        low, high = self.low[owner], self.high[owner]
        above = _Digitals(self.surface, rate, years, states, states_of)
        inside = np.ones_like(rate)
        bounded = np.flatnonzero(low > -UNLIMITED)
        if len(bounded):
            inside[bounded] = above.reached(bounded, low[bounded], strictly=False)
        bounded = np.flatnonzero(high < UNLIMITED)
        if len(bounded):
            inside[bounded] -= above.reached(bounded, high[bounded], strictly=True)
        return inside, missing

    def _timing(
        self,
        rate: FloatArray,
        day: IntArray,
        owner: IntpArray,
        years: FloatArray,
        states: States,
        states_of: StateSet,
    ) -> FloatArray:
        """Return by how much the payment's measure moves each day's rate.

        As of rates in arrears, with the time from the payment to the end of the day's deposit.
        """
        assert self.surface is not None
        distinct, place = np.unique(day, return_inverse=True)
        until = deposit_end(self.index, distinct)[place]
        paid = self.paid[owner]
        basis = np.full(len(day), self.index.day_count)
        early = daycount.year_fraction(
            basis, np.minimum(paid, until), np.maximum(paid, until), _NEVER
        )
        early = np.where(paid > until, -early, early)[:, None]
        sigma = states.state_volatility(self.surface.name, years, rate, states_of)
        variance = sigma * sigma * years[:, None]
        if self.surface.model is not VolatilityModel.NORMAL:
            variance *= (rate + self.surface.shift) ** 2
        return np.asarray(variance * early / (1.0 + rate * early))


@dataclass(frozen=True, slots=True)
class _Days:
    """The business days of periods one after another: period i owns [offsets[i], offsets[i+1]).

    `weight` is the share of the period's calendar days that read the day's rate.
    """

    offsets: npt.NDArray[np.int32]
    owner: IntpArray
    day: IntArray
    weight: FloatArray

    @staticmethod
    def of(index: Index, start: IntArray, end: IntArray) -> _Days:
        """Return the days whose rates periods read."""
        open_days = dates.DAYS[~calendars.holidays(index.calendar)]
        first = np.searchsorted(open_days, start, side="right") - 1
        last = np.maximum(np.searchsorted(open_days, end, side="left"), first + 1)
        offsets = offsets_of(last - first)
        owner = np.repeat(np.arange(len(start)), last - first)
        at = np.arange(int(offsets[-1])) - offsets[:-1].astype(np.int64)[owner] + first[owner]
        begin = np.maximum(open_days[at], start[owner])
        until = np.minimum(open_days[at + 1], end[owner])
        length = np.maximum(end - start, 1)[owner]
        return _Days(offsets, owner, open_days[at], (until - begin) / length)


@dataclass(frozen=True, slots=True)
class _Digitals:
    """Rates (days, states) whose digital options are valued."""

    surface: Volatility | None
    rate: FloatArray
    years: FloatArray
    states: States
    states_of: StateSet

    def reached(self, at: IntpArray, bound: FloatArray, *, strictly: bool) -> FloatArray:
        """Return the probability that rates reach a bound, or are above it."""
        rate, level = self.rate[at], bound[:, None]
        certain = (rate > level if strictly else rate >= level).astype(np.float64)
        if self.surface is None:
            return certain
        narrow = self._calls(at, bound - WIDTH) - self._calls(at, bound + WIDTH)
        open_ended = (self.years[at] > 0.0)[:, None]
        return np.where(open_ended, narrow / (2.0 * WIDTH), certain)

    def _calls(self, at: IntpArray, strike: FloatArray) -> FloatArray:
        assert self.surface is not None
        years = self.years[at]
        sigma = self.states.state_volatility(self.surface.name, years, strike, self.states_of)
        one = np.ones((len(at), 1))
        return option_value(
            self.surface, one, self.rate[at], strike[:, None], sigma, years[:, None]
        )
