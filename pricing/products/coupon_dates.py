"""Coupon dates of bonds and notes: the grid of regular dates, stubs at both ends."""

from __future__ import annotations

from typing import Protocol

from pricing.dates import date_of
from pricing.failure import Refused
from pricing.products.bond_plan import periods_after
from pricing.products.rows import Row
from pricing.products.terms import FREQUENCIES, day_in_month, month_and_day, schedule_row
from pricing.schedule import MAX_PAYMENTS


class CouponTerms(Protocol):
    """Terms from which coupon dates follow; day ordinals, None where they say nothing."""

    @property
    def dated_date(self) -> int: ...  # noqa: D102
    @property
    def maturity_date(self) -> int: ...  # noqa: D102
    @property
    def first_coupon_date(self) -> int | None: ...  # noqa: D102
    @property
    def last_coupon_date(self) -> int | None: ...  # noqa: D102
    @property
    def end_of_month(self) -> bool: ...  # noqa: D102
    @property
    def frequency(self) -> str: ...  # noqa: D102
    @property
    def calendar(self) -> str: ...  # noqa: D102
    @property
    def roll_convention(self) -> str: ...  # noqa: D102
    @property
    def accrual_dates(self) -> str: ...  # noqa: D102
    @property
    def day_count(self) -> str: ...  # noqa: D102


def coupon_schedule(terms: CouponTerms) -> Row:
    """Return the schedule columns of a bond's coupons."""
    months = FREQUENCIES[terms.frequency]
    first, pay_day = _first_coupon(terms, months)
    row = schedule_row(
        start=terms.dated_date,
        first=first,
        pay_day=pay_day,
        months=months,
        maturity=terms.maturity_date,
        calendar=terms.calendar,
        roll=terms.roll_convention,
        accrual_dates=terms.accrual_dates,
        basis=terms.day_count,
        first_field="terms.first_coupon_date",
    )
    if terms.last_coupon_date is not None:
        after = periods_after(terms.last_coupon_date, months, pay_day, terms.maturity_date)
        if after > 3:
            raise Refused(
                "SCHEDULE_INVALID",
                "terms.last_coupon_date: more than four regular periods before maturity",
            )
        # Dates of the grid after the last coupon lie inside a long last period.
        row["payments"] -= after
    return row


def _first_coupon(terms: CouponTerms, months: int) -> tuple[int, int]:
    """Return the first coupon date and the day of the month of the grid.

    The grid is anchored at the last regular coupon (the maturity, unless `last_coupon_date` is
    given) and goes back in whole periods; without `first_coupon_date` the first coupon is the
    earliest date of the grid after the dated date: a short first period.
    """
    start, maturity = terms.dated_date, terms.maturity_date
    if maturity <= start:
        raise Refused(
            "BAD_DATES", f"terms.maturity_date: {date_of(maturity)} is not after {date_of(start)}"
        )
    anchor = maturity if terms.last_coupon_date is None else terms.last_coupon_date
    if not start < anchor <= maturity:
        raise Refused("BAD_DATES", "terms.last_coupon_date: is not between dated_date and maturity")
    month, day = month_and_day(anchor)
    pay_day = 31 if terms.end_of_month else day
    if day_in_month(month, pay_day) != anchor:
        raise Refused("SCHEDULE_INVALID", f"terms.end_of_month: {date_of(anchor)} is no month end")
    back = (month - month_and_day(start)[0]) // months
    if back > MAX_PAYMENTS:
        raise Refused("TERM_TOO_LONG", f"terms.maturity_date: more than {MAX_PAYMENTS} coupons")
    first_month = month - back * months
    if day_in_month(first_month, pay_day) <= start:
        first_month += months
    first = day_in_month(first_month, pay_day)
    if terms.first_coupon_date is not None:
        wanted_month, _ = month_and_day(terms.first_coupon_date)
        on_grid = (month - wanted_month) % months == 0 and wanted_month <= month
        if not on_grid or day_in_month(wanted_month, pay_day) != terms.first_coupon_date:
            raise Refused(
                "SCHEDULE_INVALID", "terms.first_coupon_date: is not on the grid of coupons"
            )
        first = terms.first_coupon_date
        if first <= start:
            raise Refused("BAD_DATES", "terms.first_coupon_date: is not after dated_date")
        if wanted_month - month_and_day(start)[0] > 4 * months:
            raise Refused(
                "SCHEDULE_INVALID",
                "terms.first_coupon_date: the first period is longer than four regular ones",
            )
    return min(first, maturity), pay_day
