"""INFLATION_BOND: real payments times index ratios, in every market state of the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import lattice
from pricing.batch import Batch
from pricing.kernel import Kernel
from pricing.lattice import Lattices
from pricing.pricers import carry, debt, ladder, own_spread, state_valued
from pricing.pricers.assembly import assemble
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.index_ratio import IndexRatios, inflation_of
from pricing.pricers.loan import MATURED
from pricing.pricers.placing import Placed, place
from pricing.pricers.projection import Component, project
from pricing.pricers.quoted import NOT_SOLVED
from pricing.pricers.yields import Yielding, restated
from pricing.scenarios.market_states import StateSet, plain
from pricing.scenarios.states import States
from pricing.schedule import Remaining, Schedule, accrued_fraction
from pricing.yield_conventions import exponents

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

CHUNK = 512
"""Bonds worked on together: their flows carry a column for every market state."""
REAL = ("YIELD_REAL_SEMI_BOND",)


class InflationBondPricer:
    """Values INFLATION_BOND."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of bonds; both kernels value them in flow order."""
        found = debt.context(batch, states, "index", inflation_of)
        values = np.zeros((len(batch), len(states.axis)))
        rows = np.flatnonzero(found.pool >= 0)
        whole = Schedule.of(batch).take(rows)
        first = whole.first_paid_after(states.day, states.inclusive)
        alive = np.flatnonzero(first < whole.payments)
        matured = rows[first >= whole.payments]
        found.failures.update(dict.fromkeys(matured.tolist(), MATURED))
        if len(alive):
            schedule = whole.take(alive)
            remaining = Remaining.of(schedule, first[alive])
            grids = lattice.build(schedule, remaining, states.day)
            order = grids.order(found.pool[rows[alive]], remaining.count)
            for begin in range(0, len(order), CHUNK):
                part = order[begin : begin + CHUNK]
                left = remaining.take(part)
                lattices = grids.take(part, int(left.count.max()))
                chunk = Chunk.of(
                    batch, rows[alive[part]], schedule.take(part), left, lattices, found, states
                )
                chunk.value(Cells(states.axis, values, chunk.rows))
        return assemble(
            batch,
            states.axis,
            values,
            found.failures,
            found.dependencies,
            found.dependency_names,
        )

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the projected flows of a batch of one bond under a scenario."""
        found = debt.context(batch, states, "index", inflation_of)
        rows = np.flatnonzero(found.pool >= 0)
        schedule = Schedule.of(batch).take(rows)
        first = schedule.first_paid_after(states.day, states.inclusive)
        if not len(rows) or first[0] >= schedule.payments[0]:
            return []
        remaining = Remaining.of(schedule, first)
        grids = lattice.build(schedule, remaining, states.day)
        chunk = Chunk.of(batch, rows, schedule, remaining, grids, found, states)
        spread, _ = chunk.own_factors()
        states_of = plain(found.pools[0].currency, [states.places[scenario]])
        ratio = chunk.ratios(states_of)
        coupons = chunk.real_coupons() * ratio[:, 0]
        redeemed = chunk.redeemed(ratio)[:, 0]
        sign = float(batch.floats("sign")[rows][0])
        components = [
            Component("INTEREST", chunk.placed.days, coupons * sign),
            Component("REDEMPTION", chunk.placed.days[-1:], redeemed * sign),
        ]
        return project(debt.leg(found, float(spread[0])), components, states, scenario)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bonds of a batch that are worked on together, sorted by pool; columns (rows,)."""

    batch: Batch
    rows: IntpArray
    schedule: Schedule
    remaining: Remaining
    lattices: Lattices
    found: DebtContext
    states: States
    placed: Placed
    face: FloatArray

    @staticmethod
    def of(
        batch: Batch,
        rows: IntpArray,
        schedule: Schedule,
        remaining: Remaining,
        lattices: Lattices,
        found: DebtContext,
        states: States,
    ) -> Chunk:
        """Return the chunk with its flows placed in the date grid."""
        placed = place(remaining, lattices, states)
        face = batch.floats("face")[rows]
        return Chunk(batch, rows, schedule, remaining, lattices, found, states, placed, face)

    def part(self, begin: int, end: int) -> Chunk:
        """Return the bonds [begin, end) without placing their flows again."""
        index = np.arange(begin, end)
        return Chunk(
            self.batch,
            self.rows[index],
            self.schedule.take(index),
            self.remaining.take(index),
            self.lattices,
            self.found,
            self.states,
            self.placed.part(begin, end),
            self.face[index],
        )

    def _ratios(self, owner: IntpArray, days: IntArray, states_of: StateSet) -> FloatArray:
        source = IndexRatios(self.batch, self.rows, self.schedule.start)
        ratio, failures = source.at(owner, days, self.states, states_of)
        for row, failure in failures.items():
            self.found.failures.setdefault(int(self.rows[row]), failure)
        return ratio

    def ratios(self, states_of: StateSet) -> FloatArray:
        """Return the index ratio at the due date of each flow (flows, states)."""
        owner = self.placed.owner
        due = self.schedule.take(owner).due(self.placed.payment)
        return self._ratios(owner, due, states_of)

    def ratio_at(self, waiting: IntArray, states_of: StateSet) -> FloatArray:
        """Return the index ratio of each bond some days after the valuation date."""
        return self._ratios(np.arange(len(self.rows)), self.states.day + waiting, states_of)

    def real_coupons(self) -> FloatArray:
        """Return the coupons before indexation (flows,)."""
        earning = self.face * self.batch.floats("coupon")[self.rows]
        return np.asarray(earning[self.placed.owner] * self.placed.fraction)

    def _redemption(self) -> FloatArray:
        return self.face * (self.batch.floats("redemption")[self.rows] / 100.0)

    def cash(self, states_of: StateSet) -> FloatArray:
        """Return what is paid (flows, states); a floor is worth what it is in each state."""
        ratio = self.ratios(states_of)
        amounts = self.real_coupons()[:, None] * ratio
        amounts[self.placed.offsets[1:] - 1] += self.redeemed(ratio)
        return amounts

    def redeemed(self, ratio: FloatArray) -> FloatArray:
        """Return what is redeemed (rows, states) at the ratios of the flows."""
        last = self.placed.offsets[1:] - 1
        floor = np.where(self.batch.column("deflation_floor")[self.rows] == 1, 1.0, 0.0)
        return self._redemption()[:, None] * np.maximum(ratio[last], floor[:, None])

    def waiting(self) -> IntArray:
        """Return the days to settlement."""
        return debt.settlement_days(self.found, self.rows, self.states)

    def real_accrued(self, waiting: IntArray, *, settled: bool) -> FloatArray:
        """Return the interest accrued some days after the valuation date, before indexation.

        What is paid at settlement is the seller's, whatever the cut.
        """
        inclusive = self.states.inclusive and not settled
        fraction = np.zeros(len(self.rows))
        for days in np.unique(waiting):
            at = np.flatnonzero(waiting == days)
            part, day = self.schedule.take(at), self.states.day + int(days)
            left = part.first_paid_after(day, inclusive)
            first = np.maximum(self.remaining.first[at], left)
            fraction[at] = accrued_fraction(part, first, day)
        return np.asarray(self.face * self.batch.floats("coupon")[self.rows] * fraction)

    def own_factors(self) -> tuple[FloatArray, FloatArray]:
        """Return own spreads (rows,), and the factor by which they discount each flow."""

        def quoted() -> own_spread.Quoted:
            waiting = self.waiting()
            ratio = self.ratio_at(waiting, state_valued.base(self.states))[:, 0]
            return own_spread.Quoted(
                self.face * ratio, self.real_accrued(waiting, settled=True) * ratio
            )

        return state_valued.own_factors(
            self.batch, self, self.lattices, self.found, self.states, quoted
        )

    def value(self, cells: Cells) -> None:
        """Write the cells of the bonds."""
        spread, weights = self.own_factors()
        state_valued.put(self, weights, self.found, self.states, cells)
        carry.grow_debt(cells, spread, self.found, self.states)
        base = state_valued.base(self.states)
        today = np.zeros(len(self.rows), dtype=np.int64)
        ratio = self.ratio_at(today, base)[:, 0]
        if cells.needs("ACCRUED", "CLEAN_PV"):
            accrued = self.real_accrued(today, settled=False) * ratio
            accrued[self.batch.column("non_accrual")[self.rows] == 1] = 0.0
            cells.subtract_accrued(accrued)
            cells.fill("ACCRUED", accrued)
        cells.fill("NOTIONAL", self.face * ratio)
        cells.fill("PRINCIPAL", self.face * ratio)
        cells.fill("PAST_DUE", self.batch.floats("past_due")[self.rows])
        if cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME"):
            last = self.placed.offsets[1:] - 1
            left = self.placed.days[last] - self.waiting()
            redeemed = (
                self.cash(base)[last, 0] - (self.real_coupons() * self.ratios(base)[:, 0])[last]
            )
            redeemed = np.where(left > 0, redeemed, 0.0)
            cells.fill("PRINCIPAL_FLOWS", redeemed)
            cells.fill("PRINCIPAL_TIME", redeemed * (left / 365.0))
        sign = self.batch.floats("sign")[self.rows]
        if ladder.scenarios(cells):
            paid = self._paid(ratio, cells)
            ladder.put(paid, self.face * ratio, spread, sign, self.found, self.states, cells)
        cells.sign(sign)
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE", *REAL):
            waiting = self.waiting()
            growth = own_spread.to_settlement(spread, self.found, self.rows, waiting)
            then = self.ratio_at(waiting, base)[:, 0] * sign
            if cells.needs(*REAL):
                self._real_yields(weights, growth, cells)
            cells.per_hundred(
                self.face * then, self.real_accrued(waiting, settled=True) * then, growth
            )
        cells.fill("INDEX_RATIO", ratio)
        cells.fill("SPREAD", spread)

    def _paid(self, ratio: FloatArray, cells: Cells) -> ladder.Paid:
        """Return the payments: principal at tonight's index ratio, indexation as interest."""
        cash = self.cash(ladder.states_of(cells, self.states))
        last = self.placed.offsets[1:] - 1
        face = np.zeros((len(cash), 1))
        face[last, 0] = self.face * ratio
        return ladder.Paid(
            self.placed.days, self.placed.offsets, cash - face, face, contractual=face
        )

    def _real_yields(self, weights: FloatArray, growth: FloatArray, cells: Cells) -> None:
        """Write the yield of real payments at the real price of each scenario."""
        places = [p for p, cell in enumerate(cells.axis.cells) if cell.measure in REAL]
        codes = [cells.axis.cells[place].scenario for place in places]
        scenarios = [self.states.places[code] for code in codes]
        for begin, end, pool in debt.pools(self.found, self.rows):
            part = self.part(begin, end)
            own = weights[int(self.placed.offsets[begin]) : int(self.placed.offsets[end])]
            states_of = plain(pool.currency, scenarios)
            worth = state_valued.discounted(
                part, part.cash(states_of), own, pool, self.states, states_of
            )
            price = state_valued.settled(part.placed, worth, pool, self.states, states_of)
            price *= growth[begin:end, None]
            waiting = part.waiting()
            face = part.face[:, None] * part.ratio_at(waiting, states_of)
            price = np.where(face == 0.0, 0.0, price / np.where(face == 0.0, 1.0, face))
            yielding = part._yielding(waiting)
            rate, solved = yielding.rate(price)
            nothing = price == 0.0
            failed = part.rows[~(solved | nothing).all(axis=1)]
            for row in failed.tolist():
                self.found.failures.setdefault(row, NOT_SOLVED)
            real = restated(np.where(nothing, 0.0, rate), yielding.exponents.f, 2.0)
            cells.values[cells.rows[begin:end, None], places] = real

    def _yielding(self, waiting: IntArray) -> Yielding:
        safe = np.where(self.face == 0.0, 1.0, self.face)
        paid = self.real_coupons()
        paid[self.placed.offsets[1:] - 1] += self._redemption()
        paid /= safe[self.placed.owner]
        paid[self.placed.days <= waiting[self.placed.owner]] = 0.0
        found = exponents(
            self.schedule,
            self.batch.integers("yield_convention")[self.rows],
            self.batch.integers("money_market")[self.rows],
            self.states.day + waiting,
            self.placed.payment,
            self.placed.owner,
        )
        return Yielding(paid, self.placed.offsets, found)


PRICER: Pricer = InflationBondPricer()
