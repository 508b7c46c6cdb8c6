"""The market states of a run: every scenario applied to one market, prepared once per worker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from pricing.axis import BASE, Axis, AxisError, Cut
from pricing.dates import ordinal
from pricing.kernel import BLOCK_COLUMNS
from pricing.market.curves import ZeroCurve
from pricing.market.interpolation import zero_rates
from pricing.market.snapshot import Market
from pricing.scenarios.columns import (
    BP,
    Column,
    ColumnSet,
    Operator,
    central_shift,
    column_set,
    key_rate_weights,
)
from pricing.scenarios.curve_states import MAX_RATE, CurveStates, curve_states
from pricing.scenarios.fx_states import fx_states
from pricing.scenarios.level_states import LevelStates
from pricing.scenarios.market_states import Bump, StateSet, bump_rates, bump_spread, state_set
from pricing.scenarios.rolled import rolled
from pricing.scenarios.shocks import (
    RateShock,
    Scenario,
    ScenarioError,
    SpreadShock,
)
from pricing.scenarios.spread_states import SpreadClasses
from pricing.scenarios.tables import DateGrid, TableCache

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

COLUMNS_PER_TABLE = BLOCK_COLUMNS
"""Columns of one discount-factor table: wide axes are valued in strips of this many."""


class States:
    """A market under scenarios, for one axis: discount factors by (curve, spread class), FX.

    Nothing of the market is changed. Discount factors are computed for the days that batches
    use and kept between batches within `budget` bytes; a number never depends on what is kept.
    Not for use by several threads at once.
    """

    def __init__(
        self,
        market: Market,
        scenarios: Sequence[Scenario],
        axis: Axis,
        *,
        budget: int = 64 * 2**20,
    ) -> None:
        self.market = market
        self.axis = axis
        self.scenarios = tuple(scenarios)
        self.places = {scenario.code: i for i, scenario in enumerate(self.scenarios)}
        if len(self.places) != len(self.scenarios):
            raise ScenarioError("scenarios", "a code stands twice")
        if BASE not in self.places:
            raise ScenarioError("scenarios", "BASE is missing")
        for cell in axis.cells:
            if cell.scenario not in self.places:
                raise AxisError(f"cell {cell} names a scenario that is not in the set")
        self.day = ordinal(axis.valuation_date)
        self._horizons = tuple(
            axis.horizon(cell) if cell.measure in ("CARRY", "ROLL_DOWN") else 0
            for cell in axis.cells
        )
        self.looks_ahead = any(self._horizons)
        self.inclusive = axis.cut is Cut.START_OF_DAY
        self.grid = DateGrid()
        self.spread_classes = SpreadClasses(self.scenarios)
        self._check()
        self._curves = {
            name: curve_states(curve, self.scenarios) for name, curve in market.curves.items()
        }
        self._levels = LevelStates(market, self.scenarios)
        run = axis.run_currency
        self._fx = fx_states(market.fx_values(run), self.scenarios, run)
        self._tables = TableCache(budget)
        self._column_sets: dict[tuple[str, bool], ColumnSet] = {}
        self._state_sets: dict[tuple[tuple[str, ...], str, bool, bool], StateSet] = {}

    def _check(self) -> None:
        ratings = {rating for _, rating, _ in self.market.spreads.curves}
        currencies = {curve.currency for curve in self.market.curves.values()}
        for scenario in self.scenarios:
            if scenario.kind != "INSTANT":
                raise ScenarioError(scenario.code, "not INSTANT", "SCENARIO_KIND_UNSUPPORTED")
            total = 0.0
            for index, shock in enumerate(scenario.shocks):
                place = f"{scenario.code}.shocks[{index}]"
                if isinstance(shock, RateShock):
                    if shock.curve and shock.curve not in self.market.curves:
                        raise ScenarioError(
                            place, f"the market has no curve {shock.curve!r}", "UNKNOWN_CURVE"
                        )
                    if shock.currency and shock.currency not in currencies:
                        raise ScenarioError(
                            place, f"the market has no {shock.currency} curve", "UNKNOWN_CURRENCY"
                        )
                elif isinstance(shock, SpreadShock):
                    total += abs(shock.size)
                    if shock.currency and shock.currency not in currencies:
                        raise ScenarioError(
                            place, f"the market has no {shock.currency} curve", "UNKNOWN_CURRENCY"
                        )
                    if shock.rating and ratings and shock.rating not in ratings:
                        raise ScenarioError(
                            place, f"the market has no rating {shock.rating!r}", "UNKNOWN_RATING"
                        )
            if not total <= MAX_RATE:
                raise ScenarioError(
                    scenario.code, f"spread shocks add up to {total:.4g}", "DISCOUNT_FACTOR_INVALID"
                )

    def curve_for(self, currency: str, named: str, collateral: str = "") -> ZeroCurve | None:
        """Return the curve a position names, else that of its collateral, or None.

        Without collateral, or with collateral in the flows' currency that has no curve of its
        own, it is the discount curve of the currency.
        """
        held = self.market.collateral.get((currency, collateral), "")
        if not held and collateral in ("", currency):
            held = self.market.discount.get(currency, "")
        return self.market.curves.get(named or held)

    def quoted(self, currencies: tuple[str, ...]) -> frozenset[str]:
        """Return the currencies whose quotes move a curve of one of the currencies."""
        return frozenset(
            name
            for curve in self.market.curves.values()
            if curve.currency in currencies
            for name in self.market.par[curve.name].shifts
        )

    def column_set(self, currency: str, *, credit: bool) -> ColumnSet:
        """Return the columns that flows in a currency need for the axis."""
        key = (currency, credit)
        found = self._column_sets.get(key)
        if found is None:
            quoted = self.quoted((currency,))
            found = column_set(self.axis, self.places, currency, credit, quoted)
            self._column_sets[key] = found
        return found

    def table(
        self, curve: str, spread_class: int, columns: tuple[Column, ...], *, padded: bool = False
    ) -> FloatArray:
        """Return (slots of the grid, columns): each column's factor at each day of the grid.

        `padded` adds columns of zeros up to the width of a dense product.
        """

        def compute(days: IntArray) -> FloatArray:
            table = self.factors(curve, spread_class, columns, days)
            missing = BLOCK_COLUMNS - len(columns) if padded else 0
            return np.pad(table, ((0, 0), (0, missing))) if missing else table

        return self._tables.get((curve, spread_class, columns, padded), self.grid, compute)

    def factors(
        self, curve: str, spread_class: int, columns: tuple[Column, ...], days: IntArray
    ) -> FloatArray:
        """Return (days, columns): each column's factor at days after the valuation date.

        VALUE is the discount factor exp(-(z + shock) t), t = days / 365; SHIFT_1BP the central
        difference for 1bp, SHIFT_25BP for 25bp, KEY_RATE for 1bp of a triangle, PAR_1BP for 1bp of
        all quoted rates of a currency through the curve's Jacobian, CONVEXITY t^2 times the
        factor, ROLL what sliding down the curve adds to the factor; SETTLED the factor from the
        settlement day, 0 up to it.
        """
        states = self._curves[curve]
        scenario = np.array([column.scenario for column in columns], dtype=np.intp)
        operator = np.array([column.operator for column in columns])
        tenor = np.array([column.tenor for column in columns], dtype=np.intp)
        used, place = np.unique(scenario, return_inverse=True)
        times = days / 365.0
        out = self._discount(states, spread_class, times, used).take(place, axis=1)
        years = times[:, None]
        for kind in np.unique(operator):
            at = np.flatnonzero(operator == kind)
            if kind == Operator.SHIFT_1BP:
                out[:, at] *= central_shift(years * BP)
            elif kind == Operator.SHIFT_25BP:
                out[:, at] *= central_shift(years * (25 * BP))
            elif kind == Operator.KEY_RATE:
                weights = key_rate_weights(times, self.axis.key_rate_tenors)
                out[:, at] *= central_shift(years * weights[:, tenor[at]] * BP)
            elif kind == Operator.PAR_1BP:
                for number in at.tolist():
                    moves = self._par_moves(states.curve, columns[number].currency, times)
                    out[:, number] *= central_shift(times * moves * BP)
            elif kind == Operator.CONVEXITY:
                out[:, at] *= years * years
            elif kind == Operator.ROLL:
                for number in at.tolist():
                    out[:, number] *= self._roll(states, columns[number], times)
            elif kind == Operator.SETTLED:
                out[:, at] *= self._from_settlement(states, spread_class, scenario[at], days)
        return out

    def _par_moves(self, curve: ZeroCurve, currency: str, times: FloatArray) -> FloatArray:
        """Return the move of each zero rate (times,) for a unit move of quotes of a currency."""
        shift = self.market.par[curve.name].shift(currency)
        if shift is None:
            return np.zeros(len(times))
        return zero_rates(curve.interpolation, times, curve.times, shift)

    def _roll(self, states: CurveStates, column: Column, times: FloatArray) -> FloatArray:
        """Return (times,): by which part factors grow where a curve slides after some days."""
        here = np.array([column.scenario], dtype=np.intp)
        base = states.zero_rates(times, here)
        moved = rolled(lambda asked: states.zero_rates(asked, here), times, column.tenor)
        return np.asarray(np.expm1((base - moved)[:, 0] * times))

    def growth(self, curve: str, spread_class: int | None, scenario: int, days: int) -> float:
        """Return exp((z + spread) t): what 1 on a curve grows to up to a horizon in a scenario.

        A class of None is the curve alone.
        """
        here = np.array([scenario], dtype=np.intp)
        rate = self._curves[curve].zero_rates(np.array([days / 365.0]), here)[:, 0]
        if spread_class is not None:
            rate = rate + self.spread_classes.vector(spread_class)[here]
        return float(np.exp(rate * (days / 365.0))[0])

    def _from_settlement(
        self, states: CurveStates, spread_class: int, scenarios: IntpArray, days: IntArray
    ) -> FloatArray:
        """Return (days, scenarios): 1 over the factor at settlement after it, 0 up to it."""
        settlement = self.settlement_days(states.curve.currency)
        used, place = np.unique(scenarios, return_inverse=True)
        at = self._discount(states, spread_class, np.array([settlement / 365.0]), used)[:, place]
        return np.where((days > settlement)[:, None], 1.0 / at, 0.0)

    def zero_rates(self, curve: str, times: FloatArray, scenario: int) -> FloatArray:
        """Return a curve's zero rate at times in years under one scenario."""
        at = np.array([scenario], dtype=np.intp)
        return self._curves[curve].zero_rates(times, at)[:, 0]

    def _discount(
        self, states: CurveStates, spread_class: int, times: FloatArray, scenarios: IntpArray
    ) -> FloatArray:
        zeros = states.zero_rates(times, scenarios)
        zeros += self.spread_classes.vector(spread_class)[scenarios]
        zeros *= -times[:, None]
        return np.asarray(np.exp(zeros, out=zeros))

    def state_set(
        self,
        currencies: tuple[str, ...],
        position_currency: str,
        *,
        credit: bool,
        grown: bool = False,
    ) -> StateSet:
        """Return the market states for values that depend on the rates of currencies.

        Values are in the first of `currencies` and become cells in the position's currency,
        both of which have an `fx_value`. `credit` says whether spread measures apply,
        `grown` whether values at horizons come grown up to them.
        """
        key = (currencies, position_currency, credit, grown)
        found = self._state_sets.get(key)
        if found is None:
            conversion = self._fx[currencies[0]][0] / self._fx[position_currency][0]
            quoted = self.quoted(currencies)
            found = state_set(
                self.axis, self.places, currencies, conversion, credit=credit, quoted=quoted,
                grown=grown,
            )  # fmt: skip
            self._state_sets[key] = found
        return found

    def state_zero_rates(self, curve: str, times: FloatArray, states: StateSet) -> FloatArray:
        """Return (times, states): a curve's zero rates, continuous Act/365F, at times in years.

        The scenario's shocks and the state's bump are in them, spreads are not.
        """
        source = self._curves[curve]
        used, place = np.unique(states.scenario_of, return_inverse=True)
        zeros = source.zero_rates(times, used).take(place, axis=1)
        for days, at in states.horizons(Bump.ROLL):
            some, where = np.unique(states.scenario_of[at], return_inverse=True)
            zero_rates_of = partial(source.zero_rates, scenarios=some)
            zeros[:, at] = rolled(zero_rates_of, times, days).take(where, axis=1)
        bump_rates(zeros, source.curve.currency, times, self.axis.key_rate_tenors, states)
        for number, state in enumerate(states.order):
            if state.bump is Bump.PAR:
                moves = self._par_moves(source.curve, state.currency, times)
                zeros[:, number] += moves * state.size
        return zeros

    def state_spread(self, spread_class: int, states: StateSet) -> FloatArray:
        """Return (states,): the scenario's spread shock of a class and the state's bump."""
        spread = self.spread_classes.vector(spread_class)[states.scenario_of]
        bump_spread(spread, states)
        return spread

    def state_discount(
        self, curve: str, spread_class: int | None, times: FloatArray, states: StateSet
    ) -> FloatArray:
        """Return (times, states): discount factors exp(-(z + spread) t) at times in years.

        A class of None is the curve alone, as projection needs it: neither spread shocks nor
        bumps of the spread.
        """
        zeros = self.state_zero_rates(curve, times, states)
        if spread_class is not None:
            zeros += self.state_spread(spread_class, states)
        zeros *= -times[:, None]
        return np.asarray(np.exp(zeros, out=zeros))

    def state_volatility(
        self, name: str, expiries: FloatArray, columns: FloatArray, states: StateSet
    ) -> FloatArray:
        """Return (n, states): volatilities of a surface at (expiry in years, strike or tenor).

        `columns` (n,), or (n, states) where each state has its own.
        """
        return self._levels.volatility(name, expiries, columns, states)

    def state_hull_white(self, currency: str, states: StateSet) -> tuple[float, FloatArray]:
        """Return the mean reversion and (states,) the volatility of a currency's short rate."""
        return self._levels.hull_white(currency, states)

    def state_hazard(self, name: str, times: FloatArray, states: StateSet) -> FloatArray:
        """Return (n, states): hazard rates of a credit curve at times in years."""
        return self._levels.hazard(name, times, states)

    def state_survival(self, name: str, times: FloatArray, states: StateSet) -> FloatArray:
        """Return (n, states): the probability of no default up to times in years."""
        return self._levels.survival(name, times, states)

    def state_inflation(self, name: str, days: IntArray, states: StateSet) -> FloatArray:
        """Return (n, states): reference index levels of day ordinals, NaN where not published."""
        return self._levels.inflation(name, days, self.day, states)

    def state_prepayment(self, currency: str, sector: str, states: StateSet) -> FloatArray:
        """Return (states,): what multiplies the prepayment speed of an obligor."""
        return self._levels.prepayment(currency, sector, states)

    def state_table(self, curve: str, spread_class: int | None, states: StateSet) -> FloatArray:
        """Return (slots of the grid, states): discount factors at each day of the grid."""

        def compute(days: IntArray) -> FloatArray:
            return self.state_discount(curve, spread_class, days / 365.0, states)

        return self._tables.get((curve, spread_class, states.order), self.grid, compute)

    def horizon_of(self, place: int) -> int:
        """Return the days to the horizon that the cell at a place is grown to, 0 for none."""
        return self._horizons[place]

    def settlement_days(self, currency: str) -> int:
        """Return the calendar days from the valuation date to settlement in a currency."""
        return self.market.settlement_day(currency, self.day) - self.day

    def fx_value(self, currency: str) -> FloatArray | None:
        """Return (scenarios,): the run-currency value of one unit of a currency, or None."""
        state = self._fx.get(currency)
        return None if state is None else state[0]

    def fx_quotes(self, currency: str) -> tuple[str, ...]:
        """Return the names of the quotes between a currency and the run currency."""
        return self._fx[currency][1]
