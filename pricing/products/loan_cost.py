"""What a loan's terms and state say of its amortised cost: issue price, discount, fees, rate."""

from __future__ import annotations

from dataclasses import dataclass

from pricing.products.fields import declared
from pricing.products.loan_recovery import RecoverableState
from pricing.products.rows import Row

COLUMNS = {
    "issue_price": "f8",
    "cost": "f8",
    "cost_known": "i1",
    "unamortised": "f8",
    "discount_known": "i1",
    "cost_adjustments": "f8",
    "eir": "f8",
    "eir_known": "i1",
}


@dataclass(frozen=True, slots=True)
class CostState(RecoverableState):
    """What the ledger says of the cost of a loan tonight; what is absent is derived."""

    amortised_cost: float | None = declared("amount", "of the ledger; absent: derived", None)
    unamortised_premium_discount: float | None = declared(
        "amount", "premium above 0, discount below; absent: what issue_price leaves", None
    )
    deferred_fees_costs: float = declared("amount", "costs above 0, fees below", 0.0)
    basis_adjustment: float = declared("amount", "of a hedge of fair value", 0.0)
    effective_interest_rate: float | None = declared(
        "rate", "annual, locked at recognition; absent: of issue_price or rate", None
    )


def row(issue_price: float | None, state: CostState) -> Row:
    """Return the columns of a loan's cost."""
    discount, rate = state.unamortised_premium_discount, state.effective_interest_rate
    return {
        "issue_price": issue_price or 0.0,
        "cost": state.amortised_cost or 0.0,
        "cost_known": state.amortised_cost is not None,
        "unamortised": discount or 0.0,
        "discount_known": discount is not None,
        "cost_adjustments": state.deferred_fees_costs + state.basis_adjustment,
        "eir": rate or 0.0,
        "eir_known": rate is not None,
    }
