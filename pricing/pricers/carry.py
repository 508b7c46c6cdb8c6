"""What value becomes up to a horizon: growth of cells, and of values in market states.

A value as of today, carried at the rate and spread that discount it, is the value at the horizon
if forwards are realised, what was paid before it included. docs/methods/carry.md has the formulas.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pricing.kernel import sequential
from pricing.pricers import debt, own_spread
from pricing.pricers.cells import Cells
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import Flows
from pricing.pricers.placing import Placed
from pricing.scenarios.columns import Column, Operator
from pricing.scenarios.market_states import Bump, StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntpArray = npt.NDArray[np.intp]


def grow_debt(
    cells: Cells,
    spread: FloatArray,
    found: DebtContext,
    states: States,
    flows: Flows | None = None,
) -> None:
    """Turn PV in CARRY cells into its growth, and ROLL_DOWN cells as of today to the horizon.

    `spread` are own spreads; rows are sorted by pool. Nothing else of the cells is touched. Where
    `flows` are given, ROLL_DOWN lacks what they gain on spread curves so far.
    """
    if not states.looks_ahead:
        return
    if flows is not None:
        _slide(flows, cells, found, states)
    places = [p for p, cell in enumerate(cells.axis.cells) if states.horizon_of(p)]
    own: dict[int, FloatArray] = {}
    for place in places:
        days = states.horizon_of(place)
        if days not in own:
            horizon = np.full(len(cells.rows), days, dtype=np.int64)
            own[days] = own_spread.to_settlement(spread, found, cells.rows, horizon)
        scenario = states.places[cells.axis.cells[place].scenario]
        for begin, end, pool in debt.pools(found, cells.rows):
            growth = own[days][begin:end] * states.growth(
                pool.curve, pool.spread_class, scenario, days
            )
            if cells.axis.cells[place].measure == "CARRY":
                growth = growth - 1.0
            cells.values[cells.rows[begin:end], place] *= growth


def _slide(flows: Flows, cells: Cells, found: DebtContext, states: States) -> None:
    """Add to ROLL_DOWN cells what flows gain as they slide down spread curves."""
    rows = cells.rows
    owner = np.repeat(np.arange(len(rows)), np.diff(flows.offsets))

    def slid(horizon: int) -> FloatArray | None:
        return own_spread.slid(found, rows, owner, states.grid.days, flows.slots, horizon)

    for place, cell in enumerate(cells.axis.cells):
        horizon = states.horizon_of(place) if cell.measure == "ROLL_DOWN" else 0
        grown = slid(horizon) if horizon else None
        if grown is None:
            continue
        scenario = states.places[cell.scenario]
        columns = (Column(scenario, Operator.VALUE), Column(scenario, Operator.ROLL, horizon))
        gained = flows.amounts * (grown - 1.0)
        for begin, end, pool in debt.pools(found, rows):
            part = flows.rows(begin, end)
            first, last = int(flows.offsets[begin]), int(flows.offsets[end])
            table = states.table(pool.curve, pool.spread_class, columns)
            local = sequential(gained[first:last], part.slots, part.offsets, table)
            cells.values[rows[begin:end], place] += local[:, 0] + local[:, 1]


def slides(
    found: DebtContext, rows: IntpArray, placed: Placed, states: States, states_of: StateSet
) -> Iterator[tuple[FloatArray, StateSet, IntpArray]]:
    """Yield by which share flows (flows,) gain as they slide down spread curves.

    With the states that slide so and their places; nothing where no row is on a spread curve.
    """
    for part, places in states_of.by_horizon():
        first = part.first
        if first is None or first.bump is not Bump.ROLL:
            continue
        days, horizon = states.grid.days, first.horizon
        grown = own_spread.slid(found, rows, placed.owner, days, placed.slots, horizon)
        if grown is not None:
            yield grown - 1.0, part, places


def grow_cells(values: FloatArray, curve: str, states: States) -> None:
    """Do the same to values (rows, cells) of flows on one curve without a spread, in place."""
    if not states.looks_ahead:
        return
    for place, cell in enumerate(states.axis.cells):
        days = states.horizon_of(place)
        if days:
            growth = states.growth(curve, None, states.places[cell.scenario], days)
            values[:, place] *= growth - 1.0 if cell.measure == "CARRY" else growth


def grow_states(
    values: FloatArray, curve: str, spread_class: int | None, states_of: StateSet, states: States
) -> None:
    """Carry values (rows, states) in states at a horizon to it, in place."""
    for place, state in enumerate(states_of.order):
        if state.horizon:
            values[:, place] *= states.growth(curve, spread_class, state.scenario, state.horizon)
