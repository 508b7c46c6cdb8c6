"""What the canary values: a market with every part, and positions of every product.

Made up, and never to be changed without recording its hashes anew (docs/methods/measures.md).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from pricing.market import snapshot
from pricing.position import PositionInput

DAY = dt.date(2022, 12, 30)


def _daily(level: str, days: int = 120) -> list[list[str]]:
    """Return a rate that was the same on the last days up to the valuation date."""
    return [[(DAY - dt.timedelta(days=back)).isoformat(), level] for back in range(days, -1, -1)]


MARKET: dict[str, Any] = {
    "format": snapshot.FORMAT,
    "as_of": "2022-12-30",
    "curves": [
        {
            "name": "USD-TREASURY",
            "currency": "USD",
            "nodes": [
                ["2023-03-30", "0.0437"],
                ["2024-12-30", "0.0439"],
                ["2032-12-30", "0.0385"],
                ["2052-12-30", "0.0397"],
            ],
        },
        {
            "name": "EUR-GOVERNMENT",
            "currency": "EUR",
            "nodes": [["2023-12-30", "0.0262"], ["2042-12-30", "0.0248"]],
        },
    ],
    "discount": {"USD": "USD-TREASURY", "EUR": "EUR-GOVERNMENT"},
    "spreads": [
        {
            "currency": "EUR",
            "rating": "BBB",
            "sector": "ALL",
            "nodes": [["1Y", "0.011"], ["10Y", "0.019"]],
        }
    ],
    "fx": [{"base": "EUR", "quote": "USD", "rate": "1.0666"}],
    "settlement_days": {"USD": 2},
    "indices": {
        "SOFR": {
            "currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/360",
            "calendar": "US-GOVT", "curve": "USD-TREASURY",
        },
        "TERM_SOFR_3M": {
            "currency": "USD", "kind": "TERM", "tenor": "3M", "day_count": "ACT/360",
            "calendar": "US-GOVT", "fixing_lag_days": 2, "curve": "USD-TREASURY",
        },
        "USD_CMS_10Y": {
            "currency": "USD", "kind": "CMS", "tenor": "10Y", "day_count": "ACT/360",
            "calendar": "US-GOVT", "curve": "USD-TREASURY",
        },
        "EURIBOR_3M": {
            "currency": "EUR", "kind": "TERM", "tenor": "3M", "day_count": "ACT/360",
            "calendar": "TARGET", "fixing_lag_days": 2, "curve": "EUR-GOVERNMENT",
        },
    },
    "fixings": {
        "SOFR": _daily("0.043"),
        "TERM_SOFR_3M": _daily("0.0455"),
        "USD_CMS_10Y": _daily("0.037"),
        "EURIBOR_3M": _daily("0.0205"),
    },
    "inflation": {
        "CPI": {
            "currency": "USD",
            "history": [
                [f"{2020 + month // 12}-{1 + month % 12:02d}", f"{258.0 + 1.2 * month:.3f}"]
                for month in range(35)
            ],
            "nodes": [["2024-12-30", "0.021"], ["2052-12-30", "0.0245"]],
        }
    },
    "models": {
        "USD": {"hull_white": {"mean_reversion": "0.03", "sigma": "0.0095"}},
    },
    "volatilities": [
        {
            "name": "USD-SWAPTIONS", "currency": "USD", "kind": "SWAPTION", "model": "NORMAL",
            "expiries": ["1Y", "5Y"], "tenors": ["1Y", "10Y"],
            "values": [["0.0125", "0.0105"], ["0.0100", "0.0092"]],
        },
        {
            "name": "USD-CAPS", "currency": "USD", "kind": "CAP", "model": "SHIFTED_LOGNORMAL",
            "shift": "0.03", "expiries": ["1Y", "5Y"], "strikes": ["0.02", "0.04"],
            "values": [["0.31", "0.27"], ["0.26", "0.25"]],
        },
    ],
    "credit": [
        {
            "name": "NAME", "currency": "USD", "recovery": "0.4", "seniority": "SENIOR",
            "nodes": [["2023-12-30", "0.01"], ["2032-12-30", "0.03"]],
        }
    ],
}  # fmt: skip

SCENARIOS: tuple[dict[str, Any], ...] = (
    {"code": "BASE"},
    {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.01"}]},
    {
        "code": "TWIST",
        "shocks": [
            {"risk": "RATE", "currency": "USD", "tenors": [["2Y", "-0.004"], ["10Y", "0.007"]]},
            {"risk": "SPREAD", "size": "0.0025", "rating": "BBB"},
            {"risk": "FX", "currency": "EUR", "size": "-0.1"},
        ],
    },
)


def _fixed_and_forward() -> list[PositionInput]:
    """Return loans and bonds at fixed rates, and forwards."""
    found: list[PositionInput] = []
    for i in range(24):
        terms: dict[str, object] = {
            "start_date": "2022-11-15",
            "first_payment_date": f"2023-{1 + i % 3:02d}-{1 + (7 * i) % 28:02d}",
            "payments": 3 + 13 * i,
            "original_principal": str(100000 + 7919 * i),
            "rate": f"0.0{31 + i}",
            "interest_basis": ("30/360", "ACT/360", "ACT/ACT ISDA")[i % 3],
            "payment_basis": "30/360",
            "prepayment": {
                "kind": ("NONE", "CPR", "PSA", "SMM")[i % 4],
                "speed": ("0", "0.06", "1.65", "0.004")[i % 4],
            },
        }
        state = {"spread_source": "SUPPLIED", "spread": f"0.0{10 + i}"}
        found.append(PositionInput(f"LOAN-{i}", "AMORT_LOAN", "USD", terms, state, "BB", "RETAIL"))
    for i in range(12):
        terms = {
            "dated_date": "2019-07-31",
            "maturity_date": f"20{25 + 2 * i}-07-31",
            "coupon": f"0.0{20 + 3 * i}",
            "day_count": ("ACT/ACT ICMA", "30/360 US", "30E/360")[i % 3],
            "frequency": ("SEMIANNUAL", "ANNUAL")[i % 2],
        }
        state = (
            {"quantity": "1000000", "spread_source": "MATRIX"},
            {"quantity": "-500000", "spread_source": "MARK", "mark_price": "93.25"},
            {"quantity": "250000", "spread": "0.0125"},
        )[i % 3]
        found.append(PositionInput(f"BOND-{i}", "FIXED_BOND", "EUR", terms, state, "BBB", "BANK"))
    for i in range(4):
        terms = {
            "bought_currency": "EUR",
            "bought_amount": "1000000",
            "sold_currency": "USD",
            "sold_amount": str(1080000 + 1000 * i),
            "maturity_date": f"202{3 + i}-06-30",
        }
        found.append(PositionInput(f"FX-{i}", "FX_FWD", "USD", terms))
    return found


_FLOATING = {
    "index": "TERM_SOFR_3M", "day_count": "ACT/360", "frequency": "QUARTERLY",
    "calendar": "US-GOVT",
}  # fmt: skip
_FIXED = {"rate": "0.0375", "day_count": "30/360", "frequency": "SEMIANNUAL"}
_LIFE = {"start_date": "2022-11-15", "maturity_date": "2028-11-15", "notional": "1000000"}

DERIVATIVES: tuple[dict[str, Any], ...] = (
    {"kind": "IRS", **_LIFE, "receive": _FIXED, "pay": _FLOATING},
    {"kind": "OIS", **_LIFE, "receive": {**_FLOATING, "index": "SOFR"}, "pay": _FIXED},
    {"kind": "BASIS", **_LIFE, "receive": _FLOATING, "pay": {**_FLOATING, "index": "SOFR"}},
    {
        "kind": "XCCY", **_LIFE, "receive": {**_FLOATING, "notional": "1066600"},
        "pay": {**_FLOATING, "index": "EURIBOR_3M", "calendar": "TARGET", "currency": "EUR",
                "notional": "1000000"},
    },
    {
        "kind": "FX_SWAP", "bought_currency": "EUR", "bought_amount": "1000000",
        "sold_currency": "USD", "sold_amount": "1066600", "start_date": "2023-01-04",
        "maturity_date": "2023-07-05", "far_sold_amount": "1078000",
    },
    {"kind": "CAP_FLOOR", **_LIFE, "option": "CAP", "strike": "0.03", "leg": _FLOATING},
    {
        "kind": "SWAPTION", **_LIFE, "option": "RECEIVER", "expiry_date": "2024-11-13",
        "start_date": "2024-11-15", "fixed": _FIXED, "floating": _FLOATING,
    },
    {
        "kind": "CDS", "protection": "BOUGHT", "credit": "NAME", "start_date": "2022-12-20",
        "maturity_date": "2027-12-20", "notional": "1000000", "premium": "0.01",
    },
)  # fmt: skip

_SPREAD = {"spread": "0.0175"}
_HELD = {"quantity": "1000000", **_SPREAD}
_SPEEDS = {"kind": "S_CURVE", "lowest": "0.05", "highest": "0.45", "centre": "0.01",
           "mortgage_spread": "0.015", "seasoning": 30, "burnout": "0.4"}  # fmt: skip
_COMMITMENT = {
    "start_date": "2022-06-15", "first_payment_date": "2022-09-15", "commitment": "3000000",
    "maturity_date": "2027-06-15", "interest_basis": "ACT/360", "calendar": "US",
    "roll_convention": "MODIFIED_FOLLOWING", "accrual_dates": "ADJUSTED", "index_floor": "0.005",
}  # fmt: skip
_LOAN = {
    "start_date": "2022-10-15", "first_payment_date": "2022-11-15", "payments": 60,
    "original_principal": "1000000", "interest_basis": "ACT/360",
}  # fmt: skip

OTHERS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("AMORT_LOAN", {
        **_LOAN, "floating": {"index": "SOFR", "margin": "0.0325", "lookback_days": 5},
    }, {**_SPREAD, "outstanding_principal": "985000"}),
    ("AMORT_LOAN", {
        **_LOAN, "rate": "0.035",
        "floating": {"index": "TERM_SOFR_3M", "margin": "0.0275", "fixed_payments": 24,
                     "reset_payments": 3, "periodic_cap": "0.01", "cap": "0.09"},
        "prepayment": {"kind": "S_CURVE", "curve": {
            "index": "USD_CMS_10Y", "margin": "0.015", "low": "0.03", "high": "0.35",
        }},
    }, {**_SPREAD, "outstanding_principal": "970000"}),
    ("AMORT_LOAN", {
        **_LOAN, "rate": "0.07", "default": {"kind": "CDR", "speed": "0.03", "severity": "0.45"},
    }, {**_SPREAD, "credit_basis": "CASHFLOW"}),
    ("AMORT_LOAN", {**_LOAN, "rate": "0.07"}, {
        **_SPREAD, "credit_basis": "CASHFLOW", "status": "DEFAULTED",
        "outstanding_principal": "900000", "expected_recovery": "400000",
        "expected_recovery_date": "2024-06-30",
    }),
    ("REVOLVER", {
        **_COMMITMENT, "index": "SOFR", "margin": "0.0275", "fees": {"commitment": "0.00375"},
    }, {**_SPREAD, "outstanding_principal": "1200000"}),
    ("REVOLVER", {
        **_COMMITMENT, "index": "TERM_SOFR_3M", "margin": "0.0225",
        "utilisation": {"kind": "CREDIT", "leq": "0.5", "widening": "0.03"},
    }, {**_SPREAD, "outstanding_principal": "1000000"}),
    ("DELAYED_DRAW", {
        **_COMMITMENT, "index": "TERM_SOFR_3M", "margin": "0.05", "fees": {"ticking": "0.01"},
        "availability_end": "2024-06-15", "draws": [["2023-03-15", "600000"]],
    }, {**_SPREAD, "outstanding_principal": "900000"}),
    ("ZERO_COUPON", {"issue_date": "2022-10-06", "maturity_date": "2023-10-05"}, _HELD),
    ("FLOATING_NOTE", {
        "dated_date": "2021-02-15", "maturity_date": "2027-02-15", "index": "TERM_SOFR_3M",
        "margin": "0.0125", "day_count": "ACT/360", "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING", "floor": "0.04",
    }, _HELD),
    ("FLOATING_NOTE", {
        "dated_date": "2022-12-15", "maturity_date": "2026-12-15", "index": "TERM_SOFR_3M",
        "margin": "0", "day_count": "ACT/360", "calendar": "US-GOVT", "frequency": "QUARTERLY",
        "accrual_range": {"rate": "0.065", "lower": "0.025", "upper": "0.05"},
        "option_model": "VOLATILITY",
    }, _HELD),
    ("INFLATION_BOND", {
        "dated_date": "2021-01-15", "maturity_date": "2031-01-15", "coupon": "0.00125",
        "day_count": "ACT/ACT ICMA", "index": "CPI", "ratio_rounding": "US_TREASURY",
        "deflation_floor": True,
    }, _HELD),
    ("CALLABLE_BOND", {
        "dated_date": "2020-02-15", "maturity_date": "2030-02-15", "coupon": "0.055",
        "day_count": "30/360", "call_schedule": [["2025-02-15", "102"], ["2027-02-15", "100"]],
    }, _HELD),
    ("CALLABLE_BOND", {
        "dated_date": "2022-02-15", "maturity_date": "2027-02-15", "coupon": "0.0625",
        "day_count": "30/360", "frequency": "QUARTERLY", "amortisation": "LEVEL_PAY",
        "amortisation_payments": 60, "call_style": "AMERICAN",
        "call_schedule": [["2023-06-15", "101"]],
    }, _HELD),
    ("ABS_MBS", {
        "accrual_start_date": "2022-12-01", "wac": "0.06", "wam": 180, "age": 12,
        "servicing_fee": "0.0025", "guarantee_fee": "0.0025", "prepayment": _SPEEDS,
    }, _HELD),
    ("ABS_MBS", {
        "accrual_start_date": "2022-12-01", "wac": "0.05", "wam": 120, "strip": "IO",
        "prepayment": {"kind": "PSA", "speed": "1.5"},
    }, _HELD),
    ("ABS_MBS", {
        "accrual_start_date": "2022-12-01", "wac": "0.06", "wam": 120, "age": 12,
        "prepayment": _SPEEDS, "monte_carlo": {"paths": 16},
    }, _HELD),
    ("STRUCTURED", {
        "accrual_start_date": "2022-12-01", "tranche": "B", "senior_fee": "0.0025",
        "collateral": [{"balance": "1000000", "rate": "0.065", "months": 60, "age": 12}],
        "tranches": [
            {"name": "A", "balance": "600000", "coupon": "0.045", "oc_trigger": "1.2"},
            {"name": "B", "balance": "300000", "coupon": "0.06", "ic_trigger": "1.1"},
            {"name": "R", "balance": "100000", "kind": "RESIDUAL"},
        ],
        "prepayment": {"kind": "CPR", "speed": "0.1"},
    }, {"quantity": "150000", **_SPREAD}),
)  # fmt: skip
"""Product type, terms and state of what does not stand in many variants."""


def positions() -> list[PositionInput]:
    """Return the positions, every product among them and every kind of derivative."""
    found = _fixed_and_forward()
    for number, (product_type, terms, state) in enumerate(OTHERS):
        code = f"OTHER-{number}"
        found.append(PositionInput(code, product_type, "USD", terms, state, "BB", "RETAIL"))
    for number, terms in enumerate(DERIVATIVES):
        found.append(PositionInput(f"DERIVATIVE-{number}", "DERIVATIVE", "USD", terms))
    return found
