"""REVOLVER, DELAYED_DRAW: interest, fees and drawings in every market state of the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import lattice
from pricing.batch import Batch
from pricing.failure import Failure
from pricing.kernel import Kernel
from pricing.lattice import Lattices
from pricing.market.indices import IndexKind
from pricing.pricers import carry, commitment_fees, debt, ladder, own_spread, state_valued
from pricing.pricers.assembly import assemble
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.debt import DebtContext
from pricing.pricers.drawings import ABOVE_COMMITMENT, Facilities, Path, path
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.loan import MATURED
from pricing.pricers.note_rates import OPTION_COLUMNS, Accrual, NoteRates, index_of
from pricing.pricers.placing import Placed, place
from pricing.pricers.projection import Component, project
from pricing.pricers.stepped import Stepped
from pricing.scenarios.market_states import StateSet, plain
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

CHUNK = 512
"""Facilities worked on together: their flows carry a column for every market state."""


def _uses(states: States, currency: str, name: str, options: str) -> tuple[str, ...] | Failure:
    """Return what a facility depends on beside its curve: nothing at a fixed rate."""
    index = states.market.indices.get(name)
    if index is not None and index.kind is IndexKind.CMS:
        return Failure("UNKNOWN_INDEX", f"{name} is a swap rate, which no facility is on")
    return index_of(states, currency, name, options) if name else ()


class RevolverPricer:
    """Values REVOLVER and DELAYED_DRAW."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of facilities; both kernels value them in flow order."""
        found = debt.context(batch, states, OPTION_COLUMNS, _uses)
        values = np.zeros((len(batch), len(states.axis)))
        held, matured, over = Facilities.alive(batch, np.flatnonzero(found.pool >= 0), states)
        found.failures.update(dict.fromkeys(matured.tolist(), MATURED))
        found.failures.update(dict.fromkeys(over.tolist(), ABOVE_COMMITMENT))
        if len(held.rows):
            grids = lattice.build(held.schedule, held.remaining, states.day)
            order = grids.order(found.pool[held.rows], held.remaining.count)
            for first in range(0, len(order), CHUNK):
                part = order[first : first + CHUNK]
                chunk = held.take(part)
                lattices = grids.take(part, int(chunk.remaining.count.max()))
                cells = Cells(states.axis, values, chunk.rows)
                Chunk.of(batch, chunk, lattices, found, states).value(cells)
        return assemble(
            batch,
            states.axis,
            values,
            found.failures,
            found.dependencies,
            found.dependency_names,
        )

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the projected flows of a batch of one facility under a scenario."""
        found = debt.context(batch, states, OPTION_COLUMNS, _uses)
        held, _, _ = Facilities.alive(batch, np.flatnonzero(found.pool >= 0), states)
        if not len(held.rows):
            return []
        grids = lattice.build(held.schedule, held.remaining, states.day)
        chunk = Chunk.of(batch, held, grids, found, states)
        spread, _ = chunk.own_factors()
        paid = chunk.paid(plain(found.pools[0].currency, [states.places[scenario]]))
        sign = float(batch.floats("sign")[held.rows][0])
        days = chunk.placed.days
        components = [
            Component(kind, days, amounts[:, 0] * sign)
            for kind, amounts in (
                ("INTEREST", paid.interest), ("FEE", paid.fees), ("PRINCIPAL", paid.principal),
            )
        ]  # fmt: skip
        return project(debt.leg(found, float(spread[0])), components, states, scenario)


@dataclass(frozen=True, slots=True)
class Paid:
    """What is paid with each flow, (flows, states); principal is negative where more is drawn."""

    interest: FloatArray
    fees: FloatArray
    principal: FloatArray


@dataclass(frozen=True, slots=True)
class Chunk:
    """Facilities of a batch that are worked on together, sorted by pool."""

    batch: Batch
    held: Facilities
    lattices: Lattices
    found: DebtContext
    states: States
    placed: Placed
    fee_fraction: FloatArray

    @property
    def rows(self) -> IntpArray:
        """Return the places of the facilities in the batch."""
        return self.held.rows

    @staticmethod
    def of(
        batch: Batch, held: Facilities, lattices: Lattices, found: DebtContext, states: States
    ) -> Chunk:
        """Return the chunk with its flows placed in the date grid."""
        placed = place(held.remaining, lattices, states)
        fraction = commitment_fees.fractions(batch, held, placed)
        return Chunk(batch, held, lattices, found, states, placed, fraction)

    def path(self, states_of: StateSet) -> Path:
        """Return what is drawn in each flow's period and state."""
        pool = self.found.pool[self.rows]
        classes = [shared.spread_class for shared in self.found.pools]
        spreads = np.array([self.states.state_spread(one, states_of) for one in classes])
        return path(self.batch, self.held, self.placed, spreads[pool])

    def rates(self, accrual: Accrual, states_of: StateSet) -> FloatArray:
        """Return annual rates (periods, states); note failures of the rows."""
        batch, rows = self.batch, self.rows
        fixed = batch.floats("fixed_coupon")[rows]
        out = np.repeat(fixed[accrual.owner][:, None], len(states_of), axis=1)
        floating = np.flatnonzero(batch.column("index")[rows][accrual.owner] != 0)
        if not len(floating):
            return out
        margin = Stepped.of(batch, "coupon", batch.floats("margin")[rows], rows)
        rates = NoteRates(batch, rows, self.held.schedule, self.held.remaining.first, margin)
        part = accrual.take(floating)
        rate, _, failures = rates.rates(part, self.states, states_of)
        for row, failure in failures.items():
            self.found.failures.setdefault(int(rows[row]), failure)
        out[floating] = rate
        return out

    def paid(self, states_of: StateSet) -> Paid:
        """Return what is paid with each flow in each state."""
        owner, payment = self.placed.owner, self.placed.payment
        schedule = self.held.schedule.take(owner)
        accrual = Accrual(
            owner,
            payment,
            schedule.accrual(payment - 1),
            schedule.accrual(payment),
            np.ones(len(owner), dtype=np.bool_),
        )
        along = self.path(states_of)
        interest = self.rates(accrual, states_of) * along.drawn * self.placed.fraction[:, None]
        earned = commitment_fees.rates(self.batch, self.held, self.placed, along)
        last = self.placed.offsets[1:].astype(np.int64) - 1
        shape = interest.shape
        return Paid(
            interest,
            np.broadcast_to(earned * self.fee_fraction[:, None], shape),
            np.broadcast_to(along.repaid(last), shape),
        )

    def cash(self, states_of: StateSet) -> FloatArray:
        """Return what is paid (flows, states): interest, fees, and repaid less drawn."""
        paid = self.paid(states_of)
        return paid.interest + paid.fees + paid.principal

    def part(self, begin: int, end: int) -> Chunk:
        """Return the facilities [begin, end) without placing their flows again."""
        first, last = int(self.placed.offsets[begin]), int(self.placed.offsets[end])
        return Chunk(
            self.batch,
            self.held.take(np.arange(begin, end)),
            self.lattices,
            self.found,
            self.states,
            self.placed.part(begin, end),
            self.fee_fraction[first:last],
        )

    def waiting(self) -> IntArray:
        """Return the days to settlement (rows,)."""
        return debt.settlement_days(self.found, self.rows, self.states)

    def own_factors(self) -> tuple[FloatArray, FloatArray]:
        """Return own spreads (rows,), and the factor by which they discount each flow."""
        return state_valued.own_factors(
            self.batch, self, self.lattices, self.found, self.states,
            lambda: own_spread.Quoted(
                self.held.commitment, self.accrued(self.waiting(), at_settlement=True)
            ),
        )  # fmt: skip

    def accrued(self, waiting: IntArray, *, at_settlement: bool = False) -> FloatArray:
        """Return interest and fees accrued some days after the valuation date, base market.

        A rate fixed before the period accrues by its day count, daily rates by what they made so
        far. What is paid at settlement is the seller's, whatever the cut.
        """
        schedule, first = self.held.schedule, self.held.remaining.first
        day = self.states.day + waiting
        inclusive = self.states.inclusive and not at_settlement
        now = np.empty(len(day), dtype=np.int64)
        for one in np.unique(day):
            at = np.flatnonzero(day == one)
            left = schedule.take(at).first_paid_after(int(one), inclusive)
            now[at] = np.maximum(first[at], left)
        within = np.minimum(now, schedule.payments - 1)
        begin, end = schedule.accrual(within - 1), schedule.accrual(within)
        until = np.minimum(np.maximum(day, begin), end)
        started = np.flatnonzero((now < schedule.payments) & (until > begin))
        out = np.zeros(len(day))
        if not len(started):
            return out
        stop = np.where(self._daily()[started], until[started], end[started])
        accrual = Accrual(started, within[started], begin[started], stop, stop == end[started])
        base = state_valued.base(self.states)
        rate = self.rates(accrual, base)[:, 0]
        along = self.path(base)
        flow = self.placed.offsets[:-1].astype(np.int64)[started] + (within - first)[started]
        fraction = schedule.take(started).fraction(within[started], begin[started], until[started])
        by_flow = commitment_fees.fractions(
            self.batch, self.held, self.placed, until[self.placed.owner]
        )
        earned = commitment_fees.rates(self.batch, self.held, self.placed, along)[:, 0]
        interest = along.drawn[:, 0][flow] * rate * fraction
        out[started] = interest + (earned * by_flow)[flow]
        return out

    def _daily(self) -> npt.NDArray[np.bool_]:
        """Return whether each facility is on an index of daily rates."""
        codes, at = np.unique(self.batch.column("index")[self.rows], return_inverse=True)
        names = [self.batch.names.text(int(code)) for code in codes]
        indices = self.states.market.indices
        return np.array([bool(name) and indices[name].months == 0 for name in names])[at]

    def value(self, cells: Cells) -> None:
        """Write the cells of the facilities."""
        rows, held = self.rows, self.held
        spread, weights = self.own_factors()
        sign = self.batch.floats("sign")[rows]
        state_valued.put(self, weights, self.found, self.states, cells)
        carry.grow_debt(cells, spread, self.found, self.states)
        if cells.needs("ACCRUED", "CLEAN_PV"):
            accrued = self.accrued(np.zeros(len(rows), dtype=np.int64))
            accrued[self.batch.column("non_accrual")[rows] == 1] = 0.0
            cells.subtract_accrued(accrued)
            cells.fill("ACCRUED", accrued)
        undrawn = held.commitment - held.outstanding
        cells.fill("NOTIONAL", held.commitment)
        cells.fill("COMMITMENT", held.commitment)
        cells.fill("PRINCIPAL", held.outstanding)
        cells.fill("UNDRAWN", undrawn)
        cells.fill("EAD", self._exposure(undrawn))
        cells.fill("PAST_DUE", self.batch.floats("past_due")[rows])
        if cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME"):
            self._principal(cells)
        if ladder.scenarios(cells):
            self._put_ladder(spread, sign, cells)
        cells.sign(sign)
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
            waiting = self.waiting()
            growth = own_spread.to_settlement(spread, self.found, rows, waiting)
            then = self.accrued(waiting, at_settlement=True)
            cells.per_hundred(held.commitment * sign, then * sign, growth)
        cells.fill("SPREAD", spread)

    def _put_ladder(self, spread: FloatArray, sign: FloatArray, cells: Cells) -> None:
        """Write ladders; by contract what is drawn tonight is due with the last payment."""
        paid = self.paid(ladder.states_of(cells, self.states))
        contract = np.zeros((len(paid.principal), 1))
        contract[self.placed.offsets[1:] - 1, 0] = self.held.performing
        flows = ladder.Paid(
            self.placed.days, self.placed.offsets, paid.interest + paid.fees,
            np.asarray(paid.principal), contractual=contract,
        )  # fmt: skip
        ladder.put(flows, self.held.outstanding, spread, sign, self.found, self.states, cells)

    def _exposure(self, undrawn: FloatArray) -> FloatArray:
        """Return the exposure at default: the drawn, and the undrawn times conversion factors."""
        batch, rows = self.batch, self.rows
        letters = self.held.letters
        converted = batch.floats("ccf")[rows] * (undrawn - letters)
        return self.held.outstanding + converted + batch.floats("ccf_letters")[rows] * letters

    def _principal(self, cells: Cells) -> None:
        """Write the repayments after settlement in the base market; drawings are no principal."""
        along = self.path(state_valued.base(self.states))
        waiting = self.placed.days - self.waiting()[self.placed.owner]
        last = self.placed.offsets[1:].astype(np.int64) - 1
        repaid = np.where(waiting > 0, np.maximum(along.repaid(last)[:, 0], 0.0), 0.0)
        columns = np.stack([repaid, repaid * (waiting / 365.0)], axis=1)
        sums = state_valued.sums(self.placed, columns)
        cells.fill("PRINCIPAL_FLOWS", sums[:, 0])
        cells.fill("PRINCIPAL_TIME", sums[:, 1])


PRICER: Pricer = RevolverPricer()
