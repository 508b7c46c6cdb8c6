"""IRS, OIS, BASIS and XCCY: two legs exchanged to a maturity.

docs/methods/derivative.md gives the formulas.
"""

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

KINDS = ("IRS", "OIS", "BASIS", "XCCY")
RESETTING = ("NONE", "RECEIVE", "PAY")


@dataclass(frozen=True, slots=True)
class SwapTerms:
    """A swap: a leg received and a leg paid, on one notional or two currencies' notionals."""

    receive: LegTerms = field(metadata=about("object", "the leg received", of=LegTerms))
    pay: LegTerms = field(metadata=about("object", "the leg paid", of=LegTerms))
    kind: str = declared("choice", "what the contract is", choices=KINDS)
    start_date: int = declared("date", "when the first periods begin")
    maturity_date: int = declared("date", "when the last periods end, unadjusted")
    notional: float = declared("amount", "notional of the contract", positive=True)
    collateral_currency: str = declared(
        "currency", "currency of the collateral, which picks the discount curves", ""
    )
    resetting: str = declared(
        "choice",
        "the leg of XCCY whose notional is reset to the other's value in every period",
        "NONE",
        choices=RESETTING,
    )
    exchange_notional: bool | None = declared(
        "flag", "whether notionals are exchanged; absent: for XCCY alone", None
    )
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


def row(terms: Any, state: DerivativeState, currency: str, names: Names) -> Row:
    """Return the columns of a swap."""
    swap = fields.read(SwapTerms, terms, "terms")
    share = share_of(state, swap.notional)
    _check(swap, currency)
    exchange = swap.kind == "XCCY" if swap.exchange_notional is None else swap.exchange_notional
    found: Row = {
        "collateral": names.code(swap.collateral_currency),
        "exchange": exchange,
        "resetting": RESETTING.index(swap.resetting),
    }
    if state.resetting_notional is not None:
        found["resetting_notional"] = state.resetting_notional * share
    for side, leg in (("receive", swap.receive), ("pay", swap.pay)):
        columns = leg_row(
            leg, f"terms.{side}", swap.start_date, swap.maturity_date, swap.notional, share,
            currency, names,
        )  # fmt: skip
        found.update({f"{side}_{name}": value for name, value in columns.items()})
    found["notional"] = found["receive_notional"]
    return found


def _check(swap: SwapTerms, currency: str) -> None:
    receive, pay = swap.receive, swap.pay
    floating = [leg.index != "" for leg in (receive, pay)]
    if swap.kind in ("IRS", "OIS") and floating[0] == floating[1]:
        raise Refused("TERMS_INVALID", f"terms.pay.index: one leg of {swap.kind} is fixed, one not")
    if swap.kind == "BASIS" and not all(floating):
        side = "pay" if floating[0] else "receive"
        raise Refused("TERMS_INVALID", f"terms.{side}.index: both legs of BASIS float")
    one = (receive.currency or currency) == (pay.currency or currency)
    if swap.kind == "XCCY" and one:
        raise Refused("TERMS_INVALID", "terms.pay.currency: the legs of XCCY are in two currencies")
    if swap.kind != "XCCY" and not one:
        raise Refused(
            "TERMS_INVALID", f"terms.pay.currency: the legs of {swap.kind} are in one currency"
        )
    if swap.resetting == "NONE":
        if swap.kind == "XCCY" and None in (receive.notional, pay.notional):
            side = "receive" if receive.notional is None else "pay"
            raise Refused("TERMS_INVALID", f"terms.{side}.notional: each leg of XCCY has its own")
        return
    if swap.kind != "XCCY":
        raise Refused("TERMS_INVALID", "terms.resetting: only XCCY resets a notional")
    if swap.exchange_notional is False:
        raise Refused("TERMS_INVALID", "terms.exchange_notional: a resetting swap exchanges them")
    if receive.frequency != pay.frequency:
        raise Refused(
            "TERMS_INVALID", "terms.pay.frequency: a resetting swap has one for both legs"
        )
    for side, leg in (("receive", receive), ("pay", pay)):
        if leg.notional_schedule is not None:
            raise Refused(
                "TERMS_INVALID", f"terms.{side}.notional_schedule: a resetting swap has none"
            )
        if side == swap.resetting.lower() and leg.notional is not None:
            raise Refused("TERMS_INVALID", f"terms.{side}.notional: a resetting leg has none")
