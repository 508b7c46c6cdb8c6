"""What schedules of loans and bonds have in common when terms become a row."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pricing.calendars import CALENDARS, ROLLS
from pricing.dates import date_of, on_day
from pricing.daycount import CONVENTIONS, PERIODIC
from pricing.failure import Refused
from pricing.products.rows import Row
from pricing.schedule import MAX_PAYMENTS

FREQUENCIES = {"MONTHLY": 1, "QUARTERLY": 3, "SEMIANNUAL": 6, "ANNUAL": 12}
ACCRUAL_DATES = ("UNADJUSTED", "ADJUSTED")


@lru_cache(maxsize=65536)
def month_and_day(day: int) -> tuple[int, int]:
    """Return the month index (months since 1970-01) and the day of the month."""
    date = date_of(day)
    return (date.year - 1970) * 12 + date.month - 1, date.day


@lru_cache(maxsize=65536)
def day_in_month(month: int, pay_day: int) -> int:
    """Return the ordinal of `pay_day` in a month index, or of the month's last day."""
    return int(on_day(np.array([month]), pay_day)[0])


def payments_to(first_month: int, months: int, pay_day: int, maturity: int) -> int:
    """Return how many payments run from the first to the maturity, which is always the last."""
    at = (month_and_day(maturity)[0] - first_month) // months
    if at >= MAX_PAYMENTS:
        raise Refused(
            "TERM_TOO_LONG",
            f"terms.maturity_date: more than {MAX_PAYMENTS} payments to {date_of(maturity)}",
        )
    while at >= 0 and day_in_month(first_month + at * months, pay_day) >= maturity:
        at -= 1
    count = at + 2
    if count > MAX_PAYMENTS:
        raise Refused(
            "TERM_TOO_LONG",
            f"terms.maturity_date: more than {MAX_PAYMENTS} payments to {date_of(maturity)}",
        )
    return count


def schedule_row(
    *,
    start: int,
    first: int,
    pay_day: int,
    months: int,
    maturity: int,
    calendar: str,
    roll: str,
    accrual_dates: str,
    basis: str,
    first_field: str = "terms.first_payment_date",
) -> Row:
    """Return the schedule columns of a row; `first` is the first due date on the grid."""
    first_month, _day = month_and_day(first)
    if maturity <= start:
        raise Refused(
            "BAD_DATES", f"terms.maturity_date: {date_of(maturity)} is not after {date_of(start)}"
        )
    if first <= start:
        raise Refused(
            "BAD_DATES", f"{first_field}: {date_of(first)} is not after the start {date_of(start)}"
        )
    if first > maturity:
        raise Refused("BAD_DATES", f"{first_field}: {date_of(first)} is after the maturity")
    if first != maturity and day_in_month(first_month, pay_day) != first:
        raise Refused(
            "SCHEDULE_INVALID", f"{first_field}: {date_of(first)} is not on day {pay_day}"
        )
    if month_and_day(maturity)[0] - month_and_day(start)[0] > MAX_PAYMENTS:
        raise Refused("TERM_TOO_LONG", "terms.maturity_date: more than 100 years after the start")
    if first_month - month_and_day(start)[0] > 4 * months:
        raise Refused(
            "SCHEDULE_INVALID",
            f"{first_field}: the first period is longer than four regular ones",
        )
    return {
        "start": start,
        "first_month": first_month,
        "months": months,
        "pay_day": pay_day,
        "maturity": maturity,
        "payments": payments_to(first_month, months, pay_day, maturity),
        "calendar": CALENDARS.index(calendar),
        "roll": ROLLS.index(roll),
        # Periodic conventions count coupon periods, which moved dates do not change.
        "accrual_adjusted": accrual_dates == "ADJUSTED" and basis not in PERIODIC,
        "basis": CONVENTIONS.index(basis),
    }
