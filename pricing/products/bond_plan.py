"""Coupon steps and principal schedules of bonds as numbers of payments."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import Protocol

from pricing.dates import date_of
from pricing.failure import Refused
from pricing.products.rows import Row
from pricing.products.terms import day_in_month, month_and_day

Steps = Sequence[tuple[int, float]]

PLAN = {
    "coupon_payment": "ragged i4",
    "coupon_value": "ragged f8",
    "balance_payment": "ragged i4",
    "balance_value": "ragged f8",
}
"""The columns of a plan in a packed batch.

From payment coupon_payment[j] on the coupon is coupon_value[j]; from payment balance_payment[j] on
the share balance_value[j] of the original face is outstanding.
"""
AMORTISATIONS = ("BULLET", "LINEAR", "LEVEL_PAY", "SHARE_OF_BALANCE", "SCHEDULE")


class PlanTerms(Protocol):
    """Terms from which coupons and principal payments follow."""

    @property
    def coupon(self) -> float: ...  # noqa: D102
    @property
    def coupon_steps(self) -> Steps | None: ...  # noqa: D102
    @property
    def amortisation(self) -> str: ...  # noqa: D102
    @property
    def balance_share(self) -> float | None: ...  # noqa: D102
    @property
    def principal_schedule(self) -> Steps | None: ...  # noqa: D102


def plan(terms: PlanTerms, schedule: Row, payments: int = 0, interest_only: int = 0) -> Row:
    """Return the columns of coupon steps and principal payments.

    `payments` and `interest_only` are of `amortised_balances`.
    """
    found: Row = {}
    if terms.coupon_steps is not None:
        found.update(coupon_plan(terms.coupon_steps, schedule))
    kind, share = terms.amortisation, terms.balance_share
    if (terms.principal_schedule is not None) != (kind == "SCHEDULE"):
        raise Refused("TERMS_INVALID", "terms.principal_schedule: goes with SCHEDULE alone")
    if (share is not None) != (kind == "SHARE_OF_BALANCE"):
        raise Refused("TERMS_INVALID", "terms.balance_share: goes with SHARE_OF_BALANCE alone")
    if terms.principal_schedule is not None:
        found.update(scheduled_balances(terms.principal_schedule, schedule))
    elif kind != "BULLET":
        found.update(
            amortised_balances(kind, share or 0.0, terms.coupon, schedule, payments, interest_only)
        )
    return found


def due_days(schedule: Row) -> list[int]:
    """Return the start and every due date of a schedule row, unadjusted."""
    days = [int(schedule["start"])]
    for k in range(int(schedule["payments"]) - 1):
        month = int(schedule["first_month"]) + k * int(schedule["months"])
        days.append(day_in_month(month, int(schedule["pay_day"])))
    return [*days, int(schedule["maturity"])]


def coupon_plan(steps: Steps, schedule: Row, where: str = "terms.coupon_steps") -> Row:
    """Return the columns of steps of a rate; each must begin with a coupon period."""
    place = {day: k for k, day in enumerate(due_days(schedule)[:-1])}
    for index, (day, _) in enumerate(steps):
        if day not in place:
            raise Refused(
                "SCHEDULE_INVALID",
                f"{where}[{index}]: no coupon period begins on {date_of(day)}",
            )
    return {
        "coupon_payment": [place[day] for day, _ in steps],
        "coupon_value": [rate for _, rate in steps],
    }


def scheduled_balances(payments: Steps, schedule: Row) -> Row:
    """Return the balance columns of [due date, principal per 100 of original face] pairs."""
    place = {day: k for k, day in enumerate(due_days(schedule)[1:])}
    numbers: list[int] = []
    left: list[float] = []
    repaid = 0.0
    for index, (day, amount) in enumerate(payments):
        where = f"terms.principal_schedule[{index}]"
        if day not in place:
            raise Refused("SCHEDULE_INVALID", f"{where}: no coupon is due on {date_of(day)}")
        repaid += amount
        if repaid > 100.0 + 1e-9:
            raise Refused("AMOUNT_OUT_OF_RANGE", f"{where}: more than the face is repaid")
        if place[day] < int(schedule["payments"]) - 1:
            numbers.append(place[day] + 1)
            left.append(max(1.0 - repaid / 100.0, 0.0))
        elif not isclose(repaid, 100.0, abs_tol=1e-9):
            raise Refused("AMOUNT_OUT_OF_RANGE", f"{where}: the face is not repaid at maturity")
    return {"balance_payment": numbers, "balance_value": left}


def amortised_balances(
    kind: str,
    share: float,
    coupon: float,
    schedule: Row,
    payments: int = 0,
    interest_only: int = 0,
) -> Row:
    """Return the balance columns of a rule of amortisation.

    LINEAR repays the face in equal parts; LEVEL_PAY so that principal and interest at the nominal
    rate of a period add up to the same payment; SHARE_OF_BALANCE the same share of what is left.
    The first `interest_only` payments repay nothing; `payments` after them would repay the face
    (0: as many as there are), the last payment repays what is left.
    """
    there = int(schedule["payments"])
    count = payments or there - interest_only
    period = coupon * int(schedule["months"]) / 12.0
    numbers = list(range(interest_only + 1, there))
    left: list[float] = []
    for k in range(1, there - interest_only):
        if k >= count:
            left.append(0.0)
        elif kind == "LINEAR":
            left.append((count - k) / count)
        elif kind == "SHARE_OF_BALANCE":
            left.append((1.0 - share) ** k)
        elif period == 0.0:
            left.append((count - k) / count)
        else:
            whole = 1.0 - (1.0 + period) ** -count
            left.append((1.0 - (1.0 + period) ** (k - count)) / whole)
    return {"balance_payment": numbers, "balance_value": left}


def periods_after(day: int, months: int, pay_day: int, maturity: int) -> int:
    """Return how many dates of the grid of `day` lie after it and before the maturity."""
    month, _ = month_and_day(day)
    count = 0
    while day_in_month(month + (count + 1) * months, pay_day) < maturity:
        count += 1
    return count
