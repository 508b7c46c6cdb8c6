"""CDS: protection against the default of a reference entity for a running premium."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.daycount import PERIODIC
from pricing.failure import Refused
from pricing.products import fields
from pricing.products.derivative_state import DerivativeState, share_of
from pricing.products.fields import CALENDAR, DAY_COUNT, ROLL, about, declared
from pricing.products.rows import Row
from pricing.products.swap_leg import LegTerms, leg_row
from pricing.products.terms import FREQUENCIES

KINDS = ("CDS",)
PROTECTION = ("BOUGHT", "SOLD")
INTEGRATIONS = ("ISDA", "MID_POINT")

COLUMNS = {
    "credit": "i4",
    "sold": "i1",
    "recovery": "f8",
    "recovery_known": "i1",
    "mid_point": "i1",
    "last_day": "i1",
}


@dataclass(frozen=True, slots=True)
class CdsTerms:
    """A single-name credit default swap; the defaults are those of the ISDA standard contract."""

    kind: str = declared("choice", "what the contract is", choices=KINDS)
    protection: str = declared("choice", "which side is held", choices=PROTECTION)
    credit: str = declared("text", "credit curve of the market: the reference entity")
    start_date: int = declared("date", "when premium starts to accrue: the 20th before the trade")
    maturity_date: int = declared("date", "last day of protection, the 20th of June or December")
    notional: float = declared("amount", "notional of the contract", positive=True)
    premium: float = declared("rate", "running premium, annual, decimal", low=0.0)
    frequency: str = declared("choice", "premium period", "QUARTERLY", choices=tuple(FREQUENCIES))
    day_count: str = declared("choice", "day count of premiums", "ACT/360", **DAY_COUNT)
    first_date: int | None = declared(
        "date", "end of the first period where it is irregular, unadjusted", None
    )
    calendar: str = declared("choice", "business days of payments", "WEEKENDS", **CALENDAR)
    roll_convention: str = declared("choice", "how dates are moved", "FOLLOWING", **ROLL)
    last_day_accrues: bool = declared(
        "flag", "whether premium accrues on the maturity itself", True
    )
    recovery: float | None = declared(
        "rate", "share recovered on default; absent: the credit curve's", None, low=0.0, high=0.99
    )
    integration: str = declared(
        "choice",
        "ISDA: exactly between nodes of the curves; MID_POINT: default in the middle of a period",
        "ISDA",
        choices=INTEGRATIONS,
    )
    currency: str = declared("currency", "currency of the contract; absent: the position's", "")
    discount_curve: str = declared("text", "curve to discount on; absent: the collateral's", "")
    collateral_currency: str = declared(
        "currency", "currency of the collateral, which picks the discount curves", ""
    )
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


def row(terms: Any, state: DerivativeState, currency: str, names: Names) -> Row:
    """Return the columns of a credit default swap; its premium leg is on the pay side."""
    swap = fields.read(CdsTerms, terms, "terms")
    share = share_of(state, swap.notional)
    if swap.day_count in PERIODIC:
        raise Refused("TERMS_INVALID", "terms.day_count: premiums accrue by days, not by periods")
    leg = LegTerms(
        day_count=swap.day_count,
        frequency=swap.frequency,
        currency=swap.currency,
        rate=swap.premium,
        first_date=swap.first_date,
        calendar=swap.calendar,
        roll_convention=swap.roll_convention,
        discount_curve=swap.discount_curve,
    )
    columns = leg_row(
        leg, "terms", swap.start_date, swap.maturity_date, swap.notional, share, currency, names
    )
    return {
        **{f"pay_{name}": value for name, value in columns.items()},
        "collateral": names.code(swap.collateral_currency),
        "credit": names.code(swap.credit),
        "sold": PROTECTION.index(swap.protection),
        "recovery": swap.recovery or 0.0,
        "recovery_known": swap.recovery is not None,
        "mid_point": INTEGRATIONS.index(swap.integration),
        "last_day": swap.last_day_accrues,
        "notional": columns["notional"],
    }
