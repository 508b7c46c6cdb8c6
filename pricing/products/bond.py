"""FIXED_BOND: a bond whose coupons and principal payments are fixed when it is issued.

docs/methods/bond.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.calendars import CALENDARS
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields
from pricing.products.bond_plan import AMORTISATIONS, PLAN, plan
from pricing.products.coupon_dates import coupon_schedule
from pricing.products.fields import CALENDAR, DAY_COUNT, ROLL, about, declared
from pricing.products.rows import DEBT_AND_SCHEDULE, Packed, Row, debt_row
from pricing.products.rows import pack as pack_rows
from pricing.products.state import DebtState, check_credit
from pricing.products.terms import (
    ACCRUAL_DATES,
    FREQUENCIES,
)
from pricing.yield_conventions import MONEY_MARKET_BASES, YIELD_CONVENTIONS

PRODUCT_TYPE = "FIXED_BOND"

QUOTE_COLUMNS = {"yield_convention": "i1", "money_market": "i1"}
EX_COUPON_COLUMNS = {
    "ex_days": "i2",
    "ex_calendar": "i1",
    "ex_business": "i1",
    "ex_entitled": "i1",
}
COLUMNS = {
    **DEBT_AND_SCHEDULE,
    **QUOTE_COLUMNS,
    **EX_COUPON_COLUMNS,
    **PLAN,
    "face": "f8",
    "factor": "f8",
    "coupon": "f8",
    "redemption": "f8",
}
YIELD_CONVENTION = {"choices": YIELD_CONVENTIONS}
MONEY_MARKET = {"choices": MONEY_MARKET_BASES}
EX_COUPON_DAYS = ("CALENDAR", "BUSINESS")


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
    coupon_steps: tuple[tuple[int, float], ...] | None = declared(
        "steps",
        "[[date, annual coupon], ...]: from the coupon period that begins on the date on",
        None,
        low=-0.99,
        high=1.0,
        code="RATE_OUT_OF_RANGE",
    )
    amortisation: str = declared(
        "choice", "how principal is repaid", "BULLET", choices=AMORTISATIONS
    )
    balance_share: float | None = declared(
        "number",
        "share of the balance repaid with each coupon, for SHARE_OF_BALANCE",
        None,
        low=0.0,
        high=1.0,
        positive=True,
        code="RATE_OUT_OF_RANGE",
    )
    principal_schedule: tuple[tuple[int, float], ...] | None = declared(
        "steps",
        "[[coupon date, principal per 100 of original face], ...] of SCHEDULE; the rest is repaid "
        "at maturity",
        None,
        low=0.0,
        high=100.0,
    )
    ex_coupon_days: int = declared(
        "integer", "days before a pay date from which the bond trades without the coupon", 0,
        high=60,
    )  # fmt: skip
    ex_coupon_day_type: str = declared(
        "choice", "what ex_coupon_days counts", "CALENDAR", choices=EX_COUPON_DAYS
    )
    ex_coupon_calendar: str | None = declared(
        "choice", "business days of ex_coupon_days; absent: those of payments", None, **CALENDAR
    )
    yield_convention: str = declared(
        "choice", "how yields discount", "COMPOUND", **YIELD_CONVENTION
    )
    money_market_basis: str = declared(
        "choice", "day count of simple yields and of a swap's floating leg", "ACT/360",
        **MONEY_MARKET,
    )  # fmt: skip
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class BondState(DebtState):
    """What is true of the holding tonight; `quantity` is face, short positions negative."""

    quantity: float | None = declared("amount", "original face held", None, needed=True)
    pool_factor: float | None = declared(
        "number",
        "share of the original face that is outstanding; absent: as scheduled",
        None,
        low=0.0,
        high=1.0,
        positive=True,
    )
    ex_coupon_entitled: bool = declared(
        "flag", "whether a coupon that the bond trades without is still ours", False
    )


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
        raise Refused("TERMS_INVALID", "state.quantity: is missing")
    row = coupon_schedule(terms)
    row.update(debt_row(state, terms.discount_curve, names))
    row.update(plan(terms, row))
    row.update(_ex_coupon(terms, state))
    row.update(
        face=state.quantity,
        notional=state.quantity * (state.pool_factor or 1.0),
        factor=state.pool_factor or 0.0,
        coupon=terms.coupon,
        redemption=terms.redemption,
        yield_convention=YIELD_CONVENTIONS.index(terms.yield_convention),
        money_market=MONEY_MARKET_BASES.index(terms.money_market_basis),
    )
    return row


def _ex_coupon(terms: BondTerms, state: BondState) -> Row:
    days = terms.ex_coupon_days
    if days >= 25 * FREQUENCIES[terms.frequency]:
        raise Refused("SCHEDULE_INVALID", "terms.ex_coupon_days: as long as a coupon period")
    return {
        "ex_days": days,
        "ex_calendar": CALENDARS.index(terms.ex_coupon_calendar or terms.calendar),
        "ex_business": EX_COUPON_DAYS.index(terms.ex_coupon_day_type),
        "ex_entitled": state.ex_coupon_entitled,
    }
