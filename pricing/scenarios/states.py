"""The market states of a run: every scenario applied to one market, prepared once per worker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pricing.axis import BASE, Axis, AxisError, Cut
from pricing.dates import ordinal
from pricing.kernel import BLOCK_COLUMNS
from pricing.market.curves import ZeroCurve
from pricing.market.fx import FxValue
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
from pricing.scenarios.shocks import (
    FxShock,
    Mode,
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
        self.inclusive = axis.cut is Cut.START_OF_DAY
        self.grid = DateGrid()
        self.spread_classes = SpreadClasses(self.scenarios)
        self._check()
        self._curves = {
            name: curve_states(curve, self.scenarios) for name, curve in market.curves.items()
        }
        self._fx = _fx_states(market.fx_values(axis.run_currency), self.scenarios, axis)
        self._tables = TableCache(budget)
        self._column_sets: dict[tuple[str, bool], ColumnSet] = {}

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

    def curve_for(self, currency: str, named: str) -> ZeroCurve | None:
        """Return the curve a position names, else the discount curve of the currency, or None."""
        name = named or self.market.discount.get(currency, "")
        return self.market.curves.get(name)

    def column_set(self, currency: str, *, credit: bool) -> ColumnSet:
        """Return the columns that flows in a currency need for the axis."""
        key = (currency, credit)
        found = self._column_sets.get(key)
        if found is None:
            found = column_set(self.axis, self.places, currency, credit)
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
        difference for 1bp, SHIFT_25BP for 25bp, KEY_RATE for 1bp of a triangle, CONVEXITY t^2
        times the factor; SETTLED the factor from the settlement day, 0 up to it.
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
            elif kind == Operator.CONVEXITY:
                out[:, at] *= years * years
            elif kind == Operator.SETTLED:
                out[:, at] *= self._from_settlement(states, spread_class, scenario[at], days)
        return out

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


def _fx_states(
    values: dict[str, FxValue], scenarios: tuple[Scenario, ...], axis: Axis
) -> dict[str, tuple[FloatArray, tuple[str, ...]]]:
    states = {
        currency: (np.full(len(scenarios), fx.value), fx.quotes) for currency, fx in values.items()
    }
    for place, scenario in enumerate(scenarios):
        for index, shock in enumerate(scenario.shocks):
            if not isinstance(shock, FxShock):
                continue
            where = f"{scenario.code}.shocks[{index}]"
            for currency in _shocked(shock, states.keys(), axis.run_currency, where):
                value = states[currency][0]
                if shock.mode is Mode.RELATIVE:
                    value[place] *= 1.0 + shock.size
                else:
                    value[place] += shock.size
                if not (np.isfinite(value[place]) and value[place] > 0.0):
                    raise ScenarioError(
                        where, f"{currency} would be worth {value[place]:.6g}", "FX_NOT_POSITIVE"
                    )
    return states


def _shocked(shock: FxShock, known: Iterable[str], run_currency: str, place: str) -> list[str]:
    names = sorted(known)
    if shock.currency == "ALL":
        return [name for name in names if name != run_currency]
    if shock.currency == run_currency:
        raise ScenarioError(
            place,
            f"a shock is of a currency's value in {run_currency}, the run currency",
            "FX_SHOCK_OF_RUN_CURRENCY",
        )
    if shock.currency not in names:
        raise ScenarioError(
            place, f"the market has no rate for {shock.currency}", "UNKNOWN_CURRENCY"
        )
    return [shock.currency]
