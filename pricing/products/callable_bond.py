"""CALLABLE_BOND: a bond or amortising loan that one side may end before its maturity.

docs/methods/callable.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import exercise, fields
from pricing.products.bond import EX_COUPON_COLUMNS
from pricing.products.bond_plan import AMORTISATIONS, PLAN, plan
from pricing.products.coupon_dates import coupon_schedule
from pricing.products.fields import CALENDAR, DAY_COUNT, ROLL, about, declared
from pricing.products.rows import DEBT_AND_SCHEDULE, Packed, Row, debt_row
from pricing.products.rows import pack as pack_rows
from pricing.products.state import QUOTE_BASES, DebtState, check_credit
from pricing.products.terms import ACCRUAL_DATES, FREQUENCIES
from pricing.schedule import MAX_PAYMENTS

PRODUCT_TYPE = "CALLABLE_BOND"

COLUMNS = {
    **DEBT_AND_SCHEDULE,
    **EX_COUPON_COLUMNS,
    **PLAN,
    **exercise.columns("call"),
    **exercise.columns("put"),
    "make_whole": "i1",
    "make_whole_spread": "f8",
    "make_whole_end": "i4",
    "face": "f8",
    "factor": "f8",
    "coupon": "f8",
    "redemption": "f8",
}
PRICE = {"positive": True, "low": 0.0, "high": 1e4}


@dataclass(frozen=True, slots=True)
class CallableBondTerms:
    """What a callable or puttable bond or prepayable loan says; dates are ordinals once read."""

    dated_date: int = declared("date", "when the first coupon starts to accrue")
    maturity_date: int = declared("date", "when the rest is redeemed, unadjusted")
    coupon: float = declared("rate", "annual coupon or loan rate, decimal")
    day_count: str = declared("choice", "day count of interest", **DAY_COUNT)
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
    amortisation_payments: int | None = declared(
        "integer",
        "payments that would repay the face, after interest-only ones; more than are left make a "
        "balloon",
        None,
        low=1,
        high=10_000,
        code="TERM_TOO_LONG",
    )
    interest_only_payments: int = declared(
        "integer", "first payments of interest only", 0, low=0, high=MAX_PAYMENTS
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
    call_schedule: tuple[tuple[int, float], ...] | None = declared(
        "steps",
        "[[date, price per 100 of the balance then], ...] at which the issuer or borrower may "
        "repay; a price above 100 is a premium or prepayment penalty",
        None,
        **PRICE,
    )
    call_style: str = declared(
        "choice", "when it may be called", "BERMUDAN", choices=exercise.STYLES
    )
    call_end_date: int | None = declared(
        "date", "last day of an AMERICAN call; absent: up to maturity", None
    )
    call_notice_days: int = declared(
        "integer", "calendar days from the decision to call to the repayment", 0, high=365
    )
    call_price_basis: str = declared(
        "choice", "CLEAN: accrued interest is paid on top", "CLEAN", choices=QUOTE_BASES
    )
    make_whole_spread: float | None = declared(
        "rate",
        "a call pays at least the later payments at the discount curve plus this spread",
        None,
        low=-0.5,
        high=0.5,
    )
    make_whole_end_date: int | None = declared(
        "date", "last call date that is made whole; absent: all", None
    )
    put_schedule: tuple[tuple[int, float], ...] | None = declared(
        "steps",
        "[[date, price per 100 of the balance then], ...] at which the holder may put",
        None,
        **PRICE,
    )
    put_style: str = declared("choice", "when it may be put", "BERMUDAN", choices=exercise.STYLES)
    put_end_date: int | None = declared(
        "date", "last day of an AMERICAN put; absent: up to maturity", None
    )
    put_notice_days: int = declared(
        "integer", "calendar days from the decision to put to the repayment", 0, high=365
    )
    put_price_basis: str = declared(
        "choice", "CLEAN: accrued interest is paid on top", "CLEAN", choices=QUOTE_BASES
    )
    exercise_step_days: int | None = declared(
        "integer", "days between the decisions of AMERICAN rights; absent: monthly", None,
        low=1, high=31,
    )  # fmt: skip
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class CallableBondState(DebtState):
    """What is true of the holding tonight; a `spread` that is supplied is its OAS."""

    quantity: float | None = declared(
        "amount", "original face or principal held, short positions negative; required", None
    )
    pool_factor: float | None = declared(
        "number",
        "share of the original face that is outstanding; absent: as scheduled",
        None,
        low=0.0,
        high=1.0,
        positive=True,
    )


def read(position: PositionInput) -> tuple[CallableBondTerms, CallableBondState]:
    """Return typed terms and state; raise Refused where they are no such bond."""
    terms = fields.read(CallableBondTerms, position.terms, "terms")
    state = fields.read(CallableBondState, position.state, "state", open_ended=True)
    return terms, state


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of callable bonds, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms, state = read(position)
    check_credit(state)
    if state.quantity is None:
        raise Refused("TERMS_INVALID", "state.quantity: is missing")
    row = coupon_schedule(terms)
    row.update(debt_row(state, terms.discount_curve, names))
    row.update(_plan(terms, row))
    row.update(_rights(terms, row))
    row.update(
        face=state.quantity,
        notional=state.quantity * (state.pool_factor or 1.0),
        factor=state.pool_factor or 0.0,
        coupon=terms.coupon,
        redemption=terms.redemption,
    )
    return row


def _plan(terms: CallableBondTerms, schedule: Row) -> Row:
    only, amortising = terms.interest_only_payments, terms.amortisation_payments
    if only >= int(schedule["payments"]):
        raise Refused(
            "SCHEDULE_INVALID", "terms.interest_only_payments: as many as there are payments"
        )
    if (only or amortising) and terms.amortisation not in ("LINEAR", "LEVEL_PAY"):
        name = "interest_only_payments" if only else "amortisation_payments"
        raise Refused("TERMS_INVALID", f"terms.{name}: goes with LINEAR and LEVEL_PAY alone")
    return plan(terms, schedule, amortising or 0, only)


def _rights(terms: CallableBondTerms, schedule: Row) -> Row:
    """Return the columns of calls, puts and make-whole prices."""
    if terms.call_schedule is None and terms.put_schedule is None:
        raise Refused("TERMS_INVALID", "terms.call_schedule: neither calls nor puts are given")
    if terms.exercise_step_days is not None and "AMERICAN" not in (
        terms.call_style,
        terms.put_style,
    ):
        raise Refused("TERMS_INVALID", "terms.exercise_step_days: goes with AMERICAN alone")
    rights = exercise.right(
        "call",
        terms.call_schedule,
        terms.call_style,
        terms.call_end_date,
        terms.call_notice_days,
        terms.call_price_basis,
        schedule,
        terms.exercise_step_days,
    )
    rights.update(
        exercise.right(
            "put",
            terms.put_schedule,
            terms.put_style,
            terms.put_end_date,
            terms.put_notice_days,
            terms.put_price_basis,
            schedule,
            terms.exercise_step_days,
        )
    )
    made_whole = terms.make_whole_spread is not None
    if made_whole and terms.call_schedule is None:
        raise Refused("TERMS_INVALID", "terms.make_whole_spread: there are no calls")
    if terms.make_whole_end_date is not None and not made_whole:
        raise Refused("TERMS_INVALID", "terms.make_whole_spread: is missing")
    rights.update(
        make_whole=made_whole,
        make_whole_spread=terms.make_whole_spread or 0.0,
        make_whole_end=(
            schedule["maturity"] if terms.make_whole_end_date is None else terms.make_whole_end_date
        ),
    )
    return rights
