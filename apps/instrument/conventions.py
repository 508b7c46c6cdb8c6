"""Market conventions: the terms that a contract of a market leaves unsaid.

They fill absent terms when an instrument is imported under a `market_convention`, and stand in
the stored terms from then on; no pricer assumes anything. DEFINITIONS, section 1, gives the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_LOAN = "AMORT_LOAN"
_COMMITTED = ("REVOLVER", "DELAYED_DRAW")
_BOND = "FIXED_BOND"
_BILL = "ZERO_COUPON"
_NOTE = "FLOATING_NOTE"
_POOL = "ABS_MBS"
_LINKER = "INFLATION_BOND"
_CALLABLE = "CALLABLE_BOND"

Defaults = Mapping[str, Mapping[str, Any]]
"""Product type -> default terms."""


def _loan(basis: str, calendar: str, **more: str) -> Defaults:
    terms = {
        "interest_basis": basis,
        "calendar": calendar,
        "roll_convention": "MODIFIED_FOLLOWING",
        "accrual_dates": "ADJUSTED",
    }
    return MappingProxyType(
        {_LOAN: MappingProxyType(terms | more), _CALLABLE: _prepayable(basis, terms | more)}
    )


def _prepayable(basis: str, terms: Mapping[str, str]) -> Mapping[str, str]:
    """Return the terms of a loan that its borrower may prepay, under the names of a bond."""
    shared = ("calendar", "roll_convention", "accrual_dates", "amortisation")
    kept = {name: terms[name] for name in shared if name in terms}
    return MappingProxyType({"day_count": basis, "frequency": "MONTHLY", **kept})


def _loans(basis: str, calendar: str) -> Defaults:
    """Return what loans of a market leave unsaid, drawn at once or under a commitment."""
    found = _loan(basis, calendar)
    return MappingProxyType({**found, **dict.fromkeys(_COMMITTED, found[_LOAN])})


def _bond(
    basis: str, calendar: str, frequency: str, yields: str, **more: str | int
) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            "day_count": basis,
            "frequency": frequency,
            "calendar": calendar,
            "roll_convention": "FOLLOWING",
            "accrual_dates": "UNADJUSTED",
            "yield_convention": yields,
            **more,
        }
    )


def _callable(basis: str, calendar: str, frequency: str) -> Mapping[str, Any]:
    terms = dict(_bond(basis, calendar, frequency, ""))
    del terms["yield_convention"]
    return MappingProxyType(terms)


def _bill(calendar: str, basis: str, yields: str) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            "calendar": calendar,
            "roll_convention": "FOLLOWING",
            "money_market_basis": basis,
            "yield_convention": yields,
        }
    )


def _note(basis: str, calendar: str, **more: str | int) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            "day_count": basis,
            "frequency": "QUARTERLY",
            "calendar": calendar,
            "roll_convention": "MODIFIED_FOLLOWING",
            "accrual_dates": "ADJUSTED",
            **more,
        }
    )


def _agency_pool(delay: int) -> Defaults:
    """Return the terms of agency pools: days after the accrual month, next business day."""
    terms = {"payment_delay_days": delay, "calendar": "US", "roll_convention": "FOLLOWING"}
    return MappingProxyType({_POOL: MappingProxyType(terms)})


_GILT = _bond(
    "ACT/ACT ICMA", "UK", "SEMIANNUAL", "UK_DMO",
    money_market_basis="ACT/365F", ex_coupon_days=7, ex_coupon_day_type="BUSINESS",
)  # fmt: skip
_TIPS = _bond("ACT/ACT ICMA", "US-GOVT", "SEMIANNUAL", "US_TREASURY", ratio_rounding="US_TREASURY")
_INDEX_GILT = _bond("ACT/ACT ICMA", "UK", "SEMIANNUAL", "UK_DMO", ratio_rounding="FIVE_DECIMALS")

CONVENTIONS: Mapping[str, Defaults] = MappingProxyType(
    {
        "US_RESIDENTIAL_MORTGAGE": _loan(
            "30/360",
            "NONE",
            frequency="MONTHLY",
            amortisation="LEVEL_PAY",
            roll_convention="UNADJUSTED",
            accrual_dates="UNADJUSTED",
        ),
        "US_COMMERCIAL_LOAN": _loans("ACT/360", "US"),
        "US_COMMERCIAL_REAL_ESTATE": _loan("ACT/360", "US", payment_basis="30/360"),
        "UK_LOAN": _loans("ACT/365F", "UK"),
        "CAD_LOAN": _loans("ACT/365F", "CA"),
        "JPY_LOAN": _loans("ACT/365F", "JP"),
        "EUR_LOAN": _loans("ACT/360", "TARGET"),
        "US_TREASURY": MappingProxyType(
            {
                _BOND: _bond("ACT/ACT ICMA", "US-GOVT", "SEMIANNUAL", "US_STREET"),
                _BILL: _bill("US-GOVT", "ACT/360", "US_STREET"),
                _LINKER: MappingProxyType({**_TIPS, "deflation_floor": True}),
            }
        ),
        "UK_GILT": MappingProxyType({_BOND: _GILT, _LINKER: _INDEX_GILT}),
        "UK_TREASURY_BILL": MappingProxyType({_BILL: _bill("UK", "ACT/365F", "MONEY_MARKET")}),
        "US_CORPORATE_BOND": MappingProxyType(
            {
                _BOND: _bond("30/360 US", "US", "SEMIANNUAL", "US_STREET"),
                _CALLABLE: _callable("30/360 US", "US", "SEMIANNUAL"),
            }
        ),
        "US_MUNICIPAL_BOND": MappingProxyType(
            {
                _BOND: _bond("30/360 US", "US", "SEMIANNUAL", "US_STREET"),
                _CALLABLE: _callable("30/360 US", "US", "SEMIANNUAL"),
            }
        ),
        "EUROBOND": MappingProxyType(
            {
                _BOND: _bond("ACT/ACT ICMA", "TARGET", "ANNUAL", "ICMA"),
                _CALLABLE: _callable("ACT/ACT ICMA", "TARGET", "ANNUAL"),
            }
        ),
        "GERMAN_FEDERAL_BOND": MappingProxyType(
            {_BOND: _bond("ACT/ACT ICMA", "TARGET", "ANNUAL", "GERMAN")}
        ),
        "CANADA_BOND": MappingProxyType(
            {
                _BOND: _bond(
                    "ACT/365 CANADIAN",
                    "CA",
                    "SEMIANNUAL",
                    "CANADIAN",
                    money_market_basis="ACT/365F",
                )
            }
        ),
        "GINNIE_MAE_I": _agency_pool(14),
        "GINNIE_MAE_II": _agency_pool(19),
        "UMBS": _agency_pool(24),
        "SOFR_NOTE": MappingProxyType({_NOTE: _note("ACT/360", "US-GOVT", lookback_days=5)}),
        "EURIBOR_NOTE": MappingProxyType({_NOTE: _note("ACT/360", "TARGET")}),
        "SONIA_NOTE": MappingProxyType({_NOTE: _note("ACT/365F", "UK", lookback_days=5)}),
    }
)
"""Convention -> product type -> default terms."""


def defaults(convention: str, product_type: str) -> Mapping[str, Any] | None:
    """Return the terms a convention gives a product, None if it has none for it."""
    return CONVENTIONS.get(convention, {}).get(product_type)
