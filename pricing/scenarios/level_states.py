"""Volatilities, hazard rates, inflation and prepayment speeds under scenarios and bumps.

A shock of a level multiplies it or adds to it, so under any list of shocks in order a level is
base x factor + addition, the same two numbers of a scenario for every point of a surface or curve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.market.credit import CreditCurve
from pricing.market.inflation import Inflation
from pricing.market.interpolation import piecewise_linear
from pricing.market.models import HullWhite
from pricing.market.snapshot import Market
from pricing.market.volatility import Volatility, VolatilityKind
from pricing.scenarios.columns import BP
from pricing.scenarios.market_states import Bump, StateSet
from pricing.scenarios.shocks import (
    CreditShock,
    InflationShock,
    LevelShock,
    Mode,
    PrepaymentShock,
    Scenario,
    ScenarioError,
    VolatilityShock,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MAX_HAZARD = 20.0
MIN_INFLATION, MAX_INFLATION = -0.9, 3.0


@dataclass(frozen=True, slots=True)
class Levels:
    """A level under the run's scenarios: base x factors[s] + additions[s]."""

    factors: FloatArray
    additions: FloatArray

    def of(self, base: FloatArray, states: StateSet) -> FloatArray:
        """Return base (n,) or (n, states) under the scenarios of states: (n, states)."""
        at = states.scenario_of
        wide = base[:, None] if base.ndim == 1 else base
        return np.asarray(wide * self.factors[at] + self.additions[at])

    def refuse(
        self,
        name: str,
        base: FloatArray,
        low: float,
        high: float,
        scenarios: Sequence[Scenario],
        code: str,
    ) -> None:
        """Refuse a scenario that takes a level out of the range [low, high]."""
        for place, scenario in enumerate(scenarios):
            ends = [float(end) * self.factors[place] for end in (base.min(), base.max())]
            least, most = (end + self.additions[place] for end in ends)
            if not (low <= least and most <= high):
                raise ScenarioError(
                    f"{scenario.code}, {name}", f"levels reach {least:.4g} to {most:.4g}", code
                )


def levels(scenarios: Sequence[Scenario], concerns: Callable[[LevelShock], bool]) -> Levels:
    """Return what the shocks that concern a level make of it in each scenario."""
    factors, additions = np.ones(len(scenarios)), np.zeros(len(scenarios))
    for place, scenario in enumerate(scenarios):
        for shock in scenario.shocks:
            if not isinstance(shock, LevelShock) or not concerns(shock):
                continue
            if not isinstance(shock, PrepaymentShock) and shock.mode is Mode.ABSOLUTE:
                additions[place] += shock.size
            else:
                factors[place] *= 1.0 + shock.size
                additions[place] *= 1.0 + shock.size
    return Levels(factors, additions)


class LevelStates:
    """The levels of a market under the scenarios of a run; a shock of nothing is refused."""

    def __init__(self, market: Market, scenarios: Sequence[Scenario]) -> None:
        self._market = market
        self._scenarios = scenarios
        _check_names(market, scenarios)
        self._volatility = {name: self._of(v) for name, v in market.volatilities.items()}
        self._credit = {name: self._of(curve) for name, curve in market.credit.items()}
        self._inflation = {name: self._of(index) for name, index in market.inflation.items()}
        self._model = {currency: self._of(m) for currency, m in market.hull_white.items()}

    def _of(self, item: Volatility | CreditCurve | Inflation | HullWhite) -> Levels:
        found = levels(self._scenarios, lambda shock: _concerns(shock, item, self._market))
        if isinstance(item, Volatility):
            name, base, low, high = f"volatility {item.name}", item.values, 0.0, np.inf
        elif isinstance(item, CreditCurve):
            name, base, low, high = f"credit {item.name}", item.hazards, 0.0, MAX_HAZARD
        elif isinstance(item, Inflation):
            name, base = f"inflation {item.name}", item.rates
            low, high = MIN_INFLATION, MAX_INFLATION
        else:
            base = np.array([item.level or item.sigma])
            name, low, high = f"Hull-White {item.currency}", 0.0, np.inf
        found.refuse(name, base, low, high, self._scenarios, "LEVEL_OUT_OF_RANGE")
        return found

    def volatility(
        self, name: str, expiries: FloatArray, columns: FloatArray, states: StateSet
    ) -> FloatArray:
        """Return (n, states): volatilities of (expiry in years, strike or tenor), never below 0.

        `columns` (n,), or (n, states) where each state has its own. At a horizon of h years they
        are for the time left then, told for the time left today: v sqrt((t - h) / t), v as of
        today or, where tenors are unchanged, that of t - h.
        """
        surface = self._market.volatilities[name]
        level = self._volatility[name]
        values = level.of(_base(surface, expiries, columns), states)
        for days, at in states.horizons(Bump.ROLL):
            left = np.maximum(expiries - days / 365.0, 0.0)
            values[:, at] = level.of(_base(surface, left, columns), states)[:, at]
        for days, at in states.horizons(Bump.FORWARD, Bump.ROLL):
            left = np.maximum(expiries - days / 365.0, 0.0)
            share = np.sqrt(left / np.where(expiries > 0.0, expiries, 1.0))
            values[:, at] *= share[:, None]
        values += _bumps(states, Bump.VOLATILITY, surface.unit)
        return np.maximum(values, 0.0)

    def hull_white(self, currency: str, states: StateSet) -> tuple[float, FloatArray]:
        """Return the mean reversion and (states,) the volatility of the short rate.

        A calibrated volatility moves in proportion to the mean of those it was fitted to, which
        is exact for normal volatilities at the money; one that is given moves as a normal one.
        """
        model = self._market.hull_white[currency]
        surface = self._market.volatilities.get(model.volatility)
        base = np.array([model.level if surface else model.sigma])
        unit = surface.unit if surface else BP
        level = self._model[currency].of(base, states)[0] + _bumps(states, Bump.VOLATILITY, unit)
        level = np.maximum(level, 0.0)
        return model.mean_reversion, level * (model.sigma / model.level) if surface else level

    def hazard(self, name: str, times: FloatArray, states: StateSet) -> FloatArray:
        """Return (n, states): hazard rates at times in years, 0 up to a horizon."""
        curve = self._market.credit[name]
        hazards = self._credit[name].of(curve.hazard(times), states)
        for days, at in states.horizons(Bump.FORWARD, Bump.ROLL):
            rest = times - days / 365.0
            moved = self._credit[name].of(curve.hazard(np.maximum(rest, 0.0)), states)
            for place in at.tolist():
                if states.order[place].bump is Bump.ROLL:
                    hazards[:, place] = moved[:, place]
            hazards[np.ix_(rest <= 0.0, at)] = 0.0
        hazards += _spread_bumps(curve, states)
        for place, size in _par_bumps(states):
            hazards[:, place] += curve.par_shift().hazard(times) * size
        return hazards

    def survival(self, name: str, times: FloatArray, states: StateSet) -> FloatArray:
        """Return (n, states): the probability of no default up to times in years.

        A name that is seen at a horizon has not defaulted before it.
        """
        curve, found = self._market.credit[name], self._credit[name]
        at = states.scenario_of
        exponent = curve.cumulative(times)[:, None] * found.factors[at]
        exponent += times[:, None] * (found.additions[at] + _spread_bumps(curve, states))
        for place, size in _par_bumps(states):
            exponent[:, place] += curve.par_shift().cumulative(times) * size
        for days, of in states.horizons(Bump.FORWARD):
            first = np.minimum(times, days / 365.0)
            exponent[:, of] -= _fallen(curve, found, first, at[of])
        for days, of in states.horizons(Bump.ROLL):
            rest = np.maximum(times - days / 365.0, 0.0)
            exponent[:, of] = _fallen(curve, found, rest, at[of])
        return np.asarray(np.exp(-exponent))

    def inflation(self, name: str, days: IntArray, today: int, states: StateSet) -> FloatArray:
        """Return (n, states): reference index levels of day ordinals; NaN: not published.

        A month that is not published is projected from the reference level of `today` if it is
        later than the month that one refers to, and is missing if it is not.
        """
        index = self._market.inflation[name]
        month, weight = index.reference(days)
        level = self._level(index, month, today, states)
        between = np.flatnonzero(weight > 0.0)
        if len(between):
            after = self._level(index, month[between] + 1, today, states)
            level[between] += (after - level[between]) * weight[between, None]
        return level

    def _level(
        self, index: Inflation, months: IntArray, today: int, states: StateSet
    ) -> FloatArray:
        out = self._projected(index, months, today, states)
        for days, at in states.horizons(Bump.ROLL):
            # From the level that the horizon refers to, as it is projected today.
            day = today + days
            month, weight = index.reference(np.array([day], dtype=np.int64))
            near = np.array([month[0], month[0] + 1])
            before, after = self._projected(index, near, today, states)[:, at]
            reference = before if weight[0] == 0.0 else before + (after - before) * weight[0]
            later = np.flatnonzero(~index.known(months)[1] & (months > month[0]))
            if len(later):
                growth = self._growth(index, months[later], day, states)
                out[np.ix_(later, at)] = reference * growth[:, at]
        return out

    def _growth(self, index: Inflation, months: IntArray, day: int, states: StateSet) -> FloatArray:
        """Return (months, states): levels over the reference level of a day."""
        years = index.years(months, day)
        rates = piecewise_linear(years, index.times, index.rates)
        moved = self._inflation[index.name].of(rates, states)
        moved += _bumps(states, Bump.INFLATION, 1.0)
        return np.asarray(np.exp(years[:, None] * np.log1p(moved)))

    def _projected(
        self, index: Inflation, months: IntArray, today: int, states: StateSet
    ) -> FloatArray:
        published, known = index.known(months)
        out = np.repeat(published[:, None], len(states), axis=1)
        month, weight = index.reference(np.array([today], dtype=np.int64))
        now, _ = index.known(np.array([month[0], month[0] + 1]))
        reference = now[0] if weight[0] == 0.0 else now[0] + (now[1] - now[0]) * weight[0]
        later = np.flatnonzero(~known & (months > month[0]))
        if len(later):
            out[later] = reference * self._growth(index, months[later], today, states)
        return out

    def prepayment(self, currency: str, sector: str, states: StateSet) -> FloatArray:
        """Return (states,): what multiplies the prepayment speed of an obligor."""
        found = levels(
            self._scenarios,
            lambda shock: (
                isinstance(shock, PrepaymentShock)
                and shock.currency in ("", currency)
                and shock.sector in ("", sector)
            ),
        )
        return np.asarray(found.factors[states.scenario_of])


def _base(surface: Volatility, expiries: FloatArray, columns: FloatArray) -> FloatArray:
    """Return volatilities (n,), or (n, states) where `columns` are of each state."""
    if columns.ndim == 1:
        return surface.at(expiries, columns)
    years = np.repeat(expiries, columns.shape[1])
    return surface.at(years, columns.ravel()).reshape(columns.shape)


def _fallen(
    curve: CreditCurve, found: Levels, times: FloatArray, scenarios: npt.NDArray[np.intp]
) -> FloatArray:
    """Return (times, scenarios): by how much the logarithm of survival has fallen."""
    exponent = curve.cumulative(times)[:, None] * found.factors[scenarios]
    return np.asarray(exponent + times[:, None] * found.additions[scenarios])


def _bumps(states: StateSet, bump: Bump, unit: float) -> FloatArray:
    """Return (states,): the size of one kind of bump in each state, in units of the level."""
    return np.array([state.size * unit if state.bump is bump else 0.0 for state in states.order])


def _par_bumps(states: StateSet) -> list[tuple[int, float]]:
    """Return the places of states that bump CDS spreads, and by how much."""
    return [
        (place, state.size)
        for place, state in enumerate(states.order)
        if state.bump is Bump.PAR_SPREAD
    ]


def _spread_bumps(curve: CreditCurve, states: StateSet) -> FloatArray:
    """Return (states,): a bump of spread as one of the hazard rate, spread / (1 - recovery)."""
    return _bumps(states, Bump.SPREAD, 1.0 / (1.0 - curve.recovery))


def _concerns(
    shock: LevelShock, item: Volatility | CreditCurve | Inflation | HullWhite, market: Market
) -> bool:
    if shock.currency not in ("", item.currency):
        return False
    if isinstance(item, HullWhite):
        surface = market.volatilities.get(item.volatility)
        if surface is not None:
            return _concerns(shock, surface, market)
        # A volatility that is given stands for all swaptions of its currency.
        return (
            isinstance(shock, VolatilityShock)
            and not shock.volatility
            and shock.kind in ("", VolatilityKind.SWAPTION)
        )
    if isinstance(item, Volatility):
        return (
            isinstance(shock, VolatilityShock)
            and shock.volatility in ("", item.name)
            and shock.kind in ("", item.kind)
        )
    if isinstance(item, CreditCurve):
        return (
            isinstance(shock, CreditShock)
            and shock.credit in ("", item.name)
            and shock.seniority in ("", item.seniority)
        )
    return isinstance(shock, InflationShock) and shock.inflation in ("", item.name)


def _check_names(market: Market, scenarios: Sequence[Scenario]) -> None:
    for scenario in scenarios:
        for index, shock in enumerate(scenario.shocks):
            place = f"{scenario.code}.shocks[{index}]"
            if isinstance(shock, VolatilityShock):
                if shock.volatility and shock.volatility not in market.volatilities:
                    _unknown(place, "volatility", shock.volatility)
            elif isinstance(shock, CreditShock):
                if shock.credit and shock.credit not in market.credit:
                    _unknown(place, "credit curve", shock.credit)
            elif (
                isinstance(shock, InflationShock)
                and shock.inflation
                and shock.inflation not in market.inflation
            ):
                _unknown(place, "inflation index", shock.inflation)


def _unknown(place: str, kind: str, name: str) -> None:
    raise ScenarioError(place, f"the market has no {kind} {name!r}", "UNKNOWN_LEVEL")
