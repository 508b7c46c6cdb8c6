"""INFLATION_BOND: coupons and redemption grow with an inflation index.

docs/methods/inflation_bond.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields
from pricing.products.bond import MONEY_MARKET, QUOTE_COLUMNS, YIELD_CONVENTION
from pricing.products.coupon_dates import coupon_schedule
from pricing.products.fields import CALENDAR, DAY_COUNT, ROLL, about, declared
from pricing.products.rows import DEBT_AND_SCHEDULE, Packed, Row, debt_row
from pricing.products.rows import pack as pack_rows
from pricing.products.state import DebtState, check_credit
from pricing.products.terms import ACCRUAL_DATES, FREQUENCIES
from pricing.yield_conventions import MONEY_MARKET_BASES, YIELD_CONVENTIONS

PRODUCT_TYPE = "INFLATION_BOND"

RATIO_ROUNDINGS = ("NONE", "US_TREASURY", "FIVE_DECIMALS")

COLUMNS = {
    **DEBT_AND_SCHEDULE,
    **QUOTE_COLUMNS,
    "face": "f8",
    "coupon": "f8",
    "redemption": "f8",
    "index": "i4",
    "base_level": "f8",
    "ratio_rounding": "i1",
    "deflation_floor": "i1",
}


@dataclass(frozen=True, slots=True)
class InflationBondTerms:
    """What the bond's conditions say; dates are day ordinals once read."""

    dated_date: int = declared("date", "when the first coupon starts to accrue")
    maturity_date: int = declared("date", "when the bond is redeemed, unadjusted")
    coupon: float = declared("rate", "annual real coupon, decimal")
    day_count: str = declared("choice", "day count of coupons", **DAY_COUNT)
    index: str = declared("text", "name of the inflation index in the market, like US_CPI_U")
    base_level: float | None = declared(
        "number",
        "reference level at the dated date; absent: from the market's history",
        None,
        positive=True,
        low=0.0,
        high=1e9,
    )
    ratio_rounding: str = declared(
        "choice",
        "how published levels and ratios are rounded: US_TREASURY cuts at 6 decimals and rounds "
        "at 5, FIVE_DECIMALS rounds at 5",
        "NONE",
        choices=RATIO_ROUNDINGS,
    )
    deflation_floor: bool = declared("flag", "whether at least the face is redeemed", False)
    frequency: str = declared("choice", "coupon period", "SEMIANNUAL", choices=tuple(FREQUENCIES))
    first_coupon_date: int | None = declared(
        "date", "first coupon where the first period is irregular", None
    )
    last_coupon_date: int | None = declared(
        "date", "last coupon before a maturity off the grid of coupons", None
    )
    end_of_month: bool = declared("flag", "coupons at month ends", False)
    redemption: float = declared(
        "number", "per 100 of indexed face", 100.0, positive=True, high=1e4
    )
    calendar: str = declared("choice", "business days of payments", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how pay dates are moved", "UNADJUSTED", **ROLL)
    accrual_dates: str = declared(
        "choice", "whether interest runs to moved dates", "UNADJUSTED", choices=ACCRUAL_DATES
    )
    yield_convention: str = declared(
        "choice", "how real yields discount", "COMPOUND", **YIELD_CONVENTION
    )
    money_market_basis: str = declared(
        "choice", "day count of simple yields", "ACT/360", **MONEY_MARKET
    )
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class InflationBondState(DebtState):
    """What is true of the holding tonight; `quantity` is original face, short ones negative."""

    quantity: float | None = declared("amount", "original face held", None, needed=True)


def read(position: PositionInput) -> tuple[InflationBondTerms, InflationBondState]:
    """Return typed terms and state; raise Refused where they are no inflation bond."""
    terms = fields.read(InflationBondTerms, position.terms, "terms")
    state = fields.read(InflationBondState, position.state, "state", open_ended=True)
    return terms, state


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of inflation bonds, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms, state = read(position)
    check_credit(state)
    if state.quantity is None:
        raise Refused("TERMS_INVALID", "state.quantity: is missing")
    row = coupon_schedule(terms)
    row.update(debt_row(state, terms.discount_curve, names))
    row.update(
        face=state.quantity,
        notional=state.quantity,
        coupon=terms.coupon,
        redemption=terms.redemption,
        index=names.code(terms.index),
        base_level=terms.base_level or 0.0,
        ratio_rounding=RATIO_ROUNDINGS.index(terms.ratio_rounding),
        deflation_floor=terms.deflation_floor,
        yield_convention=YIELD_CONVENTIONS.index(terms.yield_convention),
        money_market=MONEY_MARKET_BASES.index(terms.money_market_basis),
    )
    return row
