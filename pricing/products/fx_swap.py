"""FX_SWAP: an amount bought against another on a near date and given back on a far one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.calendars import CALENDARS, ROLLS
from pricing.failure import Refused
from pricing.products import fields
from pricing.products.derivative_state import DerivativeState, share_of
from pricing.products.fields import CALENDAR, ROLL, about, declared
from pricing.products.rows import Row

KINDS = ("FX_SWAP",)

COLUMNS = {
    "near": "i4",
    "far": "i4",
    "fx_calendar": "i1",
    "fx_roll": "i1",
    "near_bought": "f8",
    "near_sold": "f8",
    "far_bought": "f8",
    "far_sold": "f8",
}
"""Amounts of the bought and the sold currency on both dates; their currencies and curves are
those of the receive and the pay side."""


@dataclass(frozen=True, slots=True)
class FxSwapTerms:
    """What was dealt; amounts are those of one contract."""

    kind: str = declared("choice", "what the contract is", choices=KINDS)
    bought_currency: str = declared("currency", "currency received on the near date")
    bought_amount: float = declared("amount", "amount received on the near date", positive=True)
    sold_currency: str = declared("currency", "currency paid on the near date")
    sold_amount: float = declared("amount", "amount paid on the near date", positive=True)
    start_date: int = declared("date", "near date")
    maturity_date: int = declared("date", "far date")
    far_sold_amount: float = declared(
        "amount", "amount of the sold currency received on the far date", positive=True
    )
    far_bought_amount: float | None = declared(
        "amount", "amount of the bought currency paid on the far date; absent: as bought", None,
        positive=True,
    )  # fmt: skip
    calendar: str = declared("choice", "business days of both dates", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how they are moved", "UNADJUSTED", **ROLL)
    bought_curve: str = declared("text", "curve of the bought currency; absent: collateral's", "")
    sold_curve: str = declared("text", "curve of the sold currency; absent: collateral's", "")
    collateral_currency: str = declared(
        "currency", "currency of the collateral, which picks the discount curves", ""
    )
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


def row(terms: Any, state: DerivativeState, currency: str, names: Names) -> Row:
    """Return the columns of an FX swap."""
    swap = fields.read(FxSwapTerms, terms, "terms")
    share = share_of(state, swap.bought_amount)
    if swap.bought_currency == swap.sold_currency:
        raise Refused("TERMS_INVALID", "terms.sold_currency: both sides are in one currency")
    if swap.maturity_date <= swap.start_date:
        raise Refused("BAD_DATES", "terms.maturity_date: is not after start_date")
    back = swap.bought_amount if swap.far_bought_amount is None else swap.far_bought_amount
    return {
        "collateral": names.code(swap.collateral_currency),
        "receive_currency": names.code(swap.bought_currency),
        "pay_currency": names.code(swap.sold_currency),
        "receive_curve": names.code(swap.bought_curve),
        "pay_curve": names.code(swap.sold_curve),
        "near": swap.start_date,
        "far": swap.maturity_date,
        "fx_calendar": CALENDARS.index(swap.calendar),
        "fx_roll": ROLLS.index(swap.roll_convention),
        "near_bought": swap.bought_amount * share,
        "near_sold": swap.sold_amount * share,
        "far_bought": back * share,
        "far_sold": swap.far_sold_amount * share,
        "notional": swap.bought_amount * share,
    }
