"""A chunk of loans with terms of any kind: what they pay in market states, and their cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pricing.axis import BASE
from pricing.batch import Batch
from pricing.failure import Failure
from pricing.lattice import Lattices
from pricing.pricers import debt
from pricing.pricers.debt import DebtContext
from pricing.pricers.index_rates import NOT_MISSING
from pricing.pricers.loan_course import Balances, borrowers, course, usable_payment
from pricing.pricers.loan_prepayment import StatePrepayment
from pricing.pricers.loan_rates import LoanRates, missing_rates, rates_of
from pricing.pricers.loan_recursion import (
    CASH,
    EARNING,
    OF_PRINCIPAL,
    PARTS,
    Borrowers,
    Course,
    Given,
    PrepaymentSource,
    Projected,
    project,
)
from pricing.pricers.loan_speeds import Ages, prepaid
from pricing.pricers.loan_standing import Cut
from pricing.pricers.own_spread import Quoted
from pricing.pricers.placing import Placed, place
from pricing.products.loan import Path
from pricing.scenarios.market_states import StateSet, plain
from pricing.scenarios.states import States
from pricing.schedule import Remaining

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]


_NONE = np.zeros(0, dtype=np.intp)


@dataclass(slots=True)
class StateRates:
    """Rates of loans in market states; limits of a reset need the rate before it, kept here."""

    rates: LoanRates
    table: FloatArray
    before: FloatArray
    limited: BoolArray

    @staticmethod
    def of(rates: LoanRates, table: FloatArray) -> StateRates:
        """Return the rates of a table (periods, states), before the first payment."""
        before = np.repeat(rates.before[:, None], table.shape[1], axis=1)
        return StateRates(rates, table, before, rates.limited)

    def at(self, k: int, flow: IntArray, rows: IntpArray) -> FloatArray:
        """Return (loans, states): rates at flows of rows."""
        rates = self.rates
        rate = self.table.take(rates.period[flow], axis=0)
        rate += rates.margin[flow][:, None]
        limited = np.flatnonzero(self.limited[rows]) if self.limited.any() else _NONE
        if len(limited):
            at = rows[limited]
            before = self.before[at]
            moved = np.maximum(rate[limited], before - rates.down[at][:, None])
            moved = np.minimum(moved, before + rates.up[at][:, None])
            rate[limited] = np.where(rates.reset[flow[limited]][:, None], moved, before)
        np.maximum(rate, rates.floor[rows][:, None], out=rate)
        np.minimum(rate, rates.cap[rows][:, None], out=rate)
        given = np.flatnonzero(~rates.follows[flow])
        rate[given] = rates.own[flow[given]][:, None]
        if len(limited):
            self.before[rows[limited]] = rate[limited]
        return rate


@dataclass(frozen=True, slots=True)
class Chunk:
    """Loans of one path, sorted by pool; columns (rows,) but for those of flows."""

    batch: Batch
    left: Cut
    remaining: Remaining
    lattices: Lattices
    placed: Placed
    found: DebtContext
    states: States
    path: Path
    balances: Balances
    borrowers: Borrowers
    course: Course
    rates: LoanRates
    scale: float

    @staticmethod
    def of(
        batch: Batch,
        left: Cut,
        remaining: Remaining,
        lattices: Lattices,
        balances: Balances,
        found: DebtContext,
        states: States,
        path: Path,
        scale: float,
    ) -> Chunk:
        """Return the chunk with its flows in the date grid; note failures of its rows."""
        rows, schedule = left.rows, left.schedule
        placed = place(remaining, lattices, states)
        rates, failures = rates_of(
            batch, rows, schedule, remaining, lattices, placed, states,
            linked=path is Path.LINKED,
        )  # fmt: skip
        note(found, rows, failures)
        usable = usable_payment(batch, left)
        terms = course(batch, rows, schedule, placed, left.first, rates.reset, usable)
        start = borrowers(batch, left, balances.principal, balances.survived)
        return Chunk(
            batch, left, remaining, lattices, placed, found, states, path, balances, start,
            terms, rates, scale,
        )  # fmt: skip

    @property
    def rows(self) -> IntpArray:
        """Return the places of the loans in the batch."""
        return self.left.rows

    def table(self, states_of: StateSet) -> FloatArray:
        """Return index rates (periods, states); note the rows that lack a fixing."""
        table, missing = self.rates.periods.rates(self.states, states_of)
        note(self.found, self.rows, missing_rates(self.rates, self.placed, missing, self.states))
        return table

    def note_missing(self, periods: IntpArray, missing: IntArray) -> None:
        """Note the rows that lack a fixing, given the days `missing` of some periods."""
        days = np.full(len(self.rates.periods.start), NOT_MISSING)
        days[periods] = missing
        note(self.found, self.rows, missing_rates(self.rates, self.placed, days, self.states))

    def fixed_prepayment(self) -> Given:
        """Return the shares prepaid where they depend on no market state."""
        ages = self._ages()
        return Given(prepaid(self.batch, self.rows, ages, self._due(), self.scale))

    def _ages(self) -> Ages:
        owner, payment = self.placed.owner, self.placed.payment
        months = self.left.schedule.months[owner]
        return Ages(owner, payment, payment - self.remaining.first[owner], months)

    def _due(self) -> IntArray:
        return self.left.schedule.take(self.placed.owner).due(self.placed.payment)

    def prepayment(self, states_of: StateSet) -> PrepaymentSource:
        """Return the shares prepaid in market states."""
        if self.path is not Path.RECURSIVE:
            return self.fixed_prepayment()
        return StatePrepayment.of(
            self.batch, self.rows, self.left.schedule, self.placed, self._ages(), self._due(),
            self.states, states_of,
        )  # fmt: skip

    def projected(
        self,
        states_of: StateSet,
        wanted: Iterable[str] = PARTS,
    ) -> Projected:
        """Return the parts of what is paid (flows, states), before the strip."""
        rates = StateRates.of(self.rates, self.table(states_of))
        return project(
            self.borrowers, self.course, self.placed, rates, self.prepayment(states_of),
            len(states_of), wanted,
        )  # fmt: skip

    def balanced(self) -> dict[str, FloatArray]:
        """Return the parts (flows,) that no rate changes, and EARNING, before the strip."""
        zero = Given(np.zeros(len(self.placed.payment)))
        wanted = (EARNING, *(part for part in PARTS if part != "INTEREST"))
        done = project(
            self.borrowers, self.course, self.placed, zero, self.fixed_prepayment(), 1, wanted
        )
        return {name: part[:, 0] for name, part in done.parts.items()}

    def cash(self, states_of: StateSet) -> FloatArray:
        """Return what is paid to us (flows, states)."""
        return self.projected(states_of, (CASH,)).parts[CASH]

    def principal(self, states_of: StateSet) -> FloatArray:
        """Return our scheduled, prepaid and recovered principal (flows, states)."""
        parts = self.projected(states_of, OF_PRINCIPAL).parts
        total = parts["PRINCIPAL"] + parts["PREPAYMENT"] + parts["RECOVERY"]
        return np.asarray(total * self.borrowers.of_principal[self.placed.owner][:, None])

    def contractual(self, states_of: StateSet) -> FloatArray:
        """Return the principal of the contract, without prepayment or default (flows, states)."""
        rates = StateRates.of(self.rates, self.table(states_of))
        nothing = np.zeros(len(self.placed.payment))
        promised = replace(self.course, defaulting=nothing, penalty=nothing)
        done = project(
            self.borrowers, promised, self.placed, rates, Given(nothing), len(states_of),
            ("PRINCIPAL",),
        )  # fmt: skip
        return done.parts["PRINCIPAL"]

    def part(self, begin: int, end: int) -> Chunk:
        """Return the loans [begin, end) without placing their flows again."""
        index = np.arange(begin, end)
        first, last = int(self.placed.offsets[begin]), int(self.placed.offsets[end])
        flows = slice(first, last)
        rates, terms, held = self.rates, self.course, self.balances
        return Chunk(
            self.batch,
            Cut(self.left.rows[index], self.left.schedule.take(index), self.left.first[index]),
            self.remaining.take(index),
            self.lattices,
            self.placed.part(begin, end),
            self.found,
            self.states,
            self.path,
            Balances(held.outstanding[index], held.principal[index], held.survived[index]),
            self.borrowers.take(index),
            Course(
                terms.share[flows], terms.level[flows], terms.recast[flows], terms.left[flows],
                terms.pays[flows], terms.defers[flows], terms.defaulting[flows],
                terms.penalty[flows],
            ),
            LoanRates(
                rates.period[flows], rates.periods, rates.follows[flows], rates.own[flows],
                rates.margin[flows], rates.reset[flows], rates.floor[index], rates.cap[index],
                rates.down[index], rates.up[index], rates.before[index],
            ),
            self.scale,
        )  # fmt: skip

    def base(self) -> StateSet:
        """Return the state of the market as it is."""
        return plain("", [self.states.places[BASE]])

    def settlement(self) -> IntArray:
        """Return the days to settlement (rows,)."""
        return debt.settlement_days(self.found, self.rows, self.states)

    def quoted(self) -> Quoted:
        """Return what a price per 100 refers to: balance and interest accrued, at settlement.

        What is paid up to settlement is the seller's: it is neither in the price nor in the
        balance.
        """
        waiting = self.settlement()
        face = self.balances.principal.copy()
        begin = self.placed.offsets[:-1]
        if (self.placed.days[begin] <= waiting).any():
            wanted = ("PRINCIPAL", "PREPAYMENT")
            parts = self.projected(self.base(), wanted).parts
            repaid = (parts["PRINCIPAL"] + parts["PREPAYMENT"])[:, 0]
            repaid[self.placed.days > waiting[self.placed.owner]] = 0.0
            face -= np.add.reduceat(repaid, begin)
        return Quoted(face, self.accrued(waiting, face))

    def accrued(self, waiting: IntArray, face: FloatArray) -> FloatArray:
        """Return the interest earned on balances some days after the valuation date, at BASE.

        From the last due date; a rate of daily fixings by what they made so far.
        """
        schedule, first = self.left.schedule, self.remaining.first
        day = self.states.day + waiting
        now = first.copy()
        for one in np.unique(day[waiting > 0]):
            at = np.flatnonzero(day == one)
            now[at] = np.maximum(first[at], schedule.take(at).first_paid_after(int(one), False))
        at = np.flatnonzero(now < schedule.payments)
        within = schedule.take(at)
        begin, end = within.accrual(now[at] - 1), within.accrual(now[at])
        until = np.minimum(np.maximum(day[at], begin), end)
        fraction = np.where(until > begin, within.fraction(now[at], begin, until), 0.0)
        flow = self.placed.offsets[:-1].astype(np.int64)[at] + (now - first)[at]
        rate = self._rate_at(at.astype(np.intp), flow, now[at] - first[at], begin, until)
        out = np.zeros(len(day))
        out[at] = face[at] * rate * fraction
        return out * self.borrowers.of_interest

    def _rate_at(
        self, at: IntpArray, flow: IntArray, ahead: IntArray, begin: IntArray, until: IntArray
    ) -> FloatArray:
        """Return the BASE rates of flows `ahead` payments after the next, daily ones to a day."""
        states_of = self.base()
        table = self.table(states_of)
        periods = self.rates.periods
        rates = self.rates
        numbers = rates.period[flow]
        moved = periods.rates_until(self.states, states_of, numbers, begin, until)
        rate = np.zeros(len(at))
        source = StateRates.of(rates, table)
        for k in range(int(ahead.max(initial=-1)) + 1):
            has = np.flatnonzero(ahead >= k)
            rate[has] = source.at(k, flow[has] - ahead[has] + k, at[has])[:, 0]
        daily = np.flatnonzero(~np.isnan(moved) & rates.follows[flow])
        so_far = moved[daily] + rates.margin[flow[daily]]
        so_far = np.maximum(so_far, rates.floor[at[daily]])
        rate[daily] = np.minimum(so_far, rates.cap[at[daily]])
        return rate


def note(found: DebtContext, rows: IntpArray, failures: dict[int, Failure]) -> None:
    """Note failures by place among rows."""
    for row, failure in failures.items():
        found.failures.setdefault(int(rows[row]), failure)
