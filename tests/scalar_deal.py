"""A deal paid by a scalar waterfall: the second oracle of the array one.

One loan at a time and one dollar stream at a time, in plain floats; nothing is shared with the
library. Collateral runs through tests/scalar_pool.py's conventions of prepayment and default.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests import scalar_pool
from tests.scalar_pool import Zero, add_months


@dataclass
class Distribution:
    """What a payment date distributes: by tranche, fees, and what the collateral brought."""

    date: dt.date
    interest: list[float]
    principal: list[float]
    balance: list[float]
    fees: float
    collected: float
    bought: float
    called: float
    reserve: float


class Deal:
    """A deal of terms as the product reads them (texts of numbers)."""

    def __init__(self, terms: Mapping[str, Any], as_of: dt.date, zero: Zero) -> None:
        self.terms, self.as_of, self.zero = terms, as_of, zero
        self.start = dt.date.fromisoformat(terms["accrual_start_date"])
        self.period = int(terms.get("payment_months", 1))

    def number(self, name: str, default: float = 0.0) -> float:
        found = self.terms.get(name)
        return default if found is None else float(found)

    def index(self, month: int, months: int, fixed: float) -> float:
        """Return the simple forward rate of a period, or the fixed one if it has begun."""
        begin = (add_months(self.start, month) - self.as_of).days
        if begin <= 0:
            return fixed
        end = (add_months(self.start, month + months) - self.as_of).days
        growth = math.exp(self.zero(end / 365) * end / 365 - self.zero(begin / 365) * begin / 365)
        return (growth - 1.0) * 12.0 / months

    def collections(self, fixed: float) -> list[list[float]]:
        """Return interest, principal, losses and balance after of each month of all lines."""
        longest = max(int(line["months"]) for line in self.terms["collateral"])
        out = [[0.0, 0.0, 0.0, 0.0] for _ in range(longest)]
        for line in self.terms["collateral"]:
            months, kind = int(line["months"]), line.get("amortisation", "LEVEL_PAY")
            floating = line.get("rate_kind", "FIXED") == "FLOATING"
            level = float(line["rate"]) if kind == "LEVEL_PAY" else 0.0
            pool = scalar_pool.Pool(
                self.start, float(line["balance"]), level, 12.0, months,
                int(line.get("age", 0)), self.terms.get("prepayment") or {"kind": "NONE"},
                self.terms.get("default"), 0,
                math.inf if kind == "BULLET" else line.get("amortisation_months"),
            )  # fmt: skip
            for k, paid in enumerate(pool.run(self.as_of, self.zero)):
                rate = float(line["rate"])
                if floating:
                    index = max(self.index(k, 1, fixed), float(line.get("index_floor", -0.99)))
                    rate = max(rate + index, 0.0)
                # A coupon of 12 a year makes the interest of a month the balance that earns it.
                out[k][0] += paid.interest * rate / 12.0
                out[k][1] += paid.principal + paid.prepaid + paid.recovered
                out[k][2] += paid.lost
                out[k][3] += paid.performing + paid.foreclosure
        return out

    def run(self, fixed: float = 0.0) -> list[Distribution]:
        """Return the distributions of the deal, from the accrual start on."""
        months = self.collections(fixed)
        maturity = int(self.terms.get("reinvestment_maturity") or 0)
        revolving = int(self.terms.get("reinvestment_months", 0))
        count = max(len(months), maturity if revolving else 0)
        count = -(-count // self.period) * self.period
        months += [[0.0] * 4 for _ in range(count - len(months))]
        tranches = self.terms["tranches"]
        balance = [float(t["balance"]) for t in tranches]
        short = [0.0] * len(tranches)
        reserve, unpaid, losses, over = self.number("reserve_balance"), 0.0, 0.0, False
        before = sum(float(line["balance"]) for line in self.terms["collateral"])
        original = self.number("original_collateral", before)
        bought = interest = principal = lost = 0.0
        out: list[Distribution] = []
        speeds = scalar_pool.Pool(
            self.start, 1.0, float(self.terms["collateral"][0]["rate"]), 0.0,
            int(self.terms["collateral"][0]["months"]),
            int(self.terms["collateral"][0].get("age", 0)),
            self.terms.get("prepayment") or {"kind": "NONE"}, self.terms.get("default"),
        )  # fmt: skip
        for k, month in enumerate(months):
            live = 0.0 if over else 1.0
            interest += month[0] * live
            principal += month[1] * live
            lost += month[2] * live
            if revolving:
                rate = self.number("reinvestment_rate")
                if self.terms.get("reinvestment_rate_kind") == "FLOATING":
                    rate += self.index(k, 1, fixed)
                interest += bought * rate / 12.0
                defaulted = bought * speeds.mdr(k)
                severity = float((self.terms.get("default") or {}).get("severity", 0.0))
                lost += defaulted * severity
                principal += defaulted * (1.0 - severity)
                bought -= defaulted
                gone = 1.0 if k + 1 >= maturity else speeds.smm(k, 0.0, 1.0, 1.0)
                principal += bought * gone
                bought *= 1.0 - gone
            if (k + 1) % self.period:
                continue
            years = self.period / 12.0
            after = month[3] * live + bought
            if after < 1e-10 * original:
                after = 0.0
            losses += lost
            brought = interest + principal
            purse = [interest, principal, reserve]

            def take(due: float, purse: list[float] = purse) -> float:
                got = 0.0
                for place in range(3):
                    part = min(due - got, purse[place])
                    purse[place] -= part
                    got += part
                return got

            due = self.number("senior_fee") * years * before + unpaid
            fees = take(due)
            unpaid = due - fees
            paid, repaid = [0.0] * len(tranches), [0.0] * len(tranches)
            owed = due_so_far = 0.0
            failed = False
            begin = k + 1 - self.period
            for i, tranche in enumerate(tranches[:-1]):
                coupon = self.coupon(tranche, begin, fixed)
                due = balance[i] * coupon * years + short[i] * (1.0 + coupon * years)
                if tranche.get("kind") == "Z" and owed > 0.0:
                    moved = min(due, purse[0])
                    purse[0] -= moved
                    purse[1] += moved
                    balance[i] += due
                    short[i] = 0.0
                else:
                    got = take(due)
                    paid[i] += got
                    short[i] = due - got
                    due_so_far += due
                owed += balance[i]
                needed = 0.0
                if tranche.get("oc_trigger"):
                    needed = max(owed - (after + purse[1]) / float(tranche["oc_trigger"]), 0.0)
                ic_trigger = tranche.get("ic_trigger")
                if ic_trigger and interest - fees < float(ic_trigger) * due_so_far:
                    needed = owed
                failed = failed or needed > 0.0
                cure = min(needed, purse[0])
                purse[0] -= cure
                owed -= cure
                for j in range(len(tranches) - 1):
                    part = min(cure, balance[j])
                    balance[j] -= part
                    repaid[j] += part
                    cure -= part
            cash, prin, reserve = purse
            if after <= 0.0:
                prin += reserve
                reserve = 0.0
            change = min(self.number("reserve_target") * after - reserve, cash)
            cash -= change
            reserve += change
            junior = min(self.number("subordinated_fee") * years * before, cash)
            paid[-1] += cash - junior
            spent = prin if not failed and k + 1 <= revolving and after > 0.0 else 0.0
            prin -= spent
            left, called = after + spent, 0.0
            if not over and 0.0 < left <= self.number("clean_up_call") * original:
                over, called = True, left
                prin += called + reserve
                reserve = 0.0
            prin = self.principal(prin, len(out), losses / original, balance, repaid)
            for i in range(len(tranches) - 1):
                part = min(short[i], prin)
                short[i] -= part
                paid[i] += part
                prin -= part
            repaid[-1] += prin
            balance[-1] = max(balance[-1] - prin, 0.0)
            date = add_months(self.start, k + 1)
            date += dt.timedelta(days=int(self.terms.get("payment_delay_days", 0)))
            out.append(
                Distribution(
                    date,
                    paid,
                    repaid,
                    list(balance),
                    fees + junior,
                    brought,
                    spent,
                    called,
                    reserve,
                )
            )
            bought = 0.0 if over else bought + spent
            before = (0.0 if over else month[3]) + bought
            interest = principal = lost = 0.0
        return out

    def coupon(self, tranche: Mapping[str, Any], begin: int, fixed: float) -> float:
        if tranche.get("margin") is None:
            return float(tranche["coupon"])
        rate = float(tranche["margin"]) + self.index(begin, self.period, fixed)
        return min(max(rate, float(tranche.get("floor", 0.0))), float(tranche.get("cap", 1.0)))

    def principal(
        self, cash: float, number: int, loss: float, balance: list[float], repaid: list[float]
    ) -> float:
        """Share principal between the notes; return what is left of it."""
        tranches = self.terms["tranches"]

        def give(place: int, most: float, cash: float) -> float:
            part = min(most, cash)
            balance[place] -= part
            repaid[place] += part
            return cash - part

        notes = range(len(tranches) - 1)
        pacs = [i for i in notes if tranches[i].get("kind") == "PAC"]
        others = [i for i in notes if i not in pacs]
        for i in pacs:
            plan = tranches[i]["planned_balances"]
            target = float(plan[number]) if number < len(plan) else 0.0
            cash = give(i, max(balance[i] - target, 0.0), cash)
        trigger = self.terms.get("loss_trigger")
        if self.terms.get("principal_rule") == "PRO_RATA" and (
            trigger is None or loss <= float(trigger)
        ):
            total = sum(balance[i] for i in others)
            ratio = min(cash / total, 1.0) if total > 0.0 else 0.0
            for i in others:
                cash = give(i, balance[i] * ratio, cash)
        for i in (*others, *pacs):
            cash = give(i, balance[i], cash)
        return cash
