"""Expected rates: floors and caps with their time value, rates paid off their own dates.

A coupon is paid on the expectation of its rate under the measure of its payment. Inside a floor l
and a cap h that is E[R] + put(l) - call(h). docs/methods/floating_note.md gives the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import calendars
from pricing.failure import Failure
from pricing.market.indices import Index, IndexKind
from pricing.market.volatility import Volatility, VolatilityKind, VolatilityModel
from pricing.pricers import swap_rates
from pricing.pricers.index_rates import Fixing, deposit_fraction, fixing_days, value_days
from pricing.pricers.option_formulas import option_value, slope_value
from pricing.products.rate_options import ANY
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NO_LIMIT = 1e8
"""A limit beyond this, either way, is none."""
ONE_DAY = 1.0 / 365.0


def surface_of(states: States, index: Index, named: str) -> Volatility | Failure | None:
    """Return the surface that rates of an index are valued with, None for their intrinsic value.

    A swap rate always needs one: its coupon is not worth its forward.
    """
    swap = index.kind is IndexKind.CMS
    if not named and not swap:
        return None
    kind = VolatilityKind.SWAPTION if swap else VolatilityKind.CAP
    wanted = "" if named in ("", ANY) else named
    surface = states.market.volatility(index.currency, kind, wanted)
    if surface is None:
        what = wanted or f"single surface of kind {kind} for {index.currency}"
        return Failure("UNKNOWN_VOLATILITY", f"the market has no {what}")
    return surface


def undefined(surface: Volatility) -> Failure:
    """Return the failure of a position whose rates a lognormal surface does not define."""
    return Failure(
        "RATE_OUT_OF_RANGE",
        f"a rate or limit is not above {-surface.shift:g}, as {surface.model} volatility "
        f"{surface.name} needs",
    )


@dataclass(frozen=True, slots=True)
class RatePeriods:
    """Periods [start, end) that read an index alike, with what their rates are limited by.

    `low` and `high` limit the index rate, beyond NO_LIMIT there is none; `paid` is the day of
    payment. Columns (periods,), days are ordinals.
    """

    index: Index
    how: Fixing
    surface: Volatility
    start: IntArray
    end: IntArray
    paid: IntArray
    low: FloatArray
    high: FloatArray

    def expected(self, rate: FloatArray, states: States, states_of: StateSet) -> FloatArray:
        """Return expected limited rates (periods, states) of index rates as they are projected.

        NaN where a lognormal surface does not define one.
        """
        read, moving = _times(self, states)
        level = rate - self.index.margin
        at = _Valued(self, states, states_of, read, moving)
        if self.index.kind is IndexKind.CMS:
            begin = value_days(self.index, self.how, self.start, self.end)
            slope = swap_rates.slope(self.index, begin, self.paid, level, states, states_of)
            return at.limited(level, slope) + self.index.margin
        if self.how.arrears and self.index.months:
            level = level + at.in_arrears(level)
        return at.limited(level, None) + self.index.margin


def _times(periods: RatePeriods, states: States) -> tuple[FloatArray, FloatArray]:
    """Return (periods,) years to where volatility is read, and years of it that a rate still has.

    A rate fixed on one day moves up to that day. One that days of the period make loses its
    volatility evenly over them: a third of the period counts, and of what is left of it
    (T - t)^3 / (3 (T - S)^2). Source: Lyashenko and Mercurio, *Looking Forward to
    Backward-Looking Rates* (2019), section 6 with linear decay.
    """
    index, how = periods.index, periods.how
    if index.months:
        fixed = fixing_days(index, how, periods.start, periods.end)
        years = np.maximum((fixed - states.day) / 365.0, 0.0)
        return years, years
    first, last = _observed(index, how, periods.start, periods.end)
    begin, stop = (first - states.day) / 365.0, (last - states.day) / 365.0
    ahead = np.maximum(begin, 0.0)
    length = np.where(stop > begin, stop - begin, 1.0)
    moving = ahead + np.maximum(stop - ahead, 0.0) ** 3 / (3.0 * length * length)
    return np.maximum(begin, ONE_DAY), moving


def _observed(
    index: Index, how: Fixing, start: IntArray, end: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the first and the last day whose rate a period of daily rates reads."""
    calendar = np.full(len(start), index.calendar)
    preceding = np.full(len(start), calendars.ROLLS.index("PRECEDING"))
    first = calendars.adjust(start, calendar, preceding)
    if how.lookback:
        back = np.full(len(start), how.lookback)
        first = calendars.business_days_before(first, back, calendar)
    last = calendars.adjust(end - 1, calendar, preceding)
    back = np.full(len(start), how.lookback + how.lockout)
    if how.lookback + how.lockout:
        last = calendars.business_days_before(last, back, calendar)
    return first, np.maximum(last, first)


@dataclass(frozen=True, slots=True)
class _Valued:
    """What options on the rates of periods are valued with in some states."""

    periods: RatePeriods
    states: States
    states_of: StateSet
    read: FloatArray
    moving: FloatArray

    def in_arrears(self, rate: FloatArray) -> FloatArray:
        """Return what the expectation of a term rate paid at its start is above its forward.

        (F + s)^2 sigma^2 T tau / (1 + F tau), of a normal volatility sigma^2 T tau / (1 + F tau),
        sigma at the money. Source: Hull, *Options, Futures, and Other Derivatives*, 9th ed.,
        section 30.1.
        """
        periods, surface = self.periods, self.periods.surface
        tau = deposit_fraction(periods.index, periods.how, periods.start, periods.end)[:, None]
        sigma = self.states.state_volatility(surface.name, self.read, rate, self.states_of)
        variance = sigma * sigma * self.moving[:, None]
        if surface.model is not VolatilityModel.NORMAL:
            variance *= (rate + surface.shift) ** 2
        return np.asarray(variance * tau / (1.0 + rate * tau))

    def limited(self, rate: FloatArray, slope: FloatArray | None) -> FloatArray:
        """Return the expectation of a rate inside its limits.

        `slope` (periods, states) is that of the change of measure from the rate's own to that of
        the payment, per unit of the rate.
        """
        out = rate.copy()
        every = np.arange(len(rate))
        if slope is not None:
            out += self._paid_for(every, None, 0.0, rate, slope)
        low, high = self.periods.low - self.periods.index.margin, self.periods.high
        high = high - self.periods.index.margin
        below = np.flatnonzero(low > -NO_LIMIT)
        if len(below):
            out[below] += self._paid_for(below, low[below], -1.0, rate, slope)
        above = np.flatnonzero(high < NO_LIMIT)
        if len(above):
            out[above] -= self._paid_for(above, high[above], 1.0, rate, slope)
        return out

    def _paid_for(
        self,
        at: npt.NDArray[np.intp],
        strike: FloatArray | None,
        side: float,
        rate: FloatArray,
        slope: FloatArray | None,
    ) -> FloatArray:
        """Return expected payoffs of options on rates, of the rate's own convexity without one."""
        surface = self.periods.surface
        swap = self.periods.index.kind is IndexKind.CMS
        column = np.full(len(at), self.periods.index.months / 12.0) if swap else strike
        assert column is not None
        sigma = self.states.state_volatility(surface.name, self.read[at], column, self.states_of)
        years, forward = self.moving[at][:, None], rate[at]
        signs = np.full((len(at), 1), side)
        if strike is None:
            assert slope is not None
            return slope[at] * slope_value(surface, signs, forward, None, sigma, years)
        value = option_value(surface, signs, forward, strike[:, None], sigma, years)
        if slope is not None:
            value += slope[at] * slope_value(surface, signs, forward, strike[:, None], sigma, years)
        return value
