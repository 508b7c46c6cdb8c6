"""AMORT_LOAN: how loans stand, what they will pay, and what that is worth in every state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing import lattice
from pricing.batch import Batch
from pricing.failure import Failure
from pricing.kernel import Kernel
from pricing.lattice import Lattices
from pricing.pricers import debt, own_spread
from pricing.pricers.assembly import assemble
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.loan_flows import Period, generate
from pricing.pricers.loan_standing import Standing, stand
from pricing.pricers.projection import Component, project
from pricing.scenarios.states import States
from pricing.schedule import accrued_fraction

FloatArray = npt.NDArray[np.float64]

CHUNK = 4096
"""Loans worked on together: their columns stay in cache, their flows below 50 MB."""

MATURED = Failure("MATURED", "no payment is left after the cut")


class LoanPricer:
    """Values AMORT_LOAN."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of loans."""
        found = debt.context(batch, states)
        values = np.zeros((len(batch), len(states.axis)))
        rows = np.flatnonzero(found.pool >= 0)
        standing, matured = stand(batch, rows, states)
        found.failures.update(dict.fromkeys(matured.tolist(), MATURED))
        if len(standing.rows):
            grids = lattice.build(standing.schedule, standing.remaining, states.day)
            order = grids.order(found.pool[standing.rows], standing.remaining.count)
            for first in range(0, len(order), CHUNK):
                part = order[first : first + CHUNK]
                chunk = standing.take(part)
                lattices = grids.take(part, int(chunk.remaining.count.max()))
                cells = Cells(states.axis, values, chunk.rows)
                _value_chunk(batch, chunk, lattices, found, states, kernel, cells)
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
        found = debt.context(batch, states)
        standing, _ = stand(batch, np.flatnonzero(found.pool >= 0), states)
        if not len(standing.rows):
            return []
        grids = lattice.build(standing.schedule, standing.remaining, states.day)
        record: list[Period] = []
        flows, _ = generate(standing.loans, standing.remaining, grids, states, record=record)
        spread = standing.loans.spread.copy()
        own_spread.apply_matrix(flows, found, standing.rows, states)
        own_spread.apply_marks(
            batch, flows, found, standing.rows, states, _quoted(standing, found, states), spread
        )
        days = states.grid.days.take(flows.slots)
        kinds = ("INTEREST", "PRINCIPAL", "PREPAYMENT")
        components = [
            Component(kind, days, np.array([float(period[place][0]) for period in record]) * sign)
            for sign in batch.floats("sign")
            for place, kind in enumerate(kinds)
        ]
        leg = debt.leg(found, float(spread[0]))
        return project(leg, components, states, scenario)


def _value_chunk(
    batch: Batch,
    standing: Standing,
    lattices: Lattices,
    found: DebtContext,
    states: States,
    kernel: Kernel,
    cells: Cells,
) -> None:
    rows, loans = standing.rows, standing.loans
    wal = cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME")
    settlement = debt.settlement_days(found, rows, states) if wal else None
    flows, totals = generate(loans, standing.remaining, lattices, states, settlement)
    spread = loans.spread.copy()
    own_spread.apply_matrix(flows, found, rows, states)
    if debt.any_marked(batch, rows):
        quoted = _quoted(standing, found, states)
        failed = own_spread.apply_marks(batch, flows, found, rows, states, quoted, spread)
        found.failures.update(dict.fromkeys(rows[failed].tolist(), own_spread.NOT_SOLVED))
    debt.discounted(flows, found, cells, states, kernel)
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
    cells.sign(sign)
    if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
        days = debt.settlement_days(found, rows, states)
        growth = own_spread.to_settlement(spread, found, rows, days)
        then = _quoted(standing, found, states).accrued
        cells.per_hundred(loans.principal * sign, then * sign, growth)
    cells.fill("SPREAD", spread)


def _quoted(standing: Standing, found: DebtContext, states: States) -> own_spread.Quoted:
    """Return what a price per 100 refers to: the balance, and interest accrued at settlement."""
    loans = standing.loans
    days = debt.settlement_days(found, standing.rows, states)
    accrued = np.zeros(len(days))
    for number in np.unique(days):
        at = np.flatnonzero(days == number)
        schedule = standing.schedule.take(at)
        day = states.day + int(number)
        first = np.maximum(
            standing.remaining.first[at], schedule.first_paid_after(day, states.inclusive)
        )
        accrued[at] = accrued_fraction(schedule, first, day)
    return own_spread.Quoted(loans.principal, loans.principal * loans.rate * accrued)


PRICER: Pricer = LoanPricer()
