"""Rates of loans payment by payment: their own, and those of an index in every market state.

Loans on one lattice that follow an index alike share its periods: a period's rate is computed
once, and a loan's payment is a place among the shared periods. docs/methods/loan.md has formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.dates import date_of
from pricing.failure import Failure
from pricing.lattice import Lattices
from pricing.market.volatility import Volatility
from pricing.pricers.index_periods import UNDEFINED, IndexPeriods, reset_at, shared_periods
from pricing.pricers.index_rates import NOT_MISSING
from pricing.pricers.placing import Placed
from pricing.pricers.rate_options import surface_of, undefined
from pricing.pricers.stepped import Stepped
from pricing.products.rate_options import UNLIMITED
from pricing.scenarios.states import States
from pricing.schedule import Remaining, Schedule

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

_HOW = ("index", "lag", "arrears", "lookback", "shifted", "rate_lockout", "averaged", "options")


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
    began = reset_at(payment, fixed[owner], every[owner])
    first_reset = reset_at(remaining.first, fixed, every)
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
    period, periods = shared_periods(
        batch.names, [batch.integers(name)[rows] for name in _HOW], fixed, every, schedule,
        remaining, lattices, placed, states, began, low, high,
    )  # fmt: skip
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
