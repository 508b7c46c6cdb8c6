"""FIXED_BOND: coupons and redemption of all bonds at once, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import lattice
from pricing.batch import Batch
from pricing.kernel import Kernel
from pricing.lattice import Lattices
from pricing.pricers import debt, own_spread
from pricing.pricers.assembly import assemble
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import Flows, ProjectedFlow, offsets_of
from pricing.pricers.loan import MATURED
from pricing.pricers.projection import Component, project
from pricing.scenarios.states import States
from pricing.schedule import Remaining, Schedule, accrued_fraction

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

CHUNK = 4096
"""Bonds worked on together."""


@dataclass(frozen=True, slots=True)
class Bonds:
    """Bonds with coupons left, columns (rows,): `rows` are places in the batch.

    Their schedules are rows `places` of `schedules`: few measures read them, so taking is lazy.
    """

    rows: IntpArray
    schedules: Schedule
    places: IntpArray
    remaining: Remaining
    face: FloatArray
    coupon: FloatArray
    redemption: FloatArray
    spread: FloatArray

    def take(self, index: IntpArray) -> Bonds:
        """Return the given rows."""
        return Bonds(
            self.rows[index],
            self.schedules,
            self.places[index],
            self.remaining.take(index),
            self.face[index],
            self.coupon[index],
            self.redemption[index],
            self.spread[index],
        )

    @property
    def schedule(self) -> Schedule:
        """Return the schedules of the bonds."""
        return self.schedules.take(self.places)


class BondPricer:
    """Values FIXED_BOND."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of bonds."""
        found = debt.context(batch, states)
        values = np.zeros((len(batch), len(states.axis)))
        bonds, matured = _alive(batch, np.flatnonzero(found.pool >= 0), states)
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
        bonds, _ = _alive(batch, np.flatnonzero(found.pool >= 0), states)
        if not len(bonds.rows):
            return []
        grids = lattice.build(bonds.schedule, bonds.remaining, states.day)
        flows, coupons = _flows(bonds, grids, states)
        spread = bonds.spread.copy()
        own_spread.apply_matrix(flows, found, bonds.rows, states)
        quoted = _quoted(bonds, found, states)
        own_spread.apply_marks(batch, flows, found, bonds.rows, states, quoted, spread)
        days = states.grid.days.take(flows.slots)
        sign = batch.floats("sign")[bonds.rows]
        redemption = sign * bonds.face * (bonds.redemption / 100.0)
        components = [
            Component("INTEREST", days, coupons * sign[0]),
            Component("REDEMPTION", days[-1:], redemption),
        ]
        return project(debt.leg(found, float(spread[0])), components, states, scenario)


def _alive(batch: Batch, rows: IntpArray, states: States) -> tuple[Bonds, IntpArray]:
    """Return the bonds with coupons left after the cut, and the rows that have none."""
    whole = Schedule.of(batch).take(rows)
    first = whole.first_paid_after(states.day, states.inclusive)
    alive = np.flatnonzero(first < whole.payments)
    left, schedule = rows[alive], whole.take(alive)
    bonds = Bonds(
        left,
        schedule,
        np.arange(len(left)),
        Remaining.of(schedule, first[alive]),
        batch.floats("face")[left],
        batch.floats("coupon")[left],
        batch.floats("redemption")[left],
        batch.floats("spread")[left],
    )
    return bonds, rows[first >= whole.payments]


def _flows(bonds: Bonds, lattices: Lattices, states: States) -> tuple[Flows, FloatArray]:
    """Return the bonds' flows, discounted by their own spread, and the undiscounted coupons."""
    count = bonds.remaining.count
    payments, number = lattices.days.shape
    last_days = bonds.remaining.last_day - states.day
    days_by_lattice = np.ascontiguousarray(lattices.days.T)
    slots = states.grid.slots(np.concatenate([days_by_lattice.ravel(), last_days]))
    offsets = offsets_of(count)
    begin, last = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64) - 1
    # The place of each flow in tables laid out lattice by lattice.
    place = np.arange(int(offsets[-1])) + np.repeat(lattices.row * payments - begin, count)
    fraction = np.ascontiguousarray(lattices.fraction.T).ravel().take(place)
    fraction[begin] = bonds.remaining.first_fraction
    fraction[last] = bonds.remaining.last_fraction
    coupons = np.repeat(bonds.face * bonds.coupon, count)
    coupons *= fraction
    redemption = bonds.face * (bonds.redemption / 100.0)
    if (bonds.spread != 0.0).any():
        years = (days_by_lattice / -365.0).ravel().take(place)
        years[last] = last_days / -365.0
        years *= np.repeat(bonds.spread, count)
        np.exp(years, out=years)
        amounts = coupons * years
        redemption = redemption * years[last]
    else:
        amounts = coupons.copy()
    amounts[last] += redemption
    flow_slots = slots[: payments * number].take(place)
    flow_slots[last] = slots[payments * number :]
    grid = lattices.grid[lattices.row]
    return Flows(amounts, flow_slots, offsets, grid, lattices.regular), coupons


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
    flows, _ = _flows(bonds, lattices, states)
    spread = bonds.spread.copy()
    own_spread.apply_matrix(flows, found, rows, states)
    if debt.any_marked(batch, rows):
        quoted = _quoted(bonds, found, states)
        failed = own_spread.apply_marks(batch, flows, found, rows, states, quoted, spread)
        found.failures.update(dict.fromkeys(rows[failed].tolist(), own_spread.NOT_SOLVED))
    debt.discounted(flows, found, cells, states, kernel)
    if cells.needs("ACCRUED", "CLEAN_PV"):
        fraction = accrued_fraction(bonds.schedule, bonds.remaining.first, states.day)
        accrued = bonds.face * bonds.coupon * fraction
        accrued[batch.column("non_accrual")[rows] == 1] = 0.0
        cells.subtract_accrued(accrued)
        cells.fill("ACCRUED", accrued)
    cells.fill("NOTIONAL", bonds.face)
    cells.fill("PRINCIPAL", bonds.face)
    cells.fill("PAST_DUE", batch.floats("past_due")[rows])
    if cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME"):
        waiting = bonds.remaining.last_day - states.day - debt.settlement_days(found, rows, states)
        redeemed = np.where(waiting > 0, bonds.face * (bonds.redemption / 100.0), 0.0)
        cells.fill("PRINCIPAL_FLOWS", redeemed)
        cells.fill("PRINCIPAL_TIME", redeemed * (waiting / 365.0))
    sign = batch.floats("sign")[rows]
    cells.sign(sign)
    if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
        days = debt.settlement_days(found, rows, states)
        growth = own_spread.to_settlement(spread, found, rows, days)
        then = _quoted(bonds, found, states).accrued
        cells.per_hundred(bonds.face * sign, then * sign, growth)
    cells.fill("SPREAD", spread)


def _quoted(bonds: Bonds, found: DebtContext, states: States) -> own_spread.Quoted:
    """Return what a price per 100 refers to: face, and interest accrued at settlement."""
    days = debt.settlement_days(found, bonds.rows, states)
    accrued = np.zeros(len(days))
    for number in np.unique(days):
        at = np.flatnonzero(days == number)
        schedule = bonds.schedule.take(at)
        day = states.day + int(number)
        # What is paid at settlement is the seller's, whatever the cut.
        first = np.maximum(
            bonds.remaining.first[at], schedule.first_paid_after(day, inclusive=False)
        )
        accrued[at] = accrued_fraction(schedule, first, day)
    return own_spread.Quoted(bonds.face, bonds.face * bonds.coupon * accrued)


PRICER: Pricer = BondPricer()
