"""Market states: every scenario with the bumps its measures ask for, and how they make cells.

Where flows depend on the market a sensitivity is a difference of whole values. A pricer values
its rows in every state of a set at once, as an array (rows, states), and `StateSet.put` turns
that into cells. For fixed flows the cells are those of the analytic columns, up to rounding and
the truncation of the 25bp convexity difference (docs/methods/scenarios.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pricing.axis import Axis, Cell
from pricing.scenarios.columns import BP, key_rate_weights

if TYPE_CHECKING:
    from pricing.pricers.cells import Cells

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

WIDE = 25 * BP
"""The step of a spread difference that is not for 1bp, and of every second difference."""


class Bump(IntEnum):
    """What a state changes on top of its scenario."""

    NONE = 0
    RATES = 1
    KEY_RATE = 2
    SPREAD = 3
    VOLATILITY = 4
    INFLATION = 5
    PAR = 6
    PAR_SPREAD = 7
    FORWARD = 8
    ROLL = 9


@dataclass(frozen=True, slots=True)
class MarketState:
    """One state of the market: a scenario (its place in the run's) and at most one bump on it.

    `size` is signed and decimal; of a volatility it counts the surface's units of vega.
    `currency` narrows a bump of rates or of their quotes, "" is every currency at once; `tenor`
    is the place of a key rate's tenor on the axis. FORWARD and ROLL are the market `horizon` days
    on, told as of today: as its forwards say, or with the tenors of today.
    """

    scenario: int
    bump: Bump = Bump.NONE
    currency: str = ""
    tenor: int = 0
    size: float = 0.0
    horizon: int = 0


@dataclass(frozen=True, slots=True)
class StateSet:
    """The states that values in one currency are needed in, and the links from states to cells.

    Cell `cells[j]` gains `scales[j]` x value in state `states[j]`, where `converted[j]` from the
    values' currency into the position's at scenario `scenarios[j]`: `factors[j]` is the scale
    with that conversion. `currency` is that of the values.
    """

    currency: str
    order: tuple[MarketState, ...]
    cells: IntpArray
    states: IntpArray
    scales: FloatArray
    converted: npt.NDArray[np.bool_]
    scenarios: IntpArray
    factors: FloatArray
    settled_cells: IntpArray
    settled_states: IntpArray
    settled_factors: FloatArray

    def __len__(self) -> int:
        return len(self.order)

    @property
    def scenario_of(self) -> IntpArray:
        """Return (states,): the place of each state's scenario."""
        return np.array([state.scenario for state in self.order], dtype=np.intp)

    def place(self, state: MarketState) -> int:
        """Return the place of a state."""
        return self.order.index(state)

    @property
    def first(self) -> MarketState | None:
        """Return the first state: what `by_horizon` parts states by is the same for all of them."""
        return self.order[0] if self.order else None

    def horizons(self, *bumps: Bump) -> list[tuple[int, IntpArray]]:
        """Return the horizons of states with some bumps, each with the places of its states."""
        found: dict[int, list[int]] = {}
        for place, state in enumerate(self.order):
            if state.bump in bumps:
                found.setdefault(state.horizon, []).append(place)
        return [(days, np.array(places, dtype=np.intp)) for days, places in found.items()]

    def by_horizon(self) -> list[tuple[StateSet, IntpArray]]:
        """Return the states of today and of each horizon, without links, with their places."""
        found: dict[tuple[int, bool], list[int]] = {}
        for place, state in enumerate(self.order):
            key = (state.horizon, state.bump is Bump.ROLL)
            found.setdefault(key, []).append(place)
        return [
            (
                _linked(self.currency, tuple(self.order[place] for place in places), [], []),
                np.array(places, dtype=np.intp),
            )
            for places in found.values()
        ]

    def part(self, first: int, last: int) -> StateSet:
        """Return the states [first, last) without links, to compute values a strip at a time.

        A value of a state depends on no other state; cells are put once, from all of them.
        """
        return _linked(self.currency, self.order[first:last], [], [])

    def put(self, cells: Cells, values: FloatArray) -> None:
        """Add to the cells what values (rows, states), one row of `cells` each, make of them.

        Writes PV, CLEAN_PV (before accrued is taken off), DV01, KEY_RATE_DV01, CS01, CS25, DV25,
        CONVEXITY_AMOUNT, VEGA, INFLATION01, DV01_PAR, CS01_PAR, FX_EXPOSURE and FX_DELTA, CARRY
        and ROLL_DOWN (as of today unless `grown` to the horizon before). Adding lets each leg of a
        position have a set of its own currency.
        """
        for links in _rounds(self.cells):
            order, factors = self.states[links], self.factors[links]
            every = len(order) == values.shape[1] and bool((order == np.arange(len(order))).all())
            part = values if every else values.take(order, axis=1)
            if (factors != 1.0).any():
                part = part * factors
            cells.add(self.cells[links], part)

    def put_settled(self, cells: Cells, values: FloatArray) -> None:
        """Add values from settlement (rows, states) to the price cells, before `per_hundred`.

        They are of the flows after the settlement day and discounted to that day.
        """
        part = values.take(self.settled_states, axis=1)
        part *= self.settled_factors
        cells.add(self.settled_cells, part)


def plain(currency: str, scenarios: Sequence[int]) -> StateSet:
    """Return the states of scenarios (their places) without bumps, which make no cells."""
    return _linked(currency, tuple(MarketState(scenario) for scenario in scenarios), [], [])


_Link = tuple[int, int, float, bool, int, float]


def state_set(
    axis: Axis,
    places: Mapping[str, int],
    currencies: Sequence[str],
    conversion: FloatArray,
    *,
    credit: bool,
    quoted: frozenset[str] = frozenset(),
    grown: bool = False,
) -> StateSet:
    """Return the states that the cells of an axis need.

    Values are in the first of `currencies`; their rates depend on the curves of all of them.
    `conversion` (scenarios,) is what a unit of the first is worth in the position's currency;
    `credit` says whether spread measures apply; `quoted` are the currencies whose quotes move
    the curves of `currencies`; `grown`: values at horizons come grown up to them, as forwards and
    as unchanged tenors have it, else the cells of values as of today are grown later.
    """
    names = tuple(dict.fromkeys(currencies))
    order: dict[MarketState, int] = {}
    links: list[_Link] = []
    settled: list[_Link] = []
    for place, cell in enumerate(axis.cells):
        scenario = places[cell.scenario]
        converted = cell.measure != "FX_EXPOSURE"
        fx = float(conversion[scenario]) if converted else 1.0
        into = settled if cell.measure in ("DIRTY_PRICE", "CLEAN_PRICE") else links
        for state, scale in _terms(axis, cell, scenario, names, credit, quoted, grown):
            at = order.setdefault(state, len(order))
            into.append((place, at, scale, converted, scenario, scale * fx))
    return _linked(names[0], tuple(order), links, settled)


def _linked(
    currency: str, order: tuple[MarketState, ...], links: list[_Link], settled: list[_Link]
) -> StateSet:
    parts = list(zip(*links, strict=True)) if links else [()] * 6
    priced = list(zip(*settled, strict=True)) if settled else [()] * 6
    return StateSet(
        currency,
        order,
        np.array(parts[0], dtype=np.intp),
        np.array(parts[1], dtype=np.intp),
        np.array(parts[2], dtype=np.float64),
        np.array(parts[3], dtype=np.bool_),
        np.array(parts[4], dtype=np.intp),
        np.array(parts[5], dtype=np.float64),
        np.array(priced[0], dtype=np.intp),
        np.array(priced[1], dtype=np.intp),
        np.array(priced[5], dtype=np.float64),
    )


def _terms(
    axis: Axis,
    cell: Cell,
    scenario: int,
    currencies: tuple[str, ...],
    credit: bool,
    quoted: frozenset[str],
    grown: bool,
) -> Iterable[tuple[MarketState, float]]:
    """Return the states whose scaled values add up to a cell, in the order they are added."""
    code = cell.measure
    base = MarketState(scenario)
    every = currencies[0] if len(currencies) == 1 else ""
    if code in ("PV", "CLEAN_PV"):
        return [(base, 1.0)]
    if code in ("DIRTY_PRICE", "CLEAN_PRICE") and credit:
        return [(base, 1.0)]
    if code in ("CARRY", "ROLL_DOWN"):
        days = axis.horizon(cell)
        forward = MarketState(scenario, Bump.FORWARD, horizon=days) if grown else base
        if code == "ROLL_DOWN":
            return [(MarketState(scenario, Bump.ROLL, horizon=days), 1.0), (forward, -1.0)]
        return [(forward, 1.0), (base, -1.0)] if grown else [(base, 1.0)]
    if code == "FX_EXPOSURE" and cell.factor == currencies[0]:
        return [(base, 1.0)]
    if code == "FX_DELTA" and cell.factor == currencies[0]:
        return [(base, 0.01)]
    if code == "DV01" and cell.factor in ("ALL", *currencies):
        currency = every if cell.factor == "ALL" else cell.factor
        return _central(MarketState(scenario, Bump.RATES, currency, 0, BP), 0.5)
    if code == "KEY_RATE_DV01":
        currency, _, name = cell.factor.partition("/")
        if currency in currencies:
            tenor = axis.key_rate_tenors.index(name)
            return _central(MarketState(scenario, Bump.KEY_RATE, currency, tenor, BP), 0.5)
    if code == "CS01" and credit:
        return _central(MarketState(scenario, Bump.SPREAD, "", 0, BP), 0.5)
    if code == "CS25" and credit:
        return _central(MarketState(scenario, Bump.SPREAD, "", 0, WIDE), 1.0)
    if code == "DV25":
        return _central(MarketState(scenario, Bump.RATES, every, 0, WIDE), 1.0)
    if code == "DV01_PAR" and cell.factor in ("ALL", *quoted):
        par = "" if cell.factor == "ALL" else cell.factor
        return _central(MarketState(scenario, Bump.PAR, par, 0, BP), 0.5)
    if code == "CS01_PAR":
        return _central(MarketState(scenario, Bump.PAR_SPREAD, "", 0, BP), 0.5)
    if code == "VEGA":
        return _central(MarketState(scenario, Bump.VOLATILITY, "", 0, -1.0), 0.5)
    if code == "INFLATION01":
        return _central(MarketState(scenario, Bump.INFLATION, "", 0, -BP), 0.5)
    if code == "CONVEXITY_AMOUNT":
        up = MarketState(scenario, Bump.RATES, every, 0, WIDE)
        square = 1.0 / (WIDE * WIDE)
        return [(_opposite(up), square), (up, square), (base, -2.0 * square)]
    return []


def _central(up: MarketState, scale: float) -> Iterable[tuple[MarketState, float]]:
    return [(_opposite(up), scale), (up, -scale)]


def _opposite(state: MarketState) -> MarketState:
    return MarketState(state.scenario, state.bump, state.currency, state.tenor, -state.size)


def _rounds(cells: IntpArray) -> Iterator[IntpArray]:
    """Yield the first link of every cell, then the second ones, and so on: no cell twice."""
    if not len(cells):
        return
    starts = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1))
    rank = np.arange(len(cells)) - np.repeat(starts, np.diff(starts, append=len(cells)))
    for number in range(int(rank.max()) + 1):
        yield np.flatnonzero(rank == number)


def bump_rates(
    zeros: FloatArray, currency: str, times: FloatArray, tenors: tuple[str, ...], states: StateSet
) -> None:
    """Add the bumps of rates to the zero rates (times, states) of a curve of a currency."""
    parallel: list[int] = []
    key_rate: list[int] = []
    for place, state in enumerate(states.order):
        if state.currency in ("", currency):
            if state.bump is Bump.RATES:
                parallel.append(place)
            elif state.bump is Bump.KEY_RATE:
                key_rate.append(place)
    if parallel:
        zeros[:, parallel] += np.array([states.order[place].size for place in parallel])
    if key_rate:
        tenor = [states.order[place].tenor for place in key_rate]
        sizes = np.array([states.order[place].size for place in key_rate])
        zeros[:, key_rate] += key_rate_weights(times, tenors)[:, tenor] * sizes


def bump_spread(spread: FloatArray, states: StateSet) -> None:
    """Add the bumps of spreads to the spread shocks (states,)."""
    for place, state in enumerate(states.order):
        if state.bump is Bump.SPREAD:
            spread[place] += state.size
