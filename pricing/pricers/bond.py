"""FIXED_BOND and ZERO_COUPON: what the payments of all bonds at once are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import lattice
from pricing.batch import Batch
from pricing.kernel import Kernel, sequential
from pricing.lattice import Lattices
from pricing.pricers import carry, debt, ladder, own_spread, quoted
from pricing.pricers.assembly import assemble
from pricing.pricers.bond_flows import (
    BondFlows,
    Bonds,
    ExCoupon,
    accrued,
    alive,
    bond_flows,
    ex_coupon,
)
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import Flows, ProjectedFlow
from pricing.pricers.loan import MATURED
from pricing.pricers.projection import Component, project
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

CHUNK = 4096
"""Bonds worked on together."""
_OF_A_DAY = ("ACCRUED", "CLEAN_PV", "PRINCIPAL_FLOWS", "PRINCIPAL_TIME", *quoted.CODES)
"""Measures that depend on how a bond stands today or at settlement."""


class BondPricer:
    """Values FIXED_BOND and ZERO_COUPON."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of bonds."""
        found = debt.context(batch, states)
        values = np.zeros((len(batch), len(states.axis)))
        bonds, matured = alive(batch, np.flatnonzero(found.pool >= 0), states)
        found.failures.update(dict.fromkeys(matured.tolist(), MATURED))
        if len(bonds.rows):
            grids = lattice.build(bonds.schedule, bonds.remaining, states.day)
            order = grids.order(found.pool[bonds.rows], bonds.remaining.count)
            for first in range(0, len(order), CHUNK):
                part = order[first : first + CHUNK]
                chunk = bonds.take(part)
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
        """Return the projected flows of a batch of one bond."""
        found = debt.context(batch, states)
        bonds, _ = alive(batch, np.flatnonzero(found.pool >= 0), states)
        if not len(bonds.rows):
            return []
        grids = lattice.build(bonds.schedule, bonds.remaining, states.day)
        flows, made = bond_flows(bonds, grids, states)
        quotation = _quotation(batch, bonds, found, states)
        _without_coupon(bonds, flows, made, quotation)
        spread = _own_spread(batch, bonds, flows, made, found, states, quotation)
        sign = batch.floats("sign")[bonds.rows]
        last = made.payment == bonds.schedule.payments[made.owner] - 1
        components = [
            Component("INTEREST", made.days, made.coupons * sign[0]),
            Component("PRINCIPAL", made.days[~last], made.principal[~last] * sign[0]),
            Component("REDEMPTION", made.days[last], made.principal[last] * sign[0]),
        ]
        return project(debt.leg(found, float(spread[0])), components, states, scenario)


@dataclass(frozen=True, slots=True)
class Quotation:
    """How bonds stand at the valuation date and at settlement, columns (rows,).

    `waiting` is the days to settlement; a row is `ex` at each where it trades without a coupon.
    """

    waiting: IntArray
    now: ExCoupon
    then: ExCoupon
    accrued: FloatArray
    accrued_then: FloatArray


def _quotation(batch: Batch, bonds: Bonds, found: DebtContext, states: States) -> Quotation:
    waiting = debt.settlement_days(found, bonds.rows, states)
    today = np.full(len(waiting), states.day)
    now = ex_coupon(batch, bonds, today, inclusive=states.inclusive)
    # What is paid at settlement is the seller's, whatever the cut.
    then = ex_coupon(batch, bonds, today + waiting, inclusive=False)
    # A coupon that is still ours is part of the value until it is paid.
    ours = batch.column("ex_entitled")[bonds.rows] == 1
    now = ExCoupon(now.first, now.without & ~ours)
    return Quotation(
        waiting, now, then, accrued(bonds, today, now), accrued(bonds, today + waiting, then)
    )


def _first_flow(bonds: Bonds, flows: Flows, at: IntpArray, number: IntArray) -> IntArray:
    """Return the places among the flows of payment `number` of rows."""
    begin = flows.offsets[:-1].astype(np.int64)
    return np.asarray(begin[at] + number[at] - bonds.remaining.first[at])


def _without_coupon(bonds: Bonds, flows: Flows, made: BondFlows, quotation: Quotation) -> None:
    """Take coupons that bonds trade without, and that are not ours, out of the flows, in place."""
    at = np.flatnonzero(quotation.now.without)
    if not len(at):
        return
    place = _first_flow(bonds, flows, at, quotation.now.first)
    discount = np.exp(made.days[place] / -365.0 * bonds.spread[at])
    flows.amounts[place] = made.principal[place] * discount
    made.coupons[place] = 0.0


def _own_spread(
    batch: Batch,
    bonds: Bonds,
    flows: Flows,
    made: BondFlows,
    found: DebtContext,
    states: States,
    quotation: Quotation,
) -> FloatArray:
    """Discount the amounts by what the matrix or the mark says, in place; return own spreads."""
    spread = bonds.spread.copy()
    rows = bonds.rows
    own_spread.apply_matrix(flows, found, rows, states)
    if not debt.any_marked(batch, rows):
        return spread
    # A mark is the price of a bond without the coupon that it trades without.
    at = np.flatnonzero(quotation.then.without)
    place = _first_flow(bonds, flows, at, quotation.then.first)
    kept = flows.amounts[place]
    total = made.coupons[place] + made.principal[place]
    share = np.where(total == 0.0, 0.0, made.principal[place] / np.where(total == 0.0, 1.0, total))
    flows.amounts[place] = kept * share
    face = bonds.outstanding(_period(bonds, quotation.then))
    reference = own_spread.Quoted(face, quotation.accrued_then)
    failed = own_spread.apply_marks(batch, flows, found, rows, states, reference, spread)
    marked = batch.column("spread_source")[rows[at]] == debt.MARK
    solved = np.exp(made.days[place] / -365.0 * spread[at])
    flows.amounts[place] = np.where(marked, kept * solved, kept)
    found.failures.update(dict.fromkeys(rows[failed].tolist(), own_spread.NOT_SOLVED))
    return spread


def _period(bonds: Bonds, found: ExCoupon) -> IntArray:
    """Return the payment whose period a bond is in, the last one once it has matured."""
    last: IntArray = bonds.remaining.first + bonds.remaining.count - 1
    return np.minimum(found.first, last)


def _value_chunk(
    batch: Batch,
    bonds: Bonds,
    lattices: Lattices,
    found: DebtContext,
    states: States,
    kernel: Kernel,
    cells: Cells,
) -> None:
    rows = bonds.rows
    flows, made = bond_flows(bonds, lattices, states)
    # A book of plain bonds that asks for values alone needs no accrued interest.
    plain = not debt.any_marked(batch, rows) and not (batch.column("ex_days")[rows] != 0).any()
    if plain and not cells.needs(*_OF_A_DAY) and not ladder.scenarios(cells):
        own_spread.apply_matrix(flows, found, rows, states)
        debt.discounted(flows, found, cells, states, kernel)
        carry.grow_debt(cells, bonds.spread, found, states, flows)
        face = bonds.outstanding(bonds.remaining.first)
        _fill_face(batch, bonds, face, cells)
        cells.sign(batch.floats("sign")[rows])
        cells.fill("SPREAD", bonds.spread)
        return
    quotation = _quotation(batch, bonds, found, states)
    _without_coupon(bonds, flows, made, quotation)
    spread = _own_spread(batch, bonds, flows, made, found, states, quotation)
    debt.discounted(flows, found, cells, states, kernel)
    carry.grow_debt(cells, spread, found, states, flows)
    if cells.needs("ACCRUED", "CLEAN_PV"):
        earned = quotation.accrued.copy()
        earned[batch.column("non_accrual")[rows] == 1] = 0.0
        cells.subtract_accrued(earned)
        cells.fill("ACCRUED", earned)
    face = bonds.outstanding(bonds.remaining.first)
    _fill_face(batch, bonds, face, cells)
    if cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME"):
        _principal(flows, made, quotation, cells)
    sign = batch.floats("sign")[rows]
    if ladder.scenarios(cells):
        ladder.put(_paid(flows, made), face, spread, sign, found, states, cells)
    cells.sign(sign)
    if cells.needs(*quoted.CODES):
        left = np.flatnonzero(quotation.then.without)
        without = _first_flow(bonds, flows, left, quotation.then.first)
        quoted.fill(
            batch, bonds.schedule, flows, made, found, states, cells,
            quoted.Reference(
                bonds.outstanding(_period(bonds, quotation.then)), sign, quotation.accrued_then,
                spread, quotation.waiting, without,
            ),
        )  # fmt: skip
    cells.fill("SPREAD", spread)


def _paid(flows: Flows, made: BondFlows) -> ladder.Paid:
    """Return the payments: principal is face, what is redeemed beside it counts as interest."""
    face = made.principal.copy()
    last = flows.offsets[1:] - 1
    face[last] = made.outstanding[last]
    interest = made.coupons + (made.principal - face)
    return ladder.Paid(
        made.days, flows.offsets, interest[:, None], face[:, None], contractual=face[:, None]
    )


def _fill_face(batch: Batch, bonds: Bonds, face: FloatArray, cells: Cells) -> None:
    cells.fill("NOTIONAL", face)
    cells.fill("PRINCIPAL", face)
    cells.fill("PAST_DUE", batch.floats("past_due")[bonds.rows])


def _principal(flows: Flows, made: BondFlows, quotation: Quotation, cells: Cells) -> None:
    waiting = made.days - quotation.waiting[made.owner]
    repaid = np.where(waiting > 0, made.principal, 0.0)
    slots = np.arange(len(repaid), dtype=np.int32)
    columns = np.ones((len(repaid), 2))
    columns[:, 1] = waiting / 365.0
    sums = sequential(repaid, slots, flows.offsets, columns)
    cells.fill("PRINCIPAL_FLOWS", sums[:, 0])
    cells.fill("PRINCIPAL_TIME", sums[:, 1])


PRICER: Pricer = BondPricer()
