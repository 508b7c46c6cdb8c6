"""FIXED_BOND: a bond with a fixed coupon and one redemption.

docs/methods/bond.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.dates import date_of
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields
from pricing.products.fields import CALENDAR, DAY_COUNT, ROLL, about, declared
from pricing.products.rows import DEBT_AND_SCHEDULE, Packed, Row, debt_row
from pricing.products.rows import pack as pack_rows
from pricing.products.state import DebtState, check_credit
from pricing.products.terms import (
    ACCRUAL_DATES,
    FREQUENCIES,
    day_in_month,
    month_and_day,
    schedule_row,
)
from pricing.schedule import MAX_PAYMENTS

PRODUCT_TYPE = "FIXED_BOND"

COLUMNS = {**DEBT_AND_SCHEDULE, "face": "f8", "coupon": "f8", "redemption": "f8"}


@dataclass(frozen=True, slots=True)
class BondTerms:
    """What the bond's conditions say; dates are day ordinals once read."""

    dated_date: int = declared("date", "when the first coupon starts to accrue")
    maturity_date: int = declared("date", "when the bond is redeemed, unadjusted")
    coupon: float = declared("rate", "annual coupon, decimal")
    day_count: str = declared("choice", "day count of coupons", **DAY_COUNT)
    frequency: str = declared("choice", "coupon period", "SEMIANNUAL", choices=tuple(FREQUENCIES))
    first_coupon_date: int | None = declared(
        "date", "first coupon where the first period is irregular", None
    )
    last_coupon_date: int | None = declared(
        "date", "last coupon before a maturity off the grid of coupons", None
    )
    end_of_month: bool = declared("flag", "coupons at month ends", False)
    redemption: float = declared("number", "per 100 of face", 100.0, positive=True, high=1e4)
    calendar: str = declared("choice", "business days of payments", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how pay dates are moved", "UNADJUSTED", **ROLL)
    accrual_dates: str = declared(
        "choice", "whether interest runs to moved dates", "UNADJUSTED", choices=ACCRUAL_DATES
    )
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class BondState(DebtState):
    """What is true of the holding tonight; `quantity` is face, short positions negative."""

    quantity: float | None = declared("amount", "face held", None, needed=True)


def read(position: PositionInput) -> tuple[BondTerms, BondState]:
    """Return typed terms and state; raise Refused where they are not a bond."""
    terms = fields.read(BondTerms, position.terms, "terms")
    state = fields.read(BondState, position.state, "state", open_ended=True)
    return terms, state


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of bonds, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms, state = read(position)
    check_credit(state)
    if state.quantity is None:
        raise Refused("TERMS_INVALID", "state.quantity is missing")
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
    )
    row.update(debt_row(state, terms.discount_curve, names))
    row.update(
        face=state.quantity,
        notional=state.quantity,
        coupon=terms.coupon,
        redemption=terms.redemption,
    )
    return row


def _first_coupon(terms: BondTerms, months: int) -> tuple[int, int]:
    """Return the first coupon date and the day of the month of the grid.

    The grid is anchored at the last regular coupon (the maturity, unless `last_coupon_date` is
    given) and goes back in whole periods; without `first_coupon_date` the first coupon is the
    earliest date of the grid after the dated date: a short first period.
    """
    start, maturity = terms.dated_date, terms.maturity_date
    if maturity <= start:
        raise Refused("BAD_DATES", f"maturity {date_of(maturity)} is not after {date_of(start)}")
    anchor = maturity if terms.last_coupon_date is None else terms.last_coupon_date
    if not start < anchor <= maturity:
        raise Refused("BAD_DATES", "last_coupon_date is not between dated_date and maturity")
    month, day = month_and_day(anchor)
    pay_day = 31 if terms.end_of_month else day
    if day_in_month(month, pay_day) != anchor:
        raise Refused("SCHEDULE_INVALID", f"{date_of(anchor)} is no month end")
    back = (month - month_and_day(start)[0]) // months
    if back > MAX_PAYMENTS:
        raise Refused("TERM_TOO_LONG", f"more than {MAX_PAYMENTS} coupons")
    first_month = month - back * months
    if day_in_month(first_month, pay_day) <= start:
        first_month += months
    first = day_in_month(first_month, pay_day)
    if terms.first_coupon_date is not None:
        wanted_month, _ = month_and_day(terms.first_coupon_date)
        on_grid = (month - wanted_month) % months == 0 and wanted_month <= month
        if not on_grid or day_in_month(wanted_month, pay_day) != terms.first_coupon_date:
            raise Refused("SCHEDULE_INVALID", "first_coupon_date is not on the grid of coupons")
        first = terms.first_coupon_date
    return min(first, maturity), pay_day
