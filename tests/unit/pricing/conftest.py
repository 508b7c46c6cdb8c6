"""A small market, ready states, and positions of every product to vary."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.axis import Axis, Cut, default_cells
from pricing.batch import Names
from pricing.failure import Failure
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse
from tests.unit.pricing.derivative_book import KIND_TERMS

DAY = dt.date(2022, 12, 30)


def _days(count: int) -> list[dt.date]:
    """Return the last days up to the valuation date."""
    return [DAY - dt.timedelta(days=back) for back in range(count - 1, -1, -1)]


MARKET: dict[str, Any] = {
    "format": "tieout.market/1",
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
            "currency": "USD",
            "rating": "BBB",
            "sector": "ALL",
            "nodes": [["1Y", "0.011"], ["10Y", "0.019"]],
        },
        {
            "currency": "EUR",
            "rating": "BBB",
            "sector": "BANK",
            "nodes": [["5Y", "0.015"]],
        },
    ],
    "fx": [
        {"base": "EUR", "quote": "USD", "rate": "1.0666"},
        {"base": "EUR", "quote": "JPY", "rate": "140.66"},
    ],
    "indices": {
        "SOFR": {
            "currency": "USD",
            "kind": "OVERNIGHT",
            "day_count": "ACT/360",
            "calendar": "US-GOVT",
            "curve": "USD-TREASURY",
        },
        "TERM_SOFR_3M": {
            "currency": "USD",
            "kind": "TERM",
            "tenor": "3M",
            "day_count": "ACT/360",
            "calendar": "US-GOVT",
            "fixing_lag_days": 2,
            "curve": "USD-TREASURY",
        },
        "EURIBOR_6M": {
            "currency": "EUR",
            "kind": "TERM",
            "tenor": "6M",
            "day_count": "ACT/360",
            "calendar": "TARGET",
            "fixing_lag_days": 2,
            "curve": "EUR-GOVERNMENT",
        },
        "USD_CMS_10Y": {
            "currency": "USD",
            "kind": "CMS",
            "tenor": "10Y",
            "day_count": "ACT/360",
            "calendar": "US-GOVT",
            "curve": "USD-TREASURY",
        },
    },
    "fixings": {
        "SOFR": [[day.isoformat(), "0.043"] for day in _days(120)],
        "TERM_SOFR_3M": [[day.isoformat(), "0.0455"] for day in _days(120)],
        "EURIBOR_6M": [[day.isoformat(), "0.0235"] for day in _days(200)],
    },
    "inflation": {
        "US_CPI_U": {
            "currency": "USD",
            "history": [
                [f"{2020 + month // 12}-{1 + month % 12:02d}", f"{258.0 + 1.2 * month:.3f}"]
                for month in range(35)
            ],
            "nodes": [["2024-12-30", "0.021"], ["2052-12-30", "0.0245"]],
        }
    },
    "models": {
        "EUR": {"hull_white": {"mean_reversion": "0.02", "sigma": "0.008"}},
        "USD": {"hull_white": {"mean_reversion": "0.03", "sigma": "0.0095"}},
    },
}

MARKET["volatilities"] = [
    {
        "name": "USD-SWAPTIONS", "currency": "USD", "kind": "SWAPTION", "model": "NORMAL",
        "expiries": ["1Y", "5Y", "10Y"], "tenors": ["1Y", "5Y", "10Y"],
        "values": [["0.0125", "0.0115", "0.0105"], ["0.0100", "0.0097", "0.0092"],
                   ["0.0088", "0.0084", "0.0080"]],
    },
    {
        "name": "USD-CAPS", "currency": "USD", "kind": "CAP", "model": "NORMAL",
        "expiries": ["1Y", "10Y"], "values": [["0.0120"], ["0.0095"]],
    },
    {
        "name": "EUR-CAPS", "currency": "EUR", "kind": "CAP", "model": "SHIFTED_LOGNORMAL",
        "shift": "0.03", "expiries": ["1Y", "5Y"], "strikes": ["0", "0.02", "0.04"],
        "values": [["0.31", "0.28", "0.27"], ["0.26", "0.24", "0.25"]],
    },
]  # fmt: skip
MARKET["credit"] = [
    {
        "name": "ACME-SENIOR", "currency": "USD", "recovery": "0.4", "seniority": "SENIOR",
        "nodes": [["2023-12-30", "0.01"], ["2027-12-30", "0.02"], ["2032-12-30", "0.03"]],
    }
]  # fmt: skip
MARKET["curves"].append(
    {"name": "USD-EUR-COLLATERAL", "currency": "USD", "nodes": [["2032-12-30", "0.041"]]}
)
MARKET["curves"].append(
    {"name": "EUR-USD-BASIS", "currency": "EUR", "nodes": [["2032-12-30", "0.0235"]]}
)
MARKET["collateral"] = {
    "USD": {"EUR": "USD-EUR-COLLATERAL"}, "EUR": {"USD": "EUR-USD-BASIS"}
}  # fmt: skip

SCENARIOS: list[dict[str, Any]] = [
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
    {"code": "WIDER", "shocks": [{"risk": "SPREAD", "size": "0.01"}]},
]

ALL_MEASURES = (
    "PV", "CLEAN_PV", "ACCRUED", "DV01", "KEY_RATE_DV01", "CS01", "SPREAD_DURATION",
    "SPREAD_DURATION_25", "CONVEXITY", "FX_EXPOSURE", "FX_DELTA", "NOTIONAL", "PRINCIPAL",
    "PAST_DUE", "WAL", "CLEAN_PRICE", "DIRTY_PRICE", "SPREAD", "DV01@UP", "CS01@WIDER",
)  # fmt: skip

QUOTED_MEASURES = (
    "YIELD_SEMI_BOND", "YIELD_TO_WORST_SEMI_BOND", "YIELD_ANNUAL", "YIELD_CONTINUOUS",
    "YIELD_SIMPLE", "MODIFIED_DURATION", "MACAULAY_DURATION", "YIELD_CONVEXITY", "DV01_YIELD",
    "Z_SPREAD", "ASSET_SWAP_SPREAD", "DISCOUNT_MARGIN", "DISCOUNT_RATE", "INVESTMENT_RATE",
    "YIELD_REAL_SEMI_BOND", "INDEX_RATIO", "INFLATION01", "YIELD_SEMI_BOND@UP",
    "DISCOUNT_MARGIN@TWIST", "Z_SPREAD@WIDER", "PAR_RATE", "PAR_RATE@TWIST", "VEGA", "CS01_PAR",
    "DV01_PAR", "OAS", "OPTION_VALUE", "EFFECTIVE_DURATION", "OPTION_VALUE@UP",
)  # fmt: skip

LOAN_TERMS: dict[str, Any] = {
    "start_date": "2022-12-01",
    "first_payment_date": "2023-01-01",
    "payments": 120,
    "original_principal": "100000",
    "rate": "0.06",
    "interest_basis": "30/360",
}
BOND_TERMS: dict[str, Any] = {
    "dated_date": "2020-02-15",
    "maturity_date": "2030-02-15",
    "coupon": "0.04",
    "day_count": "30/360",
}
FX_TERMS: dict[str, Any] = {
    "bought_currency": "EUR",
    "bought_amount": "1000000",
    "sold_currency": "USD",
    "sold_amount": "1080000",
    "maturity_date": "2023-06-30",
}
CALLABLE_TERMS: dict[str, Any] = {
    **BOND_TERMS,
    "maturity_date": "2032-02-15",
    "coupon": "0.055",
    "call_schedule": [["2025-02-15", "102"], ["2027-02-15", "101"], ["2029-02-15", "100"]],
}
ZERO_TERMS: dict[str, Any] = {"issue_date": "2022-10-06", "maturity_date": "2023-10-05"}
NOTE_TERMS: dict[str, Any] = {
    "dated_date": "2021-02-15",
    "maturity_date": "2027-02-15",
    "index": "TERM_SOFR_3M",
    "margin": "0.0125",
    "day_count": "ACT/360",
    "calendar": "US-GOVT",
    "roll_convention": "MODIFIED_FOLLOWING",
}
INFLATION_TERMS: dict[str, Any] = {
    "dated_date": "2021-01-15",
    "maturity_date": "2031-01-15",
    "coupon": "0.00125",
    "day_count": "ACT/ACT ICMA",
    "index": "US_CPI_U",
    "ratio_rounding": "US_TREASURY",
    "deflation_floor": True,
    "yield_convention": "US_TREASURY",
}
REVOLVER_TERMS: dict[str, Any] = {
    "start_date": "2021-03-15",
    "first_payment_date": "2021-06-15",
    "maturity_date": "2026-03-15",
    "commitment": "50000000",
    "interest_basis": "ACT/360",
    "calendar": "US",
    "roll_convention": "MODIFIED_FOLLOWING",
    "accrual_dates": "ADJUSTED",
    "index": "SOFR",
    "margin": "0.0275",
    "index_floor": "0.005",
    "fees": {"commitment": "0.00375", "letters_of_credit": "0.0275"},
    "letter_of_credit_sublimit": "10000000",
}
DELAYED_DRAW_TERMS: dict[str, Any] = {
    "start_date": "2022-06-15",
    "first_payment_date": "2022-09-15",
    "maturity_date": "2028-06-15",
    "availability_end": "2024-06-15",
    "commitment": "30000000",
    "interest_basis": "ACT/360",
    "index": "TERM_SOFR_3M",
    "margin": "0.05",
    "floor": "0.06",
    "fees": {"ticking": "0.01", "ticking_steps": [["2023-06-15", "0.02"]]},
    "utilisation": {"kind": "VECTOR", "levels": ["0.4", "0.5", "0.75", "0.8"]},
    "amortisation_rate": "0.01",
}
POOL_TERMS: dict[str, Any] = {
    "accrual_start_date": "2022-12-01",
    "wac": "0.06",
    "wam": 348,
    "age": 12,
    "servicing_fee": "0.0025",
    "guarantee_fee": "0.0025",
    "payment_delay_days": 24,
    "prepayment": {
        "kind": "S_CURVE", "lowest": "0.05", "highest": "0.45", "centre": "0.01",
        "mortgage_spread": "0.015", "seasoning": 30, "burnout": "0.4",
    },
}  # fmt: skip
DEAL_TERMS: dict[str, Any] = {
    "accrual_start_date": "2022-12-01",
    "payment_delay_days": 14,
    "collateral": [
        {"balance": "700000", "rate": "0.065", "months": 120, "age": 12},
        {"balance": "300000", "rate": "0.07", "months": 60, "amortisation": "BULLET"},
    ],
    "tranches": [
        {"name": "A", "balance": "600000", "coupon": "0.045", "oc_trigger": "1.2"},
        {"name": "B", "balance": "300000", "coupon": "0.06", "ic_trigger": "1.1"},
        {"name": "R", "balance": "100000", "kind": "RESIDUAL"},
    ],
    "tranche": "B",
    "senior_fee": "0.0025",
    "prepayment": {"kind": "CPR", "speed": "0.1"},
}
TERMS = {
    "ABS_MBS": POOL_TERMS,
    "AMORT_LOAN": LOAN_TERMS,
    "CALLABLE_BOND": CALLABLE_TERMS,
    "DERIVATIVE": KIND_TERMS["IRS"],
    "DELAYED_DRAW": DELAYED_DRAW_TERMS,
    "FIXED_BOND": BOND_TERMS,
    "FLOATING_NOTE": NOTE_TERMS,
    "FX_FWD": FX_TERMS,
    "INFLATION_BOND": INFLATION_TERMS,
    "REVOLVER": REVOLVER_TERMS,
    "STRUCTURED": DEAL_TERMS,
    "ZERO_COUPON": ZERO_TERMS,
}
STATES_OF: dict[str, dict[str, Any]] = {
    "ABS_MBS": {"spread": "0.01", "quantity": "1000000"},
    "AMORT_LOAN": {"spread": "0.015"},
    "CALLABLE_BOND": {"spread": "0.01", "quantity": "1000000"},
    "DERIVATIVE": {},
    "DELAYED_DRAW": {"spread": "0.03", "outstanding_principal": "9000000"},
    "FIXED_BOND": {"spread": "0.01", "quantity": "1000000"},
    "FLOATING_NOTE": {"spread": "0.01", "quantity": "1000000"},
    "FX_FWD": {},
    "INFLATION_BOND": {"spread": "0", "quantity": "1000000"},
    "REVOLVER": {
        "spread": "0.02",
        "outstanding_principal": "20000000",
        "letters_of_credit": "4000000",
    },
    "STRUCTURED": {"spread": "0.01", "quantity": "150000"},
    "ZERO_COUPON": {"spread": "0", "quantity": "1000000"},
}

MakeStates = Callable[..., States]
Position = Callable[..., PositionInput]
Valuer = Callable[..., dict[str, float]]


@pytest.fixture
def market() -> dict[str, Any]:
    """A market document that a test may change."""
    return copy.deepcopy(MARKET)


@pytest.fixture
def full(market: dict[str, Any]) -> dict[str, Any]:
    """The small market with volatilities, credit, inflation, models and collateral."""
    market["curves"].append(
        {"name": "EUR-USD-COLLATERAL", "currency": "EUR", "nodes": [["2032-12-30", "0.026"]]}
    )
    market["volatilities"] = [
        {
            "name": "USD-SWAPTION", "currency": "USD", "kind": "SWAPTION", "model": "NORMAL",
            "expiries": ["1Y", "5Y", "10Y"], "tenors": ["1Y", "5Y", "10Y"],
            "values": [["0.0125", "0.0115", "0.0105"], ["0.0100", "0.0097", "0.0092"],
                       ["0.0088", "0.0084", "0.0080"]],
        },
        {
            "name": "EUR-CAP", "currency": "EUR", "kind": "CAP", "model": "SHIFTED_LOGNORMAL",
            "shift": "0.03", "expiries": ["1Y", "5Y"], "strikes": ["0", "0.02", "0.04"],
            "values": [["0.31", "0.28", "0.27"], ["0.26", "0.24", "0.25"]],
        },
    ]  # fmt: skip
    market["credit"] = [
        {
            "name": "ACME-SENIOR", "currency": "USD", "recovery": "0.4", "seniority": "SENIOR",
            "nodes": [["2023-12-30", "0.01"], ["2027-12-30", "0.02"], ["2032-12-30", "0.03"]],
        },
        {
            "name": "EURO-SUB", "currency": "EUR", "recovery": "0.2", "seniority": "SUB",
            "kind": "SURVIVAL", "nodes": [["2023-12-30", "0.98"], ["2027-12-30", "0.90"]],
        },
    ]  # fmt: skip
    market["inflation"] = {
        "USCPI": {
            "currency": "USD", "lag_months": 3, "interpolation": "LINEAR",
            "history": [["2022-08", "296.171"], ["2022-09", "296.808"], ["2022-10", "298.012"],
                        ["2022-11", "297.711"]],
            "nodes": [["2023-12-30", "0.0235"], ["2027-12-30", "0.0240"],
                      ["2032-12-30", "0.0245"]],
        },
        "HICPXT": {
            "currency": "EUR", "lag_months": 3, "interpolation": "FLAT",
            "history": [["2022-09", "119.56"], ["2022-10", "121.48"]],
            "nodes": [["2032-12-30", "0.0250"]],
        },
    }  # fmt: skip
    market["models"] = {"USD": {"hull_white": {"mean_reversion": "0.03", "sigma": "0.0095"}}}
    market["collateral"] = {"EUR": {"USD": "EUR-USD-COLLATERAL"}}
    return market


@pytest.fixture
def make_states() -> MakeStates:
    """States of a market and scenarios on the axis of every measure."""

    def make(
        market: Mapping[str, Any] = MARKET,
        scenarios: Sequence[Mapping[str, Any]] = SCENARIOS,
        measures: Sequence[str] = ALL_MEASURES,
        day: dt.date = DAY,
        cut: Cut = Cut.END_OF_DAY,
        currency: str = "USD",
        **options: Any,
    ) -> States:
        read = [parse(document) for document in scenarios]
        codes = [scenario.code for scenario in read]
        measures = [m for m in measures if "@" not in m or m.partition("@")[2] in codes]
        cells = default_cells(measures, codes, ["USD", "EUR"], currency)
        return States(snapshot.parse(market), read, Axis(cells, day, currency, cut), **options)

    return make


@pytest.fixture
def position() -> Position:
    """A position of a product: its usual terms and state with what is given changed."""

    def make(
        product_type: str = "AMORT_LOAN",
        terms: Mapping[str, Any] | None = None,
        state: Mapping[str, Any] | None = None,
        currency: str = "USD",
        rating: str | None = "BBB",
        sector: str | None = "RETAIL",
        name: str = "P",
    ) -> PositionInput:
        merged = {**TERMS[product_type], **(terms or {})}
        now = {**STATES_OF[product_type], **(state or {})}
        return PositionInput(name, product_type, currency, merged, now, rating, sector)

    return make


@pytest.fixture
def value(make_states: MakeStates) -> Valuer:
    """The cells of one position by name, in run currency; a failure fails the test."""

    def run(position: PositionInput, states: States | None = None) -> dict[str, float]:
        states = states or make_states()
        packed = product(position.product_type).pack([position], Names())
        valued = valuation.value(packed.batch, states)
        assert valued.failures == [None]
        amounts = valuation.convert(valued, states)[0]
        return {str(cell): float(amounts[i]) for i, cell in enumerate(states.axis.cells)}

    return run


@pytest.fixture
def failure(make_states: MakeStates) -> Callable[..., Failure]:
    """The failure of one position that cannot be valued; its cells are zeros."""

    def run(position: PositionInput, states: States | None = None) -> Failure:
        packed = product(position.product_type).pack([position], Names())
        valued = valuation.value(packed.batch, states or make_states())
        (found,) = valued.failures
        assert found is not None
        assert not np.any(valued.values)
        return found

    return run
