"""An independent valuation in QuantLib and plain Python: dates, fractions and discounting.

Nothing here uses the library under test. Amounts are plain loops over one instrument's periods,
written from the contract; dates, year fractions and discount factors are QuantLib's.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import QuantLib as ql

Discount = Callable[[ql.Date], float]

DAY_COUNTS = {
    "ACT/365F": ql.Actual365Fixed(),
    "ACT/360": ql.Actual360(),
    "30/360": ql.Thirty360(ql.Thirty360.BondBasis),
    "30E/360": ql.Thirty360(ql.Thirty360.EurobondBasis),
    "ACT/ACT ISDA": ql.ActualActual(ql.ActualActual.ISDA),
}
CALENDARS = {
    "NONE": ql.NullCalendar(),
    "TARGET": ql.TARGET(),
    "US": ql.UnitedStates(ql.UnitedStates.Settlement),
    "US-GOVT": ql.UnitedStates(ql.UnitedStates.GovernmentBond),
}
ROLLS = {
    "UNADJUSTED": ql.Unadjusted,
    "FOLLOWING": ql.Following,
    "MODIFIED_FOLLOWING": ql.ModifiedFollowing,
}


def ql_date(date: dt.date) -> ql.Date:
    """Return the date as QuantLib's."""
    return ql.Date(date.day, date.month, date.year)


@dataclass(frozen=True)
class Shift:
    """A scenario as the oracle applies it: shifts of zero rate (by time), spread and FX."""

    rate: Callable[[float], float] = lambda _: 0.0
    spread: float = 0.0
    fx: float = 1.0


@dataclass(frozen=True)
class Curve:
    """A QuantLib zero curve: continuous Act/365F, linear in the zero rate, flat after the end."""

    as_of: dt.date
    nodes: Sequence[tuple[dt.date, float]]
    handle: ql.ZeroCurve = field(init=False, compare=False)

    def __post_init__(self) -> None:
        first = self.nodes[0][1]
        dates = [ql_date(self.as_of), *(ql_date(date) for date, _ in self.nodes)]
        zeros = [first, *(zero for _, zero in self.nodes)]
        curve = ql.ZeroCurve(
            dates, zeros, ql.Actual365Fixed(), ql.NullCalendar(), ql.Linear(), ql.Continuous
        )
        curve.enableExtrapolation()
        object.__setattr__(self, "handle", curve)

    def discount(self, shift: Shift, spread: float = 0.0) -> Discount:
        """Return the discount factor to a date under a shift and a total zero spread."""
        reference = ql_date(self.as_of)
        last = self.nodes[-1]
        end = (last[0] - self.as_of).days / 365.0

        def factor(date: ql.Date) -> float:
            t = (date - reference) / 365.0
            known = min(t, end)
            zero = self.handle.zeroRate(known, ql.Continuous, ql.NoFrequency).rate()
            return math.exp(-(zero + shift.rate(t) + spread + shift.spread) * t)

        return factor


@dataclass(frozen=True)
class Flow:
    """A payment: its date, interest and principal parts."""

    date: ql.Date
    interest: float
    principal: float

    @property
    def amount(self) -> float:
        """Interest and principal together."""
        return self.interest + self.principal


@dataclass(frozen=True)
class LoanContract:
    """A fixed-rate loan as tonight's state and the contract leave it."""

    balance: float
    rate: float
    accrual_start: dt.date
    first_due: dt.date
    pay_day: int
    payments: int
    months: int
    day_count: str
    calendar: str
    roll: str
    adjusts_accrual: bool
    interest_only: int = 0
    amortisation_payments: int = 0
    style: str = "LEVEL"
    cpr: float = 0.0
    smm: float = 0.0
    psa: float = 0.0
    age: int = 0
    payment: float = 0.0

    def due_dates(self) -> list[ql.Date]:
        """Return the unadjusted due dates on the pay day, or the month's last day."""
        out = []
        month = self.first_due.year * 12 + self.first_due.month - 1
        for k in range(self.payments):
            year, index = divmod(month + k * self.months, 12)
            last = ql.Date.endOfMonth(ql.Date(1, index + 1, year)).dayOfMonth()
            out.append(ql.Date(min(self.pay_day, last), index + 1, year))
        return out

    def prepaid_fraction(self, period: int) -> float:
        """Return the share of the balance prepaid in a period of `months` months."""
        if self.psa:
            survived = 1.0
            for month in range(self.months):
                age = self.age + period * self.months + month
                cpr = self.psa * 0.06 * min(age, 30) / 30.0
                survived *= (1.0 - cpr) ** (1.0 / 12.0)
            return 1.0 - survived
        monthly = self.smm or 1.0 - (1.0 - self.cpr) ** (1.0 / 12.0)
        return float(1.0 - (1.0 - monthly) ** self.months)

    def flows(self) -> list[Flow]:
        """Return the projected payments."""
        calendar, roll = CALENDARS[self.calendar], ROLLS[self.roll]
        counter = DAY_COUNTS[self.day_count]
        periodic = self.rate * self.months / 12.0
        amortising = (self.amortisation_payments or self.payments) - self.interest_only
        level = self.payment or self._annuity(self.balance, periodic, amortising)
        linear = self.balance / amortising
        contract, survived, start = self.balance, 1.0, ql_date(self.accrual_start)
        out = []
        for k, due in enumerate(self.due_dates()):
            paid = calendar.adjust(due, roll)
            end = paid if self.adjusts_accrual else due
            interest = contract * self.rate * counter.yearFraction(start, end)
            if k == self.payments - 1:
                principal = contract
            elif k < self.interest_only or self.style == "BULLET":
                principal = 0.0
            elif self.style == "LINEAR":
                principal = min(linear, contract)
            else:
                principal = min(level - interest, contract)
            contract -= principal
            prepaid = self.prepaid_fraction(k) * contract
            out.append(Flow(paid, survived * interest, survived * (principal + prepaid)))
            survived *= 1.0 - self.prepaid_fraction(k)
            start = end
        return out

    @staticmethod
    def _annuity(balance: float, periodic: float, count: int) -> float:
        if periodic == 0:
            return balance / count
        return balance * periodic / (1.0 - (1.0 + periodic) ** -count)


def present_value(flows: Sequence[Flow], discount: Discount, after: dt.date) -> float:
    """Return the sum of amount x discount over payments after a date."""
    cut = ql_date(after)
    return math.fsum(flow.amount * discount(flow.date) for flow in flows if flow.date > cut)


def absolute_value(flows: Sequence[Flow], discount: Discount, after: dt.date) -> float:
    """Return the sum of |amount x discount|: what tolerances are relative to."""
    cut = ql_date(after)
    return math.fsum(abs(flow.amount * discount(flow.date)) for flow in flows if flow.date > cut)
