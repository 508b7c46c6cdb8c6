"""CALLABLE_BOND: payments that one side may cut short, valued on a lattice in market states."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.hull_white.grid import node_counts
from pricing.kernel import Kernel
from pricing.pricers import debt
from pricing.pricers.assembly import assemble
from pricing.pricers.bond_flows import alive
from pricing.pricers.callable_chunk import Chunk
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.loan import MATURED
from pricing.pricers.option_values import STRIP
from pricing.pricers.options import options
from pricing.pricers.projection import Component, project
from pricing.scenarios.market_states import plain
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
IntpArray = npt.NDArray[np.intp]

BUDGET = 96 * 2**20
"""Bytes that the lattices of rows worked on together may take."""
MOST = 512
"""Rows worked on together at most."""
BANDWIDTH = 28.0
"""Weights of a node's step, on average, as memory is reckoned."""


class CallableBondPricer:
    """Values CALLABLE_BOND."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch; both kernels value it by sums in a fixed order."""
        found = debt.context(batch, states, "curve", model_of)
        values = np.zeros((len(batch), len(states.axis)))
        for chunk in _chunks(batch, found, states):
            chunk.write(Cells(states.axis, values, chunk.bonds.rows))
        return assemble(
            batch,
            states.axis,
            values,
            found.failures,
            found.dependencies,
            found.dependency_names,
        )

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the promised flows of a batch of one row, and its options as one flow today."""
        found = debt.context(batch, states, "curve", model_of)
        for chunk in _chunks(batch, found, states):
            spread = chunk.spread()
            here = plain(chunk.pool.currency, [states.places[scenario]])
            worth = chunk.basis(here).values(spread[:, None])
            made, sign = chunk.made, chunk.sign
            last = made.payment == chunk.bonds.schedule.payments[made.owner] - 1
            option = (worth.whole - worth.promised)[:, 0] * sign
            components = [
                Component("INTEREST", made.days, made.coupons * sign[0]),
                Component("PRINCIPAL", made.days[~last], made.principal[~last] * sign[0]),
                Component("REDEMPTION", made.days[last], made.principal[last] * sign[0]),
                Component("OPTION", np.zeros(1, dtype=np.int64), option),
            ]
            return project(debt.leg(found, float(spread[0])), components, states, scenario)
        return []


def model_of(states: States, currency: str, name: str) -> tuple[str, ...] | Failure:
    """Return the market objects that options in a currency depend on, or why there are none."""
    model = states.market.hull_white.get(currency)
    if model is None:
        return Failure("MODEL_MISSING", f"the market has no Hull-White parameters for {currency}")
    surface = (f"volatility/{model.volatility}",) if model.volatility else ()
    return (f"model/{currency}/hull_white", *surface)


def _chunks(batch: Batch, found: DebtContext, states: States) -> Iterator[Chunk]:
    """Yield the rows with payments left, those of one pool and one number of nodes together."""
    bonds, matured = alive(batch, np.flatnonzero(found.pool >= 0), states)
    found.failures.update(dict.fromkeys(matured.tolist(), MATURED))
    if not len(bonds.rows):
        return
    # What is short is valued as if held: its sign is put to the cells.
    bonds = replace(bonds, face=np.abs(bonds.face))
    left = options(batch, bonds, states)
    count = left.count
    pool = found.pool[bonds.rows]
    nodes = np.zeros(len(count), dtype=np.int64)
    for number in np.unique(pool):
        at = np.flatnonzero((pool == number) & (count > 0))
        if len(at):
            currency = found.pools[int(number)].currency
            reversion = states.market.hull_white[currency].mean_reversion
            some = left.take(at)
            nodes[at] = node_counts(reversion, some.day / 365.0, some.offsets)
    # Most decisions first: those that decide once more are always the first rows.
    order = np.lexsort((-count, nodes, pool))
    changes = np.flatnonzero((np.diff(pool[order]) != 0) | (np.diff(nodes[order]) != 0)) + 1
    edges = [0, *changes.tolist(), len(order)]
    for begin, end in itertools.pairwise(edges):
        shared = found.pools[int(pool[order[begin]])]
        width = min(len(states.state_set((shared.currency,), shared.currency, credit=True)), STRIP)
        first = begin
        while first < end:
            size = _rows(int(nodes[order[first]]), int(count[order[first]]), width)
            part = order[first : min(first + size, end)]
            chosen = bonds.take(part), left.take(part)
            yield Chunk.of(batch, *chosen, int(nodes[part[0]]), found, states, shared)
            first += size


def _rows(nodes: int, decisions: int, states: int) -> int:
    """Return how many rows of a lattice fit the budget."""
    each = nodes * (decisions * BANDWIDTH * 12.0 + states * 40.0)
    return max(1, min(MOST, int(BUDGET / max(each, 1.0))))


PRICER: Pricer = CallableBondPricer()
