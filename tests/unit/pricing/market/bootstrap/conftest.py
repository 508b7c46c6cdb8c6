"""A market of quotes: dollar and euro curves, one of them collateralised in dollars."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def quoted() -> dict[str, Any]:
    """Every kind of quote, in curves that need each other; their order is not that of need."""
    sofr = [
        {"kind": "DEPOSIT", "tenor": "1D", "rate": "0.0430", "settlement_days": 0,
         "roll": "FOLLOWING"},
        {"kind": "OIS", "tenor": "1M", "rate": "0.0443"},
        {"kind": "FUTURES", "start": "2023-03-15", "end": "2023-06-21", "price": "95.08",
         "convexity": "0.00005", "index": "SOFR"},
        *({"kind": "OIS", "tenor": tenor, "rate": rate} for tenor, rate in (
            ("1Y", "0.0488"), ("2Y", "0.0444"), ("3Y", "0.0409"), ("5Y", "0.0374"),
            ("10Y", "0.0352"), ("30Y", "0.0321"))),
    ]  # fmt: skip
    term = [
        {"kind": "DEPOSIT", "tenor": "1M", "rate": "0.0438"},
        {"kind": "DEPOSIT", "tenor": "3M", "rate": "0.0477"},
        {"kind": "FRA", "start": "3M", "rate": "0.0507"},
        {"kind": "FUTURES", "start": "2023-06-21", "price": "94.90", "convexity": "0.0001"},
        {"kind": "SWAP", "tenor": "2Y", "rate": "0.0469"},
        {"kind": "SWAP", "tenor": "5Y", "rate": "0.0400"},
        {"kind": "SWAP", "tenor": "10Y", "rate": "0.0376"},
        {"kind": "BASIS", "tenor": "15Y", "spread": "-0.0024", "against": "SOFR"},
        {"kind": "SWAP", "tenor": "30Y", "rate": "0.0345"},
    ]
    collateral = [
        {"kind": "FX_FORWARD", "tenor": "3M", "rate": "1.07250", "base": "EUR", "quote": "USD"},
        {"kind": "FX_FORWARD", "tenor": "1Y", "rate": "1.08760", "base": "EUR", "quote": "USD"},
        {"kind": "XCCY_BASIS", "tenor": "5Y", "spread": "-0.0018", "against": "SOFR_3M"},
        {
            "kind": "XCCY_BASIS",
            "tenor": "10Y",
            "spread": "-0.0020",
            "against": "SOFR_3M",
            "resetting": True,
        },
    ]
    bonds = [
        {"kind": "BOND", "price": "99.10", "coupon": "0.0400", "dated_date": "2022-03-15",
         "maturity": "2024-03-15"},
        {"kind": "BOND", "price": "97.25", "coupon": "0.0325", "dated_date": "2022-08-31",
         "maturity": "2027-08-31"},
        {"kind": "BOND", "price": "101.50", "coupon": "0.0412", "dated_date": "2022-11-15",
         "maturity": "2032-11-15"},
    ]  # fmt: skip
    return {
        "format": "tieout.market/1",
        "as_of": "2022-12-30",
        "curves": [
            {
                "name": "EUR-USD", "currency": "EUR", "kind": "BOOTSTRAP", "quotes": collateral,
                "interpolation": "LOG_LINEAR_DISCOUNT",
                "conventions": {
                    "FX_FORWARD": {"collateral": "USD-SOFR", "calendar": "TARGET+US"},
                    "XCCY_BASIS": {"collateral": "USD-SOFR", "index": "EURIBOR_3M",
                                   "calendar": "TARGET+US"},
                },
            },
            {
                "name": "USD-TERM", "currency": "USD", "kind": "BOOTSTRAP", "quotes": term,
                "conventions": {
                    "DEPOSIT": {"calendar": "US", "day_count": "ACT/360"},
                    "FRA": {"index": "SOFR_3M"}, "FUTURES": {"index": "SOFR_3M"},
                    "SWAP": {"index": "SOFR_3M", "months": 6},
                    "BASIS": {"index": "SOFR_3M"},
                },
            },
            {
                "name": "USD-SOFR", "currency": "USD", "kind": "BOOTSTRAP", "quotes": sofr,
                "interpolation": "LOG_LINEAR_DISCOUNT",
                "conventions": {
                    "DEPOSIT": {"calendar": "US-GOVT", "day_count": "ACT/360"},
                    "OIS": {"index": "SOFR", "payment_lag_days": 2},
                },
            },
            {
                "name": "EUR-ESTR", "currency": "EUR",
                "nodes": [["2023-12-30", "0.0310"], ["2052-12-30", "0.0255"]],
            },
            {
                "name": "USD-BONDS", "currency": "USD", "kind": "BOOTSTRAP", "quotes": bonds,
                "interpolation": "LOG_CUBIC_DISCOUNT", "discount_curve": "USD-BONDS",
                "conventions": {"BOND": {"calendar": "US-GOVT", "months": 6}},
            },
        ],
        "discount": {"USD": "USD-SOFR", "EUR": "EUR-ESTR"},
        "indices": {
            "SOFR": {"currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/360",
                     "calendar": "US-GOVT", "curve": "USD-SOFR"},
            "SOFR_3M": {"currency": "USD", "kind": "TERM", "tenor": "3M", "day_count": "ACT/360",
                        "calendar": "US", "fixing_lag_days": 2, "curve": "USD-TERM"},
            "EURIBOR_3M": {"currency": "EUR", "kind": "TERM", "tenor": "3M",
                           "day_count": "ACT/360", "calendar": "TARGET", "fixing_lag_days": 2,
                           "curve": "EUR-ESTR"},
        },
        "fx": [{"base": "EUR", "quote": "USD", "rate": "1.0666"}],
        "credit": [
            {"name": "ACME", "currency": "USD", "recovery": "0.4", "quotes": [
                {"tenor": "1Y", "spread": "0.0062"}, {"tenor": "3Y", "spread": "0.0095"},
                {"tenor": "5Y", "spread": "0.0128"}, {"tenor": "10Y", "spread": "0.0160"}]},
        ],
    }  # fmt: skip
