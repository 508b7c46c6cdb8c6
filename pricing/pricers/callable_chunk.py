"""Callable rows worked on together: their values in market states, spreads and cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pricing import lattice
from pricing.axis import BASE
from pricing.batch import Batch
from pricing.hull_white.rollback import Lattice
from pricing.kernel import sequential
from pricing.pricers import carry, debt, ladder, own_spread, spread_solver
from pricing.pricers.bond_flows import BondFlows, Bonds, ExCoupon, accrued, bond_flows
from pricing.pricers.cells import Cells
from pricing.pricers.debt import DebtContext, Pool
from pricing.pricers.option_values import OptionalRows, Table
from pricing.pricers.options import Options
from pricing.scenarios.market_states import Bump, MarketState, StateSet, plain
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a batch that are worked on together: one pool, one number of nodes (0: no option)."""

    batch: Batch
    bonds: Bonds
    left: Options
    nodes: int
    made: BondFlows
    offsets: Int32Array
    found: DebtContext
    states: States
    pool: Pool

    @staticmethod
    def of(
        batch: Batch,
        bonds: Bonds,
        left: Options,
        nodes: int,
        found: DebtContext,
        states: States,
        pool: Pool,
    ) -> Chunk:
        """Return the chunk with its promised payments."""
        grids = lattice.build(bonds.schedule, bonds.remaining, states.day)
        flows, made = bond_flows(bonds, grids, states)
        return Chunk(batch, bonds, left, nodes, made, flows.offsets, found, states, pool)

    @property
    def sign(self) -> FloatArray:
        """Return (rows,): -1 for what is owed or short, 1 for what is held."""
        short = self.batch.floats("face")[self.bonds.rows] < 0.0
        return self.batch.floats("sign")[self.bonds.rows] * np.where(short, -1.0, 1.0)

    def own(
        self, spread: FloatArray, days: IntArray, owner: IntpArray, slides: int = 0
    ) -> FloatArray:
        """Return (days, columns): how own spreads (rows, columns) discount days of rows `owner`.

        Spread curves slide after `slides` days.
        """
        years = days / 365.0
        exponent = spread[owner] * years[:, None]
        curves = self.found.spread_curve[self.bonds.rows][owner]
        for place in np.unique(curves[curves >= 0]):
            at = np.flatnonzero(curves == place)
            exponent[at] += (self.found.spread_curves[int(place)].at(years[at]) * years[at])[
                :, None
            ]
        rows = self.bonds.rows
        discount = np.exp(-exponent)
        if slides:
            used, place = np.unique(days, return_inverse=True)
            grown = own_spread.slid(self.found, rows, owner, used, place, slides)
            if grown is not None:
                discount *= grown[:, None]
        return np.asarray(discount)

    def basis(self, states_of: StateSet) -> Basis:
        """Return what values in some states are made of, whatever the own spreads."""
        days = self.made.days
        prices = np.concatenate([self.left.call.day, self.left.put.day])
        # One request: a grid that starts over does so before any slot is given.
        slots = self.states.grid.slots(np.concatenate([days, prices]))
        table = self.states.state_table(self.pool.curve, self.pool.spread_class, states_of)
        factors = table.take(slots, axis=0)
        bare = np.empty((0, factors.shape[1]))
        if self.left.call.whole.any():
            bare = self.states.state_table(self.pool.curve, None, states_of).take(slots, axis=0)
        optional, sigmas, lattices = None, np.empty(0), {}
        if self.nodes:
            reversion, sigmas = self.states.state_hull_white(self.pool.currency, states_of)
            paid = self.made.coupons + self.made.principal
            optional = OptionalRows(
                self.offsets, days, paid, self.left, self.nodes, reversion, _horizon(states_of)
            )
            lattices = optional.lattices(sigmas)
        first = states_of.first
        slides = first.horizon if first is not None and first.bump is Bump.ROLL else 0
        return Basis(self, factors, bare, optional, sigmas, lattices, slides)

    def waiting(self) -> IntArray:
        """Return the days to settlement (rows,)."""
        return debt.settlement_days(self.found, self.bonds.rows, self.states)

    def spread(self) -> FloatArray:
        """Return own spreads (rows,): supplied, or solved at BASE from the mark."""
        rows = self.bonds.rows
        spread = self.bonds.spread.copy()
        marked = self.batch.column("spread_source")[rows] == debt.MARK
        if not marked.any():
            return spread
        waiting = self.waiting()
        years = waiting / 365.0
        then = self._settling()
        price = self.batch.floats("mark_price")[rows] / 100.0 * self._face(then)
        clean = self.batch.column("mark_basis")[rows] == own_spread.CLEAN
        price += np.where(clean, accrued(self.bonds, self.states.day + waiting, then), 0.0)
        here = plain(self.pool.currency, [self.states.places[BASE]])
        none = np.zeros((len(rows), 1))
        price *= (self._settlement(here) * self.own(none, waiting, _all(rows)))[:, 0]
        error = self._error(here, price, years)
        solved, failed = spread_solver.solve(error, np.abs(price), marked)
        nothing = self._face(then) == 0.0
        for row in rows[failed & ~nothing].tolist():
            self.found.failures.setdefault(row, own_spread.NOT_SOLVED)
        return np.where(marked, np.where(nothing, 0.0, solved), spread)

    def oas(self, spread: FloatArray) -> FloatArray:
        """Return (rows,): the constant spread over the curve that gives the value at BASE."""
        curved = self.found.spread_curve[self.bonds.rows] >= 0
        if not curved.any():
            return spread
        here = plain(self.pool.currency, [self.states.places[BASE]])
        worth = self.basis(here).values(spread[:, None])
        uncurved = np.full_like(self.found.spread_curve, -1)
        bare = replace(self, found=replace(self.found, spread_curve=uncurved))
        waiting = self.waiting()
        price = (worth.whole - worth.settled) / self.own(spread[:, None], waiting, _all(spread))
        error = bare._error(here, price[:, 0], waiting / 365.0)
        solved, failed = spread_solver.solve(error, np.abs(price[:, 0]), curved)
        for row in self.bonds.rows[failed & (price[:, 0] != 0.0)].tolist():
            self.found.failures.setdefault(row, own_spread.NOT_SOLVED)
        return np.where(curved, solved, spread)

    def _error(self, here: StateSet, price: FloatArray, years: FloatArray) -> spread_solver.Error:
        """Return the value from settlement at spreads (rows, trials) less the price there."""
        basis = self.basis(here)

        def error(spreads: FloatArray) -> FloatArray:
            worth = basis.values(spreads)
            return np.asarray(
                worth.whole - worth.settled - price[:, None] * np.exp(-spreads * years[:, None])
            )

        return error

    def _settlement(self, states_of: StateSet) -> FloatArray:
        """Return (1, states): the market's discount factor to settlement."""
        waiting = self.states.settlement_days(self.pool.currency)
        at = np.array([waiting / 365.0])
        return self.states.state_discount(self.pool.curve, self.pool.spread_class, at, states_of)

    def _standing(self) -> ExCoupon:
        """Return the first payment of each row after the cut; no coupon trades apart."""
        return ExCoupon(self.bonds.remaining.first, np.zeros(len(self.bonds.rows), dtype=bool))

    def _settling(self) -> ExCoupon:
        """Return the first payment of each row after settlement: what is paid on it is not sold."""
        first = self.bonds.schedule.first_paid_from(self.states.day + self.waiting() + 1)
        first = np.maximum(first, self.bonds.remaining.first)
        return ExCoupon(first, np.zeros(len(first), dtype=bool))

    def _face(self, then: ExCoupon) -> FloatArray:
        last = self.bonds.remaining.first + self.bonds.remaining.count - 1
        return self.bonds.outstanding(np.minimum(then.first, last))

    def write(self, cells: Cells) -> None:
        """Write the cells of the rows."""
        rows, bonds = self.bonds.rows, self.bonds
        spread = self.spread()
        currency = self.pool.currency
        states_of = self.states.state_set((currency,), currency, credit=True, grown=True)
        extra = _unbumped(states_of, cells, self.states)
        every = replace(states_of, order=states_of.order + extra)
        if len(every):
            worth = self._worth(every, spread)
            states_of.put(cells, worth.whole)
            for place, cell in enumerate(cells.axis.cells):
                if cell.measure == "OPTION_VALUE":
                    at = every.place(MarketState(self.states.places[cell.scenario]))
                    cells.values[rows, place] = (worth.promised - worth.whole)[:, at]
            if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
                later = (worth.whole - worth.settled) / self._settlement(every)
                states_of.put_settled(cells, later)
        if cells.needs("ACCRUED", "CLEAN_PV"):
            earned = accrued(bonds, np.full(len(rows), self.states.day), self._standing())
            earned[self.batch.column("non_accrual")[rows] == 1] = 0.0
            cells.subtract_accrued(earned)
            cells.fill("ACCRUED", earned)
        face = bonds.outstanding(bonds.remaining.first)
        cells.fill("NOTIONAL", face)
        cells.fill("PRINCIPAL", face)
        sign = self.sign
        past_due = self.batch.floats("past_due")[rows]
        cells.fill("PAST_DUE", past_due * sign * self.batch.floats("sign")[rows])
        if cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME"):
            self._principal(cells)
        if ladder.scenarios(cells):
            ladder.put(self._paid(), face, spread, sign, self.found, self.states, cells)
        cells.sign(sign)
        waiting = self.waiting()
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
            then = self._settling()
            growth = 1.0 / self.own(spread[:, None], waiting, _all(rows))[:, 0]
            earned = accrued(bonds, self.states.day + waiting, then)
            cells.per_hundred(self._face(then) * sign, earned * sign, growth)
        cells.fill("SPREAD", spread)
        if cells.needs("OAS"):
            cells.fill("OAS", self.oas(spread))

    def _worth(self, states_of: StateSet, spread: FloatArray) -> Worth:
        """Return values in states; those at a horizon are carried to it."""
        parts = states_of.by_horizon()
        if len(parts) == 1 and not _horizon(parts[0][0]):
            return self.basis(states_of).values(spread[:, None])
        worth = Worth(*(np.empty((len(spread), len(states_of))) for _ in range(3)))
        rows = self.bonds.rows
        for part, places in parts:
            found = self.basis(part).values(spread[:, None])
            days = _horizon(part)
            if days:
                horizon = np.full(len(rows), days, dtype=np.int64)
                own = own_spread.to_settlement(spread, self.found, rows, horizon)
                whole = found.whole * own[:, None]
                carry.grow_states(whole, self.pool.curve, self.pool.spread_class, part, self.states)
                found = replace(found, whole=whole)
            worth.whole[:, places] = found.whole
            worth.promised[:, places] = found.promised
            worth.settled[:, places] = found.settled
        return worth

    def _paid(self) -> ladder.Paid:
        """Return the promised payments: nobody uses a right; premiums count as interest."""
        face = self.made.principal.copy()
        last = self.offsets[1:] - 1
        face[last] = self.made.outstanding[last]
        interest = self.made.coupons + (self.made.principal - face)
        return ladder.Paid(
            self.made.days, self.offsets, interest[:, None], face[:, None],
            contractual=face[:, None],
        )  # fmt: skip

    def _principal(self, cells: Cells) -> None:
        """Write principal as promised: nobody uses a right."""
        waiting = self.made.days - self.waiting()[self.made.owner]
        repaid = np.where(waiting > 0, self.made.principal, 0.0)
        columns = np.ones((len(repaid), 2))
        columns[:, 1] = waiting / 365.0
        slots = np.arange(len(repaid), dtype=np.int32)
        sums = sequential(repaid, slots, self.offsets, columns)
        cells.fill("PRINCIPAL_FLOWS", sums[:, 0])
        cells.fill("PRINCIPAL_TIME", sums[:, 1])


@dataclass(frozen=True, slots=True)
class Worth:
    """Values of rows in states (rows, states).

    `whole` with all rights, `promised` without any, `settled` what is paid by settlement.
    """

    whole: FloatArray
    promised: FloatArray
    settled: FloatArray


@dataclass(frozen=True, slots=True)
class Basis:
    """What values of a chunk in some states are made of, but for own spreads.

    `factors` (payments, then prices of calls and of puts; states) are the market's, `bare` those
    of the curve alone where a price is made whole.
    """

    chunk: Chunk
    factors: FloatArray
    bare: FloatArray
    optional: OptionalRows | None
    sigmas: FloatArray
    lattices: dict[float, Lattice]
    slides: int = 0

    def values(self, spread: FloatArray) -> Worth:
        """Return values at own spreads (rows, 1), or (rows, trials) where there is one state."""
        chunk = self.chunk
        made, left = chunk.made, chunk.left
        count = len(made.days)
        pay = self.factors[:count] * chunk.own(spread, made.days, made.owner, self.slides)
        slots = np.arange(count, dtype=np.int32)
        paid = made.coupons + made.principal
        promised = sequential(paid, slots, chunk.offsets, pay)
        early = made.days <= chunk.waiting()[made.owner]
        settled = sequential(np.where(early, paid, 0.0), slots, chunk.offsets, pay)
        if self.optional is None:
            return Worth(promised, promised, settled)
        decided = np.repeat(np.arange(len(chunk.bonds.rows)), left.count)
        days = np.concatenate([left.call.day, left.put.day])
        owner = np.concatenate([decided, decided])
        price = self.factors[count:] * chunk.own(spread, days, owner, self.slides)
        sigmas = (
            np.broadcast_to(self.sigmas, (pay.shape[1],)) if len(self.sigmas) == 1 else self.sigmas
        )
        whole = self.optional.value(self.lattices, sigmas, self._table(pay, price))
        return Worth(whole, promised, settled)

    def _table(self, pay: FloatArray, price: FloatArray) -> Table:
        """Return present values with those of make-whole prices, if any row has one."""
        call, made = self.chunk.left.call, self.chunk.made
        count, decisions = len(made.days), len(self.chunk.left.day)
        if not len(self.bare):
            none = np.empty((0, pay.shape[1]))
            return Table(pay, price, none, none)
        spread = self.chunk.batch.floats("make_whole_spread")[self.chunk.bonds.rows]
        bare = self.bare[:count] * np.exp(-spread[made.owner] * (made.days / 365.0))[:, None]
        scale = price[:decisions] / self.bare[count : count + decisions]
        scale *= np.exp(call.spread * (call.day / 365.0))[:, None]
        return Table(pay, price, np.broadcast_to(bare, pay.shape), scale)


def _horizon(states_of: StateSet) -> int:
    """Return the days to the horizon of states that are parted by horizon."""
    first = states_of.first
    return first.horizon if first is not None else 0


def _all(rows: npt.NDArray[np.generic]) -> IntpArray:
    return np.arange(len(rows))


def _unbumped(states_of: StateSet, cells: Cells, states: States) -> tuple[MarketState, ...]:
    """Return the states that option values need and no other cell."""
    wanted = [
        MarketState(states.places[cell.scenario])
        for cell in cells.axis.cells
        if cell.measure == "OPTION_VALUE"
    ]
    return tuple(dict.fromkeys(state for state in wanted if state not in states_of.order))
