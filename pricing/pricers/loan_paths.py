"""Loans whose terms go beyond the plain ones: how they are projected, valued and listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import lattice
from pricing.batch import Batch
from pricing.failure import Failure
from pricing.grouping import combine, order_by
from pricing.kernel import Kernel
from pricing.lattice import Lattices
from pricing.market.indices import IndexKind
from pricing.pricers import carry, debt, ladder, loan_linked, own_spread, state_valued
from pricing.pricers.cells import Cells
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.loan_chunk import Chunk, note
from pricing.pricers.loan_course import Balances, balances
from pricing.pricers.loan_prepayment import multipliers
from pricing.pricers.loan_recursion import OF_PRINCIPAL, PARTS
from pricing.pricers.loan_spread import Spreads
from pricing.pricers.loan_standing import MATURED, Cut, cut
from pricing.pricers.projection import Component, project
from pricing.pricers.rate_options import surface_of
from pricing.products.loan import REFINANCING, SURFACE, Path
from pricing.products.loan_prepayment import PREPAYMENTS
from pricing.scenarios.market_states import plain
from pricing.scenarios.shocks import PrepaymentShock
from pricing.scenarios.states import States
from pricing.schedule import Remaining

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

CHUNK = 4096
"""Loans worked on together where a flow is one number."""
NUMBERS = 6_000_000
"""Flows x states worked on together where a flow is a number in every market state."""
NO_PREPAYMENT = PREPAYMENTS.index("NONE")


def uses(states: States, currency: str, names: str) -> tuple[str, ...] | Failure:
    """Return the market objects that the indices of a loan depend on, or why there are none.

    A swap rate may be one of refinancing, never that of a loan.
    """
    found: list[str] = []
    index = None
    for text in names.split():
        if text.startswith(SURFACE):
            assert index is not None
            surface = surface_of(states, index, text.removeprefix(SURFACE))
            if isinstance(surface, Failure):
                return surface
            found += [f"volatility/{surface.name}"] if surface is not None else []
            continue
        name = text.removeprefix(REFINANCING)
        index = states.market.indices.get(name)
        if index is None:
            return Failure("UNKNOWN_INDEX", f"the market has no index {name}")
        if index.kind is IndexKind.CMS and name == text:
            return Failure("UNKNOWN_INDEX", f"{name} is a swap rate, which no loan is on")
        if index.currency != currency:
            return Failure("CURVE_CURRENCY", f"index {name} is in {index.currency}")
        fixed = name in states.market.fixings and name == text
        fixing = (f"fixing/{name}",) if fixed else ()
        found += [f"index/{name}", *fixing, f"curve/{index.curve}"]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Book:
    """The loans of one path that have payments left."""

    left: Cut
    remaining: Remaining
    grids: Lattices
    balances: Balances

    def chunk(
        self, part: IntpArray, batch: Batch, found: DebtContext, states: States, path: Path,
        scale: float,
    ) -> Chunk:  # fmt: skip
        """Return some loans, in their order."""
        remaining = self.remaining.take(part)
        lattices = self.grids.take(part, int(remaining.count.max()))
        held = self.balances
        return Chunk.of(
            batch,
            Cut(self.left.rows[part], self.left.schedule.take(part), self.left.first[part]),
            remaining,
            lattices,
            Balances(held.outstanding[part], held.principal[part], held.survived[part]),
            found,
            states,
            path,
            scale,
        )


def _book(batch: Batch, rows: IntpArray, found: DebtContext, states: States) -> _Book | None:
    left, matured = cut(batch, rows, states)
    found.failures.update(dict.fromkeys(matured.tolist(), MATURED))
    if not len(left.rows):
        return None
    remaining = Remaining.of(left.schedule, left.first)
    held, failures = balances(batch, left)
    note(found, left.rows, failures)
    return _Book(left, remaining, lattice.build(left.schedule, remaining, states.day), held)


def chunks(
    batch: Batch,
    rows: IntpArray,
    path: Path,
    found: DebtContext,
    states: States,
    width: int,
    scale: float = 1.0,
) -> Iterator[Chunk]:
    """Yield loans in chunks of one path, sorted by pool, that work on `width` numbers a flow."""
    book = _book(batch, rows, found, states)
    if book is None:
        return
    rows, count = book.left.rows, book.remaining.count
    pool = found.pool[rows]
    if path is Path.SCHEDULED:
        order = book.grids.order(pool, count)
    else:
        how = combine(*(batch.integers(name)[rows] for name in ("index", "lag", "lookback")))[1]
        order = order_by(pool, how, book.grids.row, count)
    recursive = path is Path.RECURSIVE
    size = max(NUMBERS // (width * int(count.max())), 16) if recursive else CHUNK
    for first in range(0, len(order), size):
        part = order[first : first + size]
        yield book.chunk(part, batch, found, states, path, scale)


def value(
    batch: Batch,
    rows: IntpArray,
    path: Path,
    found: DebtContext,
    states: States,
    kernel: Kernel,
    values: FloatArray,
    spreads: Spreads,
    scale: float = 1.0,
) -> None:
    """Write the cells of loans of one path; `scale` multiplies their prepayment speeds."""
    width = 1 if path is not Path.RECURSIVE else _width(found, states)
    for chunk in chunks(batch, rows, path, found, states, width, scale):
        _write(chunk, kernel, Cells(states.axis, values, chunk.rows), spreads)


def scaled(
    batch: Batch, rows: IntpArray, states: States
) -> Iterator[tuple[float, npt.NDArray[np.bool_]]]:
    """Yield factors of prepayment speeds other than 1, with where (rows, scenarios) they hold.

    Of loans whose flows are fixed but for that; a recursive one meets the factors state by state.
    """
    if not any(isinstance(s, PrepaymentShock) for one in states.scenarios for s in one.shocks):
        return
    prepays = batch.column("prepayment")[rows] != NO_PREPAYMENT
    prepays &= batch.column("path")[rows] != Path.RECURSIVE
    every = plain("", range(len(states.scenarios)))
    found = multipliers(batch, rows, states, every)
    for scale in np.unique(found[prepays]).tolist():
        if scale != 1.0:
            yield scale, (found == scale) & prepays[:, None]


def scale_in(batch: Batch, states: States, scenario: str) -> float:
    """Return what a scenario multiplies the prepayment speed of a batch of one row by."""
    one = plain("", [states.places[scenario]])
    return float(multipliers(batch, np.arange(1), states, one)[0, 0])


def _width(found: DebtContext, states: States) -> int:
    sets = [states.state_set((p.currency,), p.currency, credit=True) for p in found.pools]
    return max(1, *(len(states_of) for states_of in sets))


def _write(chunk: Chunk, kernel: Kernel, cells: Cells, spreads: Spreads) -> None:
    batch, rows, found, states = chunk.batch, chunk.rows, chunk.found, chunk.states
    priced = cells.needs("CLEAN_PRICE", "DIRTY_PRICE")
    quoted = chunk.quoted() if priced or spreads.needs(batch, rows) else None
    spread, weights = spreads.weights(chunk, quoted)
    flows = None
    if chunk.path is Path.SCHEDULED:
        amounts = chunk.cash(chunk.base())[:, 0] * weights
        flows = chunk.placed.flows(amounts, chunk.lattices)
        debt.discounted(flows, found, cells, states, kernel)
    elif chunk.path is Path.LINKED:
        loan_linked.put(chunk, loan_linked.Amounts.of(chunk).weighted(weights), cells)
    else:
        state_valued.put(chunk, weights, found, states, cells)
    carry.grow_debt(cells, spread, found, states, flows)
    if cells.needs("ACCRUED", "CLEAN_PV"):
        now = np.zeros(len(rows), dtype=np.int64)
        accrued = chunk.accrued(now, chunk.balances.principal)
        accrued[batch.column("non_accrual")[rows] == 1] = 0.0
        cells.subtract_accrued(accrued)
        cells.fill("ACCRUED", accrued)
    cells.fill("NOTIONAL", chunk.balances.outstanding)
    cells.fill("PRINCIPAL", chunk.balances.outstanding)
    cells.fill("PAST_DUE", batch.floats("past_due")[rows])
    _principal(chunk, cells)
    sign = batch.floats("sign")[rows]
    if ladder.scenarios(cells):
        paid = _paid(chunk, cells)
        ladder.put(paid, chunk.balances.outstanding, spread, sign, found, states, cells)
    cells.sign(sign)
    if priced and quoted is not None:
        growth = own_spread.to_settlement(spread, found, rows, chunk.settlement())
        cells.per_hundred(quoted.face * sign, quoted.accrued * sign, growth)
    cells.fill("SPREAD", spread)


def _principal(chunk: Chunk, cells: Cells) -> None:
    """Write principal projected after settlement, and that times years, scenario by scenario."""
    places = [
        place
        for place, cell in enumerate(cells.axis.cells)
        if cell.measure in ("PRINCIPAL_FLOWS", "PRINCIPAL_TIME")
    ]
    if not places:
        return
    codes = list(dict.fromkeys(cells.axis.cells[place].scenario for place in places))
    if chunk.path is not Path.RECURSIVE:
        flows = np.repeat(chunk.principal(chunk.base()), len(codes), axis=1)
    else:
        scenarios = [chunk.states.places[code] for code in codes]
        flows = chunk.principal(plain("", scenarios))
    waiting = chunk.placed.days - chunk.settlement()[chunk.placed.owner]
    flows[waiting <= 0] = 0.0
    amount = state_valued.sums(chunk.placed, flows)
    years = state_valued.sums(chunk.placed, flows * (waiting / 365.0)[:, None])
    for place in places:
        cell = cells.axis.cells[place]
        source = amount if cell.measure == "PRINCIPAL_FLOWS" else years
        cells.values[cells.rows, place] = source[:, codes.index(cell.scenario)]


def _paid(chunk: Chunk, cells: Cells) -> ladder.Paid:
    """Return what loans pay in the scenarios of the ladder; a strip takes its own part."""
    states_of = ladder.states_of(cells, chunk.states)
    parts = chunk.projected(states_of).parts
    owner = chunk.placed.owner
    interest = chunk.borrowers.of_interest[owner][:, None]
    principal = chunk.borrowers.of_principal[owner][:, None]
    return ladder.Paid(
        chunk.placed.days,
        chunk.placed.offsets,
        (parts["INTEREST"] + parts["PENALTY"]) * interest,
        parts["PRINCIPAL"] * principal,
        parts["PREPAYMENT"] * principal,
        parts["RECOVERY"] * principal,
        chunk.contractual(states_of) * principal,
    )


def cashflows(
    batch: Batch, path: Path, found: DebtContext, states: States, scenario: str, scale: float
) -> list[ProjectedFlow]:
    """Return the projected flows of a batch of one loan under a scenario."""
    book = _book(batch, np.flatnonzero(found.pool >= 0), found, states)
    if book is None:
        return []
    whole = np.arange(len(book.left.rows))
    base = book.chunk(whole, batch, found, states, path, 1.0)
    spread, _ = Spreads.unknown(batch).weights(base, base.quoted())
    chunk = book.chunk(whole, batch, found, states, path, scale)
    states_of = plain(found.pools[0].currency, [states.places[scenario]])
    parts = chunk.projected(states_of).parts
    if found.failures:
        return []
    sign = float(batch.floats("sign")[0])
    loans = chunk.borrowers
    components = [
        Component(
            name,
            chunk.placed.days,
            parts[name][:, 0]
            * (sign * float((loans.of_principal if principal else loans.of_interest)[0])),
        )
        for name, principal in ((part, part in OF_PRINCIPAL) for part in PARTS)
    ]
    return project(debt.leg(found, float(spread[0])), components, states, scenario)
