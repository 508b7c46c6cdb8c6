"""Amortised cost of loans: what is outstanding, less what of the discount is not earned yet.

The effective rate equates contractual payments, without prepayment, with the price at the start
(DEFINITIONS, section 4; ASC 310-20-35-18); of a floating loan at the rate it began with. What has
prepaid takes its share of the discount with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.pricers.cells import Cells
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import Int32Array, offsets_of
from pricing.pricers.loan_course import balances
from pricing.pricers.loan_standing import LEVEL_PAY, Amortisation, cut
from pricing.pricers.yields import Yielding, restated
from pricing.products.loan import Path
from pricing.scenarios.states import States
from pricing.schedule import Schedule
from pricing.yield_conventions import YIELD_CONVENTIONS, exponents

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

CODES = ("AMORTISED_COST", "EIR_ANNUAL")
NOT_SOLVED = Failure("YIELD_NOT_SOLVED", "no effective rate reproduces the issue price")
_COMPOUND = YIELD_CONVENTIONS.index("COMPOUND")


def fill(
    batch: Batch, rows: IntpArray, found: DebtContext, states: States, values: FloatArray
) -> None:
    """Write amortised cost and effective rate of loans, of all scenarios alike."""
    if not Cells(states.axis, values, rows).needs(*CODES):
        return
    recovered = batch.column("path")[rows] == Path.RECOVERED
    defaulted = rows[recovered]
    left, _ = cut(batch, rows[~recovered], states)
    outstanding = balances(batch, left)[0].outstanding
    ratio, rate = _issued(batch, left.rows, left.schedule, found, states)
    _write(batch, left.rows, outstanding, ratio, rate, states, values)
    owed, whole = batch.floats("notional")[defaulted], np.ones(len(defaulted))
    _write(batch, defaulted, owed, whole, _own_rate(batch, defaulted), states, values)


def _own_rate(batch: Batch, rows: IntpArray) -> FloatArray:
    """Return the rate that loans began with, compounded once a year."""
    months = batch.integers("months")[rows].astype(np.float64)
    begun = batch.floats("contract_rate")[rows]
    return restated(begun[:, None], 12.0 / months, 1.0)[:, 0]


def _write(
    batch: Batch, rows: IntpArray, outstanding: FloatArray, ratio: FloatArray, rate: FloatArray,
    states: States, values: FloatArray,
) -> None:  # fmt: skip
    def column(name: str) -> FloatArray:
        return batch.floats(name)[rows]

    known = batch.column("discount_known")[rows] == 1
    unearned = np.where(known, column("unamortised"), outstanding * (ratio - 1.0))
    cost = outstanding + unearned + column("cost_adjustments")
    stated = batch.column("cost_known")[rows] == 1
    cells = Cells(states.axis, values, rows)
    cells.fill("AMORTISED_COST", column("sign") * np.where(stated, column("cost"), cost))
    given = batch.column("eir_known")[rows] == 1
    cells.fill("EIR_ANNUAL", np.where(given, column("eir"), rate))


def _issued(
    batch: Batch, rows: IntpArray, schedule: Schedule, found: DebtContext, states: States
) -> tuple[FloatArray, FloatArray]:
    """Return the amortised share of the balance (rows,), and the effective annual rate.

    1 and the contract's own rate where no issue price is given.
    """
    ratio = np.ones(len(rows))
    price = batch.floats("issue_price")[rows] / 100.0
    terms = Amortisation.of(batch, rows, schedule)
    begun = batch.floats("contract_rate")[rows]
    months = schedule.months.astype(np.float64)
    rate = _own_rate(batch, rows)
    at = np.flatnonzero(price > 0.0)
    if not len(at):
        return ratio, rate
    scale = np.where(terms.rate == 0.0, 1.0, begun / np.where(terms.rate == 0.0, 1.0, terms.rate))
    period = np.where(terms.rate == 0.0, begun * months / 12.0, terms.period_rate * scale)
    terms = replace(terms, rate=begun, period_rate=period).take(at)
    plan = _contract(terms, schedule.take(at))
    solved, met = plan.yielding(plan.schedule.start).rate(price[at][:, None])
    for row in rows[at][~met[:, 0]].tolist():
        found.failures.setdefault(row, NOT_SOLVED)
    rate[at] = restated(solved, 12.0 / months[at], 1.0)[:, 0]
    day = np.maximum(np.full(len(at), states.day), plan.schedule.start)
    ratio[at] = plan.carried(day, solved, begun[at])
    return ratio, rate


@dataclass(frozen=True, slots=True)
class _Contract:
    """All contractual payments of loans from their start, per unit of original principal.

    Row i owns flows [offsets[i], offsets[i + 1]); `balance` is before each payment.
    """

    schedule: Schedule
    cash: FloatArray
    balance: FloatArray
    offsets: Int32Array
    owner: IntpArray
    payment: IntArray

    def yielding(self, day: IntArray) -> Yielding:
        """Return what is due after a day of each row, discounted to it by yields."""
        convention = np.full(len(day), _COMPOUND)
        zeros = np.zeros(len(day), dtype=np.int64)
        found = exponents(self.schedule, convention, zeros, day, self.payment, self.owner)
        first = self.schedule.first_due_from(day + 1)
        cash = np.where(self.payment >= first[self.owner], self.cash, 0.0)
        return Yielding(cash, self.offsets, found)

    def carried(self, day: IntArray, rate: FloatArray, coupon: FloatArray) -> FloatArray:
        """Return the carrying amount on a day of each row, per unit of balance.

        On due dates the value at the effective rate of what is left; in between the discount
        earned in the period is spread as its interest is.
        """
        schedule = self.schedule
        first = np.minimum(schedule.first_due_from(day + 1), schedule.payments - 1)
        begin, end = schedule.accrual(first - 1), schedule.accrual(first)
        until = np.maximum(np.minimum(day, end), begin)
        whole = schedule.period_fraction(first)
        part = np.where(until > begin, schedule.fraction(first, begin, until), 0.0)
        elapsed = part / np.where(whole > 0.0, whole, 1.0)
        flow = self.offsets[:-1].astype(np.int64) + first
        balance = self.balance[flow]
        safe = np.where(balance > 0.0, balance, 1.0)
        worth = self.yielding(schedule.due(first - 1)).price(rate)[:, 0]
        after = self.yielding(schedule.due(first)).price(rate)[:, 0]
        income = after + self.cash[flow] - worth
        earned = income - balance * coupon * whole
        return np.where(balance > 0.0, (worth + elapsed * earned) / safe, 1.0)


def _contract(terms: Amortisation, schedule: Schedule) -> _Contract:
    """Return the payments that the contract makes of 1, with what is left due in the last one."""
    count = schedule.payments
    number = int(count.max())
    terms = replace(terms, original=np.ones(len(count)))
    balance = np.ones(len(count))
    payment = terms.payment(balance, np.zeros(len(count), dtype=np.int64))
    level = terms.kind == LEVEL_PAY
    before, cash = np.zeros((len(count), number)), np.zeros((len(count), number))
    for k in range(number):
        at = np.flatnonzero(count > k)
        due = np.full(len(at), k, dtype=np.int64)
        interest = balance[at] * terms.rate[at] * schedule.take(at).period_fraction(due)
        principal = np.where(level[at], payment[at] - interest, payment[at])
        principal[terms.interest_only[at] > k] = 0.0
        last = count[at] == k + 1
        principal = np.where(last, balance[at], np.minimum(principal, balance[at]))
        before[at, k] = balance[at]
        cash[at, k] = interest + principal
        balance[at] -= principal
    made = np.arange(number)[None, :] < count[:, None]
    owner, payments = np.nonzero(made)
    return _Contract(
        schedule, cash[made], before[made], offsets_of(count), owner, payments.astype(np.int64)
    )
