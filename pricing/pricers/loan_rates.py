"""Rates of loans payment by payment: their own, and those of an index in every market state.

Loans on one lattice that follow an index alike share its periods: a period's rate is computed
once, and a loan's payment is a place among the shared periods. docs/methods/loan.md has formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import calendars, dates
from pricing.batch import Batch
from pricing.dates import date_of
from pricing.failure import Failure
from pricing.grouping import combine
from pricing.lattice import Lattices
from pricing.market.indices import Index, IndexKind
from pricing.market.volatility import Volatility
from pricing.pricers.index_rates import NOT_MISSING, Fixing, period_rates
from pricing.pricers.placing import Placed
from pricing.pricers.rate_options import RatePeriods, surface_of, undefined
from pricing.pricers.stepped import Stepped
from pricing.products.loan_floating import BY_INDEX
from pricing.products.rate_options import UNLIMITED
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States
from pricing.schedule import Remaining, Schedule

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

_HOW = ("index", "lag", "arrears", "lookback", "shifted", "rate_lockout", "averaged", "options")


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
            sample, place = combine(self.start[at], self.end[at])
            begin, end = self.start[at[sample]], self.end[at[sample]]
            index = states.market.indices[name]
            found = period_rates(index, fixing, begin, end, states, states_of)
            lacking = found.missing != NOT_MISSING
            rates = found.rates
            rates[lacking] = 0.0
            out[at], missing[at] = rates.take(place, axis=0), found.missing[place]
            surface = surface_of(states, index, named)
            if isinstance(surface, Volatility):
                expected.append((at, self._expected(at, out, index, fixing, surface, states,
                                                    states_of)))  # fmt: skip
        np.maximum(out, self.low[:, None], out=out)
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


@dataclass(frozen=True, slots=True)
class LoanRates:
    """How each flow of a chunk earns: columns (flows,) unless said.

    Where `follows`, the index rate of period `period` and `margin`; else the rate `own`. `reset`
    is where a new rate begins. `floor`, `cap`, `down`, `up` and `before` (the rate in force at the
    cut) are (rows,).
    """

    period: IntpArray
    periods: IndexPeriods
    follows: BoolArray
    own: FloatArray
    margin: FloatArray
    reset: BoolArray
    floor: FloatArray
    cap: FloatArray
    down: FloatArray
    up: FloatArray
    before: FloatArray

    @property
    def limited(self) -> BoolArray:
        """Return (rows,): whether a rate depends on the one before it."""
        return np.asarray((self.down < UNLIMITED) | (self.up < UNLIMITED))


def rates_of(
    batch: Batch,
    rows: IntpArray,
    schedule: Schedule,
    remaining: Remaining,
    lattices: Lattices,
    placed: Placed,
    states: States,
    *,
    linked: bool,
) -> tuple[LoanRates, dict[int, Failure]]:
    """Return the rates of loans, and failures by place among `rows`.

    `linked` limits the index by the limits of the rate less the margin, which one margin allows.
    """
    owner, payment = placed.owner, placed.payment
    floating = batch.column("index")[rows] != 0
    fixed = batch.integers("fixed_payments")[rows]
    every = np.maximum(batch.integers("reset_payments")[rows], 1)
    began = _reset_at(payment, fixed[owner], every[owner])
    first_reset = _reset_at(remaining.first, fixed, every)
    daily = _daily(batch, rows, states)
    failures: dict[int, Failure] = {}
    for row in np.flatnonzero(daily & (every > 1)).tolist():
        failures[row] = Failure(
            "TERMS_INVALID", "terms.floating.reset_payments: daily rates are set every payment"
        )
    # A term rate set before the period is the servicer's, where he states it.
    stated = (
        (batch.column("current_known")[rows] == 1)
        & ~daily
        & (batch.column("arrears")[rows] == 0)
        & (schedule.accrual(first_reset - 1) <= states.day)
        & (remaining.first >= fixed)
    )
    known = stated[owner] & (began == first_reset[owner])
    follows = floating[owner] & (payment >= fixed[owner]) & ~known
    rate = batch.floats("rate")[rows]
    plain = Stepped.of(batch, "rate", rate, rows)
    margin = Stepped.of(batch, "rate", batch.floats("margin")[rows], rows)
    stated_rate = batch.column("current_known")[rows] == 1
    in_force = floating[owner] | (stated_rate[owner] & ~_after_step(plain, placed))
    own = np.where(in_force, rate[owner], plain.over(remaining.first, placed.offsets))
    margins = np.where(follows, margin.over(remaining.first, placed.offsets), 0.0)
    low, high = batch.floats("index_floor")[rows], batch.floats("index_cap")[rows]
    floor, cap = batch.floats("rate_floor")[rows], batch.floats("rate_cap")[rows]
    if linked:
        base = batch.floats("margin")[rows]
        lowest = np.where(floor > -UNLIMITED, floor - base, -UNLIMITED)
        highest = np.where(cap < UNLIMITED, cap - base, UNLIMITED)
        # A floor of the rate holds against a cap of the index.
        low, high = np.maximum(low, lowest), np.maximum(np.minimum(high, highest), lowest)
    period, periods = _periods(
        batch, rows, schedule, remaining, lattices, placed, states, began, low, high
    )
    down, up = batch.floats("periodic_down")[rows], batch.floats("periodic_up")[rows]
    limited = floating & ((down < UNLIMITED) | (up < UNLIMITED))
    down = np.where(floating, down, UNLIMITED)
    up = np.where(floating, up, UNLIMITED)
    unknown = limited & (remaining.first > fixed) & (batch.column("current_known")[rows] == 0)
    for row in np.flatnonzero(unknown).tolist():
        failures.setdefault(
            row,
            Failure(
                "TERMS_INVALID",
                "state.current_rate is missing, and periodic limits start at it",
            ),
        )
    reset = follows & (payment == began)
    found = LoanRates(period, periods, follows, own, margins, reset, floor, cap, down, up, rate)
    return found, failures


def missing_rates(
    rates: LoanRates, placed: Placed, missing: IntArray, states: States
) -> dict[int, Failure]:
    """Return the failure of each row (its place in the chunk) that needs a rate there is not."""
    failures: dict[int, Failure] = {}
    if not (missing != NOT_MISSING).any():
        return failures
    lacking = rates.follows & (missing[rates.period] != NOT_MISSING)
    for at in np.flatnonzero(lacking).tolist():
        period = rates.period[at]
        name, _, named = rates.periods.conventions[int(rates.periods.how[period])]
        if missing[period] == UNDEFINED:
            surface = surface_of(states, states.market.indices[name], named)
            assert isinstance(surface, Volatility)
            failures.setdefault(int(placed.owner[at]), undefined(surface))
            continue
        text = f"{name} has no fixing for {date_of(int(missing[period]))}"
        failures.setdefault(int(placed.owner[at]), Failure("FIXING_MISSING", text))
    return failures


def _reset_at(payment: IntArray, fixed: IntArray, every: IntArray) -> IntArray:
    """Return the first payment of the reset period of each payment; itself while it is fixed."""
    return np.where(payment < fixed, payment, payment - (payment - fixed) % every)


def _after_step(steps: Stepped, placed: Placed) -> BoolArray:
    """Return (flows,): whether a step of the rate lies between the next payment and this one."""
    if not steps.any:
        return np.zeros(len(placed.payment), dtype=np.bool_)
    begin = placed.offsets[:-1].astype(np.int64)
    row = np.repeat(np.arange(len(begin)), np.diff(steps.payment.offsets))
    ahead = steps.payment.values.astype(np.int64) - placed.payment[begin[row]]
    inside = np.flatnonzero((ahead > 0) & (ahead < np.diff(placed.offsets)[row]))
    count = np.zeros(len(placed.payment), dtype=np.int64)
    np.add.at(count, begin[row[inside]] + ahead[inside], 1)
    running = np.cumsum(count)
    return np.asarray(running > running[begin][placed.owner])


def _daily(batch: Batch, rows: IntpArray, states: States) -> BoolArray:
    codes, place = np.unique(batch.column("index")[rows], return_inverse=True)
    names = [batch.names.text(int(code)) for code in codes]
    kinds = [bool(name) and states.market.indices[name].months == 0 for name in names]
    return np.array(kinds, dtype=np.bool_)[place]


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


def _periods(
    batch: Batch,
    rows: IntpArray,
    schedule: Schedule,
    remaining: Remaining,
    lattices: Lattices,
    placed: Placed,
    states: States,
    began: IntArray,
    low: FloatArray,
    high: FloatArray,
) -> tuple[IntpArray, IndexPeriods]:
    fixed = batch.integers("fixed_payments")[rows]
    every = np.maximum(batch.integers("reset_payments")[rows], 1)
    behind = remaining.first - fixed
    phase = np.where(behind >= 0, behind % every, behind)
    how = [batch.integers(name)[rows] for name in _HOW]
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
    reset = _reset_at(payment, fixed[at], every[at])
    start, end = _grid_day(grid, reset - 1), _grid_day(grid, reset + every[at] - 1)
    table = states.grid.slots(lattices.days.T.ravel()).reshape(lattices.days.shape[::-1])
    slot = table[lattices.row[at], step].astype(np.int64)
    period = begin[group[placed.owner]] + (placed.payment - remaining.first[placed.owner])
    # The loan's own first and last periods where they are not the grid's.
    due = schedule.maturity == dates.on_day(
        schedule.first_month + (schedule.payments - 1) * schedule.months, schedule.pay_day
    )
    odd_end = ~(due & lattices.regular)
    odd_start = _grid_day(schedule, np.full(len(rows), -1)) != schedule.start
    last = placed.payment == schedule.payments[placed.owner] - 1
    own = np.flatnonzero((last & odd_end[placed.owner]) | ((began == 0) & odd_start[placed.owner]))
    owner = placed.owner[own]
    part = schedule.take(owner)
    period[own] = len(start) + np.arange(len(own))
    own_how = convention[group[owner]]
    low_of, high_of = low[at], high[at]
    names = [batch.names.text(int(how[0][sample[c]])) for c in convention_sample]
    options = [batch.names.text(int(how[-1][sample[c]])) for c in convention_sample]
    return period.astype(np.intp), IndexPeriods(
        np.concatenate([start, part.accrual(began[own] - 1)]),
        np.concatenate([end, part.accrual(began[own] + every[owner] - 1)]),
        np.concatenate([convention[source], own_how]).astype(np.intp),
        tuple(
            (name, _fixing(states, name, *(int(column[sample[c]]) for column in how[1:-1])), named)
            for name, named, c in zip(names, options, convention_sample, strict=True)
        ),
        np.concatenate([slot, placed.slots[own].astype(np.int64)]),
        np.concatenate([low_of, low[owner]]),
        np.concatenate([high_of, high[owner]]),
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
