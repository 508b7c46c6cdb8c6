"""ABS_MBS: a pass-through pool of level-payment loans, whole or as a strip.

docs/methods/mbs_pool.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pricing.batch import Names
from pricing.calendars import CALENDARS, ROLLS
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields
from pricing.products.fields import CALENDAR, ROLL, about, declared
from pricing.products.pool_assumptions import COLUMNS as ASSUMPTION_COLUMNS
from pricing.products.pool_assumptions import (
    ON_RATES,
    PoolDefault,
    PoolPrepayment,
    assumption_row,
    check_basis,
)
from pricing.products.pool_paths import COLUMNS as PATH_COLUMNS
from pricing.products.pool_paths import PoolPaths, path_row
from pricing.products.rows import DEBT_COLUMNS, Packed, Row, debt_row
from pricing.products.rows import pack as pack_rows
from pricing.products.state import DebtState, check_credit
from pricing.products.terms import month_and_day

PRODUCT_TYPE = "ABS_MBS"

STRIPS = ("WHOLE", "IO", "PO")
MAX_MONTHS = 600

COLUMNS = {
    **DEBT_COLUMNS,
    **ASSUMPTION_COLUMNS,
    **PATH_COLUMNS,
    "start_month": "i2",
    "start_day": "i1",
    "delay": "i2",
    "calendar": "i1",
    "roll": "i1",
    "months": "i2",
    "months_now": "i2",
    "age": "i2",
    "age_now": "i2",
    "amortising": "i2",
    "wac": "f8",
    "coupon": "f8",
    "strip": "i1",
    "balance": "f8",
    "survival": "f8",
}


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """What the pool is; rates are annual, interest is a twelfth of them a month."""

    accrual_start_date: int = declared("date", "first day of the first accrual month")
    wac: float = declared("rate", "weighted average gross coupon of the loans", low=0.0)
    wam: int = declared(
        "integer",
        "months left of the loans at the accrual start",
        low=1,
        high=MAX_MONTHS,
        code="TERM_TOO_LONG",
    )
    age: int = declared(
        "integer", "months of age of the loans at the accrual start", 0, low=0, high=MAX_MONTHS
    )
    amortisation_months: int | None = declared(
        "integer",
        "months in which the payment would repay the loans, counted like wam; more than wam "
        "makes a balloon",
        None,
        low=1,
        high=2 * MAX_MONTHS,
        code="TERM_TOO_LONG",
    )
    servicing_fee: float = declared("rate", "annual servicing fee", 0.0, low=0.0)
    guarantee_fee: float = declared("rate", "annual guarantee fee", 0.0, low=0.0)
    payment_delay_days: int = declared(
        "integer",
        "days from the end of an accrual month to its payment: 14 where the stated delay is 45",
        0,
        low=0,
        high=90,
    )
    calendar: str = declared("choice", "business days of payments", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how pay dates are moved", "UNADJUSTED", **ROLL)
    strip: str = declared(
        "choice", "the whole cash, its interest (IO) or its principal (PO)", "WHOLE", choices=STRIPS
    )
    prepayment: PoolPrepayment | None = field(
        default=None,
        metadata=about("object", "prepayment assumption; absent: none", of=PoolPrepayment),
    )
    default: PoolDefault | None = field(
        default=None, metadata=about("object", "default assumption; absent: none", of=PoolDefault)
    )
    monte_carlo: PoolPaths | None = field(
        default=None,
        metadata=about(
            "object",
            "value over paths of rates what is prepaid by a curve; absent: on the forward curve",
            of=PoolPaths,
        ),
    )
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class PoolState(DebtState):
    """What is true of the pool tonight; months left and age are those of the next payment."""

    quantity: float | None = declared("amount", "original face held", None, low=0.0)
    pool_factor: float = declared("number", "current over original face", 1.0, low=0.0, high=1.0)
    outstanding_principal: float | None = declared(
        "amount", "our share of principal; absent: quantity x pool_factor", None, low=0.0
    )
    wam: int | None = declared(
        "integer",
        "months left now; absent: counted down from the terms",
        None,
        low=1,
        high=MAX_MONTHS,
        code="TERM_TOO_LONG",
    )
    age: int | None = declared(
        "integer", "months of age now; absent: counted up", None, low=0, high=2 * MAX_MONTHS
    )
    survival: float = declared(
        "number",
        "share of what could prepay that has not yet, for burn-out",
        1.0,
        low=0.0,
        high=1.0,
    )


DERIVABLE = ("outstanding_principal", "wam", "age")
"""The fields of the state that are derived from the terms where they are absent."""


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of pools, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms = fields.read(PoolTerms, position.terms, "terms")
    state = fields.read(PoolState, position.state, "state", open_ended=True)
    check_basis(state.credit_basis, state.spread_source, terms.default)
    check_credit(replace(state, credit_basis="SPREAD"))
    balance = _balance(state)
    coupon = terms.wac - (terms.servicing_fee + terms.guarantee_fee)
    if coupon < 0.0:
        raise Refused("RATE_OUT_OF_RANGE", "terms.servicing_fee: fees are above the WAC")
    if terms.amortisation_months is not None and terms.amortisation_months < terms.wam:
        raise Refused("SCHEDULE_INVALID", "terms.amortisation_months: it is less than wam")
    month, day = month_and_day(terms.accrual_start_date)
    return {
        **debt_row(state, terms.discount_curve, names),
        **assumption_row(terms.prepayment, terms.default),
        **_paths(terms, names),
        "start_month": month,
        "start_day": day,
        "delay": terms.payment_delay_days,
        "calendar": CALENDARS.index(terms.calendar),
        "roll": ROLLS.index(terms.roll_convention),
        "months": terms.wam,
        "months_now": state.wam or 0,
        "age": terms.age,
        "age_now": -1 if state.age is None else state.age,
        "amortising": (terms.amortisation_months or terms.wam) - terms.wam,
        "wac": terms.wac,
        "coupon": coupon,
        "strip": STRIPS.index(terms.strip),
        "balance": balance,
        "notional": balance,
        "survival": state.pool_factor if _on_balance(terms) else state.survival,
    }


def _paths(terms: PoolTerms, names: Names) -> Row:
    """Return the columns of paths: those of one pool and its strips, whatever is held, agree.

    Speeds that do not depend on rates need none: the mean over paths is the value on the curve.
    """
    pool = (terms.accrual_start_date, terms.wac, terms.wam, terms.age)
    row = path_row(terms.monte_carlo, pool, names)
    on_rates = terms.prepayment is not None and terms.prepayment.kind in ON_RATES
    return row if on_rates else {}


def _on_balance(terms: PoolTerms) -> bool:
    return terms.prepayment is not None and terms.prepayment.burnout_basis == "BALANCE"


def _balance(state: PoolState) -> float:
    if state.outstanding_principal is not None:
        return state.outstanding_principal
    if state.quantity is None:
        raise Refused(
            "TERMS_INVALID", "state.quantity is missing, and so is state.outstanding_principal"
        )
    return state.quantity * state.pool_factor
