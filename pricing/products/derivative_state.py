"""The state of a derivative: how much of the contract is held."""

from __future__ import annotations

from dataclasses import dataclass

from pricing.failure import Refused
from pricing.products.fields import declared


@dataclass(frozen=True, slots=True)
class DerivativeState:
    """`quantity` is the notional held: it scales the contract; negative is the other side."""

    quantity: float | None = declared("amount", "notional held; absent: the contract's", None)
    status: str = declared("choice", "status", "PERFORMING", choices=("PERFORMING", "CLOSED"))
    resetting_notional: float | None = declared(
        "amount",
        "current notional of a resetting leg, of the whole contract, in the leg's currency",
        None,
        positive=True,
    )


def share_of(state: DerivativeState, notional: float) -> float:
    """Return what part of the contract is held; raise Refused for a closed position."""
    if state.status == "CLOSED":
        raise Refused("CLOSED", "the position is closed")
    return 1.0 if state.quantity is None else state.quantity / notional
