"""SWAPTION: the right to enter a swap on one day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.failure import Refused
from pricing.products import fields
from pricing.products.derivative_state import DerivativeState, share_of
from pricing.products.fields import about, declared
from pricing.products.rows import Row
from pricing.products.swap_leg import LegTerms, leg_row

KINDS = ("SWAPTION",)
OPTIONS = ("PAYER", "RECEIVER")
SETTLEMENTS = ("PHYSICAL", "CASH_PAR_YIELD")

COLUMNS = {"expiry": "i4", "settlement": "i1"}


@dataclass(frozen=True, slots=True)
class SwaptionTerms:
    """A European swaption; a PAYER pays the fixed leg once exercised."""

    fixed: LegTerms = field(metadata=about("object", "the fixed leg of the swap", of=LegTerms))
    floating: LegTerms = field(
        metadata=about("object", "the floating leg of the swap", of=LegTerms)
    )
    kind: str = declared("choice", "what the contract is", choices=KINDS)
    option: str = declared("choice", "which leg the holder pays: the fixed one", choices=OPTIONS)
    expiry_date: int = declared("date", "day of exercise")
    start_date: int = declared("date", "when the swap begins")
    maturity_date: int = declared("date", "when the swap ends, unadjusted")
    notional: float = declared("amount", "notional of the contract", positive=True)
    settlement: str = declared(
        "choice",
        "PHYSICAL: into the swap; CASH_PAR_YIELD: in cash, the annuity at the swap rate itself",
        "PHYSICAL",
        choices=SETTLEMENTS,
    )
    volatility: str = declared(
        "text", "surface of the market; absent: the only one of the currency and kind", ""
    )
    collateral_currency: str = declared(
        "currency", "currency of the collateral, which picks the discount curves", ""
    )
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


def row(terms: Any, state: DerivativeState, currency: str, names: Names) -> Row:
    """Return the columns of a swaption; the fixed leg is on the pay side."""
    option = fields.read(SwaptionTerms, terms, "terms")
    share = share_of(state, option.notional)
    fixed, floating = option.fixed, option.floating
    if fixed.rate is None:
        raise Refused("TERMS_INVALID", "terms.fixed.rate: is missing")
    if not floating.index:
        raise Refused("TERMS_INVALID", "terms.floating.index: is missing")
    if (fixed.currency or currency) != (floating.currency or currency):
        raise Refused("TERMS_INVALID", "terms.floating.currency: the legs are in one currency")
    if option.expiry_date > option.start_date:
        raise Refused("BAD_DATES", "terms.expiry_date: is after start_date")
    if option.settlement == "CASH_PAR_YIELD" and (
        fixed.notional_schedule is not None or fixed.rate_steps is not None
    ):
        raise Refused("TERMS_INVALID", "terms.settlement: a stepped swap has no par yield annuity")
    found: Row = {}
    for side, name, leg in (("pay", "fixed", fixed), ("receive", "floating", floating)):
        columns = leg_row(
            leg, f"terms.{name}", option.start_date, option.maturity_date, option.notional, share,
            currency, names,
        )  # fmt: skip
        found.update({f"{side}_{column}": value for column, value in columns.items()})
    return {
        **found,
        "collateral": names.code(option.collateral_currency),
        "option": OPTIONS.index(option.option),
        "expiry": option.expiry_date,
        "settlement": SETTLEMENTS.index(option.settlement),
        "volatility": names.code(option.volatility),
        "notional": found["pay_notional"],
    }
