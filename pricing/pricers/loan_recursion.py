"""Loans period by period, in one or in every market state: balances, cash, recoveries.

Loans are worked on longest first, so those still paying in a period are a prefix and those that
end in it its tail. Every operation is elementwise over (loans, states): the bits of a loan depend
on neither its neighbours nor the other states. docs/methods/loan.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pricing.pricers.placing import Placed
from pricing.products.loan_default import ORDERS

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

SIMULTANEOUS = ORDERS.index("SIMULTANEOUS")
DEFAULT_FIRST = ORDERS.index("DEFAULT_FIRST")
PREPAYMENT_FIRST = ORDERS.index("PREPAYMENT_FIRST")

PARTS = (
    "INTEREST",
    "PRINCIPAL",
    "PREPAYMENT",
    "PENALTY",
    "RECOVERY",
)
"""What is paid, by kind; a strip takes interest and penalties, or the other three."""
EARNING = "EARNING"
"""What a rate of 1 a year would pay with each payment."""
CASH = "CASH"
"""What the strip takes of all parts."""
OF_PRINCIPAL = ("PRINCIPAL", "PREPAYMENT", "RECOVERY")


@dataclass(frozen=True, slots=True)
class Borrowers:
    """Loans at the start of a projection, columns (rows,).

    `payment` is the level payment in force; `period_rate` turns an annual rate into that of a
    period of the level payment; `survived` is what prepayment has left of the loan so far, for
    burn-out; `lag` counts payments to recovery. `of_interest` and `of_principal` are 1 where the
    strip takes interest and principal, else 0.
    """

    principal: FloatArray
    payment: FloatArray
    period_rate: FloatArray
    pik_rate: FloatArray
    lag: IntArray
    severity: FloatArray
    order: IntArray
    advanced: BoolArray
    survived: FloatArray
    of_interest: FloatArray
    of_principal: FloatArray

    def take(self, index: IntpArray) -> Borrowers:
        """Return the given rows."""
        return Borrowers(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


@dataclass(frozen=True, slots=True)
class Course:
    """What the terms say of each payment, columns (flows,).

    `share` of the balance is repaid, or, where `level`, the level payment less interest. Where
    `recast` that payment is computed anew over `left` payments. Where not `pays` the interest is
    added to the balance, or, where `defers`, due with the payment after. `defaulting` is a share,
    `penalty` of what is prepaid.
    """

    share: FloatArray
    level: BoolArray
    recast: BoolArray
    left: FloatArray
    pays: BoolArray
    defers: BoolArray
    defaulting: FloatArray
    penalty: FloatArray


class RateSource(Protocol):
    """Annual rates by payment."""

    def at(self, k: int, flow: IntArray, rows: IntpArray) -> FloatArray:
        """Return (loans, 1 or states) for payment k of loans: their flows and rows."""
        ...


class PrepaymentSource(Protocol):
    """Shares of the balance that are prepaid."""

    def at(
        self, flow: IntArray, rows: IntpArray, rate: FloatArray, survived: FloatArray
    ) -> FloatArray:
        """Return (loans, 1 or states) at flows of rows paying `rate`, `survived` of them left."""
        ...


@dataclass(frozen=True, slots=True)
class Given:
    """Numbers (flows,) as a source of rates or prepayments that depends on nothing else."""

    numbers: FloatArray

    def at(self, *arguments: object) -> FloatArray:
        """Return (loans, 1)."""
        flow = next(a for a in arguments if isinstance(a, np.ndarray))
        return np.asarray(self.numbers[flow][:, None])


@dataclass(frozen=True, slots=True)
class Projected:
    """Parts (flows, states) by kind, and balances after the last payment (rows, states)."""

    parts: dict[str, FloatArray]
    balance: FloatArray
    payment: FloatArray
    survived: FloatArray


def project(
    loans: Borrowers,
    course: Course,
    placed: Placed,
    rates: RateSource,
    prepayment: PrepaymentSource,
    width: int,
    wanted: Iterable[str] = PARTS,
    *,
    ends: bool = True,
) -> Projected:
    """Return what loans pay in `width` states; with `ends` what is left is due with the last.

    Recoveries after the last payment do not exist: `Course.defaulting` is 0 within the lag of it.
    """
    counts = np.diff(placed.offsets).astype(np.int64)
    begin = placed.offsets[:-1].astype(np.int64)
    order = np.argsort(-counts, kind="stable")
    run = _Run(loans.take(order), course, width, order, counts[order], begin[order])
    parts = {name: np.zeros((len(placed.payment), width)) for name in wanted}
    longest = int(counts.max(initial=0))
    active = np.searchsorted(-run.counts, -np.arange(longest + 1), side="left").tolist()
    for k in range(longest):
        paid = run.step(k, active[k], active[k + 1], course, placed, rates, prepayment, ends)
        flow = run.first[: active[k]] + k
        for name, into in parts.items():
            into[flow] = paid[name]
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return Projected(parts, run.balance[back], run.payment[back], run.survived[back])


class _Run:
    """The state of a projection; rows in the order of their number of payments."""

    def __init__(
        self,
        loans: Borrowers,
        course: Course,
        width: int,
        rows: IntpArray,
        counts: IntArray,
        first: IntArray,
    ) -> None:
        # What no loan has is left out: the terms would be exact zeros and ones.
        self.simple = bool(course.pays.all()) and not loans.pik_rate.any()
        self.defaulting = bool(course.defaulting.any())
        self.loans = loans
        self.rows = rows
        self.counts = counts
        self.first = first

        def wide(column: FloatArray) -> FloatArray:
            return np.repeat(column[:, None], width, axis=1)

        self.balance = wide(loans.principal)
        self.payment = wide(loans.payment)
        self.survived = wide(loans.survived)
        self.deferred = np.zeros_like(self.balance)
        self.pipeline = np.zeros_like(self.balance)
        self.lags = {
            int(lag): np.flatnonzero(loans.lag == lag) for lag in np.unique(loans.lag).tolist()
        }
        self.simultaneous = (loans.order == SIMULTANEOUS)[:, None]
        self.default_first = (loans.order == DEFAULT_FIRST)[:, None]
        self.advanced = loans.advanced[:, None]
        self.scheduled = np.ones_like(self.balance)
        self.defaults: list[FloatArray] = []
        self.kept: list[FloatArray] = []
        self.skipped = 0
        """Payments before the first default: nothing of them is kept."""

    def step(
        self,
        k: int,
        m: int,
        tail: int,
        course: Course,
        placed: Placed,
        rates: RateSource,
        prepayment: PrepaymentSource,
        ends: bool,
    ) -> dict[str, FloatArray]:
        """Move the first `m` rows, of which those from `tail` on end, through payment k."""
        flow, rows = self.first[:m] + k, self.rows[:m]
        rate = rates.at(k, flow, rows)
        owed = self.balance[:m]
        earning = owed * placed.fraction[flow][:, None]
        interest = earning * rate
        repaid = self._repaid(flow, m, rate, interest, course)
        due = interest
        if self.simple:
            if ends:
                repaid[tail:] = owed[tail:]
            after = owed - repaid
        else:
            due, added = self._added(flow, m, tail, earning, interest, course, ends)
            if ends:
                repaid[tail:] = owed[tail:] + added[tail:]
            after = owed - repaid + added
        prepaid = prepayment.at(flow, rows, rate, self.survived[:m])
        paid = {EARNING: earning, "INTEREST": due, "PRINCIPAL": repaid}
        if self.defaulting:
            left = self._with_defaults(
                k, flow, m, rate, repaid, after, prepaid, placed, course, paid
            )
        else:
            paid["PREPAYMENT"] = after * prepaid
            paid["RECOVERY"] = np.zeros((m, 1))
            left = 1.0 - prepaid
        paid["PENALTY"] = paid["PREPAYMENT"] * course.penalty[flow][:, None]
        paid[CASH] = (paid["INTEREST"] + paid["PENALTY"]) * self.loans.of_interest[:m, None]
        principal = paid["PRINCIPAL"] + paid["PREPAYMENT"] + paid["RECOVERY"]
        paid[CASH] += principal * self.loans.of_principal[:m, None]
        np.multiply(after, left, out=self.balance[:m])
        self.payment[:m] *= left
        self.survived[:m] *= left
        if not self.simple:
            self.deferred[:m] *= left
        return paid

    def _added(
        self,
        flow: IntArray,
        m: int,
        tail: int,
        earning: FloatArray,
        interest: FloatArray,
        course: Course,
        ends: bool,
    ) -> tuple[FloatArray, FloatArray]:
        """Return the interest that is due, and what of it is added to the balance instead."""
        pays = course.pays[flow][:, None]
        if ends:
            pays[tail:] = True
        defers = course.defers[flow][:, None] & ~pays
        added = earning * self.loans.pik_rate[:m, None]
        added += np.where(pays | defers, 0.0, interest)
        deferred = self.deferred[:m]
        deferred += np.where(defers, interest, 0.0)
        due = np.where(pays, interest + deferred, 0.0)
        deferred *= np.where(pays, 0.0, 1.0)
        return due, added

    def _with_defaults(
        self,
        k: int,
        flow: IntArray,
        m: int,
        rate: FloatArray,
        repaid: FloatArray,
        after: FloatArray,
        prepaid: FloatArray,
        placed: Placed,
        course: Course,
        paid: dict[str, FloatArray],
    ) -> FloatArray:
        """Take defaults out of what is paid, add recoveries; return what share is left."""
        owed = self.balance[:m]
        share = course.defaulting[flow][:, None]
        together, first = self.simultaneous[:m], self.default_first[:m]
        before = together | first
        performing = np.where(before, 1.0 - share, 1.0)
        left = np.where(
            together, np.maximum(1.0 - share - prepaid, 0.0), (1.0 - share) * (1.0 - prepaid)
        )
        paid["PREPAYMENT"] = after * np.where(
            together,
            np.minimum(prepaid, 1.0 - share),
            np.where(first, prepaid * (1.0 - share), prepaid),
        )
        lost = np.where(before, share * owed, share * (1.0 - prepaid) * after)
        for part in (EARNING, "INTEREST", "PRINCIPAL"):
            paid[part] = paid[part] * performing
        paid["RECOVERY"] = np.zeros_like(owed)
        stays = np.where(owed == 0.0, 1.0, (owed - repaid) / _safe(owed))
        self._defaulted(k, m, lost, stays, rate, placed.fraction[flow][:, None], before, paid)
        return left

    def _repaid(
        self, flow: IntArray, m: int, rate: FloatArray, interest: FloatArray, course: Course
    ) -> FloatArray:
        owed = self.balance[:m]
        repaid = owed * course.share[flow][:, None]
        level = np.flatnonzero(course.level[flow])
        if len(level):
            at = level[course.recast[flow[level]]]
            if len(at):
                annual = np.broadcast_to(rate, owed.shape)[at]
                self.payment[at] = level_payment(
                    owed[at],
                    annual * self.loans.period_rate[at, None],
                    course.left[flow[at]][:, None],
                )
            repaid[level] = self.payment[level] - interest[level]
        np.minimum(repaid, owed, out=repaid)
        return repaid

    def _defaulted(
        self,
        k: int,
        m: int,
        lost: FloatArray,
        stays: FloatArray,
        rate: FloatArray,
        fraction: FloatArray,
        before: BoolArray,
        paid: dict[str, FloatArray],
    ) -> None:
        """Add what defaulted balances pay: advances until they are recovered, and recoveries."""
        if not self.defaults and not lost.any():
            # Nothing has defaulted yet: every term below is 0.
            self.skipped = k + 1
            self.scheduled[:m] *= stays
            return
        advanced = self.advanced[:m]
        pipeline = self.pipeline[:m]
        pipeline += np.where(before, lost, 0.0)
        earning = np.where(advanced, pipeline * fraction, 0.0)
        paid[EARNING] += earning
        paid["INTEREST"] += earning * rate
        recovered = np.zeros_like(lost)
        self.defaults.append(lost)
        self.kept.append(self.scheduled[:m].copy())
        for lag, places in self.lags.items():
            source = k - lag - self.skipped
            if source < 0:
                continue
            at = places[: int(np.searchsorted(places, m))]
            original = self.defaults[source][at]
            amortised = original * (self.kept[-1][at] / _safe(self.kept[source][at]))
            now = np.where(advanced[at], amortised, original)
            loss = np.minimum(original * self.loans.severity[at, None], now)
            paid["RECOVERY"][at] = now - loss
            recovered[at] = now
        pipeline -= np.where(advanced, recovered, 0.0)
        repaid = np.where(advanced, pipeline * (1.0 - stays), 0.0)
        paid["PRINCIPAL"] += repaid
        pipeline -= repaid
        pipeline += np.where(before, 0.0, lost)
        self.scheduled[:m] *= stays


def level_payment(balance: FloatArray, rate: FloatArray, count: FloatArray) -> FloatArray:
    """Return B r / (1 - (1 + r)^-n), and B / n at a rate of 0."""
    flat = rate == 0.0
    safe = np.where(flat, 0.01, rate)
    level = balance * safe / -np.expm1(-count * np.log1p(safe))
    return np.where(flat, balance / count, level)


def _safe(numbers: FloatArray) -> FloatArray:
    return np.where(numbers == 0.0, 1.0, numbers)
