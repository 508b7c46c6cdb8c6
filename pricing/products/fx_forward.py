"""FX_FWD: one amount bought against another sold on one date.

docs/methods/fx_forward.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.calendars import CALENDARS, ROLLS
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields
from pricing.products.fields import CALENDAR, ROLL, about, declared
from pricing.products.rows import Packed, Row
from pricing.products.rows import pack as pack_rows

PRODUCT_TYPE = "FX_FWD"

COLUMNS = {
    "bought_currency": "i4",
    "sold_currency": "i4",
    "bought": "f8",
    "sold": "f8",
    "maturity": "i4",
    "calendar": "i1",
    "roll": "i1",
    "bought_curve": "i4",
    "sold_curve": "i4",
    "notional": "f8",
    "settled_side": "i1",
    "fixing": "i4",
    "fixing_rate": "f8",
}
"""`settled_side` is 0 for delivery, 1 where the bought and 2 where the sold currency settles."""


@dataclass(frozen=True, slots=True)
class FxForwardTerms:
    """What was dealt; amounts are those of one contract."""

    bought_currency: str = declared("currency", "currency received")
    bought_amount: float = declared("amount", "amount received", positive=True)
    sold_currency: str = declared("currency", "currency paid")
    sold_amount: float = declared("amount", "amount paid", positive=True)
    maturity_date: int = declared("date", "value date of both legs")
    calendar: str = declared("choice", "business days of the value date", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how it is moved", "UNADJUSTED", **ROLL)
    bought_curve: str = declared("text", "curve of the bought leg; absent: its currency's", "")
    sold_curve: str = declared("text", "curve of the sold leg; absent: its currency's", "")
    settlement_currency: str = declared(
        "currency", "the one of both that a contract without delivery is settled in", ""
    )
    fixing_date: int | None = declared(
        "date", "day on which the rate of a contract without delivery is fixed", None
    )
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class FxForwardState:
    """`quantity` is the bought amount held: it scales both legs; negative is the other way."""

    quantity: float | None = declared("amount", "bought amount; absent: the terms'", None)
    status: str = declared("choice", "status", "PERFORMING", choices=("PERFORMING", "CLOSED"))
    fixing_rate: float | None = declared(
        "number",
        "rate fixed for a contract without delivery: units of the other currency for one of the "
        "settlement currency",
        None,
        positive=True,
        high=1e9,
    )


def read(position: PositionInput) -> tuple[FxForwardTerms, FxForwardState]:
    """Return typed terms and state; raise Refused where they are not an FX forward."""
    terms = fields.read(FxForwardTerms, position.terms, "terms")
    state = fields.read(FxForwardState, position.state, "state", open_ended=True)
    return terms, state


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of FX forwards, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms, state = read(position)
    if state.status == "CLOSED":
        raise Refused("CLOSED", "the position is closed")
    if terms.bought_currency == terms.sold_currency:
        raise Refused("TERMS_INVALID", "terms.sold_currency: both legs are in one currency")
    share = 1.0 if state.quantity is None else state.quantity / terms.bought_amount
    return {
        "bought_currency": names.code(terms.bought_currency),
        "sold_currency": names.code(terms.sold_currency),
        "bought": terms.bought_amount * share,
        "sold": terms.sold_amount * share,
        "maturity": terms.maturity_date,
        "calendar": CALENDARS.index(terms.calendar),
        "roll": ROLLS.index(terms.roll_convention),
        "bought_curve": names.code(terms.bought_curve),
        "sold_curve": names.code(terms.sold_curve),
        "notional": terms.bought_amount * share,
        "fixing_rate": state.fixing_rate or 0.0,
        **_settlement(terms),
    }


def _settlement(terms: FxForwardTerms) -> Row:
    if (terms.settlement_currency == "") != (terms.fixing_date is None):
        raise Refused("TERMS_INVALID", "terms.fixing_date: goes with settlement_currency")
    if terms.fixing_date is None:
        return {"settled_side": 0, "fixing": 0}
    sides = (terms.bought_currency, terms.sold_currency)
    if terms.settlement_currency not in sides:
        raise Refused("TERMS_INVALID", "terms.settlement_currency: is neither currency")
    if terms.fixing_date > terms.maturity_date:
        raise Refused("BAD_DATES", "terms.fixing_date: is after maturity_date")
    return {
        "settled_side": 1 + sides.index(terms.settlement_currency),
        "fixing": terms.fixing_date,
    }
