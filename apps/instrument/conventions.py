"""Market conventions: the terms that a contract of a market leaves unsaid.

They fill absent terms when an instrument is imported under a `market_convention`, and stand in
the stored terms from then on; no pricer assumes anything. DEFINITIONS, section 1, gives the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_LOAN = "AMORT_LOAN"
_BOND = "FIXED_BOND"


def _loan(basis: str, calendar: str, **more: str) -> Mapping[str, Mapping[str, str]]:
    terms = {
        "interest_basis": basis,
        "calendar": calendar,
        "roll_convention": "MODIFIED_FOLLOWING",
        "accrual_dates": "ADJUSTED",
    }
    return MappingProxyType({_LOAN: MappingProxyType(terms | more)})


def _bond(basis: str, calendar: str, frequency: str) -> Mapping[str, Mapping[str, str]]:
    terms = {
        "day_count": basis,
        "frequency": frequency,
        "calendar": calendar,
        "roll_convention": "FOLLOWING",
        "accrual_dates": "UNADJUSTED",
    }
    return MappingProxyType({_BOND: MappingProxyType(terms)})


CONVENTIONS: Mapping[str, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "US_RESIDENTIAL_MORTGAGE": _loan(
            "30/360",
            "NONE",
            frequency="MONTHLY",
            amortisation="LEVEL_PAY",
            roll_convention="UNADJUSTED",
            accrual_dates="UNADJUSTED",
        ),
        "US_COMMERCIAL_LOAN": _loan("ACT/360", "US"),
        "US_COMMERCIAL_REAL_ESTATE": _loan("ACT/360", "US", payment_basis="30/360"),
        "UK_LOAN": _loan("ACT/365F", "UK"),
        "CAD_LOAN": _loan("ACT/365F", "CA"),
        "JPY_LOAN": _loan("ACT/365F", "JP"),
        "EUR_LOAN": _loan("ACT/360", "TARGET"),
        "US_TREASURY": _bond("ACT/ACT ICMA", "US-GOVT", "SEMIANNUAL"),
        "UK_GILT": _bond("ACT/ACT ICMA", "UK", "SEMIANNUAL"),
        "US_CORPORATE_BOND": _bond("30/360 US", "US", "SEMIANNUAL"),
        "US_MUNICIPAL_BOND": _bond("30/360 US", "US", "SEMIANNUAL"),
        "EUROBOND": _bond("ACT/ACT ICMA", "TARGET", "ANNUAL"),
    }
)
"""Convention -> product type -> default terms."""


def defaults(convention: str, product_type: str) -> Mapping[str, str] | None:
    """Return the terms a convention gives a product, None if it has none for it."""
    return CONVENTIONS.get(convention, {}).get(product_type)
