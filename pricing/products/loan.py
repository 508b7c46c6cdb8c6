"""AMORT_LOAN: a loan at a fixed rate that amortises, balloons or is repaid at maturity.

docs/methods/loan.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.daycount import CONVENTIONS
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
    payments_to,
    schedule_row,
)
from pricing.schedule import MAX_PAYMENTS

PRODUCT_TYPE = "AMORT_LOAN"

AMORTISATIONS = ("LEVEL_PAY", "LINEAR", "BULLET")
PREPAYMENTS = ("NONE", "CPR", "SMM", "PSA")

COLUMNS = {
    **DEBT_AND_SCHEDULE,
    "original_principal": "f8",
    "principal": "f8",
    "principal_known": "i1",
    "past_due_principal": "f8",
    "rate": "f8",
    "payment": "f8",
    "next_due": "i4",
    "next_due_known": "i1",
    "amortisation": "i1",
    "amortising_payments": "i4",
    "interest_only": "i2",
    "payment_basis": "i1",
    "prepayment": "i1",
    "prepayment_speed": "f8",
}


@dataclass(frozen=True, slots=True)
class Prepayment:
    """A constant prepayment assumption."""

    kind: str = declared("choice", "CPR and PSA are annual, SMM is per month", choices=PREPAYMENTS)
    speed: float = declared(
        "rate", "CPR 0.06 is 6% a year; PSA 1.5 is 150% PSA; SMM 0.005", 0.0, low=0.0, high=15.0
    )


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """What the loan contract says; dates are day ordinals once read."""

    start_date: int = declared("date", "when interest starts")
    first_payment_date: int = declared("date", "first due date, unadjusted")
    original_principal: float = declared("amount", "principal at the start", positive=True)
    rate: float = declared("rate", "annual rate, decimal")
    interest_basis: str = declared("choice", "day count of interest", **DAY_COUNT)
    maturity_date: int | None = declared("date", "last due date; or give payments", None)
    payments: int | None = declared(
        "integer", "number of payments", None, low=1, high=MAX_PAYMENTS, code="TERM_TOO_LONG"
    )
    frequency: str = declared("choice", "payment period", "MONTHLY", choices=tuple(FREQUENCIES))
    payment_day: int | None = declared(
        "integer", "day of month of payments, 31: month end; else the first's", None, low=1, high=31
    )
    amortisation: str = declared(
        "choice", "how principal is repaid", "LEVEL_PAY", choices=AMORTISATIONS
    )
    amortisation_payments: int | None = declared(
        "integer",
        "payments in which the principal would be repaid, counted after interest-only; more than "
        "are left makes a balloon",
        None,
        low=1,
        high=10_000,
        code="TERM_TOO_LONG",
    )
    interest_only_payments: int = declared(
        "integer", "first payments of interest only", 0, low=0, high=MAX_PAYMENTS
    )
    payment_basis: str | None = declared(
        "choice", "day count of the level payment; absent: that of interest", None, **DAY_COUNT
    )
    calendar: str = declared("choice", "business days of payments", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how pay dates are moved", "UNADJUSTED", **ROLL)
    accrual_dates: str = declared(
        "choice", "whether interest runs to moved dates", "UNADJUSTED", choices=ACCRUAL_DATES
    )
    prepayment: Prepayment | None = field(
        default=None,
        metadata=about("object", "prepayment assumption; absent: none", of=Prepayment),
    )
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class LoanState(DebtState):
    """What is true of the loan tonight; what is absent is derived from the terms."""

    outstanding_principal: float | None = declared(
        "amount", "our share of principal; absent: scheduled balance", None, low=0.0
    )
    current_rate: float | None = declared("rate", "rate in force; absent: the terms'", None)
    current_payment: float | None = declared(
        "amount", "level payment in force; absent: computed", None, low=0.0
    )
    next_due_date: int | None = declared(
        "date", "next unpaid due date; absent: first after the cut", None
    )


def read(position: PositionInput) -> tuple[LoanTerms, LoanState]:
    """Return typed terms and state; raise Refused where they are not a loan."""
    terms = fields.read(LoanTerms, position.terms, "terms")
    state = fields.read(LoanState, position.state, "state", open_ended=True)
    return terms, state


DERIVABLE = ("outstanding_principal", "current_rate", "current_payment", "next_due_date")
"""The fields of the state that are derived from the terms where they are absent."""


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of loans, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms, state = read(position)
    check_credit(state)
    months = FREQUENCIES[terms.frequency]
    first_month, first_day = month_and_day(terms.first_payment_date)
    pay_day = terms.payment_day or first_day
    maturity = _maturity(terms, first_month, months, pay_day)
    if maturity == terms.first_payment_date != day_in_month(first_month, pay_day):
        # The only payment, off the payment day: the grid its period is counted on is its own.
        pay_day = first_day
    row = schedule_row(
        start=terms.start_date,
        first=terms.first_payment_date,
        pay_day=pay_day,
        months=months,
        maturity=maturity,
        calendar=terms.calendar,
        roll=terms.roll_convention,
        accrual_dates=terms.accrual_dates,
        basis=terms.interest_basis,
    )
    row.update(debt_row(state, terms.discount_curve, names))
    payments = int(row["payments"])
    if terms.interest_only_payments > payments:
        raise Refused("SCHEDULE_INVALID", "more interest-only payments than payments")
    amortising = terms.amortisation_payments or payments - terms.interest_only_payments
    principal = state.outstanding_principal
    if state.past_due_principal > (terms.original_principal if principal is None else principal):
        raise Refused("AMOUNT_OUT_OF_RANGE", "past_due_principal is more than is outstanding")
    prepayment = terms.prepayment or _NO_PREPAYMENT
    _check_speed(prepayment)
    row.update(
        original_principal=terms.original_principal,
        principal=principal or 0.0,
        principal_known=principal is not None,
        past_due_principal=state.past_due_principal,
        notional=terms.original_principal if principal is None else principal,
        rate=terms.rate if state.current_rate is None else state.current_rate,
        payment=-1.0 if state.current_payment is None else state.current_payment,
        next_due=state.next_due_date or 0,
        next_due_known=state.next_due_date is not None,
        amortisation=AMORTISATIONS.index(terms.amortisation),
        amortising_payments=max(amortising, 1),
        interest_only=terms.interest_only_payments,
        payment_basis=CONVENTIONS.index(terms.payment_basis or terms.interest_basis),
        prepayment=PREPAYMENTS.index(prepayment.kind),
        prepayment_speed=prepayment.speed,
    )
    return row


_NO_PREPAYMENT = Prepayment("NONE", 0.0)


def _check_speed(prepayment: Prepayment) -> None:
    if prepayment.kind in ("CPR", "SMM") and prepayment.speed >= 1.0:
        raise Refused("RATE_OUT_OF_RANGE", f"{prepayment.kind} {prepayment.speed:g} is not below 1")


def _maturity(terms: LoanTerms, first_month: int, months: int, pay_day: int) -> int:
    if terms.payments is None:
        if terms.maturity_date is None:
            raise Refused("TERMS_INVALID", "terms.maturity_date or terms.payments is missing")
        return terms.maturity_date
    last_month = first_month + (terms.payments - 1) * months
    if last_month > (2199 - 1970) * 12 + 11:
        raise Refused("TERM_TOO_LONG", f"{terms.payments} payments run beyond 2199")
    last = terms.first_payment_date if terms.payments == 1 else day_in_month(last_month, pay_day)
    if terms.maturity_date is None:
        return last
    if payments_to(first_month, months, pay_day, terms.maturity_date) != terms.payments:
        raise Refused("SCHEDULE_INVALID", f"maturity_date is not payment {terms.payments}")
    return terms.maturity_date
