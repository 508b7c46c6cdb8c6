"""Loans as they stand at the cut: the state where it is given, else derived from the terms."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.daycount import CONVENTIONS
from pricing.failure import Failure
from pricing.products.loan import AMORTISATIONS
from pricing.products.loan_prepayment import PREPAYMENTS
from pricing.scenarios.states import States
from pricing.schedule import Remaining, Schedule

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

LEVEL_PAY = AMORTISATIONS.index("LEVEL_PAY")
BULLET = AMORTISATIONS.index("BULLET")
CPR, SMM, PSA = (PREPAYMENTS.index(kind) for kind in ("CPR", "SMM", "PSA"))
PSA_RAMP_MONTHS = 30
MATURED = Failure("MATURED", "no payment is left after the cut")
PSA_CPR = 0.06
MOST = 0.999999
"""No share above this, whatever multiplies a speed."""


@dataclass(frozen=True, slots=True)
class Loans:
    """Loans at the cut, columns (rows,).

    `outstanding` is the whole balance, `principal` what of it is not past due and so projected;
    `payment` is the level payment or, for LINEAR, the principal of each payment; `level` is 1
    where interest comes out of the payment; `interest_only` the payments left without principal;
    `prepaid` the share of the balance prepaid per period; `psa` the PSA speed, else 0; `paid`
    how many payments lie behind; `spread` the own zero spread.
    """

    outstanding: FloatArray
    principal: FloatArray
    rate: FloatArray
    payment: FloatArray
    level: FloatArray
    interest_only: IntArray
    prepaid: FloatArray
    psa: FloatArray
    paid: IntArray
    months: IntArray
    spread: FloatArray

    def take(self, index: IntpArray) -> Loans:
        """Return the given rows."""
        return Loans(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def ramped(self, at: IntpArray, k: int) -> FloatArray:
        """Return the prepaid share of PSA rows in period k from the cut.

        100% PSA is CPR 0.2% per month of age up to 6% at 30 months. Each month of a period
        prepays at its own age; the last one's is the number of the payment times the months.
        """
        months = self.months[at]
        begin = (self.paid[at] + k) * months
        log_kept = np.zeros(len(at))
        for month in range(1, int(months.max(initial=0)) + 1):
            age = np.minimum(begin + month, PSA_RAMP_MONTHS)
            cpr = np.minimum(self.psa[at] * PSA_CPR * (age / PSA_RAMP_MONTHS), 0.999999)
            log_kept += np.where(month <= months, np.log1p(-cpr) * (1.0 / 12.0), 0.0)
        return np.asarray(-np.expm1(log_kept))


def prepaid_in_period(cpr: FloatArray, months: IntArray) -> FloatArray:
    """Return 1 - (1 - CPR)^(months / 12), the share prepaid in a period of some months."""
    return np.asarray(-np.expm1(np.log1p(-cpr) * (months / 12.0)))


@dataclass(frozen=True, slots=True)
class Amortisation:
    """How principal is repaid by contract, columns (rows,)."""

    kind: IntArray
    rate: FloatArray
    period_rate: FloatArray
    payments: IntArray
    interest_only: IntArray
    original: FloatArray

    @staticmethod
    def of(batch: Batch, rows: IntpArray, schedule: Schedule) -> Amortisation:
        """Return the amortisation of rows of a batch.

        The rate of a period for the level payment is rate x months / 12, under a payment basis
        of ACT/360 times 365/360.
        """
        rate = batch.floats("rate")[rows]
        act_360 = batch.column("payment_basis")[rows] == CONVENTIONS.index("ACT/360")
        year = np.where(act_360, 365.0 / 360.0, 1.0)
        return Amortisation(
            batch.integers("amortisation")[rows],
            rate,
            rate * (year * (schedule.months / 12.0)),
            batch.integers("amortising_payments")[rows],
            batch.integers("interest_only")[rows],
            batch.floats("original_principal")[rows],
        )

    def take(self, index: IntpArray) -> Amortisation:
        """Return the given rows."""
        return Amortisation(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def payment(self, balance: FloatArray, first: IntArray) -> FloatArray:
        """Return what repays balances from payment `first` on: level payment or even principal.

        Level payment: B r / (1 - (1 + r)^-n) over the n payments left of the amortisation.
        """
        left = self.payments - np.maximum(first - self.interest_only, 0)
        count = np.maximum(left, 1).astype(np.float64)
        flat = self.period_rate == 0.0
        rate = np.where(flat, 0.01, self.period_rate)
        even = balance / count
        level = balance * rate / -np.expm1(-count * np.log1p(rate))
        payment = np.where((self.kind == LEVEL_PAY) & ~flat, level, even)
        return np.where(self.kind == BULLET, 0.0, payment)

    def balance_before(self, schedule: Schedule, first: IntArray) -> FloatArray:
        """Return the scheduled balance after payments [0, first), without prepayment."""
        balance = self.original.copy()
        payment = self.payment(balance, np.zeros(len(balance), dtype=np.int64))
        level = self.kind == LEVEL_PAY
        for k in range(int(first.max(initial=0))):
            at = np.flatnonzero(first > k)
            fraction = schedule.take(at).period_fraction(np.full(len(at), k, dtype=np.int64))
            interest = balance[at] * self.rate[at] * fraction
            principal = np.where(level[at], payment[at] - interest, payment[at])
            principal[self.interest_only[at] > k] = 0.0
            balance[at] -= np.minimum(principal, balance[at])
        return balance


@dataclass(frozen=True, slots=True)
class Standing:
    """The rows of a batch that have payments left, and how they stand; columns (len(rows),)."""

    rows: IntpArray
    schedule: Schedule
    remaining: Remaining
    loans: Loans

    def take(self, index: IntpArray) -> Standing:
        """Return the given rows."""
        return Standing(
            self.rows[index],
            self.schedule.take(index),
            self.remaining.take(index),
            self.loans.take(index),
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of a batch with payments left, and the first of these; columns (len(rows),)."""

    rows: IntpArray
    schedule: Schedule
    first: IntArray


def cut(batch: Batch, rows: IntpArray, states: States) -> tuple[Cut, IntpArray]:
    """Return which rows have payments left, and which have not.

    The next payment is the first paid after the cut, or the state's next due date if that is
    later; what is due and unpaid before the cut is past due and no part of the value.
    """
    whole = Schedule.of(batch).take(rows)
    first = whole.first_paid_after(states.day, states.inclusive)
    known = batch.column("next_due_known")[rows] == 1
    if known.any():
        due = np.where(known, batch.integers("next_due")[rows], states.day)
        first = np.where(known, np.maximum(first, whole.first_due_from(due)), first)
    alive = np.flatnonzero(first < whole.payments)
    matured = rows[first >= whole.payments]
    return Cut(rows[alive], whole.take(alive), first[alive]), matured


def stand(
    batch: Batch, rows: IntpArray, states: States, scale: float = 1.0
) -> tuple[Standing, IntpArray]:
    """Return how rows stand at the cut, and the rows that have nothing left.

    `scale` multiplies the prepayment speeds of the terms.
    """
    left, matured = cut(batch, rows, states)
    rows, schedule, first = left.rows, left.schedule, left.first
    remaining = Remaining.of(schedule, first)
    terms = Amortisation.of(batch, rows, schedule)
    outstanding = batch.floats("principal")[rows]
    past_due = batch.floats("past_due_principal")[rows]
    derived = np.flatnonzero(batch.column("principal_known")[rows] == 0)
    if len(derived):
        scheduled = terms.take(derived).balance_before(schedule.take(derived), first[derived])
        # What is past due was to be repaid by now: it comes on top of the scheduled balance.
        outstanding[derived] = scheduled + past_due[derived]
    principal = np.maximum(outstanding - past_due, 0.0)
    given = batch.floats("payment")[rows]
    usable = (given >= 0.0) & (terms.kind == LEVEL_PAY) & (first >= terms.interest_only)
    prepaid, psa = _prepayment(batch, rows, schedule.months, scale)
    loans = Loans(
        outstanding=outstanding,
        principal=principal,
        rate=terms.rate,
        payment=np.where(usable, given, terms.payment(principal, first)),
        level=(terms.kind == LEVEL_PAY).astype(np.float64),
        interest_only=np.maximum(terms.interest_only - first, 0),
        prepaid=prepaid,
        psa=psa,
        paid=first,
        months=schedule.months,
        spread=batch.floats("spread")[rows],
    )
    return Standing(rows, schedule, remaining, loans), matured


def _prepayment(
    batch: Batch, rows: IntpArray, months: IntArray, scale: float
) -> tuple[FloatArray, FloatArray]:
    """Return the share prepaid per period (0 for PSA) and the PSA speeds."""
    kind = batch.column("prepayment")[rows]
    speed = batch.floats("prepayment_speed")[rows]
    if scale != 1.0:
        speed = np.where(kind == PSA, speed * scale, np.minimum(speed * scale, MOST))
    prepaid = np.zeros(len(rows))
    cpr = np.flatnonzero(kind == CPR)
    prepaid[cpr] = prepaid_in_period(speed[cpr], months[cpr])
    smm = np.flatnonzero(kind == SMM)
    prepaid[smm] = -np.expm1(np.log1p(-speed[smm]) * months[smm])
    return prepaid, np.where(kind == PSA, speed, 0.0)
