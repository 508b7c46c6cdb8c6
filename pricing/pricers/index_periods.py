"""Periods of indices that rows on one lattice share: each rate is computed once.

A flow is a place among them, found by counting payments: no flow's days are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import calendars, dates
from pricing.batch import Names
from pricing.grouping import combine
from pricing.lattice import Lattices
from pricing.market.indices import Index, IndexKind
from pricing.market.volatility import Volatility
from pricing.pricers.index_rates import NOT_MISSING, Fixing, period_rates
from pricing.pricers.placing import Placed
from pricing.pricers.rate_options import RatePeriods, surface_of
from pricing.products.loan_floating import BY_INDEX
from pricing.products.rate_options import UNLIMITED
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States
from pricing.schedule import Remaining, Schedule

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

UNDEFINED = NOT_MISSING + 1
"""Stands for no day: the surface does not define the rate."""


@dataclass(frozen=True, slots=True)
class IndexPeriods:
    """The distinct periods [start, end) of indices in a chunk, columns (periods,).

    `how` is a place in `conventions`: an index's name, how it is read and with which volatility,
    "" for none; `slot` is the pay date's place in the grid; `low` and `high` limit the index rate.
    """

    start: IntArray
    end: IntArray
    how: IntpArray
    conventions: tuple[tuple[str, Fixing, str], ...]
    slot: IntArray
    low: FloatArray
    high: FloatArray

    def take(self, index: IntpArray) -> IndexPeriods:
        """Return the given periods."""
        return IndexPeriods(
            self.start[index], self.end[index], self.how[index], self.conventions,
            self.slot[index], self.low[index], self.high[index],
        )  # fmt: skip

    def rates(self, states: States, states_of: StateSet) -> tuple[FloatArray, IntArray]:
        """Return index rates (periods, states) inside their limits, and days lacking a fixing.

        A rate whose fixing is missing is 0: who needs it has failed. Where volatility is read it
        is the expectation of the rate inside its limits, and the day is UNDEFINED where a
        lognormal surface defines none.
        """
        out = np.zeros((len(self.start), len(states_of)))
        missing = np.full(len(self.start), NOT_MISSING, dtype=np.int64)
        expected: list[tuple[IntpArray, FloatArray]] = []
        for number, (name, fixing, named) in enumerate(self.conventions):
            if not name:
                continue
            at = np.flatnonzero(self.how == number)
            # Lengths are small numbers, so that combinations are looked up and not sorted.
            sample, place = combine(self.start[at], self.end[at] - self.start[at])
            begin, end = self.start[at[sample]], self.end[at[sample]]
            index = states.market.indices[name]
            found = period_rates(index, fixing, begin, end, states, states_of)
            lacking = found.missing != NOT_MISSING
            rates = found.rates
            rates[lacking] = 0.0
            missing[at] = found.missing[place]
            if len(at) == len(out):
                out = rates.take(place, axis=0)
            else:
                out[at] = rates.take(place, axis=0)
            surface = surface_of(states, index, named)
            if isinstance(surface, Volatility):
                expected.append((at, self._expected(at, out, index, fixing, surface, states,
                                                    states_of)))  # fmt: skip
        if (self.low > -UNLIMITED).any():
            np.maximum(out, self.low[:, None], out=out)
        if (self.high < UNLIMITED).any():
            np.minimum(out, self.high[:, None], out=out)
        for at, rates in expected:
            nowhere = np.isnan(rates).any(axis=1)
            missing[at[nowhere & (missing[at] == NOT_MISSING)]] = UNDEFINED
            rates[nowhere] = 0.0
            out[at] = rates
        return out, missing

    def _expected(
        self,
        at: IntpArray,
        rates: FloatArray,
        index: Index,
        fixing: Fixing,
        surface: Volatility,
        states: States,
        states_of: StateSet,
    ) -> FloatArray:
        """Return the expectations of rates of some periods inside their limits."""
        begin, end = self.start[at], self.end[at]
        sample, place = combine(begin, end, _codes(self.low[at]), _codes(self.high[at]))
        some = at[sample]
        periods = RatePeriods(
            index, fixing, surface, begin[sample], end[sample], end[sample], self.low[some],
            self.high[some],
        )  # fmt: skip
        return periods.expected(rates[some], states, states_of)[place]

    def rates_until(
        self,
        states: States,
        states_of: StateSet,
        period: IntpArray,
        begin: IntArray,
        until: IntArray,
    ) -> FloatArray:
        """Return what daily fixings of periods made from `begin` to a day, in one state.

        NaN for what is not fixed daily, and where no day has passed.
        """
        out = np.full(len(period), np.nan)
        for number, (name, fixing, _) in enumerate(self.conventions):
            if not name or states.market.indices[name].months:
                continue
            at = np.flatnonzero((self.how[period] == number) & (until > begin))
            if not len(at):
                continue
            index = states.market.indices[name]
            found = period_rates(index, fixing, begin[at], until[at], states, states_of)
            rate = np.where(found.missing != NOT_MISSING, 0.0, found.rates[:, 0])
            rate = np.maximum(rate, self.low[period[at]])
            out[at] = np.minimum(rate, self.high[period[at]])
        return out


def reset_at(payment: IntArray, fixed: IntArray, every: IntArray) -> IntArray:
    """Return the first payment of the reset period of each payment; itself while it is fixed."""
    return np.where(payment < fixed, payment, payment - (payment - fixed) % every)


def _grid_day(schedule: Schedule, payment: IntArray) -> IntArray:
    """Return where a period of the grid ends, whatever the loan's start and maturity are."""
    last = dates.FIRST_MONTH + (dates.LAST_YEAR - dates.FIRST_YEAR + 1) * 12 - 1
    month = np.clip(schedule.first_month + payment * schedule.months, dates.FIRST_MONTH, last)
    due = dates.on_day(month, schedule.pay_day)
    if not schedule.accrual_adjusted.any():
        return due
    moved = calendars.adjust(due, schedule.calendar, schedule.roll)
    return np.where(schedule.accrual_adjusted == 1, moved, due)


def _codes(column: FloatArray) -> IntArray:
    return np.unique(column, return_inverse=True)[1].astype(np.int64)


def shared_periods(
    names: Names,
    how: list[IntArray],
    fixed: IntArray,
    every: IntArray,
    schedule: Schedule,
    remaining: Remaining,
    lattices: Lattices,
    placed: Placed,
    states: States,
    began: IntArray,
    low: FloatArray,
    high: FloatArray,
) -> tuple[IntpArray, IndexPeriods]:
    """Return the place of each flow's period, and the periods of a chunk's index rates.

    `how` are the rows' columns of index, lag, arrears, lookback, shifted, lockout, averaged and
    choice of volatility; a rate is set `every` payments after the first `fixed` ones, for the
    period that `began` with a payment (flows,). `low` and `high` (rows,) limit it.
    """
    behind = remaining.first - fixed
    phase = np.where(behind >= 0, behind % every, behind)
    sample, group = combine(lattices.row, phase, every, *how, _codes(low), _codes(high))
    convention_sample, convention = combine(*[column[sample] for column in how])
    longest = np.zeros(len(sample), dtype=np.int64)
    np.maximum.at(longest, group, remaining.count)
    begin = np.concatenate([[0], np.cumsum(longest)])
    source = np.repeat(np.arange(len(sample)), longest)
    step = np.arange(int(begin[-1])) - begin[source]
    at = sample[source]
    grid = schedule.take(at)
    payment = remaining.first[at] + step
    reset = reset_at(payment, fixed[at], every[at])
    start, end = _grid_day(grid, reset - 1), _grid_day(grid, reset + every[at] - 1)
    table = states.grid.slots(lattices.days.T.ravel()).reshape(lattices.days.shape[::-1])
    slot = table[lattices.row[at], step].astype(np.int64)
    counts = np.diff(placed.offsets)
    ahead = np.repeat(begin[group] - placed.offsets[:-1], counts)
    period = ahead + np.arange(len(ahead))
    # The loan's own first and last periods where they are not the grid's.
    due = schedule.maturity == dates.on_day(
        schedule.first_month + (schedule.payments - 1) * schedule.months, schedule.pay_day
    )
    odd_end = ~(due & lattices.regular) & (counts > 0)
    odd_start = _grid_day(schedule, np.full(len(schedule.start), -1)) != schedule.start
    opening = np.flatnonzero(began == 0)
    opening = opening[odd_start[placed.owner[opening]]]
    own = np.unique(np.concatenate([placed.offsets[1:][odd_end] - 1, opening]))
    owner = placed.owner[own]
    part = schedule.take(owner)
    own_start = part.accrual(began[own] - 1)
    own_end = part.accrual(began[own] + every[owner] - 1)
    own_slot = placed.slots[own].astype(np.int64)
    kept, place = combine(group[owner], own_start, own_end - own_start, own_slot)
    period[own] = len(start) + place
    own_at = sample[group[owner[kept]]]
    every_at = np.concatenate([at, own_at])
    indices = [names.text(int(how[0][sample[c]])) for c in convention_sample]
    options = [names.text(int(how[-1][sample[c]])) for c in convention_sample]
    return period.astype(np.intp), IndexPeriods(
        np.concatenate([start, own_start[kept]]),
        np.concatenate([end, own_end[kept]]),
        convention[np.concatenate([source, group[owner[kept]]])],
        tuple(
            (name, _fixing(states, name, *(int(column[sample[c]]) for column in how[1:-1])), named)
            for name, named, c in zip(indices, options, convention_sample, strict=True)
        ),
        np.concatenate([slot, own_slot[kept]]),
        low[every_at],
        high[every_at],
    )


def _fixing(
    states: States,
    name: str,
    lag: int,
    arrears: int,
    lookback: int,
    shifted: int,
    lockout: int,
    averaged: int,
) -> Fixing:
    if not name:
        return Fixing(0, False, 0, False, 0, False)
    index = states.market.indices[name]
    if averaged == BY_INDEX:
        averaged = index.kind is IndexKind.PRIME
    lag = index.fixing_lag_days if lag < 0 else lag
    return Fixing(lag, bool(arrears), lookback, bool(shifted), lockout, bool(averaged))


def used_periods(period: IntpArray, number: int) -> tuple[IntpArray, Int32Array]:
    """Return the periods some flows use, and the flows' places among them."""
    used = np.flatnonzero(np.bincount(period, minlength=number))
    place = np.zeros(number, dtype=np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    return used, place.take(period)
