"""STRUCTURED: what a tranche is paid in every market state, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.grouping import combine
from pricing.kernel import Kernel
from pricing.lattice import Lattices
from pricing.pricers import carry, debt, ladder, own_spread, principal_time, state_valued
from pricing.pricers.assembly import assemble
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.deal import Deals, calendar_of
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import ProjectedFlow, offsets_of
from pricing.pricers.placing import Placed, on_days
from pricing.pricers.pool_flows import Speed
from pricing.pricers.pool_rates import S_CURVE
from pricing.pricers.pool_speeds import Table, curve_speed, on_rates, refinancing
from pricing.pricers.projection import Component, project
from pricing.pricers.waterfall import Payment
from pricing.scenarios.market_states import StateSet, plain
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

ELEMENTS = 1 << 20
"""Payments x deals x states worked on together: deals of twelve loans take 120 MB."""

MATURED = Failure("MATURED", "no payment of the deal is left after the cut")
NO_FIXING = Failure(
    "FIXING_MISSING", "terms.index_rate: the rate of a period that has begun is expected"
)


class StructuredPricer:
    """Values STRUCTURED."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of tranches; both kernels value them in flow order."""
        found = debt.context(batch, states)
        values = np.zeros((len(batch), len(states.axis)))
        for rows in _groups(batch, _alive(batch, found, states), found, states):
            chunk = Chunk.of(batch, rows, found, states)
            chunk.value(Cells(states.axis, values, rows))
        return assemble(
            batch,
            states.axis,
            values,
            found.failures,
            found.dependencies,
            found.dependency_names,
        )

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the projected flows of a batch of one tranche under a scenario."""
        found = debt.context(batch, states)
        rows = _alive(batch, found, states)
        if not len(rows):
            return []
        chunk = Chunk.of(batch, rows, found, states)
        spread, _ = chunk.own_factors()
        paid = chunk.paid(plain(chunk.currency, [states.places[scenario]]))
        sign = float(batch.floats("sign")[rows][0])
        components = [
            Component("INTEREST", chunk.placed.days, paid.interest[:, 0] * sign),
            Component("PRINCIPAL", chunk.placed.days, paid.principal[:, 0] * sign),
        ]
        return project(debt.leg(found, float(spread[0])), components, states, scenario)


def _alive(batch: Batch, found: DebtContext, states: States) -> IntpArray:
    """Return rows that can be valued; note the failures of those that cannot."""
    rows = np.flatnonzero(found.pool >= 0)
    if not len(rows):
        return rows
    calendar, months = calendar_of(batch, rows), batch.integers("months")[rows]
    limit = states.day - 1 if states.inclusive else states.day
    matured = calendar.paid(months - 1) <= limit
    begun = calendar.begins(np.zeros(len(rows), dtype=np.int64)) <= states.day
    floats = batch.column("floats")[rows] == 1
    unknown = ~matured & begun & floats & (batch.column("index_known")[rows] == 0)
    found.failures.update(dict.fromkeys(rows[matured].tolist(), MATURED))
    found.failures.update(dict.fromkeys(rows[unknown].tolist(), NO_FIXING))
    return np.asarray(rows[~matured & ~unknown])


def _groups(
    batch: Batch, rows: IntpArray, found: DebtContext, states: States
) -> Iterator[IntpArray]:
    """Yield rows that are projected together: alike in discounting, shocks, period and lag."""
    if not len(rows):
        return
    kind = batch.integers("prepayment")[rows]
    curve = on_rates(kind)
    defaults = batch.integers("default")[rows] > 0
    _, slope = np.unique(batch.floats("slope")[rows], return_inverse=True)
    sample, group = combine(
        found.pool[rows],
        batch.column("sector")[rows],
        batch.column("period")[rows],
        batch.column("floats")[rows],
        defaults,
        np.where(defaults, batch.integers("recovery_lag")[rows], 0),
        np.where(curve, kind, 0),
        np.where(kind == S_CURVE, slope, 0),
        np.where(curve, batch.integers("rate_months")[rows], 0),
    )
    months = batch.integers("months")[rows]
    for number, at in enumerate(sample):
        index = np.flatnonzero(group == number)
        pool = found.pools[int(found.pool[rows[at]])]
        states_of = states.state_set((pool.currency,), pool.currency, credit=True)
        size = max(ELEMENTS // (max(len(states_of), 1) * int(months[index].max())), 1)
        for first in range(0, len(index), size):
            yield rows[index[first : first + size]]


@dataclass(frozen=True, slots=True)
class Paid:
    """What tranches are paid after the cut (flows, states), and balances after each payment."""

    interest: FloatArray
    principal: FloatArray
    balance: FloatArray
    tonight: FloatArray


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tranches of a batch whose deals are projected together."""

    batch: Batch
    rows: IntpArray
    deals: Deals
    found: DebtContext
    states: States
    placed: Placed
    lattices: Lattices

    @staticmethod
    def of(batch: Batch, rows: IntpArray, found: DebtContext, states: States) -> Chunk:
        """Return the chunk with its payments after the cut placed in the date grid."""
        deals = Deals.of(batch, rows)
        placed, lattices = _place(deals, states)
        return Chunk(batch, rows, deals, found, states, placed, lattices)

    @property
    def currency(self) -> str:
        """Return the currency of the tranches."""
        return self._shared.currency

    @property
    def _shared(self) -> debt.Pool:
        return self.found.pools[int(self.found.pool[self.rows[0]])]

    @property
    def first(self) -> IntArray:
        """Return the number of the first payment after the cut (rows,)."""
        return self.placed.payment[self.placed.offsets[:-1]]

    def _share(self) -> FloatArray:
        return self.batch.floats("share")[self.rows]

    def paid(self, states_of: StateSet) -> Paid:
        """Return what the tranches are paid in market states."""
        multiplier = self._multiplier(states_of)
        if self._on_rates:
            return self._run(states_of, multiplier)
        factors, back = np.unique(multiplier, return_inverse=True)
        paid = self._run(states_of, factors)
        parts = (paid.interest, paid.principal, paid.balance, paid.tonight)
        interest, principal, balance, tonight = (part[:, back] for part in parts)
        return Paid(interest, principal, balance, tonight)

    @property
    def _on_rates(self) -> bool:
        floats = self.batch.column("floats")[self.rows[0]] == 1
        kind = self.batch.integers("prepayment")[self.rows[:1]]
        return bool(floats or on_rates(kind)[0])

    def _multiplier(self, states_of: StateSet) -> FloatArray:
        sector = self.batch.names.text(int(self.batch.column("sector")[self.rows[0]]))
        return self.states.state_prepayment(self.currency, sector, states_of)

    def _speed(self, states_of: StateSet, multiplier: FloatArray) -> Speed:
        pools = self.deals.lines.pools
        made = pools.assumptions
        if not on_rates(made.kind[:1])[0]:
            if (multiplier == 1.0).all():
                multiplier = np.ones(1)
            return lambda k, rows, share: np.broadcast_to(
                made.speed(k, rows, multiplier), share.shape
            )
        sample, grid = pools.calendar.grids()
        k = np.arange(int(self.deals.months.max()), dtype=np.int64)[:, None]
        begins = pools.calendar.take(sample).begins(k) - self.states.day
        rates = refinancing(
            self.states, self._shared.curve, begins, int(made.rate_months[0]), states_of
        )
        return curve_speed(pools, Table(rates, grid), multiplier)

    def index(self, states_of: StateSet, period: int) -> FloatArray:
        """Return (periods, rows, states): simple forward rates of periods of some months.

        That of a period that has begun is the state's.
        """
        count = int(self.deals.months.max()) // period
        shape = (count, len(self.rows), len(states_of))
        if self.batch.column("floats")[self.rows[0]] != 1:
            return np.broadcast_to(np.zeros(1), shape)
        k = np.arange(count + 1, dtype=np.int64)[:, None] * period
        days = self.deals.calendar.begins(k) - self.states.day
        times, place = np.unique(np.maximum(days, 0), return_inverse=True)
        factor = self.states.state_discount(self._shared.curve, None, times / 365.0, states_of)
        at = factor[place.reshape(days.shape)]
        forward = (at[:-1] / at[1:] - 1.0) / (period / 12.0)
        known = self.batch.floats("index_rate")[self.rows]
        return np.where((days[:-1] <= 0)[:, :, None], known[None, :, None], forward)

    def _run(self, states_of: StateSet, multiplier: FloatArray) -> Paid:
        columns, deals = len(multiplier), self.deals
        index, of_period = (
            np.broadcast_to(rates, (*rates.shape[:2], columns)) if rates.shape[2] == columns
            else rates[:, :, :columns]
            for rates in (self.index(states_of, 1), self.index(states_of, deals.period))
        )  # fmt: skip
        out = np.zeros((4, len(self.placed.days), columns))
        first, count = self.first, np.diff(self.placed.offsets)
        share, row = self._share()[:, None], np.arange(len(self.rows))
        start = np.stack([balance[:, 0] for balance in deals.balances])[deals.held, row]
        tonight = np.repeat(start[:, None], columns, axis=1)
        speed = self._speed(states_of, multiplier)
        for number, payment in enumerate(deals.pay(speed, index, of_period, columns)):
            parts = [np.stack(part)[deals.held, row] for part in _lists(payment)]
            before = number < first
            tonight[before] = parts[2][before]
            inside = np.flatnonzero((number >= first) & (number < first + count))
            at = self.placed.offsets[inside] + (number - first[inside])
            for place, part in enumerate(parts):
                out[place, at] = (part * share)[inside]
        return Paid(out[0], out[1], out[2], tonight * share)

    def cash(self, states_of: StateSet) -> FloatArray:
        """Return what is paid (flows, states)."""
        paid = self.paid(states_of)
        return paid.interest + paid.principal

    def part(self, begin: int, end: int) -> Chunk:
        """Return the tranches [begin, end); all of a chunk are of one pool."""
        if (begin, end) == (0, len(self.rows)):
            return self
        return Chunk.of(self.batch, self.rows[begin:end], self.found, self.states)

    def own_factors(self) -> tuple[FloatArray, FloatArray]:
        """Return own spreads (rows,), and the factor by which they discount each flow."""
        return state_valued.own_factors(
            self.batch, self, self.lattices, self.found, self.states,
            lambda: self.quoted(self.paid(state_valued.base(self.states)), self.waiting()),
        )  # fmt: skip

    def waiting(self) -> IntArray:
        """Return the days to settlement (rows,)."""
        return debt.settlement_days(self.found, self.rows, self.states)

    def quoted(self, base: Paid, waiting: IntArray) -> own_spread.Quoted:
        """Return what a price refers to some days from now: balance and accrued interest."""
        placed = self.placed
        early = placed.days <= waiting[placed.owner]
        gone = np.bincount(placed.owner[early], minlength=len(self.rows))
        gone = np.minimum(gone, np.diff(placed.offsets) - 1)
        after = placed.offsets[:-1] + np.maximum(gone - 1, 0)
        face = np.where(gone > 0, base.balance[after, 0], base.tonight[:, 0])
        number, row = self.first + gone, np.arange(len(self.rows))
        of_period = self.index(state_valued.base(self.states), self.deals.period)
        index = of_period[number, row]
        rate = np.stack([coupon.at(index)[:, 0] for coupon in self.deals.coupons])
        begin = self.deals.calendar.begins(number * self.deals.period)
        until = np.maximum(self.states.day + waiting, begin)
        years = principal_time.thirty_360(begin, until)
        years = np.minimum(years, self.deals.period / 12.0)
        return own_spread.Quoted(face, face * rate[self.deals.held, row] * years)

    def value(self, cells: Cells) -> None:
        """Write the cells of the tranches."""
        rows, base = self.rows, self.paid(state_valued.base(self.states))
        spread, weights = self.own_factors()
        state_valued.put(self, weights, self.found, self.states, cells)
        carry.grow_debt(cells, spread, self.found, self.states)
        now = np.zeros(len(rows), dtype=np.int64)
        if cells.needs("ACCRUED", "CLEAN_PV"):
            accrued = self.quoted(base, now).accrued
            accrued[self.batch.column("non_accrual")[rows] == 1] = 0.0
            cells.subtract_accrued(accrued)
            cells.fill("ACCRUED", accrued)
        tonight = base.tonight[:, 0]
        cells.fill("NOTIONAL", tonight)
        cells.fill("PRINCIPAL", tonight)
        cells.fill("PAST_DUE", self.batch.floats("past_due")[rows])
        waiting = self.waiting()
        if cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME"):
            principal_time.put(self.placed, base.principal[:, 0], waiting, self.states.day, cells)
        sign = self.batch.floats("sign")[rows]
        if ladder.scenarios(cells):
            paid = self.paid(ladder.states_of(cells, self.states))
            flows = ladder.Paid(
                self.placed.days, self.placed.offsets, paid.interest, paid.principal
            )
            ladder.put(flows, tonight, spread, sign, self.found, self.states, cells)
        cells.sign(sign)
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
            growth = own_spread.to_settlement(spread, self.found, rows, waiting)
            quoted = self.quoted(base, waiting)
            cells.per_hundred(quoted.face * sign, quoted.accrued * sign, growth)
        cells.fill("SPREAD", spread)


def _lists(payment: Payment) -> tuple[list[FloatArray], ...]:
    return payment.interest, payment.principal, payment.balance


def _place(deals: Deals, states: States) -> tuple[Placed, Lattices]:
    """Return the payments after the cut of each row in date order."""
    count = deals.months // deals.period
    k = (np.arange(int(count.max()), dtype=np.int64)[:, None] + 1) * deals.period - 1
    days = np.ascontiguousarray((deals.calendar.paid(k) - states.day).T)
    limit = -1 if states.inclusive else 0
    number = np.arange(days.shape[1])
    kept = (days > limit) & (number < count[:, None])
    owner, payment = np.nonzero(kept)
    paid = days[owner, payment]
    placed = on_days(
        offsets_of(kept.sum(axis=1)),
        states.grid.slots(paid),
        paid,
        np.full(len(paid), deals.period / 12.0),
        kept.argmax(axis=1),
    )
    rows = np.arange(len(count))
    nowhere = np.zeros((1, len(count)))
    return placed, Lattices(
        rows, np.zeros(len(count), dtype=np.bool_), rows, nowhere.astype(np.int64), nowhere
    )


PRICER: Pricer = StructuredPricer()
