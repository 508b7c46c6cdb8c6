"""Derivatives that are valued together: one kind, one set of curves, indices and currencies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.market.indices import Index, IndexKind
from pricing.pricers import carry
from pricing.pricers.cells import Cells
from pricing.pricers.index_rates import Fixing
from pricing.scenarios.market_states import StateSet, plain
from pricing.scenarios.states import COLUMNS_PER_TABLE, States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

MATURED = Failure("MATURED", "no payment is left after the cut")
HOW = ("index", "floating", "lag", "arrears", "lookback", "shifted", "lockout", "averaged")
"""The columns of a leg that say which index it is on and how it is read."""


@dataclass(frozen=True, slots=True)
class LegMarket:
    """What legs are projected from and discounted on; `index` is None for a fixed leg."""

    currency: str
    curve: str
    index: Index | None
    how: Fixing | None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a batch that agree in everything but dates, rates and amounts."""

    batch: Batch
    rows: IntpArray
    currency: str
    states: States
    values: FloatArray
    failures: dict[int, Failure]

    def take(self, rows: IntpArray) -> Group:
        """Return the group with some of its rows (places in the batch)."""
        return Group(self.batch, rows, self.currency, self.states, self.values, self.failures)

    @property
    def cells(self) -> Cells:
        """Return the cells of the rows."""
        return Cells(self.states.axis, self.values, self.rows)

    def floats(self, name: str) -> FloatArray:
        """Return a column of the rows."""
        return self.batch.floats(name)[self.rows]

    def integers(self, name: str) -> IntArray:
        """Return an integer column of the rows."""
        return self.batch.integers(name)[self.rows]

    def text(self, name: str) -> str:
        """Return the text that all rows share in a column."""
        return self.batch.names.text(int(self.batch.column(name)[self.rows[0]]))

    def flag(self, name: str) -> int:
        """Return the number that all rows share in a column."""
        return int(self.batch.column(name)[self.rows[0]])

    def fail(self, places: IntpArray, failure: Failure) -> None:
        """Note a failure of the rows at places of the group; the first one of a row stays."""
        for row in self.rows[places].tolist():
            self.failures.setdefault(row, failure)

    def put(self, currencies: tuple[str, ...], value: Callable[[StateSet], FloatArray]) -> None:
        """Add to the cells what values (rows, states) in the first of `currencies` make.

        States at one horizon are valued together; `carried` grows their values up to it.
        """
        found = self.states.state_set(currencies, self.currency, credit=False, grown=True)
        if not len(found):
            return
        if not self.states.looks_ahead:
            found.put(self.cells, in_strips(found, len(self.rows), value))
            return
        values = np.empty((len(self.rows), len(found)))
        for part, places in found.by_horizon():
            values[:, places] = in_strips(part, len(self.rows), value)
        found.put(self.cells, values)

    def carried(
        self, curve: str, value: Callable[[StateSet], FloatArray]
    ) -> Callable[[StateSet], FloatArray]:
        """Return a function of values on one curve that carries those at a horizon to it."""

        def grown(states_of: StateSet) -> FloatArray:
            values = value(states_of)
            carry.grow_states(values, curve, None, states_of, self.states)
            return values

        return grown

    def fill_by_scenario(
        self, code: str, currency: str, value: Callable[[StateSet], FloatArray]
    ) -> None:
        """Write values (rows, states) of the scenarios as they are to the cells of a measure."""
        places = [p for p, cell in enumerate(self.states.axis.cells) if cell.measure == code]
        if not places:
            return
        cells = [self.states.axis.cells[place] for place in places]
        scenarios = [self.states.places[cell.scenario] for cell in cells]
        found = in_strips(plain(currency, scenarios), len(self.rows), value)
        self.values[self.rows[:, None], places] = found

    def fill_amount(self, code: str, currency: str, amount: FloatArray) -> None:
        """Write an amount in a currency to the cells of a measure, at each cell's scenario."""
        own, other = self.states.fx_value(self.currency), self.states.fx_value(currency)
        assert own is not None
        assert other is not None
        worth = other / own
        for place, cell in enumerate(self.states.axis.cells):
            if cell.measure == code:
                scenario = self.states.places[cell.scenario]
                self.values[self.rows, place] += amount * worth[scenario]


def in_strips(
    states_of: StateSet, rows: int, value: Callable[[StateSet], FloatArray]
) -> FloatArray:
    """Return values (rows, states), computed for a few states at a time."""
    out = np.empty((rows, len(states_of)))
    for first in range(0, len(states_of), COLUMNS_PER_TABLE):
        last = min(first + COLUMNS_PER_TABLE, len(states_of))
        out[:, first:last] = value(states_of.part(first, last))
    return out


Used = tuple[str, ...]


def curve_of(
    states: States, currency: str, named: str, collateral: str
) -> tuple[str, Used] | Failure:
    """Return the discount curve of flows in a currency and the market objects it comes from."""
    curve = states.curve_for(currency, named, collateral)
    if curve is None:
        what = named or f"for {currency}" + (f" with collateral {collateral}" if collateral else "")
        return Failure("UNKNOWN_CURVE", f"the market has no curve {what}")
    if curve.currency != currency:
        return Failure("CURVE_CURRENCY", f"curve {curve.name} is in {curve.currency}")
    used: Used = (f"curve/{curve.name}",)
    if not named:
        pair = (currency, collateral)
        own = f"collateral/{currency}/{collateral}" if pair in states.market.collateral else ""
        used = (*used, own or f"discount/{currency}")
    return curve.name, used


def index_of(
    states: States, currency: str, name: str, kinds: tuple[IndexKind, ...]
) -> tuple[Index, Used] | Failure:
    """Return an index of one of the kinds and the market objects that its rates come from."""
    index = states.market.indices.get(name)
    if index is None:
        return Failure("UNKNOWN_INDEX", f"the market has no index {name}")
    if index.kind not in kinds:
        wanted = " or ".join(kinds)
        return Failure("UNKNOWN_INDEX", f"index {name} is {index.kind}: {wanted} is expected")
    if index.currency != currency:
        return Failure("CURVE_CURRENCY", f"index {name} is in {index.currency}")
    fixing = (f"fixing/{name}",) if name in states.market.fixings else ()
    return index, (f"index/{name}", *fixing, f"curve/{index.curve}")


def leg_market(
    group: Group, side: str, kinds: tuple[IndexKind, ...]
) -> tuple[LegMarket, Used] | Failure:
    """Return what the legs of a side are valued with, and the market objects it comes from."""
    currency = group.text(f"{side}_currency")
    found = curve_of(group.states, currency, group.text(f"{side}_curve"), group.text("collateral"))
    if isinstance(found, Failure):
        return found
    curve, used = found
    if not group.flag(f"{side}_floating"):
        return LegMarket(currency, curve, None, None), used
    named = index_of(group.states, currency, group.text(f"{side}_index"), kinds)
    if isinstance(named, Failure):
        return named
    index, more = named
    lag, arrears, lookback, shifted, lockout, averaged = (
        group.flag(f"{side}_{name}") for name in HOW[2:]
    )
    how = Fixing(
        index.fixing_lag_days if lag < 0 else lag, bool(arrears), lookback, bool(shifted), lockout,
        bool(averaged),
    )  # fmt: skip
    return LegMarket(currency, curve, index, how), (*used, *more)


def fx_used(group: Group, currencies: tuple[str, ...]) -> Used | Failure:
    """Return the FX quotes between currencies and the run's, or which one is missing."""
    used: Used = ()
    for currency in (group.currency, *currencies):
        if group.states.fx_value(currency) is None:
            run = group.states.axis.run_currency
            return Failure("FX_MISSING", f"the market has no rate from {currency} to {run}")
        used = (*used, *group.states.fx_quotes(currency))
    return used
