"""FLOATING_NOTE: coupons projected and discounted in every market state of the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import lattice
from pricing.batch import Batch
from pricing.kernel import Kernel
from pricing.lattice import Lattices
from pricing.pricers import carry, debt, discount_margin, ladder, own_spread, state_valued
from pricing.pricers.assembly import assemble
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.index_periods import used_periods
from pricing.pricers.loan import MATURED
from pricing.pricers.note_rates import OPTION_COLUMNS, Accrual, NoteRates, index_of, on_swaps
from pricing.pricers.placing import Placed, place
from pricing.pricers.projection import Component, project
from pricing.pricers.rate_parts import TwoParts
from pricing.pricers.stepped import Stepped
from pricing.products.rate_options import UNLIMITED
from pricing.scenarios.market_states import StateSet, plain
from pricing.scenarios.states import States
from pricing.schedule import Remaining, Schedule

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

CHUNK = 4096
"""Notes without limits worked on together."""
LIMITED_CHUNK = 512
"""Notes with floors or caps worked on together: their flows carry a column for every state."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes with coupons left, columns (rows,): `rows` are places in the batch.

    `face` is the original one, `balance` the share of it that is outstanding.
    """

    rows: IntpArray
    schedule: Schedule
    remaining: Remaining
    face: FloatArray
    balance: Stepped
    redemption: FloatArray

    @staticmethod
    def alive(batch: Batch, rows: IntpArray, states: States) -> tuple[Notes, IntpArray]:
        """Return the notes with coupons left after the cut, and the rows that have none."""
        whole = Schedule.of(batch).take(rows)
        first = whole.first_paid_after(states.day, states.inclusive)
        living = np.flatnonzero(first < whole.payments)
        left = rows[living]
        schedule = whole if len(living) == len(rows) else whole.take(living)
        notes = Notes(
            left,
            schedule,
            Remaining.of(schedule, first[living]),
            batch.floats("face")[left],
            Stepped.of(batch, "balance", np.ones(len(left)), left),
            batch.floats("redemption")[left],
        )
        return notes, rows[first >= whole.payments]

    def take(self, index: IntpArray) -> Notes:
        """Return the given rows."""
        return Notes(
            self.rows[index],
            self.schedule.take(index),
            self.remaining.take(index),
            self.face[index],
            self.balance.take(index),
            self.redemption[index],
        )

    def outstanding(self, k: IntArray) -> FloatArray:
        """Return the face outstanding in the period of payment k of each row."""
        return self.face * self.balance.at(k)


class FloatingNotePricer:
    """Values FLOATING_NOTE."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of notes; both kernels value them in flow order."""
        found = debt.context(batch, states, OPTION_COLUMNS, index_of)
        values = np.zeros((len(batch), len(states.axis)))
        notes, matured = Notes.alive(batch, np.flatnonzero(found.pool >= 0), states)
        found.failures.update(dict.fromkeys(matured.tolist(), MATURED))
        if len(notes.rows):
            grids = lattice.build(notes.schedule, notes.remaining, states.day)
            order = grids.order(found.pool[notes.rows], notes.remaining.count)
            limited = _limited(batch, notes.rows, states)[order]
            for some, size, has in (
                (order[~limited], CHUNK, False), (order[limited], LIMITED_CHUNK, True),
            ):  # fmt: skip
                for first in range(0, len(some), size):
                    part = some[first : first + size]
                    chunk = notes.take(part)
                    lattices = grids.take(part, int(chunk.remaining.count.max()))
                    cells = Cells(states.axis, values, chunk.rows)
                    Chunk.of(batch, chunk, lattices, found, states).value(cells, limited=has)
        return assemble(
            batch,
            states.axis,
            values,
            found.failures,
            found.dependencies,
            found.dependency_names,
        )

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the projected flows of a batch of one note under a scenario."""
        found = debt.context(batch, states, OPTION_COLUMNS, index_of)
        notes, _ = Notes.alive(batch, np.flatnonzero(found.pool >= 0), states)
        if not len(notes.rows):
            return []
        grids = lattice.build(notes.schedule, notes.remaining, states.day)
        chunk = Chunk.of(batch, notes, grids, found, states)
        spread, _ = chunk.own_factors()
        currency = found.pools[0].currency
        coupons = chunk.coupons(plain(currency, [states.places[scenario]]))[0][:, 0]
        sign = float(batch.floats("sign")[notes.rows][0])
        days = chunk.placed.days
        components = [
            Component("INTEREST", days, coupons * sign),
            Component("REDEMPTION", days, chunk.principal() * sign),
        ]
        return project(debt.leg(found, float(spread[0])), components, states, scenario)


def _limited(batch: Batch, rows: IntpArray, states: States) -> npt.NDArray[np.bool_]:
    """Return whether a note's coupons are anything but an index rate and a margin.

    They have a floor or a cap, of the rate or of the index, or a rate that is not its forward.
    """
    floor, cap = batch.floats("floor")[rows], batch.floats("cap")[rows]
    index_floor = batch.floats("index_floor")[rows]
    limited = (floor > -UNLIMITED) | (cap < UNLIMITED) | (index_floor > -UNLIMITED)
    adjusted = (batch.column("options")[rows] != 0) & (batch.column("arrears")[rows] == 1)
    ranged = batch.column("ranged")[rows] == 1
    return np.asarray(limited | adjusted | ranged | on_swaps(batch, rows, states))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Notes of a batch that are worked on together, sorted by pool."""

    batch: Batch
    notes: Notes
    lattices: Lattices
    found: DebtContext
    states: States
    placed: Placed
    rates: NoteRates

    @property
    def rows(self) -> IntpArray:
        """Return the places of the notes in the batch."""
        return self.notes.rows

    @staticmethod
    def of(
        batch: Batch, notes: Notes, lattices: Lattices, found: DebtContext, states: States
    ) -> Chunk:
        """Return the chunk with its flows placed in the date grid."""
        placed = place(notes.remaining, lattices, states)
        margin = Stepped.of(batch, "coupon", batch.floats("margin")[notes.rows], notes.rows)
        rates = NoteRates(batch, notes.rows, notes.schedule, notes.remaining.first, margin)
        return Chunk(batch, notes, lattices, found, states, placed, rates)

    def accrual(self) -> Accrual:
        """Return the period of each flow."""
        owner, payment = self.placed.owner, self.placed.payment
        schedule = self.notes.schedule.take(owner)
        whole = np.ones(len(owner), dtype=bool)
        begin, end = schedule.accrual(payment - 1), schedule.accrual(payment)
        return Accrual(owner, payment, begin, end, whole)

    def coupons(self, states_of: StateSet) -> tuple[FloatArray, FloatArray]:
        """Return coupon amounts and index rates (flows, states); note failures of the rows."""
        rate, index_rate, failures = self.rates.rates(self.accrual(), self.states, states_of)
        for row, failure in failures.items():
            self.found.failures.setdefault(int(self.notes.rows[row]), failure)
        earning = self.outstanding() * self.placed.fraction
        return rate * earning[:, None], index_rate

    def outstanding(self) -> FloatArray:
        """Return the face in the period of each flow."""
        face, balance = self.notes.face[self.placed.owner], self.notes.balance
        if balance.any:
            face = face * balance.over(self.placed.first, self.placed.offsets)
        return face

    def principal(self) -> FloatArray:
        """Return what is repaid with each flow; the last part at the redemption price."""
        last = self.placed.offsets[1:] - 1
        repaid = np.zeros(len(self.placed.owner))
        if self.notes.balance.any:
            face = self.outstanding()
            repaid[:-1] = face[:-1] - face[1:]
            repaid[last] = face[last] * (self.notes.redemption / 100.0)
        else:
            repaid[last] = self.notes.face * (self.notes.redemption / 100.0)
        return repaid

    def cash(self, states_of: StateSet) -> FloatArray:
        """Return what is paid (flows, states): coupons and principal."""
        amounts = self.coupons(states_of)[0]
        self._add_principal(amounts)
        return amounts

    def _add_principal(self, amounts: FloatArray) -> None:
        """Add what is repaid to amounts (flows, states)."""
        if self.notes.balance.any:
            amounts += self.principal()[:, None]
        else:
            last = self.placed.offsets[1:] - 1
            amounts[last] += self.principal()[last][:, None]

    def waiting(self) -> IntArray:
        """Return the days to settlement (rows,)."""
        return debt.settlement_days(self.found, self.notes.rows, self.states)

    def own_factors(self) -> tuple[FloatArray, FloatArray]:
        """Return own spreads (rows,), and the factor by which they discount each flow."""
        return state_valued.own_factors(
            self.batch, self, self.lattices, self.found, self.states,
            lambda: own_spread.Quoted(
                self.face_after(self.waiting()), self.accrued(self.waiting(), settled=True)
            ),
        )  # fmt: skip

    def accrued(self, waiting: IntArray, *, settled: bool) -> FloatArray:
        """Return the interest accrued some days after the valuation date, in the base market.

        What is paid at settlement is the seller's, whatever the cut.
        A rate fixed before the period accrues by its day count, daily rates by what they made so
        far.
        """
        schedule = self.notes.schedule
        day = self.states.day + waiting
        now = self._period(waiting, settled=settled)
        within = np.minimum(now, schedule.payments - 1)
        begin, end = schedule.accrual(within - 1), schedule.accrual(within)
        until = np.minimum(np.maximum(day, begin), end)
        started = np.flatnonzero((now < schedule.payments) & (until > begin))
        out = np.zeros(len(day))
        if not len(started):
            return out
        stop = np.where(self._daily()[started], until[started], end[started])
        whole = stop == end[started]
        accrual = Accrual(started, within[started], begin[started], stop, whole)
        rate, _, failures = self.rates.rates(accrual, self.states, state_valued.base(self.states))
        for row, failure in failures.items():
            self.found.failures.setdefault(int(self.notes.rows[row]), failure)
        part = schedule.take(started)
        fraction = part.fraction(within[started], begin[started], until[started])
        face = self.notes.outstanding(within)[started]
        out[started] = face * rate[:, 0] * fraction
        return out

    def _period(self, waiting: IntArray, *, settled: bool) -> IntArray:
        """Return the payment of each row that is next some days after the valuation date."""
        schedule, first = self.notes.schedule, self.notes.remaining.first
        day = self.states.day + waiting
        now = np.empty(len(day), dtype=np.int64)
        for one in np.unique(day):
            at = np.flatnonzero(day == one)
            inclusive = self.states.inclusive and not settled
            left = schedule.take(at).first_paid_after(int(one), inclusive)
            now[at] = np.maximum(first[at], left)
        return now

    def face_after(self, waiting: IntArray) -> FloatArray:
        """Return the face outstanding at settlement, after what is paid up to it."""
        if not self.notes.balance.any:
            return self.notes.face
        now = np.minimum(self._period(waiting, settled=True), self.notes.schedule.payments - 1)
        return self.notes.outstanding(now)

    def _daily(self) -> npt.NDArray[np.bool_]:
        """Return whether what each note accrues is made day by day."""
        ranged = self.batch.column("ranged")[self.notes.rows] == 1
        return np.asarray(ranged | self._on_daily_rates())

    def _on_daily_rates(self) -> npt.NDArray[np.bool_]:
        """Return whether each note is on an index of daily rates."""
        codes, place = np.unique(self.batch.column("index")[self.notes.rows], return_inverse=True)
        names = [self.batch.names.text(int(code)) for code in codes]
        return np.array([self.states.market.indices[name].months == 0 for name in names])[place]

    def value(self, cells: Cells, *, limited: bool) -> None:
        """Write the cells of the notes; `limited` ones pay more than an index rate and a margin."""
        rows = self.notes.rows
        spread, weights = self.own_factors()
        sign = self.batch.floats("sign")[rows]
        if limited:
            state_valued.put(self, weights, self.found, self.states, cells)
        else:
            self._put_unlimited(weights, cells)
        carry.grow_debt(cells, spread, self.found, self.states)
        if cells.needs("ACCRUED", "CLEAN_PV"):
            accrued = self.accrued(np.zeros(len(rows), dtype=np.int64), settled=False)
            accrued[self.batch.column("non_accrual")[rows] == 1] = 0.0
            cells.subtract_accrued(accrued)
            cells.fill("ACCRUED", accrued)
        face = self.notes.outstanding(self.notes.remaining.first)
        cells.fill("NOTIONAL", face)
        cells.fill("PRINCIPAL", face)
        cells.fill("PAST_DUE", self.batch.floats("past_due")[rows])
        if cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME"):
            self._principal_flows(cells)
        if ladder.scenarios(cells):
            ladder.put(self._paid(cells), face, spread, sign, self.found, self.states, cells)
        cells.sign(sign)
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE", "DISCOUNT_MARGIN"):
            waiting = self.waiting()
            growth = own_spread.to_settlement(spread, self.found, rows, waiting)
            then = self.accrued(waiting, settled=True)
            if cells.needs("DISCOUNT_MARGIN"):
                self._discount_margin(weights, growth, cells)
            cells.per_hundred(self.face_after(waiting) * sign, then * sign, growth)
        cells.fill("SPREAD", spread)

    def _paid(self, cells: Cells) -> ladder.Paid:
        """Return the payments: what is redeemed beside the face counts as interest."""
        principal = self.principal()
        face = principal.copy()
        last = self.placed.offsets[1:] - 1
        face[last] = self.outstanding()[last]
        interest = self.coupons(ladder.states_of(cells, self.states))[0]
        interest += (principal - face)[:, None]
        repaid = face[:, None]
        return ladder.Paid(
            self.placed.days, self.placed.offsets, interest, repaid, contractual=repaid
        )

    def _principal_flows(self, cells: Cells) -> None:
        """Write principal repaid after settlement, and that times years."""
        if not self.notes.balance.any:
            left = self.notes.remaining.last_day - self.states.day - self.waiting()
            repaid = self.notes.face * (self.notes.redemption / 100.0)
            redeemed = np.where(left > 0, repaid, 0.0)
            cells.fill("PRINCIPAL_FLOWS", redeemed)
            cells.fill("PRINCIPAL_TIME", redeemed * (left / 365.0))
            return
        waiting = self.placed.days - self.waiting()[self.placed.owner]
        repaid = np.where(waiting > 0, self.principal(), 0.0)
        columns = np.stack([repaid, repaid * (waiting / 365.0)], axis=1)
        sums = state_valued.sums(self.placed, columns)
        cells.fill("PRINCIPAL_FLOWS", sums[:, 0])
        cells.fill("PRINCIPAL_TIME", sums[:, 1])

    def part(self, begin: int, end: int) -> Chunk:
        """Return the notes [begin, end) without placing their flows again."""
        if (begin, end) == (0, len(self.rows)):
            return self
        index = np.arange(begin, end)
        notes = self.notes.take(index)
        margin = self.rates.margin.take(index)
        rates = NoteRates(self.batch, notes.rows, notes.schedule, notes.remaining.first, margin)
        placed = self.placed.part(begin, end)
        return Chunk(self.batch, notes, self.lattices, self.found, self.states, placed, rates)

    def _put_unlimited(self, weights: FloatArray, cells: Cells) -> None:
        """Write the cells of notes without limits: two products, no column of states by flow.

        The index part is amount x (rate x discount factor) of its period, the rest amount x
        discount factor.
        """
        period, periods = self.rates.shared(
            self.notes.remaining, self.lattices, self.placed, self.states
        )
        for begin, end, pool in debt.pools(self.found, self.notes.rows):
            states_of = self.states.state_set((pool.currency,), pool.currency, credit=True)
            if not len(states_of):
                continue
            part = self.part(begin, end)
            placed = part.placed
            flows = slice(int(self.placed.offsets[begin]), int(self.placed.offsets[end]))
            used, place = used_periods(period[flows], len(periods.start))
            some = periods.take(used)
            rates, missing = some.rates(self.states, states_of)
            added, known = part.rates.certain(placed, self.states)
            failures = part.rates.missing_fixings(placed, missing.take(place), known)
            for row, failure in failures.items():
                self.found.failures.setdefault(int(part.rows[row]), failure)
            own = weights[flows]
            earning = part.outstanding() * placed.fraction * own
            certain = earning * added
            if part.notes.balance.any:
                certain += part.principal() * own
            else:
                last = placed.offsets[1:] - 1
                certain[last] += part.principal()[last] * own[last]
            factors = self.states.state_table(pool.curve, pool.spread_class, states_of)
            rates *= factors.take(some.slot, axis=0)
            floating = earning if known is None else np.where(known, 0.0, earning)
            amounts = TwoParts(placed, floating, place, rates, certain, factors)
            rows = cells.part(begin, end)
            values = amounts.value()
            for weight, _, at in carry.slides(
                self.found, part.rows, placed, self.states, states_of
            ):
                values[:, at] += amounts.weighted(weight, at).value()
            states_of.put(rows, values)
            if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
                waiting = self.states.settlement_days(pool.currency)
                factor = state_valued.settlement_factor(pool, self.states, states_of)
                states_of.put_settled(rows, amounts.after(waiting).value() / factor)

    def _discount_margin(self, weights: FloatArray, growth: FloatArray, cells: Cells) -> None:
        """Write the discount margin of each scenario's own price and index rates."""
        places = [p for p, cell in enumerate(cells.axis.cells) if cell.measure == "DISCOUNT_MARGIN"]
        codes = [cells.axis.cells[place].scenario for place in places]
        scenarios = [self.states.places[code] for code in codes]
        for begin, end, pool in debt.pools(self.found, self.notes.rows):
            part = self.part(begin, end)
            own = weights[int(self.placed.offsets[begin]) : int(self.placed.offsets[end])]
            states_of = plain(pool.currency, scenarios)
            cash, index_rate = part.coupons(states_of)
            part._add_principal(cash)
            worth = state_valued.discounted(part, cash, own, pool, self.states, states_of)
            price = state_valued.settled(part.placed, worth, pool, self.states, states_of)
            price *= growth[begin:end, None]
            waiting = self.states.settlement_days(pool.currency)
            accrual = part.accrual()
            settled = self.states.day + waiting
            schedule = part.notes.schedule.take(part.placed.owner)
            left = np.maximum(accrual.start, np.minimum(settled, accrual.end))
            fraction = schedule.fraction(accrual.payment, left, accrual.end)
            fraction[part.placed.days <= waiting] = 0.0
            cash[part.placed.days <= waiting] = 0.0
            face = part.face_after(part.waiting())
            safe = np.where(face == 0.0, 1.0, face)
            margin, solved = discount_margin.solve(
                cash / safe[part.placed.owner][:, None], index_rate, fraction,
                part.placed.offsets, price / safe[:, None],
            )  # fmt: skip
            nothing = ~state_valued.sums(part.placed, np.abs(cash)).any(axis=1)
            failed = part.notes.rows[~(solved.all(axis=1) | nothing)]
            for row in failed.tolist():
                self.found.failures.setdefault(row, discount_margin.NOT_SOLVED)
            margin[nothing] = 0.0
            cells.values[cells.rows[begin:end, None], places] = margin


PRICER: Pricer = FloatingNotePricer()
