"""A pool valued month by month by plain recursion: the second oracle of the array pricer.

Balances are walked one loan balance at a time, as the Standard Formulas write them, with the level
payment computed again each month; nothing here is shared with the library.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Zero = Callable[[float], float]


def linear_zero(as_of: dt.date, nodes: Sequence[Sequence[str]], shift: float = 0.0) -> Zero:
    """Return the zero rate by years: linear between nodes, flat beyond them, plus a shift."""
    times = [(dt.date.fromisoformat(day) - as_of).days / 365.0 for day, _ in nodes]
    rates = [float(rate) for _, rate in nodes]

    def zero(t: float) -> float:
        at = bisect_right(times, t)
        if at == 0:
            return rates[0] + shift
        if at == len(times):
            return rates[-1] + shift
        share = (t - times[at - 1]) / (times[at] - times[at - 1])
        return rates[at - 1] + share * (rates[at] - rates[at - 1]) + shift

    return zero


def add_months(day: dt.date, months: int) -> dt.date:
    """Return the day some months later, on the same day or the month's last."""
    month = day.year * 12 + day.month - 1 + months
    year, month = divmod(month, 12)
    later = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (later - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))


@dataclass
class Paid:
    """What a month pays, and the balances after it."""

    date: dt.date
    interest: float
    principal: float
    prepaid: float
    recovered: float
    lost: float
    performing: float
    foreclosure: float


@dataclass
class Pool:
    """A pool as its terms say, numbers of tonight: balance, months left, age."""

    start: dt.date
    balance: float
    wac: float
    coupon: float
    months: int
    age: int
    prepayment: Mapping[str, Any] = field(default_factory=lambda: {"kind": "NONE"})
    default: Mapping[str, Any] | None = None
    delay: int = 0
    amortisation: float | None = None
    strip: str = "WHOLE"

    def smm(
        self, k: int, rate: float, survival: float, multiplier: float, left: float = 1.0
    ) -> float:
        """Return the SMM of month k when new money costs `rate`.

        `left` is the balance before it as a share of tonight's.
        """
        terms = self.prepayment
        kind, month = terms["kind"], self.age + k + 1
        if kind == "NONE" or month <= int(terms.get("lockout", 0)):
            return 0.0
        if kind == "S_CURVE":
            low, high = (
                1.0 - (1.0 - float(terms[name])) ** (1.0 / 12.0) for name in ("lowest", "highest")
            )
            saving = self.wac - rate - float(terms.get("mortgage_spread", 0.0))
            slope, centre = float(terms.get("slope", 150)), float(terms.get("centre", 0.01))
            speed = low + (high - low) / (1.0 + math.exp(-slope * (saving - centre)))
            speed *= min(month / max(int(terms.get("seasoning", 0)), 1), 1.0)
            lost = float(terms.get("burnout", 0.0))
            return min(speed * multiplier * (1.0 - lost * (1.0 - survival)), 1.0)
        if kind == "RICHARD_ROLL":
            return 1.0 - (1.0 - self.richard_roll(k, rate, left) * multiplier) ** (1.0 / 12.0)
        vector = terms.get("vector") or [terms["speed"]]
        speed = float(vector[min(k, len(vector) - 1)]) * multiplier
        if kind == "SMM":
            return min(speed, 1.0)
        if kind == "ABS":
            left = 1.0 - speed * (month - 1)
            return 1.0 if left <= speed else speed / left
        if kind == "PSA":
            speed *= 0.06 * min(month / 30.0, 1.0)
        return 1.0 - (1.0 - min(speed, 1.0)) ** (1.0 / 12.0)

    def richard_roll(self, k: int, rate: float, left: float) -> float:
        """Return the CPR of Richard and Roll (1989) with its published numbers.

        `factor` of the prepayment is tonight's balance over the original one.
        """
        incentive = 0.28 + 0.14 * math.atan(-8.57 + 430.0 * (self.wac - rate))
        age = min(1.0, (self.age + k + 1) / 30.0)
        month = (0.94, 0.76, 0.74, 0.95, 0.98, 0.92, 0.98, 1.10, 1.18, 1.22, 1.23, 0.98)[
            add_months(self.start, k).month - 1
        ]
        burnout = 0.3 + 0.7 * left * float(self.prepayment.get("factor", 1.0))
        return incentive * age * month * burnout

    def mdr(self, k: int) -> float:
        """Return the MDR of month k."""
        terms = self.default
        if terms is None or k >= self.months - int(terms.get("recovery_lag", 12)):
            return 0.0
        vector = terms.get("vector") or [terms["speed"]]
        speed = float(vector[min(k, len(vector) - 1)])
        if terms["kind"] == "MDR":
            return min(speed, 1.0)
        if terms["kind"] == "SDA":
            month = self.age + k + 1
            if month <= 60:
                speed *= 0.006 * min(month / 30.0, 1.0)
            else:
                speed *= 0.006 - (min(month, 120) - 60) * (0.006 - 0.0003) / 60.0
        return 1.0 - (1.0 - min(speed, 1.0)) ** (1.0 / 12.0)

    def run(
        self,
        as_of: dt.date,
        zero: Zero,
        multiplier: float = 1.0,
        moved: Sequence[float] | None = None,
    ) -> list[Paid]:
        """Return the months of the pool when rates are those of a curve.

        `moved` is what a path adds to the rate of refinancing of each month.
        """
        i, terms = self.wac / 12.0, self.default or {}
        left = self.amortisation or self.months
        lag, severity = int(terms.get("recovery_lag", 12)), float(terms.get("severity", 0.0))
        advances = bool(terms.get("advances", True))
        performing, untouched = self.balance, 1.0
        waiting: list[list[float]] = []
        out: list[Paid] = []
        tenor = float(self.prepayment.get("rate_tenor", 10))
        for k in range(self.months):
            n = left - k
            share = 1.0 / n if i == 0.0 else i / ((1.0 + i) ** n - 1.0)
            if k == self.months - 1:
                share = 1.0
            begin = max((add_months(self.start, k) - as_of).days, 0) / 365.0
            far = begin + tenor
            rate = (zero(far) * far - zero(begin) * begin) / tenor
            rate += moved[k] if moved else 0.0
            new = performing * self.mdr(k)
            smm = self.smm(k, rate, untouched, multiplier, performing / self.balance)
            smm = min(smm, 1.0 - self.mdr(k))
            interest_on = (
                performing + sum(item[1] for item in waiting) if advances else (performing - new)
            )
            waiting.append([new, new])
            settled = waiting.pop(0) if len(waiting) > lag else [0.0, 0.0]
            lost = min(severity * settled[0], settled[1])
            advanced = 0.0
            if advances:
                for item in waiting:
                    advanced += item[1] * share
                    item[1] -= item[1] * share
            scheduled = (performing - new) * share
            prepaid = performing * (1.0 - share) * smm
            untouched *= 1.0 - smm - self.mdr(k)
            performing -= new + scheduled + prepaid
            whole, po = self.strip != "PO", self.strip != "IO"
            out.append(
                Paid(
                    add_months(self.start, k + 1) + dt.timedelta(days=self.delay),
                    interest_on * self.coupon / 12.0 * whole,
                    (scheduled + advanced) * po,
                    prepaid * po,
                    (settled[1] - lost) * po,
                    lost,
                    performing,
                    sum(item[1] for item in waiting),
                )
            )
        return out

    def value(self, as_of: dt.date, zero: Zero, spread: float, multiplier: float = 1.0) -> float:
        """Return what the months are worth on a curve plus a spread."""
        total = 0.0
        for paid in self.run(as_of, zero, multiplier):
            t = (paid.date - as_of).days / 365.0
            cash = paid.interest + paid.principal + paid.prepaid + paid.recovered
            total += cash * math.exp(-(zero(t) + spread) * t)
        return total
