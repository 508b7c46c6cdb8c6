"""AMORT_LOAN: a loan at a fixed or floating rate that amortises, balloons or is repaid at maturity.

docs/methods/loan.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from pricing.batch import Names
from pricing.daycount import CONVENTIONS
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import (
    fields,
    loan_default,
    loan_floating,
    loan_plan,
    loan_prepayment,
    loan_recovery,
)
from pricing.products.fields import CALENDAR, DAY_COUNT, ROLL, about, declared
from pricing.products.loan_default import DefaultAssumption
from pricing.products.loan_floating import FloatingRate
from pricing.products.loan_prepayment import NO_PREPAYMENT, Prepayment
from pricing.products.loan_recovery import RecoverableState
from pricing.products.rate_options import INTRINSIC
from pricing.products.rows import DEBT_AND_SCHEDULE, Packed, Row, debt_row
from pricing.products.rows import pack as pack_rows
from pricing.products.state import check_credit
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

AMORTISATIONS = ("LEVEL_PAY", "LINEAR", "BULLET", "CUSTOM")
"""The codes of a packed batch: a new kind goes to the end."""
STRIPS = ("WHOLE", "INTEREST", "PRINCIPAL")
GRACE_INTEREST = ("CAPITALISED", "DEFERRED")


class Path(IntEnum):
    """How a loan is projected, from what its flows depend on.

    PLAIN: fixed flows by the shortest formulas. SCHEDULED: fixed flows of any terms. LINKED: the
    balance is fixed, interest follows an index. RECURSIVE: the balance depends on rates.
    RECOVERED: in default, what is expected to come back.
    """

    PLAIN = 0
    SCHEDULED = 1
    LINKED = 2
    RECURSIVE = 3
    RECOVERED = 4


COLUMNS = {
    **DEBT_AND_SCHEDULE,
    "original_principal": "f8",
    "principal": "f8",
    "principal_known": "i1",
    "past_due_principal": "f8",
    "rate": "f8",
    "contract_rate": "f8",
    "payment": "f8",
    "next_due": "i4",
    "next_due_known": "i1",
    "amortisation": "i1",
    "amortising_payments": "i4",
    "interest_only": "i2",
    "payment_basis": "i1",
    "path": "i1",
    "strip": "i1",
    "indices": "i4",
    **loan_plan.COLUMNS,
    **loan_prepayment.COLUMNS,
    **loan_default.COLUMNS,
    **loan_floating.COLUMNS,
    **loan_recovery.COLUMNS,
}


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """What the loan contract says; dates are day ordinals once read."""

    start_date: int = declared("date", "when interest starts")
    first_payment_date: int = declared("date", "first due date, unadjusted")
    original_principal: float = declared("amount", "principal at the start", positive=True)
    interest_basis: str = declared("choice", "day count of interest", **DAY_COUNT)
    rate: float | None = declared(
        "rate", "annual rate, decimal; of a floating loan, the one before its first reset", None
    )
    rate_steps: tuple[tuple[int, float], ...] | None = declared(
        "steps", "[[date, rate], ...]: from the period that begins on the date on", None,
        low=-0.99, high=1.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip
    floating: FloatingRate | None = field(
        default=None, metadata=about("object", "rate that follows an index", of=FloatingRate)
    )
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
    principal_schedule: tuple[tuple[int, float], ...] | None = declared(
        "steps", "[[due date, principal], ...] of CUSTOM; what is left is due with the last", None,
        low=0.0, high=fields.MAX_AMOUNT,
    )  # fmt: skip
    grace_payments: int = declared(
        "integer", "first payments in which nothing is paid", 0, low=0, high=MAX_PAYMENTS
    )
    grace_interest: str = declared(
        "choice", "whether their interest is added to principal, or due with the payment after",
        "CAPITALISED", choices=GRACE_INTEREST,
    )  # fmt: skip
    pik_rate: float = declared(
        "rate", "annual rate on top that is added to principal, not paid", 0.0, low=0.0
    )
    strip: str = declared(
        "choice", "which flows are ours: all, interest alone, principal alone", "WHOLE",
        choices=STRIPS,
    )  # fmt: skip
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
    default: DefaultAssumption | None = field(
        default=None,
        metadata=about("object", "default assumption; absent: none", of=DefaultAssumption),
    )
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class LoanState(RecoverableState):
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
    defaults = terms.default is not None and terms.default.kind != "NONE"
    recovers = loan_recovery.expected(state)
    check_credit(state, defaults=defaults, recovers=recovers)
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
        raise Refused("SCHEDULE_INVALID", "terms.interest_only_payments: more than payments")
    if terms.grace_payments > payments:
        raise Refused("SCHEDULE_INVALID", "terms.grace_payments: more than there are payments")
    interest_only = max(terms.interest_only_payments, terms.grace_payments)
    amortising = terms.amortisation_payments or payments - interest_only
    principal = state.outstanding_principal
    if state.past_due_principal > (terms.original_principal if principal is None else principal):
        raise Refused("AMOUNT_OUT_OF_RANGE", "state.past_due_principal: more than is outstanding")
    prepayment = terms.prepayment or NO_PREPAYMENT
    row.update(loan_prepayment.row(prepayment, names))
    row.update(loan_default.row(terms.default, months))
    row.update(
        loan_plan.row(
            terms.rate_steps if terms.floating is None else terms.floating.margin_steps,
            "terms.rate_steps" if terms.floating is None else "terms.floating.margin_steps",
            terms.principal_schedule,
            terms.original_principal,
            row,
        )
    )
    rate = _rate(terms, state)
    path = _path(terms, interest_only >= payments)
    _check_options(terms.floating, path)
    if terms.floating is not None:
        row.update(loan_floating.row(terms.floating, names))
    row.update(
        contract_rate=rate if terms.rate is None else terms.rate,
        current_known=state.current_rate is not None,
        path=path,
        strip=STRIPS.index(terms.strip),
        indices=names.code(_indices(terms)),
        grace=terms.grace_payments,
        grace_deferred=GRACE_INTEREST.index(terms.grace_interest),
        pik_rate=terms.pik_rate,
        original_principal=terms.original_principal,
        principal=principal or 0.0,
        principal_known=principal is not None,
        past_due_principal=state.past_due_principal,
        notional=terms.original_principal if principal is None else principal,
        rate=rate,
        payment=-1.0 if state.current_payment is None else state.current_payment,
        next_due=state.next_due_date or 0,
        next_due_known=state.next_due_date is not None,
        amortisation=AMORTISATIONS.index(terms.amortisation),
        amortising_payments=max(amortising, 1),
        interest_only=interest_only,
        payment_basis=CONVENTIONS.index(terms.payment_basis or terms.interest_basis),
    )
    _check_plan(terms)
    if recovers:
        row.update(loan_recovery.row(state, principal))
        # What prepays or follows an index before is no matter of a loan in default.
        row.update(path=Path.RECOVERED, indices=names.code(""), prepayment=0)
        row["maturity"] = row["recovery_day"]
    return row


def _rate(terms: LoanTerms, state: LoanState) -> float:
    """Return the rate in force, or of a floating loan the one before its first reset."""
    if terms.floating is None:
        rate = terms.rate if state.current_rate is None else state.current_rate
        if terms.rate is None or rate is None:
            raise Refused("TERMS_INVALID", "terms.rate is missing")
        return rate
    if terms.rate_steps is not None:
        raise Refused("TERMS_INVALID", "terms.rate_steps: a floating loan has steps of its margin")
    if terms.rate is None and terms.floating.fixed_payments:
        raise Refused("TERMS_INVALID", "terms.rate is missing, and fixed_payments are paid at it")
    rate = terms.rate if state.current_rate is None else state.current_rate
    return 0.0 if rate is None else rate


REFINANCING = "~"
"""Begins the name of an index that no payment follows."""
SURFACE = "^"
"""Begins the choice of volatility that the index before it is valued with."""


def _indices(terms: LoanTerms) -> str:
    """Return the names of the indices a loan depends on, with a blank between them."""
    curve = terms.prepayment.curve if terms.prepayment is not None else None
    names = [] if terms.floating is None else [terms.floating.index]
    if terms.floating is not None and (surface := loan_floating.surface(terms.floating)):
        names.append(f"{SURFACE}{surface}")
    return " ".join(names if curve is None else [*names, f"{REFINANCING}{curve.index}"])


def _path(terms: LoanTerms, never_amortises: bool) -> Path:
    prepayment = terms.prepayment or NO_PREPAYMENT
    floating = terms.floating
    if prepayment.kind == "S_CURVE":
        return Path.RECURSIVE
    if floating is None:
        plain = (
            loan_prepayment.is_plain(prepayment)
            and terms.amortisation != "CUSTOM"
            and terms.rate_steps is None
            and terms.grace_payments == 0
            and terms.pik_rate == 0.0
            and terms.strip == "WHOLE"
            and (terms.default is None or terms.default.kind == "NONE")
        )
        return Path.PLAIN if plain else Path.SCHEDULED
    limited = floating.floor is not None or floating.cap is not None
    depends = (
        (terms.amortisation == "LEVEL_PAY" and not never_amortises)
        or terms.grace_payments > 0
        or loan_floating.is_periodic(floating)
        # The limit of the index would differ from payment to payment.
        or (limited and floating.margin_steps is not None)
    )
    return Path.RECURSIVE if depends else Path.LINKED


def _check_options(floating: FloatingRate | None, path: Path) -> None:
    """Refuse time value where a limit moves the balance too: that is no option on one rate."""
    if floating is None or floating.option_model == INTRINSIC or path is Path.LINKED:
        return
    raise Refused(
        "TERMS_INVALID",
        "terms.floating.option_model: VOLATILITY is of loans whose balance no rate moves: no level "
        "payment, periodic limit, grace period, S-curve or limit with steps of the margin",
    )


def _check_plan(terms: LoanTerms) -> None:
    if (terms.principal_schedule is not None) != (terms.amortisation == "CUSTOM"):
        raise Refused("TERMS_INVALID", "terms.principal_schedule: goes with CUSTOM, and it with it")


def _maturity(terms: LoanTerms, first_month: int, months: int, pay_day: int) -> int:
    if terms.payments is None:
        if terms.maturity_date is None:
            raise Refused("TERMS_INVALID", "terms.maturity_date or terms.payments is missing")
        return terms.maturity_date
    last_month = first_month + (terms.payments - 1) * months
    if last_month > (2199 - 1970) * 12 + 11:
        raise Refused("TERM_TOO_LONG", f"terms.payments: {terms.payments} run beyond 2199")
    last = terms.first_payment_date if terms.payments == 1 else day_in_month(last_month, pay_day)
    if terms.maturity_date is None:
        return last
    if payments_to(first_month, months, pay_day, terms.maturity_date) != terms.payments:
        raise Refused("SCHEDULE_INVALID", f"terms.maturity_date: is not payment {terms.payments}")
    return terms.maturity_date
