"""ABS_MBS: what pools pay under their speeds, and what that is worth in every market state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.grouping import combine
from pricing.kernel import Kernel, sequential
from pricing.lattice import Lattices
from pricing.pricers import (
    carry,
    debt,
    ladder,
    own_spread,
    pool_paths,
    pool_spreads,
    principal_time,
    state_valued,
)
from pricing.pricers.assembly import assemble
from pricing.pricers.callable_bond import model_of
from pricing.pricers.cells import Cells
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import ProjectedFlow, offsets_of
from pricing.pricers.placing import Placed, on_days
from pricing.pricers.pool_flows import Speed, months
from pricing.pricers.pool_rates import S_CURVE
from pricing.pricers.pool_speeds import (
    ArctanSpeed,
    CurveSpeed,
    Table,
    curve_speed,
    on_rates,
    refinancing,
)
from pricing.pricers.pool_standing import Calendar, Pools, stand
from pricing.pricers.pool_worth import ELEMENTS, GRIDS, worth
from pricing.pricers.projection import Component, project
from pricing.scenarios.market_states import MarketState, StateSet, plain
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

CHUNK = 2048
"""Pools worked on together: the parts of their flows stay below 100 MB."""

MATURED = Failure("MATURED", "no month of the pool is left after the cut")

PARTS = ("INTEREST", "PRINCIPAL", "PREPAYMENT", "RECOVERY")


@dataclass(frozen=True, slots=True)
class Amounts:
    """What rows receive in one state, (flows,) each; `balance` is that after the payment."""

    interest: FloatArray
    principal: FloatArray
    prepaid: FloatArray
    recovered: FloatArray
    balance: FloatArray

    @property
    def repaid(self) -> FloatArray:
        """Return scheduled, prepaid and recovered principal."""
        return np.asarray(self.principal + self.prepaid + self.recovered)

    @property
    def cash(self) -> FloatArray:
        """Return all that is received."""
        return np.asarray(self.interest + self.repaid)


def received(pools: Pools, offsets: npt.NDArray[np.int32], speed: Speed) -> Amounts:
    """Return what pools, longest first, receive under a speed of one column."""
    out = np.zeros((5, int(offsets[-1])))
    position = offsets[:-1].astype(np.int64)
    interest, principal = pools.interest, pools.principal
    for k, month in enumerate(months(pools, speed, 1)):
        rows = month.rows
        at = position[:rows] + k
        out[0, at] = month.interest[:, 0] * interest[:rows]
        out[1, at] = month.principal[:, 0] * principal[:rows]
        out[2, at] = month.prepaid[:, 0] * principal[:rows]
        out[3, at] = month.recovered[:, 0] * principal[:rows]
        out[4, at] = month.performing[:, 0] + month.foreclosure[:, 0]
    return Amounts(*out)


class PoolPricer:
    """Values ABS_MBS."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of pools; both kernels value them month by month."""
        found = debt.context(batch, states, "model", _uses)
        values = np.zeros((len(batch), len(states.axis)))
        pools, matured = stand(batch, np.flatnonzero(found.pool >= 0), states)
        found.failures.update(dict.fromkeys(matured.tolist(), MATURED))
        for index in _groups(batch, pools, found, states):
            chunk = Chunk.of(batch, pools.take(index), found, states)
            chunk.value(Cells(states.axis, values, chunk.pools.rows))
        return assemble(
            batch,
            states.axis,
            values,
            found.failures,
            found.dependencies,
            found.dependency_names,
        )

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the projected flows of a batch of one pool under a scenario."""
        found = debt.context(batch, states, "model", _uses)
        pools, _ = stand(batch, np.flatnonzero(found.pool >= 0), states)
        if not len(pools.rows):
            return []
        chunk = Chunk.of(batch, pools, found, states)
        spread, weights = chunk.own_factors()
        here = plain(chunk.currency, [states.places[scenario]])
        amounts = chunk.amounts(here)
        sign = float(batch.floats("sign")[pools.rows][0])
        parts = (amounts.interest, amounts.principal, amounts.prepaid, amounts.recovered)
        components = [
            Component(kind, chunk.placed.days, part * sign)
            for kind, part in zip(PARTS, parts, strict=True)
        ]
        if chunk.paths:
            option = chunk.option_value(here, chunk.over_paths(here, weights), weights)
            components.append(
                Component("OPTION", np.zeros(1, dtype=np.int64), -option[:, 0] * sign)
            )
        return project(debt.leg(found, float(spread[0])), components, states, scenario)


def _groups(batch: Batch, pools: Pools, found: DebtContext, states: States) -> Iterator[IntpArray]:
    """Yield rows that are worked on together, longest first.

    They share how they are discounted, shocks of speeds and the recovery lag; rows that depend on
    rates also share the rate that refinancing is compared with, and few calendars.
    """
    if not len(pools.rows):
        return
    made = pools.assumptions
    curve = on_rates(made.kind)
    defaults = made.default > 0
    paths = np.where(curve, pools.paths, 0)
    _, grid = pools.calendar.grids()
    _, slope = np.unique(made.slope, return_inverse=True)
    sample, group = combine(
        found.pool[pools.rows],
        batch.column("sector")[pools.rows],
        defaults,
        np.where(defaults, made.lag, 0),
        np.where(curve, made.kind, 0),
        np.where(made.kind == S_CURVE, slope, 0),
        np.where(curve, made.rate_months, 0),
        paths,
    )
    order = np.lexsort((np.where(curve, grid, 0), group))
    edges = np.searchsorted(group[order], np.arange(len(sample) + 1))
    for number, at in enumerate(sample):
        index = order[edges[number] : edges[number + 1]]
        blocks, size = [index], CHUNK
        if curve[at]:
            pool = found.pools[int(found.pool[pools.rows[at]])]
            states_of = states.state_set((pool.currency,), pool.currency, credit=True)
            size = min(max(ELEMENTS // max(len(states_of), 1), 1), CHUNK)
            if paths[at]:
                size = pool_paths.rows_together(int(paths[at]), len(states_of))
            nth = np.cumsum(np.diff(grid[index], prepend=grid[index[0]]) != 0)
            blocks = np.split(index, np.flatnonzero(np.diff(nth // GRIDS)) + 1)
        for block in blocks:
            for first in range(0, len(block), size):
                part = block[first : first + size]
                yield part[np.argsort(-pools.months[part], kind="stable")]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pools of a batch that are worked on together, longest first."""

    batch: Batch
    pools: Pools
    found: DebtContext
    states: States
    placed: Placed
    lattices: Lattices

    @staticmethod
    def of(batch: Batch, pools: Pools, found: DebtContext, states: States) -> Chunk:
        """Return the chunk with its payments placed in the date grid."""
        placed, lattices = _place(pools.calendar, pools.months, states)
        return Chunk(batch, pools, found, states, placed, lattices)

    @property
    def rows(self) -> IntpArray:
        """Return the places of the pools in the batch."""
        return self.pools.rows

    @property
    def currency(self) -> str:
        """Return the currency of the pools."""
        return self.shared.currency

    @property
    def shared(self) -> debt.Pool:
        """Return what the pools are discounted with."""
        return self.found.pools[int(self.found.pool[self.pools.rows[0]])]

    @property
    def paths(self) -> int:
        """Return the paths each pool is valued over, 0 where on the forward curve alone."""
        return int(self.pools.paths[0])

    @property
    def _on_rates(self) -> bool:
        return bool(on_rates(self.pools.assumptions.kind[:1])[0])

    def multiplier(self, states_of: StateSet) -> FloatArray:
        """Return (states,): what scenarios multiply speeds with."""
        sector = self.batch.names.text(int(self.batch.column("sector")[self.rows[0]]))
        return self.states.state_prepayment(self.currency, sector, states_of)

    def curve_speed(self, states_of: StateSet) -> CurveSpeed | ArctanSpeed:
        """Return the speeds of rows that depend on rates, in market states."""
        return curve_speed(self.pools, self.refinancing(states_of), self.multiplier(states_of))

    def refinancing(self, states_of: StateSet) -> Table:
        """Return the forward rates of refinancing in each month."""
        tenor = int(self.pools.assumptions.rate_months[0])
        begins, grid = self.begins()
        return Table(refinancing(self.states, self.shared.curve, begins, tenor, states_of), grid)

    def begins(self) -> tuple[IntArray, IntpArray]:
        """Return days to the start of months (months, calendars), and each row's calendar."""
        sample, grid = self.pools.calendar.grids()
        k = np.arange(int(self.pools.months[0]), dtype=np.int64)[:, None]
        return self.pools.calendar.take(sample).begins(k) - self.states.day, grid

    def amounts(self, state: StateSet) -> Amounts:
        """Return what is received in one market state."""
        if self._on_rates:
            return received(self.pools, self.placed.offsets, self.curve_speed(state))
        return self._under(float(self.multiplier(state)[0]))

    def _under(self, multiplier: float) -> Amounts:
        made, factor = self.pools.assumptions, np.array([multiplier])
        speed: Speed = lambda k, rows, share: made.speed(k, rows, factor)  # noqa: E731
        return received(self.pools, self.placed.offsets, speed)

    def whole(self, states_of: StateSet) -> FloatArray:
        """Return what the whole of each pool receives on the curve (flows,), if rows are strips."""
        every = np.ones(len(self.rows))
        return (
            replace(self, pools=replace(self.pools, interest=every, principal=every))
            .amounts(states_of)
            .cash
        )

    def cash(self, states_of: StateSet) -> FloatArray:
        """Return what is received, on average over paths, (flows, states) in a set of one state."""
        assert len(states_of) == 1
        if self.paths:
            return pool_paths.expected(self, states_of)[:, None]
        return self.amounts(states_of).cash[:, None]

    def part(self, begin: int, end: int) -> Chunk:
        """Return the pools [begin, end)."""
        return Chunk.of(self.batch, self.pools.take(np.arange(begin, end)), self.found, self.states)

    def waiting(self) -> IntArray:
        """Return the days to settlement (rows,)."""
        return debt.settlement_days(self.found, self.rows, self.states)

    def own_factors(self) -> tuple[FloatArray, FloatArray]:
        """Return own spreads (rows,), and the factor by which they discount each flow."""
        return state_valued.own_factors(
            self.batch, self, self.lattices, self.found, self.states,
            lambda: self.quoted(self.amounts(state_valued.base(self.states))),
        )  # fmt: skip

    def early(self, waiting: IntArray) -> IntArray:
        """Return how many payments of each row are made up to settlement."""
        owner = self.placed.owner
        paid = self.placed.days <= waiting[owner]
        return np.bincount(owner[paid], minlength=len(self.rows)).astype(np.int64)

    def quoted(self, base: Amounts) -> own_spread.Quoted:
        """Return what a price refers to: balance and interest accrued at settlement."""
        waiting = self.waiting()
        gone = np.minimum(self.early(waiting), self.pools.months)
        after = self.placed.offsets[:-1] + np.maximum(gone - 1, 0)
        face = np.where(gone > 0, base.balance[after], self.pools.balance)
        return own_spread.Quoted(face, self.accrued(face, gone, waiting))

    def accrued(self, balance: FloatArray, month: IntArray, waiting: IntArray) -> FloatArray:
        """Return interest earned on balances in a month up to some days from now, by 30/360.

        The whole month between its end and its payment; strips of principal earn none.
        """
        begin = self.pools.calendar.begins(month)
        until = np.maximum(self.states.day + waiting, begin)
        share = np.minimum(principal_time.thirty_360(begin, until) * 12.0, 1.0)
        return np.asarray(self.pools.interest * balance * self.pools.coupon * share)

    def value(self, cells: Cells) -> None:
        """Write the cells of the pools."""
        rows, base = self.rows, self.amounts(state_valued.base(self.states))
        spread, weights = self.own_factors()
        states_of = self.states.state_set((self.currency,), self.currency, credit=True)
        error: dict[str, FloatArray] = {}
        if len(states_of):
            if self.paths:
                error = self._put_over_paths(states_of, weights, cells)
            elif self._on_rates:
                self._put_on_rates(states_of, weights, cells)
            else:
                self._put(states_of, base, weights, cells)
        carry.grow_debt(cells, spread, self.found, self.states)
        zero = np.zeros(len(rows), dtype=np.int64)
        if cells.needs("ACCRUED", "CLEAN_PV"):
            accrued = self.accrued(self.pools.balance, zero, zero)
            accrued[self.batch.column("non_accrual")[rows] == 1] = 0.0
            cells.subtract_accrued(accrued)
            cells.fill("ACCRUED", accrued)
        cells.fill("NOTIONAL", self.pools.balance)
        cells.fill("PRINCIPAL", self.pools.balance * self.pools.principal)
        cells.fill("PAST_DUE", self.batch.floats("past_due")[rows])
        waiting = self.waiting()
        if cells.needs("PRINCIPAL_FLOWS", "PRINCIPAL_TIME"):
            principal_time.put(self.placed, base.repaid, waiting, self.states.day, cells)
        sign = self.batch.floats("sign")[rows]
        if ladder.scenarios(cells):
            held = self.pools.balance * self.pools.principal
            ladder.put(self._paid(cells), held, spread, sign, self.found, self.states, cells)
        cells.sign(sign)
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
            growth = own_spread.to_settlement(spread, self.found, rows, waiting)
            quoted = self.quoted(base)
            cells.per_hundred(quoted.face * sign, quoted.accrued * sign, growth)
        cells.fill("SPREAD", spread)
        pool_spreads.put(self, base.cash, spread, cells)
        for place, cell in enumerate(cells.axis.cells):
            if cell.measure == "STANDARD_ERROR" and cell.scenario in error:
                cells.values[rows, place] = error[cell.scenario]

    def _paid(self, cells: Cells) -> ladder.Paid:
        """Return what is received, scenario by scenario; on the forward curve, not over paths."""
        made = [
            self.amounts(plain(self.currency, [self.states.places[code]]))
            for code in ladder.scenarios(cells)
        ]
        return ladder.Paid(
            self.placed.days,
            self.placed.offsets,
            np.stack([amounts.interest for amounts in made], axis=1),
            np.stack([amounts.principal for amounts in made], axis=1),
            np.stack([amounts.prepaid for amounts in made], axis=1),
            np.stack([amounts.recovered for amounts in made], axis=1),
            self._promised()[:, None],
        )

    def _promised(self) -> FloatArray:
        """Return the principal of the schedule, without prepayment or default."""
        made = self.pools.assumptions
        none = replace(made, default=np.zeros_like(made.default))
        stopped: Speed = lambda k, rows, share: np.zeros_like(share)  # noqa: E731
        pools = replace(self.pools, assumptions=none)
        return received(pools, self.placed.offsets, stopped).principal

    def _put(self, states_of: StateSet, base: Amounts, weights: FloatArray, cells: Cells) -> None:
        """Write what values make of flows that are the same wherever speeds are."""
        pool, placed = self.shared, self.placed
        table = self.states.state_table(pool.curve, pool.spread_class, states_of)
        multiplier = self.multiplier(states_of)
        value = np.empty((len(self.rows), len(states_of)))
        settled = np.empty_like(value) if cells.needs("CLEAN_PRICE", "DIRTY_PRICE") else None
        after = placed.days > self.waiting()[placed.owner]
        for factor in np.unique(multiplier):
            at = np.flatnonzero(multiplier == factor)
            amounts = base if factor == 1.0 else self._under(float(factor))
            worth_of = np.ascontiguousarray(table[:, at])
            cash = amounts.cash * weights
            value[:, at] = sequential(cash, placed.slots, placed.offsets, worth_of)
            for weight, _, places in carry.slides(
                self.found, self.rows, placed, self.states, states_of
            ):
                both = np.intersect1d(places, at)
                slid = np.ascontiguousarray(table[:, both])
                value[:, both] += sequential(cash * weight, placed.slots, placed.offsets, slid)
            if settled is not None:
                later = np.where(after, cash, 0.0)
                settled[:, at] = sequential(later, placed.slots, placed.offsets, worth_of)
        states_of.put(cells, value)
        if settled is not None:
            states_of.put_settled(cells, settled / self._to_settlement(states_of))

    def _put_on_rates(self, states_of: StateSet, weights: FloatArray, cells: Cells) -> None:
        """Write what values of flows make that are others in each state."""
        value, soon = self._on_curve(states_of, weights)
        for weight, some, at in carry.slides(
            self.found, self.rows, self.placed, self.states, states_of
        ):
            value[:, at] += self._on_curve(some, weights * weight)[0]
        states_of.put(cells, value)
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
            states_of.put_settled(cells, (value - soon) / self._to_settlement(states_of))

    def _on_curve(self, states_of: StateSet, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return values on the forward curves (rows, states), and the part paid early."""
        speed, discount = self.curve_speed(states_of), self.discount(states_of)
        early = self.early(self.waiting())
        return worth(self.pools, speed, discount, self._own(weights), early, len(states_of))

    def _own(self, weights: FloatArray) -> FloatArray:
        """Return the factor of the own spread of each flow by month (rows, months)."""
        own = np.zeros((len(self.rows), int(self.pools.months[0])))
        own[self.placed.owner, self.placed.payment] = weights
        return own

    def discount(self, states_of: StateSet) -> Table:
        """Return discount factors of each month's payment."""
        days, pool = self.lattices.days, self.shared
        times = days.ravel() / 365.0
        factors = self.states.state_discount(pool.curve, pool.spread_class, times, states_of)
        return Table(factors.reshape(*days.shape, -1), self.lattices.row)

    def curve_factors(self, states_of: StateSet) -> FloatArray:
        """Return discount factors of flows from settlement (flows, states)."""
        pool = self.shared
        table = self.states.state_table(pool.curve, pool.spread_class, states_of)
        return table.take(self.placed.slots, axis=0) / self._to_settlement(states_of)

    def over_paths(self, states_of: StateSet, weights: FloatArray) -> pool_paths.Simulated:
        """Return means over paths in market states."""
        early = self.early(self.waiting())
        return pool_paths.simulate(self, states_of, self._own(weights), early)

    def option_value(
        self, states_of: StateSet, made: pool_paths.Simulated, weights: FloatArray
    ) -> FloatArray:
        """Return (rows, states): the value on the forward curve less that over paths."""
        return np.asarray(self._on_curve(states_of, weights)[0] - made.value)

    def _put_over_paths(
        self, states_of: StateSet, weights: FloatArray, cells: Cells
    ) -> dict[str, FloatArray]:
        """Write what means over paths make; return their standard errors by scenario."""
        scenarios = _asked(cells, self.states)
        more = [MarketState(place) for place in scenarios.values()]
        extra = tuple(state for state in more if state not in states_of.order)
        every = replace(states_of, order=states_of.order + extra)
        made = self.over_paths(every, weights)
        for weight, some, at in carry.slides(
            self.found, self.rows, self.placed, self.states, states_of
        ):
            made.value[:, at] += self.over_paths(some, weights * weight).value
        states_of.put(cells, made.value)
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
            later = (made.value - made.soon) / self._to_settlement(every)
            states_of.put_settled(cells, later)
        base = [every.place(state) for state in more]
        if cells.needs("OPTION_VALUE"):
            part = pool_paths.Simulated(
                made.value[:, base], made.error[:, base], made.soon[:, base]
            )
            option = self.option_value(plain(self.currency, [*scenarios.values()]), part, weights)
            column = dict(zip(scenarios, option.T, strict=True))
            for place, cell in enumerate(cells.axis.cells):
                if cell.measure == "OPTION_VALUE":
                    cells.values[self.rows, place] = column[cell.scenario]
        return dict(zip(scenarios, made.error[:, base].T, strict=True))

    def _to_settlement(self, states_of: StateSet) -> FloatArray:
        pool = self.shared
        at = np.array([self.states.settlement_days(pool.currency) / 365.0])
        return self.states.state_discount(pool.curve, pool.spread_class, at, states_of)


def _uses(states: States, currency: str, model: str) -> tuple[str, ...] | Failure:
    """Return the market objects that paths of a currency's rates depend on."""
    return model_of(states, currency, model) if model else ()


def _asked(cells: Cells, states: States) -> dict[str, int]:
    """Return the scenarios whose option value or standard error is asked for, and their places."""
    return {
        cell.scenario: states.places[cell.scenario]
        for cell in cells.axis.cells
        if cell.measure in ("OPTION_VALUE", "STANDARD_ERROR")
    }


def _place(calendar: Calendar, count: IntArray, states: States) -> tuple[Placed, Lattices]:
    """Return the payments left of rows in date order, and the grids they are on."""
    sample, grid = calendar.grids()
    longest = int(count.max())
    k = np.arange(longest, dtype=np.int64)[:, None]
    days = calendar.take(sample).paid(k) - states.day
    by_grid = np.ascontiguousarray(days.T)
    slots = states.grid.slots(by_grid.ravel())
    offsets = offsets_of(count)
    begin = offsets[:-1].astype(np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    payment = np.arange(int(offsets[-1])) - begin[owner]
    at = payment + grid[owner] * longest
    placed = on_days(
        offsets,
        slots.take(at),
        by_grid.ravel().take(at),
        np.full(len(at), 1.0 / 12.0),
        np.zeros(len(count), dtype=np.int64),
    )
    regular = np.ones(len(count), dtype=np.bool_)
    whole = np.full(days.shape, 1.0 / 12.0)
    return placed, Lattices(grid, regular, np.arange(len(sample)), days, whole)


PRICER: Pricer = PoolPricer()
