"""AMORT_LOAN: how loans stand, what they will pay, and what that is worth in every state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pricing import lattice
from pricing.batch import Batch
from pricing.kernel import Kernel
from pricing.lattice import Lattices
from pricing.pricers import (
    carry,
    debt,
    ladder,
    loan_cost,
    loan_paths,
    loan_recovered,
    loan_yields,
    own_spread,
)
from pricing.pricers.assembly import assemble
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import Flows, ProjectedFlow
from pricing.pricers.loan_flows import Period, PrincipalTotals, by_flow, generate
from pricing.pricers.loan_spread import Spreads
from pricing.pricers.loan_standing import MATURED, Standing, stand
from pricing.pricers.projection import Component, project
from pricing.products.loan import Path
from pricing.scenarios.states import States
from pricing.schedule import accrued_fraction

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

__all__ = ["MATURED", "PRICER", "LoanPricer"]

CHUNK = 4096
"""Loans worked on together: their columns stay in cache, their flows below 50 MB."""


class LoanPricer:
    """Values AMORT_LOAN."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of loans."""
        found = debt.context(batch, states, "indices", loan_paths.uses)
        values = np.zeros((len(batch), len(states.axis)))
        spreads = Spreads.unknown(batch)
        rows = np.flatnonzero(found.pool >= 0)
        _value(batch, rows, found, states, kernel, values, spreads, 1.0)
        for scale, moved in loan_paths.scaled(batch, rows, states):
            # Scenarios that multiply prepayment speeds: the same loans again with those speeds.
            some = np.flatnonzero(moved.any(axis=1))
            again = np.zeros_like(values)
            _value(batch, rows[some], found, states, kernel, again, spreads, scale)
            inside = moved[some][:, cell_scenarios(states)]
            values[rows[some]] = np.where(inside, again[rows[some]], values[rows[some]])
        going = rows[batch.column("path")[rows] != Path.RECOVERED]
        loan_yields.fill(batch, going, found, states, values, spreads)
        loan_cost.fill(batch, rows, found, states, values)
        return assemble(
            batch,
            states.axis,
            values,
            found.failures,
            found.dependencies,
            found.dependency_names,
        )

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the projected flows of a batch of one loan."""
        found = debt.context(batch, states, "indices", loan_paths.uses)
        rows = np.flatnonzero(found.pool >= 0)
        if not len(rows):
            return []
        path = Path(int(batch.column("path")[0]))
        scale = loan_paths.scale_in(batch, states, scenario)
        if path is Path.RECOVERED:
            return loan_recovered.cashflows(batch, found, states, scenario)
        if path is not Path.PLAIN:
            return loan_paths.cashflows(batch, path, found, states, scenario, scale)
        standing, _ = stand(batch, rows, states)
        if not len(standing.rows):
            return []
        grids = lattice.build(standing.schedule, standing.remaining, states.day)
        record: list[Period] = []
        settlement = debt.settlement_days(found, standing.rows, states)
        flows, totals = generate(
            standing.loans, standing.remaining, grids, states, settlement, record=record
        )
        assert totals is not None
        spread = standing.loans.spread.copy()
        own_spread.apply_matrix(flows, found, standing.rows, states)
        quoted = _quoted(standing, settlement, totals, states)
        own_spread.apply_marks(batch, flows, found, standing.rows, states, quoted, spread)
        if scale != 1.0:
            record.clear()
            moved, _ = stand(batch, rows, states, scale)
            generate(moved.loans, moved.remaining, grids, states, record=record)
        days = states.grid.days.take(flows.slots)
        kinds = ("INTEREST", "PRINCIPAL", "PREPAYMENT")
        components = [
            Component(kind, days, np.array([float(period[place][0]) for period in record]) * sign)
            for sign in batch.floats("sign")
            for place, kind in enumerate(kinds)
        ]
        leg = debt.leg(found, float(spread[0]))
        return project(leg, components, states, scenario)


def cell_scenarios(states: States) -> npt.NDArray[np.intp]:
    """Return (cells,): the place of each cell's scenario."""
    return np.array([states.places[cell.scenario] for cell in states.axis.cells], dtype=np.intp)


def _value(
    batch: Batch,
    rows: npt.NDArray[np.intp],
    found: DebtContext,
    states: States,
    kernel: Kernel,
    values: FloatArray,
    spreads: Spreads,
    scale: float,
) -> None:
    paths = batch.column("path")[rows]
    for path in Path:
        some = rows[paths == path]
        if not len(some):
            continue
        if path is Path.PLAIN:
            _value_plain(batch, some, found, states, kernel, values, spreads, scale)
        elif path is Path.RECOVERED:
            loan_recovered.value(batch, some, found, states, kernel, values)
        else:
            loan_paths.value(batch, some, path, found, states, kernel, values, spreads, scale)


def _value_plain(
    batch: Batch,
    rows: npt.NDArray[np.intp],
    found: DebtContext,
    states: States,
    kernel: Kernel,
    values: FloatArray,
    spreads: Spreads,
    scale: float,
) -> None:
    standing, matured = stand(batch, rows, states, scale)
    found.failures.update(dict.fromkeys(matured.tolist(), MATURED))
    if not len(standing.rows):
        return
    grids = lattice.build(standing.schedule, standing.remaining, states.day)
    order = grids.order(found.pool[standing.rows], standing.remaining.count)
    for first in range(0, len(order), CHUNK):
        part = order[first : first + CHUNK]
        chunk = standing.take(part)
        lattices = grids.take(part, int(chunk.remaining.count.max()))
        cells = Cells(states.axis, values, chunk.rows)
        _value_chunk(batch, chunk, lattices, found, states, kernel, cells, spreads)


def _value_chunk(
    batch: Batch,
    standing: Standing,
    lattices: Lattices,
    found: DebtContext,
    states: States,
    kernel: Kernel,
    cells: Cells,
    spreads: Spreads,
) -> None:
    rows, loans = standing.rows, standing.loans
    priced, marked = cells.needs("CLEAN_PRICE", "DIRTY_PRICE"), spreads.needs(batch, rows)
    settles = priced or marked or cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME")
    settlement = debt.settlement_days(found, rows, states) if settles else None
    held = spreads.held[rows]
    if held.any():
        loans = replace(loans, spread=np.where(held, spreads.spread[rows], loans.spread))
    record: list[Period] | None = [] if ladder.scenarios(cells) else None
    flows, totals = generate(loans, standing.remaining, lattices, states, settlement, record)
    spread = loans.spread.copy()
    own_spread.apply_matrix(flows, found, rows, states)
    quoted = None
    if (priced or marked) and settlement is not None and totals is not None:
        quoted = _quoted(standing, settlement, totals, states)
    if marked and quoted is not None:
        failed = own_spread.apply_marks(batch, flows, found, rows, states, quoted, spread)
        found.failures.update(dict.fromkeys(rows[failed].tolist(), own_spread.NOT_SOLVED))
        spreads.keep(rows, spread)
    debt.discounted(flows, found, cells, states, kernel)
    carry.grow_debt(cells, spread, found, states, flows)
    if cells.needs("ACCRUED", "CLEAN_PV"):
        fraction = accrued_fraction(standing.schedule, standing.remaining.first, states.day)
        accrued = loans.principal * loans.rate * fraction
        accrued[batch.column("non_accrual")[rows] == 1] = 0.0
        cells.subtract_accrued(accrued)
        cells.fill("ACCRUED", accrued)
    cells.fill("NOTIONAL", loans.outstanding)
    cells.fill("PRINCIPAL", loans.outstanding)
    cells.fill("PAST_DUE", batch.floats("past_due")[rows])
    if totals is not None:
        cells.fill("PRINCIPAL_FLOWS", totals.amount)
        cells.fill("PRINCIPAL_TIME", totals.amount_years)
    sign = batch.floats("sign")[rows]
    if record is not None:
        paid = _paid(standing, lattices, states, flows, record)
        ladder.put(paid, loans.outstanding, spread, sign, found, states, cells)
    cells.sign(sign)
    if priced and quoted is not None and settlement is not None:
        growth = own_spread.to_settlement(spread, found, rows, settlement)
        cells.per_hundred(quoted.face * sign, quoted.accrued * sign, growth)
    cells.fill("SPREAD", spread)


def _paid(
    standing: Standing, lattices: Lattices, states: States, flows: Flows, record: list[Period]
) -> ladder.Paid:
    """Return the payments of loans from the parts of their periods."""
    interest, principal, prepaid = by_flow(standing.remaining, flows.offsets, record)
    contract, loans = principal, standing.loans
    if prepaid.any():
        nothing = np.zeros(len(standing.rows))
        promised: list[Period] = []
        without = replace(loans, prepaid=nothing, psa=nothing)
        generate(without, standing.remaining, lattices, states, record=promised)
        contract = by_flow(standing.remaining, flows.offsets, promised)[1]
    return ladder.Paid(
        states.grid.days.take(flows.slots),
        flows.offsets,
        interest[:, None],
        principal[:, None],
        prepaid[:, None],
        contractual=contract[:, None],
    )


def _quoted(
    standing: Standing, settlement: IntArray, totals: PrincipalTotals, states: States
) -> own_spread.Quoted:
    """Return what a price per 100 refers to: the balance, and interest accrued, at settlement.

    What is paid up to settlement is the seller's: it is neither in the price nor in the balance.
    """
    loans = standing.loans
    face = loans.principal.copy()
    accrued = np.zeros(len(face))
    for days in np.unique(settlement):
        at = np.flatnonzero(settlement == days)
        schedule, day = standing.schedule.take(at), states.day + int(days)
        left = standing.remaining.first[at]
        first = np.maximum(left, schedule.first_paid_after(day, inclusive=False))
        # All principal is repaid: what comes after settlement is the balance then.
        after = totals.amount[at]
        face[at] = np.where((first > left) & (after > 0.0), after, face[at])
        accrued[at] = accrued_fraction(schedule, first, day)
    return own_spread.Quoted(face, face * loans.rate * accrued)


PRICER: Pricer = LoanPricer()
