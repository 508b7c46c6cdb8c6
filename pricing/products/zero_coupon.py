"""ZERO_COUPON: bills, strips and other paper that pays once.

docs/methods/zero_coupon.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.calendars import CALENDARS, ROLLS
from pricing.dates import date_of
from pricing.daycount import CONVENTIONS
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields
from pricing.products.bond import COLUMNS, MONEY_MARKET, YIELD_CONVENTION
from pricing.products.fields import CALENDAR, ROLL, about, declared
from pricing.products.rows import Packed, Row, debt_row
from pricing.products.rows import pack as pack_rows
from pricing.products.state import DebtState, check_credit
from pricing.products.terms import FREQUENCIES, month_and_day
from pricing.schedule import MAX_PAYMENTS
from pricing.yield_conventions import MONEY_MARKET_BASES, YIELD_CONVENTIONS

PRODUCT_TYPE = "ZERO_COUPON"


@dataclass(frozen=True, slots=True)
class ZeroCouponTerms:
    """What paper that pays once says; dates are day ordinals once read."""

    issue_date: int = declared("date", "when the paper is issued")
    maturity_date: int = declared("date", "when it is redeemed, unadjusted")
    redemption: float = declared("number", "per 100 of face", 100.0, positive=True, high=1e4)
    calendar: str = declared("choice", "business days of payments", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how pay dates are moved", "UNADJUSTED", **ROLL)
    yield_frequency: str = declared(
        "choice",
        "period in which a compounded yield compounds, counted back from maturity",
        "SEMIANNUAL",
        choices=tuple(FREQUENCIES),
    )
    yield_convention: str = declared(
        "choice", "how yields discount", "COMPOUND", **YIELD_CONVENTION
    )
    money_market_basis: str = declared(
        "choice", "day count of discount rates and simple yields", "ACT/360", **MONEY_MARKET
    )
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class ZeroCouponState(DebtState):
    """What is true of the holding tonight; `quantity` is face, short positions negative."""

    quantity: float | None = declared("amount", "face held", None, needed=True)


def read(position: PositionInput) -> tuple[ZeroCouponTerms, ZeroCouponState]:
    """Return typed terms and state; raise Refused where they are not paper that pays once."""
    terms = fields.read(ZeroCouponTerms, position.terms, "terms")
    state = fields.read(ZeroCouponState, position.state, "state", open_ended=True)
    return terms, state


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch: bonds of one payment without a coupon, a failure per other row."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms, state = read(position)
    check_credit(state)
    if state.quantity is None:
        raise Refused("TERMS_INVALID", "state.quantity: is missing")
    issue, maturity = terms.issue_date, terms.maturity_date
    if maturity <= issue:
        raise Refused(
            "BAD_DATES", f"terms.maturity_date: {date_of(maturity)} is not after {date_of(issue)}"
        )
    month, day = month_and_day(maturity)
    if month - month_and_day(issue)[0] > MAX_PAYMENTS:
        raise Refused("TERM_TOO_LONG", "terms.maturity_date: more than 100 years after the issue")
    row: Row = {
        "start": issue,
        "first_month": month,
        "months": FREQUENCIES[terms.yield_frequency],
        "pay_day": day,
        "maturity": maturity,
        "payments": 1,
        "calendar": CALENDARS.index(terms.calendar),
        "roll": ROLLS.index(terms.roll_convention),
        "accrual_adjusted": False,
        "basis": CONVENTIONS.index("ACT/365F"),
    }
    row.update(debt_row(state, terms.discount_curve, names))
    row.update(
        face=state.quantity,
        notional=state.quantity,
        redemption=terms.redemption,
        yield_convention=YIELD_CONVENTIONS.index(terms.yield_convention),
        money_market=MONEY_MARKET_BASES.index(terms.money_market_basis),
    )
    return row
