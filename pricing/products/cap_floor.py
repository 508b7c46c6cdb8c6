"""CAP_FLOOR: options on the rates of a floating leg."""

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

KINDS = ("CAP_FLOOR",)
OPTIONS = ("CAP", "FLOOR", "COLLAR")

COLUMNS = {"option": "i1", "strike": "f8", "floor_strike": "f8", "volatility": "i4", "omit": "i1"}


@dataclass(frozen=True, slots=True)
class CapFloorTerms:
    """A cap, a floor, or a collar: a cap held and a floor written."""

    leg: LegTerms = field(
        metadata=about("object", "the floating leg whose rates are capped", of=LegTerms)
    )
    kind: str = declared("choice", "what the contract is", choices=KINDS)
    option: str = declared("choice", "CAP, FLOOR or COLLAR", choices=OPTIONS)
    strike: float = declared("rate", "rate above which a cap, below which a floor pays")
    start_date: int = declared("date", "when the first period begins")
    maturity_date: int = declared("date", "when the last period ends, unadjusted")
    notional: float = declared("amount", "notional of the contract", positive=True)
    floor_strike: float | None = declared("rate", "strike of the floor of a collar", None)
    omit_first_period: bool = declared(
        "flag", "whether the first period, whose rate is known at the start, has no option", False
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
    """Return the columns of a cap or floor; its leg is that of the receive side."""
    cap = fields.read(CapFloorTerms, terms, "terms")
    share = share_of(state, cap.notional)
    if not cap.leg.index:
        raise Refused("TERMS_INVALID", "terms.leg.index: the leg of a cap floats")
    if cap.leg.spread != 0.0 or cap.leg.rate_steps is not None:
        raise Refused("TERMS_INVALID", "terms.leg.spread: a cap is on the index alone")
    if (cap.option == "COLLAR") != (cap.floor_strike is not None):
        raise Refused("TERMS_INVALID", "terms.floor_strike: goes with COLLAR, and it with it")
    if cap.floor_strike is not None and cap.floor_strike > cap.strike:
        raise Refused("RATE_OUT_OF_RANGE", "terms.floor_strike: the floor is above the cap")
    leg = leg_row(
        cap.leg, "terms.leg", cap.start_date, cap.maturity_date, cap.notional, share, currency,
        names,
    )  # fmt: skip
    if cap.omit_first_period and leg["payments"] < 2:
        raise Refused("SCHEDULE_INVALID", "terms.omit_first_period: no other period is left")
    return {
        **{f"receive_{name}": value for name, value in leg.items()},
        "collateral": names.code(cap.collateral_currency),
        "option": OPTIONS.index(cap.option),
        "strike": cap.strike,
        "floor_strike": cap.floor_strike or 0.0,
        "omit": cap.omit_first_period,
        "volatility": names.code(cap.volatility),
        "notional": leg["notional"],
    }
