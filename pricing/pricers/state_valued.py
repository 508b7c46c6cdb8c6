"""Debt whose payments depend on the market: values in every market state, and its own spread.

A product says what is paid in each state; discounting, marks and prices at settlement are here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from pricing.axis import BASE
from pricing.batch import Batch
from pricing.kernel import sequential
from pricing.lattice import Lattices
from pricing.pricers import debt, own_spread
from pricing.pricers.cells import Cells
from pricing.pricers.debt import DebtContext, Pool
from pricing.pricers.own_spread import Quoted
from pricing.pricers.placing import Placed
from pricing.scenarios.market_states import Bump, StateSet, plain
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntpArray = npt.NDArray[np.intp]


class StatePayments(Protocol):
    """Rows of a batch, sorted by pool, with what they pay in market states."""

    @property
    def rows(self) -> IntpArray:
        """Places in the batch."""
        ...

    @property
    def placed(self) -> Placed:
        """Where the payments are in the date grid."""
        ...

    def cash(self, states_of: StateSet) -> FloatArray:
        """Return what is paid (flows, states)."""
        ...

    def part(self, begin: int, end: int) -> Self:
        """Return the rows [begin, end)."""
        ...


def base(states: States) -> StateSet:
    """Return the state of the market as it is."""
    return plain("", [states.places[BASE]])


def sums(placed: Placed, flows: FloatArray) -> FloatArray:
    """Return (rows, columns): sums of flows (flows, columns) in their order."""
    slots = np.arange(len(flows), dtype=np.int32)
    return sequential(np.ones(len(flows)), slots, placed.offsets, np.ascontiguousarray(flows))


def own_factors(
    batch: Batch,
    payments: StatePayments,
    lattices: Lattices,
    found: DebtContext,
    states: States,
    quoted: Callable[[], Quoted],
) -> tuple[FloatArray, FloatArray]:
    """Return own spreads (rows,), and the factor by which they discount each flow.

    `quoted` says what a mark refers to; the residual over the matrix is solved on the payments of
    the market as it is.
    """
    rows, placed = payments.rows, payments.placed
    spread = batch.floats("spread")[rows]
    weights = placed.discount(spread)
    own_spread.apply_matrix(placed.flows(weights, lattices), found, rows, states)
    if not debt.any_marked(batch, rows):
        return spread, weights
    marked = placed.flows(payments.cash(base(states))[:, 0] * weights, lattices)
    solved = spread.copy()
    failed = own_spread.apply_marks(batch, marked, found, rows, states, quoted(), solved)
    for row in rows[failed].tolist():
        found.failures.setdefault(row, own_spread.NOT_SOLVED)
    by_mark = batch.column("spread_source")[rows] == debt.MARK
    factor = np.exp(placed.days / -365.0 * solved[placed.owner])
    weights *= np.where(by_mark[placed.owner], factor, 1.0)
    return np.where(by_mark, solved, spread), weights


def put(
    payments: StatePayments,
    weights: FloatArray,
    found: DebtContext,
    states: States,
    cells: Cells,
) -> None:
    """Write the cells that values in market states make; price cells before `per_hundred`."""
    offsets = payments.placed.offsets
    for begin, end, pool in debt.pools(found, payments.rows):
        part = payments.part(begin, end)
        states_of = states.state_set((pool.currency,), pool.currency, credit=True)
        if not len(states_of):
            continue
        own = weights[int(offsets[begin]) : int(offsets[end])]
        worth = discounted(part, part.cash(states_of), own, pool, states, states_of)
        for horizon, at in states_of.horizons(Bump.ROLL):
            held, days = part.placed, states.grid.days
            grown = own_spread.slid(found, part.rows, held.owner, days, held.slots, horizon)
            if grown is not None:
                worth[:, at] *= grown[:, None]
        rows = cells.part(begin, end)
        states_of.put(rows, sums(part.placed, worth))
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
            states_of.put_settled(rows, settled(part.placed, worth, pool, states, states_of))


def discounted(
    payments: StatePayments,
    cash: FloatArray,
    own: FloatArray,
    pool: Pool,
    states: States,
    states_of: StateSet,
) -> FloatArray:
    """Return the present values of payments (flows, states) of rows of one pool."""
    table = states.state_table(pool.curve, pool.spread_class, states_of)
    return np.asarray(cash * own[:, None] * table.take(payments.placed.slots, axis=0))


def settled(
    placed: Placed, worth: FloatArray, pool: Pool, states: States, states_of: StateSet
) -> FloatArray:
    """Return (rows, states): values at settlement of what is paid after it."""
    after = placed.days > states.settlement_days(pool.currency)
    factor = settlement_factor(pool, states, states_of)
    return np.asarray(sums(placed, worth * after[:, None]) / factor)


def settlement_factor(pool: Pool, states: States, states_of: StateSet) -> FloatArray:
    """Return (1, states): the discount factor of the settlement day."""
    at = np.array([states.settlement_days(pool.currency) / 365.0])
    return states.state_discount(pool.curve, pool.spread_class, at, states_of)
