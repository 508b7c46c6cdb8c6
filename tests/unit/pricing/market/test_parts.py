"""Volatilities, credit, inflation, models and collateral: what they say, and what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import dates
from pricing.market import snapshot
from pricing.market.errors import MarketError
from pricing.market.volatility import VolatilityModel

Change = Callable[[dict[str, Any]], None]


def test_volatility_is_linear_in_both_directions_and_flat_beyond(full: dict[str, Any]) -> None:
    surface = snapshot.parse(full).volatilities["USD-SWAPTION"]
    expiries = np.array([1.0, 3.0, 3.0, 0.1, 40.0, 1.0])
    tenors = np.array([5.0, 5.0, 3.0, 0.5, 40.0, 7.5])
    middle = (0.0115 + 0.0097) / 2
    corner = (0.0125 + 0.0115 + 0.0100 + 0.0097) / 4
    wanted = [0.0115, middle, corner, 0.0125, 0.0080, (0.0115 + 0.0105) / 2]
    assert surface.at(expiries, tenors) == pytest.approx(wanted)
    assert surface.unit == 1e-4


def test_volatility_of_a_currency_is_found_where_there_is_one(full: dict[str, Any]) -> None:
    market = snapshot.parse(full)
    found = market.volatility("EUR", "CAP")
    assert found is not None
    assert (found.name, found.model, found.shift) == (
        "EUR-CAP", VolatilityModel.SHIFTED_LOGNORMAL, 0.03,
    )  # fmt: skip
    assert found.unit == 1e-2
    assert market.volatility("EUR", "SWAPTION") is None
    assert market.volatility("EUR", "SWAPTION", "USD-SWAPTION") is None
    full["volatilities"].append({**full["volatilities"][0], "name": "OTHER"})
    market = snapshot.parse(full)
    assert market.volatility("USD", "SWAPTION") is None
    named = market.volatility("USD", "SWAPTION", "OTHER")
    assert named is not None
    assert named.name == "OTHER"


def test_survival_is_the_exponential_of_hazards_added_up(full: dict[str, Any]) -> None:
    curve = snapshot.parse(full).credit["ACME-SENIOR"]
    first, second, third = curve.times
    times = np.array([0.0, first, first + 1.0, second, third, third + 10.0])
    wanted = [
        0.0,
        0.01 * first,
        0.01 * first + 0.02,
        0.01 * first + 0.02 * (second - first),
        0.01 * first + 0.02 * (second - first) + 0.03 * (third - second),
        0.01 * first + 0.02 * (second - first) + 0.03 * (third - second) + 0.3,
    ]
    assert curve.cumulative(times) == pytest.approx(wanted, rel=1e-14)
    assert curve.hazard(times).tolist() == [0.01, 0.01, 0.02, 0.02, 0.03, 0.03]


def test_survival_nodes_are_met(full: dict[str, Any]) -> None:
    curve = snapshot.parse(full).credit["EURO-SUB"]
    assert np.exp(-curve.cumulative(curve.times)) == pytest.approx([0.98, 0.90], rel=1e-14)


def test_reference_level_of_a_day_lies_between_two_months(full: dict[str, Any]) -> None:
    # 31 CFR 356 appendix B: the reference CPI of the first is that of the third month before it,
    # of a later day that much on the way to the second month's.
    index = snapshot.parse(full).inflation["USCPI"]
    days = np.array([dates.ordinal(dt.date(2022, 12, day)) for day in (1, 16)])
    month, weight = index.reference(days)
    levels, known = index.known(month)
    later, _ = index.known(month + 1)
    assert known.all()
    assert levels.tolist() == [296.808, 296.808]
    assert later.tolist() == [298.012, 298.012]
    assert weight == pytest.approx([0.0, 15 / 31])


def test_years_of_zero_inflation_are_counted_in_months(full: dict[str, Any]) -> None:
    index = snapshot.parse(full).inflation["USCPI"]
    assert index.times.tolist() == [1.0, 5.0, 10.0]


def test_collateral_chooses_the_curve(full: dict[str, Any]) -> None:
    assert snapshot.parse(full).collateral == {("EUR", "USD"): "EUR-USD-COLLATERAL"}


def test_each_part_is_hashed_by_name(full: dict[str, Any]) -> None:
    before = snapshot.parse(full).hashes
    full["volatilities"][1]["values"][0][0] = "0.32"
    full["credit"][0]["recovery"] = "0.35"
    full["inflation"]["HICPXT"]["history"][0][1] = "119.57"
    full["models"]["USD"]["hull_white"]["sigma"] = "0.0096"
    full["collateral"]["EUR"]["USD"] = "EUR-GOVERNMENT"
    after = snapshot.parse(full).hashes
    assert {name for name in before if before[name] != after[name]} == {
        "volatility/EUR-CAP", "credit/ACME-SENIOR", "inflation/HICPXT", "model/USD/hull_white",
        "collateral/EUR/USD",
    }  # fmt: skip


def put(*path: str | int, value: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        at: Any = document
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


SWAPTION, CAP = ("volatilities", 0), ("volatilities", 1)
CALIBRATED = {"volatility": "USD-SWAPTION", "fitted": [{"volatility": "0.01"}]}
CASES: list[tuple[str, Change, str]] = [
    ("vol_twice", put(*CAP, "name", value="USD-SWAPTION"), "volatilities[1].name"),
    ("vol_field", put(*CAP, "surface", value=1), "volatilities[1].surface"),
    ("vol_kind", put(*CAP, "kind", value="FX"), "volatilities[1].kind"),
    ("vol_model", put(*CAP, "model", value="SABR"), "volatilities[1].model"),
    ("vol_currency", put(*CAP, "currency", value="XXQ"), "volatilities[1].currency"),
    ("vol_no_shift", put(*CAP, "shift", value="0"), "volatilities[1].shift"),
    ("vol_shift", put(*SWAPTION, "shift", value="0.01"), "volatilities[0].shift"),
    ("vol_expiry", put(*CAP, "expiries", 1, value="1W"), "volatilities[1].expiries[1]"),
    ("vol_expiry_order", put(*CAP, "expiries", 1, value="6M"), "volatilities[1].expiries[1]"),
    ("vol_no_expiry", put(*CAP, "expiries", value=[]), "volatilities[1].expiries"),
    ("vol_strike_order", put(*CAP, "strikes", 1, value="-1"), "volatilities[1].strikes[1]"),
    ("vol_tenors", put(*CAP, "tenors", value=["1Y"]), "volatilities[1].tenors"),
    ("vol_strikes", put(*SWAPTION, "strikes", value=["0"]), "volatilities[0].strikes"),
    ("vol_rows", put(*SWAPTION, "values", value=[["0.01"]]), "volatilities[0].values"),
    ("vol_row", put(*SWAPTION, "values", 1, value=["0.01"]), "volatilities[0].values[1]"),
    ("vol_negative", put(*SWAPTION, "values", 1, 2, value="-0.01"),
     "volatilities[0].values[1][2]"),
    ("vol_normal_in_bp", put(*SWAPTION, "values", 1, 2, value="95"),
     "volatilities[0].values[1][2]"),
    ("credit_twice", put("credit", 1, "name", value="ACME-SENIOR"), "credit[1].name"),
    ("credit_field", put("credit", 1, "rating", value="B"), "credit[1].rating"),
    ("credit_kind", put("credit", 0, "kind", value="SPREAD"), "credit[0].kind"),
    ("credit_no_nodes", put("credit", 0, "nodes", value=[]), "credit[0].nodes"),
    ("credit_past", put("credit", 0, "nodes", 0, 0, value="2022-12-30"), "credit[0].nodes[0]"),
    ("credit_order", put("credit", 0, "nodes", 1, 0, value="2023-06-30"), "credit[0].nodes[1]"),
    ("hazard_negative", put("credit", 0, "nodes", 1, 1, value="-0.01"), "credit[0].nodes[1]"),
    ("survival_rises", put("credit", 1, "nodes", 1, 1, value="0.99"), "credit[1].nodes[1]"),
    ("survival_zero", put("credit", 1, "nodes", 1, 1, value="0"), "credit[1].nodes[1]"),
    ("recovery_all", put("credit", 0, "recovery", value="1"), "credit[0].recovery"),
    ("recovery_none", put("credit", 0, "recovery", value=None), "credit[0].recovery"),
    ("inflation_field", put("inflation", "USCPI", "lag", value=3), "inflation.USCPI.lag"),
    ("inflation_lag", put("inflation", "USCPI", "lag_months", value=13),
     "inflation.USCPI.lag_months"),
    ("inflation_kind", put("inflation", "USCPI", "interpolation", value="CUBIC"),
     "inflation.USCPI.interpolation"),
    ("inflation_month", put("inflation", "USCPI", "history", 1, 0, value="2022-13"),
     "inflation.USCPI.history[1]"),
    ("inflation_order", put("inflation", "USCPI", "history", 1, 0, value="2022-08"),
     "inflation.USCPI.history[1]"),
    ("inflation_level", put("inflation", "USCPI", "history", 1, 1, value="-296"),
     "inflation.USCPI.history[1]"),
    ("inflation_no_history", put("inflation", "USCPI", "history", value=[]),
     "inflation.USCPI.history"),
    ("inflation_node", put("inflation", "USCPI", "nodes", 0, 0, value="2022-12-30"),
     "inflation.USCPI.nodes[0]"),
    ("inflation_percent", put("inflation", "USCPI", "nodes", 0, 1, value="2.35"),
     "inflation.USCPI.nodes[0]"),
    ("inflation_no_nodes", put("inflation", "USCPI", "nodes", value=[]), "inflation.USCPI.nodes"),
    ("model_name", put("models", "USD", value={"g2": {}}), "models.USD.g2"),
    ("model_currency", put("models", "XXQ", value={}), "models.XXQ"),
    ("model_sigma", put("models", "USD", "hull_white", "sigma", value="95"),
     "models.USD.hull_white.sigma"),
    ("model_no_sigma", put("models", "USD", "hull_white", "sigma", value=None),
     "models.USD.hull_white.sigma"),
    ("model_reversion", put("models", "USD", "hull_white", "mean_reversion", value="-1"),
     "models.USD.hull_white.mean_reversion"),
    ("model_surface", put("models", "USD", "hull_white", "calibrated",
                          value={**CALIBRATED, "volatility": "EUR-CAP"}),
     "models.USD.hull_white.calibrated.volatility"),
    ("model_of_no_fit", put("models", "USD", "hull_white", "calibrated",
                            value={**CALIBRATED, "fitted": []}),
     "models.USD.hull_white.calibrated.fitted"),
    ("collateral_curve", put("collateral", "EUR", "USD", value="MARS"), "collateral.EUR.USD"),
    ("collateral_of_other_flows", put("collateral", "EUR", "USD", value="USD-TREASURY"),
     "collateral.EUR.USD"),
    ("collateral_currency", put("collateral", "EUR", "XXQ", value="EUR-GOVERNMENT"),
     "collateral.EUR.XXQ"),
    ("node_of_today", put("curves", 0, "nodes", 0, 0, value="2022-12-30"), "curves[0].nodes[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "change", "place"), CASES, ids=[case[0] for case in CASES])
def test_malformed_part_is_refused_at_its_place(
    _case: str, change: Change, place: str, full: dict[str, Any]
) -> None:
    full["curves"][0]["interpolation"] = "LOG_LINEAR_DISCOUNT"
    change(full)
    with pytest.raises(MarketError) as refused:
        snapshot.parse(full)
    assert refused.value.place == place
