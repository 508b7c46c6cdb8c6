"""A small fixed batch of every product whose bits prove a numeric profile."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from pricing import valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Names
from pricing.market import snapshot
from pricing.measures import DEFAULT_MEASURES
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse

_DAY = dt.date(2022, 12, 30)

_MARKET = {
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
}

_SCENARIOS = (
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


def _positions() -> list[PositionInput]:
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


def values() -> list[npt.NDArray[np.float64]]:
    """Return the canary's values in run currency, one array per product."""
    scenarios = [parse(document) for document in _SCENARIOS]
    codes = [scenario.code for scenario in scenarios]
    cells = default_cells(
        [*DEFAULT_MEASURES, "CLEAN_PRICE", "CONVEXITY"], codes, ["USD", "EUR"], "USD"
    )
    axis = Axis(cells, _DAY, "USD")
    states = States(snapshot.parse(_MARKET), scenarios, axis)
    out: list[npt.NDArray[np.float64]] = []
    for product_type in ("AMORT_LOAN", "FIXED_BOND", "FX_FWD"):
        inputs = [p for p in _positions() if p.product_type == product_type]
        batch = product(product_type).pack(inputs, Names()).batch
        out.append(valuation.convert(valuation.value(batch, states), states))
    return out
