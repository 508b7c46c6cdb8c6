"""The state of a position that pricing reads: what is true tonight, whatever the product."""

from __future__ import annotations

from dataclasses import dataclass

from pricing.failure import Refused
from pricing.products.fields import declared

SPREAD_SOURCES = ("SUPPLIED", "MATRIX", "MARK")
STATUSES = ("PERFORMING", "PAST_DUE", "DEFAULTED", "CHARGED_OFF", "CLOSED")
ACCRUAL_STATUSES = ("ACCRUAL", "NON_ACCRUAL")
SIDES = ("ASSET", "LIABILITY", "OFF_BALANCE")
QUOTE_BASES = ("CLEAN", "DIRTY")
CREDIT_BASES = ("SPREAD", "CASHFLOW")


@dataclass(frozen=True, slots=True)
class DebtState:
    """What loans and bonds share; a LIABILITY is valued with the sign of what it costs."""

    side: str = declared("choice", "which side of the balance sheet", "ASSET", choices=SIDES)
    status: str = declared("choice", "credit status", "PERFORMING", choices=STATUSES)
    accrual_status: str = declared(
        "choice", "whether interest is accrued", "ACCRUAL", choices=ACCRUAL_STATUSES
    )
    past_due_principal: float = declared(
        "amount", "principal due and unpaid, part of the outstanding", 0.0, low=0.0
    )
    past_due_interest: float = declared("amount", "interest due and unpaid", 0.0, low=0.0)
    spread_source: str = declared(
        "choice",
        "where the spread over the discount curve comes from: SUPPLIED (`spread`), MATRIX (the "
        "market's curve of rating, sector and currency) or MARK (that curve and a residual solved "
        "from `mark_price`)",
        "SUPPLIED",
        choices=SPREAD_SOURCES,
    )
    spread: float | None = declared(
        "rate",
        "zero spread, continuous Act/365F, decimal; needed when SUPPLIED",
        None,
        low=-1.0,
        high=1.0,
    )
    mark_price: float | None = declared(
        "number", "price per 100 of current face at settlement", None, low=1e-6, high=1e6
    )
    price_quote_basis: str = declared(
        "choice", "how `mark_price` is quoted", "CLEAN", choices=QUOTE_BASES
    )
    credit_basis: str = declared(
        "choice",
        "where credit risk is: in the SPREAD over contractual flows, or in default-adjusted flows "
        "(CASHFLOW), discounted with a `spread` of liquidity alone",
        "SPREAD",
        choices=CREDIT_BASES,
    )


def check_credit(state: DebtState, *, defaults: bool = False, recovers: bool = False) -> None:
    """Refuse a state that has no value; `defaults`: whether the flows projected are adjusted.

    `recovers`: in default, with expected recoveries, which are adjusted flows.

    Credit is counted once: in the spread, or in the flows.
    """
    if state.status == "CLOSED":
        raise Refused("CLOSED", "the position is closed")
    if state.status in ("DEFAULTED", "CHARGED_OFF") and not recovers:
        raise Refused("RECOVERY_MISSING", f"status {state.status} without expected recoveries")
    if state.credit_basis == "CASHFLOW":
        if state.spread_source != "SUPPLIED":
            raise Refused(
                "CREDIT_COUNTED_TWICE",
                f"credit_basis is CASHFLOW and spread_source {state.spread_source} a credit spread",
            )
        if not defaults and not recovers:
            raise Refused(
                "TERMS_INVALID", "state.credit_basis: CASHFLOW, and the flows have no defaults"
            )
    elif recovers:
        raise Refused(
            "CREDIT_COUNTED_TWICE",
            "expected recoveries are default-adjusted flows and credit_basis is SPREAD",
        )
    elif defaults:
        raise Refused(
            "CREDIT_COUNTED_TWICE", "terms.default adjusts the flows and credit_basis is SPREAD"
        )
    if state.spread_source == "SUPPLIED" and state.spread is None:
        raise Refused("SPREAD_MISSING", "spread_source is SUPPLIED and state.spread is missing")
    if state.spread_source == "MARK" and state.mark_price is None:
        raise Refused("MARK_MISSING", "spread_source is MARK and state.mark_price is missing")
