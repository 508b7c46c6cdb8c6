"""The waterfall of deals: what fees, tranches and residual receive, payment by payment.

Arrays are (deals, states) and there is one of them per tranche; the loops are over payments and
over seniority. Every operation is elementwise: a deal's bits do not depend on the deals beside
it. The rules are those of docs/methods/structured.md, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.products.structured import KINDS

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

PAC, Z = KINDS.index("PAC"), KINDS.index("Z")


@dataclass(frozen=True, slots=True)
class Notes:
    """One place in the order of seniority, columns (deals, 1); kinds differ by deal."""

    kind: FloatArray
    oc: FloatArray
    ic: FloatArray


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of deals that the waterfall reads, columns (deals, 1)."""

    notes: tuple[Notes, ...]
    senior_fee: FloatArray
    subordinated_fee: FloatArray
    reserve_rate: FloatArray
    reinvestment_months: FloatArray
    loss_trigger: FloatArray
    clean_up_call: FloatArray
    original: FloatArray
    pro_rata: BoolArray


@dataclass(frozen=True, slots=True)
class Collected:
    """What one period brought (deals, states): cash, and the collateral before and after it."""

    interest: FloatArray
    principal: FloatArray
    before: FloatArray
    after: FloatArray
    lost: FloatArray


@dataclass(slots=True)
class Payment:
    """Who received what in one payment: lists by tranche of (deals, states).

    `bought` is spent on new collateral, `called` received for the collateral of a called deal;
    `reserve` is the account after the payment.
    """

    interest: list[FloatArray]
    principal: list[FloatArray]
    balance: list[FloatArray]
    fees: FloatArray
    bought: FloatArray
    called: FloatArray
    reserve: FloatArray


class Waterfall:
    """The accounts of deals between payments."""

    def __init__(
        self, rules: Rules, balances: Sequence[FloatArray], reserve: FloatArray, states: int
    ) -> None:
        """Start from balances and reserves (deals, 1) at the accrual start."""
        shape = (len(reserve), states)
        self._rules = rules
        self._balance = [np.broadcast_to(balance, shape).copy() for balance in balances]
        self._short = [np.zeros(shape) for _ in balances]
        self._reserve = np.broadcast_to(reserve, shape).copy()
        self._unpaid = np.zeros(shape)
        self._lost = np.zeros(shape)
        self.called = np.zeros(shape, dtype=np.bool_)

    def pay(
        self,
        month: int,
        years: float,
        collected: Collected,
        rates: Sequence[FloatArray],
        planned: Sequence[FloatArray],
    ) -> Payment:
        """Return who receives what at the end of a period of `years` that ends with `month`.

        `rates` are the coupons and `planned` the planned balances by tranche.
        """
        rules = self._rules
        cash, principal = collected.interest.copy(), collected.principal.copy()
        self._lost += collected.lost
        purse = _Purse(cash, principal, self._reserve)
        due = rules.senior_fee * years * collected.before + self._unpaid
        fees = purse.take(due)
        self._unpaid = due - fees
        paid = [np.zeros_like(cash) for _ in self._balance]
        repaid = [np.zeros_like(cash) for _ in self._balance]
        failed = self._interest(years, collected, rates, purse, fees, paid, repaid)
        over = collected.after <= 0.0
        principal += np.where(over, self._reserve, 0.0)
        self._reserve[over] = 0.0
        change = np.maximum(rules.reserve_rate * collected.after, 0.0) - self._reserve
        change = np.minimum(change, cash)
        cash -= change
        self._reserve += change
        junior = np.minimum(rules.subordinated_fee * years * collected.before, cash)
        cash -= junior
        paid[-1] += cash
        bought = np.where(~failed & (month <= rules.reinvestment_months) & ~over, principal, 0.0)
        principal -= bought
        left = collected.after + bought
        limit = rules.clean_up_call * rules.original
        calls = ~self.called & (left > 0.0) & (left <= limit)
        called = np.where(calls, left, 0.0)
        self.called |= calls
        principal += called + np.where(calls, self._reserve, 0.0)
        self._reserve[calls] = 0.0
        self._principal(principal, planned, paid, repaid)
        return Payment(
            paid, repaid, [balance.copy() for balance in self._balance], fees + junior, bought,
            called, self._reserve.copy(),
        )  # fmt: skip

    def _interest(
        self,
        years: float,
        collected: Collected,
        rates: Sequence[FloatArray],
        purse: _Purse,
        fees: FloatArray,
        paid: list[FloatArray],
        repaid: list[FloatArray],
    ) -> BoolArray:
        """Pay interest in order and cure failed tests; return where one had failed."""
        shape = purse.cash.shape
        available = collected.interest - fees
        owed, due_so_far = np.zeros(shape), np.zeros(shape)
        failed = np.zeros(shape, dtype=np.bool_)
        for place, notes in enumerate(self._rules.notes[:-1]):
            balance = self._balance[place]
            accrued = balance * rates[place] * years
            due = accrued + self._short[place] * (1.0 + rates[place] * years)
            accretes = (notes.kind == Z) & (owed > 0.0)
            diverted = np.where(accretes, np.minimum(due, purse.cash), 0.0)
            purse.cash -= diverted
            purse.principal += diverted
            received = purse.take(np.where(accretes, 0.0, due))
            self._short[place] = np.where(accretes, 0.0, due - received)
            balance += np.where(accretes, due, 0.0)
            paid[place] += received
            due_so_far += np.where(accretes, 0.0, due)
            owed += balance
            needed = np.zeros(shape)
            if (notes.oc > 0.0).any():
                covered = (collected.after + purse.principal) / np.where(
                    notes.oc > 0.0, notes.oc, 1.0
                )
                needed = np.where(notes.oc > 0.0, np.maximum(owed - covered, 0.0), 0.0)
            short = (notes.ic > 0.0) & (available < notes.ic * due_so_far)
            needed = np.where(short, owed, needed)
            failed |= needed > 0.0
            cure = np.minimum(needed, purse.cash)
            purse.cash -= cure
            owed -= cure
            self._repay(cure, repaid)
        return failed

    def _repay(self, amount: FloatArray, repaid: list[FloatArray]) -> FloatArray:
        """Repay notes in their order; return what is left of the amount."""
        for place in range(len(self._balance) - 1):
            part = np.minimum(amount, self._balance[place])
            self._balance[place] -= part
            repaid[place] += part
            amount = amount - part
        return amount

    def _principal(
        self,
        amount: FloatArray,
        planned: Sequence[FloatArray],
        paid: list[FloatArray],
        repaid: list[FloatArray],
    ) -> None:
        """Share principal: PACs to their plan, the others by the rule, PACs again, residual.

        What is left pays deferred interest before the residual.
        """
        rules = self._rules
        for place, notes in enumerate(rules.notes[:-1]):
            if (notes.kind == PAC).any():
                wanted = np.maximum(self._balance[place] - planned[place], 0.0)
                amount = self._give(place, np.where(notes.kind == PAC, wanted, 0.0), amount, repaid)
        together = rules.pro_rata & (self._lost <= rules.loss_trigger * rules.original)
        if together.any():
            others = [np.where(n.kind == PAC, 0.0, 1.0) for n in rules.notes[:-1]]
            total = sum(
                (other * b for other, b in zip(others, self._balance, strict=False)),
                np.zeros_like(amount),
            )
            ratio = np.minimum(amount / np.where(total > 0.0, total, 1.0), 1.0)
            for place, other in enumerate(others):
                share = np.where(together, self._balance[place] * ratio * other, 0.0)
                amount = self._give(place, share, amount, repaid)
        for pac in (False, True):
            for place, notes in enumerate(rules.notes[:-1]):
                turn = (notes.kind == PAC) == pac
                if turn.any():
                    wanted = np.where(turn, self._balance[place], 0.0)
                    amount = self._give(place, wanted, amount, repaid)
        for place, short in enumerate(self._short[:-1]):
            part = np.minimum(short, amount)
            short -= part
            paid[place] += part
            amount = amount - part
        repaid[-1] += amount
        self._balance[-1] = np.maximum(self._balance[-1] - amount, 0.0)

    def _give(
        self, place: int, wanted: FloatArray, amount: FloatArray, repaid: list[FloatArray]
    ) -> FloatArray:
        part = np.minimum(wanted, amount)
        self._balance[place] -= part
        repaid[place] += part
        return amount - part


@dataclass(slots=True)
class _Purse:
    """Cash for fees and interest: interest first, then principal, then the reserve account."""

    cash: FloatArray
    principal: FloatArray
    reserve: FloatArray

    def take(self, due: FloatArray) -> FloatArray:
        """Return what can be paid of an amount, and take it."""
        total = np.zeros_like(due)
        for source in (self.cash, self.principal, self.reserve):
            part = np.minimum(np.maximum(due - total, 0.0), source)
            source -= part
            total += part
        return total
