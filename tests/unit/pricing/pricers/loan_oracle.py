"""A loan in plain Python, one period after the other, with dates and curves of QuantLib.

Written from docs/methods/loan.md and the contract alone; nothing here uses the library under test
but the numbers of its market document.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import QuantLib as ql

from tests.quantlib_oracle import DAY_COUNTS, Curve, Shift, ql_date
from tests.unit.pricing.conftest import DAY, MARKET
from tests.unit.pricing.pricers.loan_cases import SOFR_NODES


def _curve(nodes: list[list[str]]) -> Curve:
    return Curve(DAY, [(dt.date.fromisoformat(day), float(rate)) for day, rate in nodes])


TREASURY = _curve(MARKET["curves"][0]["nodes"])
SOFR = _curve(SOFR_NODES)
FIXINGS = {"SOFR": 0.0425, "PRIME": 0.075, "TERM_SOFR_1M": 0.0432, "TERM_SOFR_12M": 0.051}


@dataclass
class Loan:
    """A monthly loan from `start` with its first payment on `first`."""

    start: dt.date
    first: dt.date
    payments: int
    balance: float
    basis: str
    style: str = "LEVEL_PAY"
    rate: Callable[[int, ql.Date, ql.Date, float, Shift], float] = lambda *_: 0.05
    interest_only: int = 0
    grace: int = 0
    deferred: bool = False
    pik: float = 0.0
    repaid: dict[int, float] = field(default_factory=dict)
    prepaid: Callable[[int, float, ql.Date, Shift, float], float] = lambda *_: 0.0
    penalty: Callable[[ql.Date], float] = lambda _: 0.0
    defaults: Callable[[int], float] = lambda _: 0.0
    order: str = "SIMULTANEOUS"
    lag: int = 0
    severity: float = 0.0
    advanced: bool = False
    recast: Callable[[int], bool] = lambda k: k == 0

    def due(self, k: int) -> ql.Date:
        """Return when payment k is due; the start for -1."""
        if k < 0:
            return ql_date(self.start)
        month = self.first.year * 12 + self.first.month - 1 + k
        year, index = divmod(month, 12)
        end = ql.Date.endOfMonth(ql.Date(1, index + 1, year)).dayOfMonth()
        return ql.Date(min(self.first.day, end), index + 1, year)

    def flows(self, shift: Shift) -> list[tuple[ql.Date, float, float]]:
        """Return date, interest and principal (with penalties to interest, recoveries to
        principal) of each payment."""
        balance, payment, unpaid, survived, rate = self.balance, 0.0, 0.0, 1.0, 0.0
        defaulted: list[tuple[float, float]] = []
        factor, pipeline = 1.0, 0.0
        out = []
        for k in range(self.payments):
            last = k == self.payments - 1
            begin, end = self.due(k - 1), self.due(k)
            tau = DAY_COUNTS[self.basis].yearFraction(begin, end)
            rate = self.rate(k, begin, end, rate, shift)
            interest = balance * rate * tau
            added = balance * self.pik * tau
            first = max(self.interest_only, self.grace)
            left = self.payments - max(k, first)
            principal = 0.0
            if k >= first and self.style == "LEVEL_PAY":
                if k == first or self.recast(k):
                    r = rate / 12.0
                    payment = balance * r / (1.0 - (1.0 + r) ** -left) if r else balance / left
                principal = min(payment - interest, balance)
            elif k >= first and self.style == "LINEAR":
                principal = balance / left
            elif self.style == "CUSTOM" and k in self.repaid:
                principal = self.repaid[k] * balance
            due = interest
            if k < self.grace and not last:
                due = 0.0
                if self.deferred:
                    unpaid += interest
                else:
                    added += interest
            else:
                due, unpaid = due + unpaid, 0.0
            if last:
                principal = balance + added
            after = balance - principal + added
            q = self.prepaid(k, rate, begin, shift, survived)
            d = self.defaults(k)
            stays = (balance - principal) / balance if balance else 1.0
            if self.order == "SIMULTANEOUS":
                new, gone, share = d * balance, q * after, 1.0 - d - q
            elif self.order == "DEFAULT_FIRST":
                new, gone, share = d * balance, q * (1.0 - d) * after, (1.0 - d) * (1.0 - q)
            else:
                new, gone, share = d * (1.0 - q) * after, q * after, (1.0 - d) * (1.0 - q)
            performing = 1.0 if self.order == "PREPAYMENT_FIRST" else 1.0 - d
            due *= performing
            principal *= performing
            due += gone * self.penalty(end)
            defaulted.append((new, factor))
            if self.order != "PREPAYMENT_FIRST":
                pipeline += new
            recovery = 0.0
            if self.advanced:
                due += pipeline * tau * rate
            if k >= self.lag:
                original, then = defaulted[k - self.lag]
                now = original * factor / then if self.advanced else original
                recovery = now - min(original * self.severity, now)
                pipeline -= now if self.advanced else 0.0
            if self.advanced:
                principal += pipeline * (1.0 - stays)
                pipeline *= stays
            if self.order == "PREPAYMENT_FIRST":
                pipeline += new
            factor *= stays
            out.append((end, due, principal + gone + recovery))
            balance, payment, unpaid = after * share, payment * share, unpaid * share
            survived *= share
        return out

    def value(self, shift: Shift | None = None, spread: float = 0.015) -> float:
        """Return the present value under a shift."""
        shift = shift or Shift()
        factor = TREASURY.discount(shift, spread)
        today = ql_date(DAY)
        return sum((i + p) * factor(day) for day, i, p in self.flows(shift) if day > today)


def projection(shift: Shift) -> Callable[[ql.Date], float]:
    """Return discount factors of the SOFR curve under the rate part of a shift."""
    return SOFR.discount(Shift(rate=shift.rate))


def term_rate(begin: ql.Date, months: int, shift: Shift) -> float:
    """Return the simple forward over a term that begins on a day."""
    factor = projection(shift)
    end = begin + ql.Period(months, ql.Months)
    return (factor(begin) / factor(end) - 1.0) / ((end - begin) / 360.0)


def daily_rate(begin: ql.Date, end: ql.Date, fixing: float, shift: Shift) -> float:
    """Return compounded daily rates over a period, fixings up to the valuation date."""
    factor, today = projection(shift), ql_date(DAY)
    growth, day = 1.0, begin
    while day < end:
        rate = fixing if day <= today else (factor(day) / factor(day + 1) - 1.0) * 360.0
        growth *= 1.0 + rate / 360.0
        day = day + 1
    return (growth - 1.0) / ((end - begin) / 360.0)


def swap_rate(begin: ql.Date, shift: Shift) -> float:
    """Return the par rate of a ten-year swap, semiannual 30/360, on the SOFR curve."""
    factor, basis = projection(shift), DAY_COUNTS["30/360"]
    days = [begin + ql.Period(6 * n, ql.Months) for n in range(21)]
    leg = sum(basis.yearFraction(days[n], days[n + 1]) * factor(days[n + 1]) for n in range(20))
    return (factor(begin) - factor(days[-1])) / leg


def logistic(incentive: float, slope: float) -> float:
    """Return 1 / (1 + exp(-slope x incentive))."""
    return 1.0 / (1.0 + math.exp(-slope * incentive))
