"""Volatilities, hazards, inflation and prepayment speeds under shocks and bumps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import dates
from pricing.axis import Axis, Cell
from pricing.market import snapshot
from pricing.pricers.cells import Cells
from pricing.scenarios import ScenarioError, States, parse
from pricing.scenarios.market_states import BP, Bump, MarketState, StateSet

MakeStates = Callable[..., States]
DAY = dt.date(2022, 12, 30)
MEASURES = ("PV", "CS01", "VEGA", "INFLATION01", "DV01")


def made(full: dict[str, Any], *shocks: list[dict[str, Any]]) -> tuple[States, StateSet]:
    """States of BASE and of one scenario per list of shocks, and the set of all its states."""
    documents = [{"code": "BASE"}, *({"code": f"S{i}", "shocks": s} for i, s in enumerate(shocks))]
    scenarios = [parse(document) for document in documents]
    cells = tuple(
        Cell(code, scenario.code, "ALL" if code == "DV01" else "")
        for scenario in scenarios
        for code in MEASURES
    )
    states = States(snapshot.parse(full), scenarios, Axis(cells, DAY, "USD"))
    return states, states.state_set(("USD",), "USD", credit=True)


def at(chosen: StateSet, scenario: int, bump: Bump = Bump.NONE, size: float = 0.0) -> int:
    return chosen.place(MarketState(scenario, bump, "", 0, size))


def test_volatility_shocks_apply_in_order_to_the_surfaces_they_concern(
    full: dict[str, Any],
) -> None:
    add = {"risk": "VOLATILITY", "size": "0.001", "currency": "USD"}
    scale = {"risk": "VOLATILITY", "size": "0.5", "mode": "RELATIVE", "kind": "SWAPTION"}
    other = {"risk": "VOLATILITY", "size": "0.05", "volatility": "EUR-CAP"}
    states, chosen = made(full, [add, scale], [scale, add], [other])
    swaption = states.state_volatility("USD-SWAPTION", np.array([5.0]), np.array([5.0]), chosen)[0]
    cap = states.state_volatility("EUR-CAP", np.array([5.0]), np.array([0.02]), chosen)[0]
    assert swaption[at(chosen, 0)] == 0.0097
    assert swaption[at(chosen, 1)] == pytest.approx((0.0097 + 0.001) * 1.5)
    assert swaption[at(chosen, 2)] == pytest.approx(0.0097 * 1.5 + 0.001)
    assert swaption[at(chosen, 3)] == 0.0097
    assert cap[at(chosen, 3)] == pytest.approx(0.29)
    assert cap[at(chosen, 1)] == 0.24


def test_vega_bump_is_a_basis_point_of_normal_and_a_point_of_other_volatility(
    full: dict[str, Any],
) -> None:
    states, chosen = made(full)
    swaption = states.state_volatility("USD-SWAPTION", np.array([5.0]), np.array([5.0]), chosen)[0]
    cap = states.state_volatility("EUR-CAP", np.array([5.0]), np.array([0.02]), chosen)[0]
    up, down = at(chosen, 0, Bump.VOLATILITY, 1.0), at(chosen, 0, Bump.VOLATILITY, -1.0)
    assert swaption[up] - 0.0097 == pytest.approx(1e-4)
    assert cap[down] - 0.24 == pytest.approx(-1e-2)
    for place, state in enumerate(chosen.order):
        if state.bump is not Bump.VOLATILITY:
            assert swaption[place] == 0.0097
    # A value that is a hundred times the volatility in basis points has a vega of a hundred.
    cells = Cells(states.axis, np.zeros((1, len(states.axis))), np.array([0]))
    chosen.put(cells, (swaption * 1e6)[None, :])
    vega = cells.values[0, states.axis.places[Cell("VEGA", "BASE")]]
    assert vega == pytest.approx(100.0, rel=1e-9)


def test_calibrated_model_moves_with_its_surface_and_a_given_one_as_a_normal_volatility(
    full: dict[str, Any],
) -> None:
    scale = {"risk": "VOLATILITY", "size": "0.2", "mode": "RELATIVE"}
    add = {"risk": "VOLATILITY", "size": "0.001"}
    named = {"risk": "VOLATILITY", "size": "0.001", "volatility": "USD-SWAPTION"}
    states, chosen = made(full, [scale], [add], [named])
    reversion, sigma = states.state_hull_white("USD", chosen)
    assert reversion == 0.03
    found = [float(sigma[at(chosen, place)]) for place in range(4)]
    assert found == pytest.approx([0.0095, 0.0114, 0.0105, 0.0095])
    assert sigma[at(chosen, 0, Bump.VOLATILITY, 1.0)] == pytest.approx(0.0096)
    full["models"]["USD"]["hull_white"]["calibrated"] = {
        "volatility": "USD-SWAPTION",
        "fitted": [{"volatility": "0.009"}, {"volatility": "0.011"}],
    }
    states, chosen = made(full, [scale], [add], [named])
    _, sigma = states.state_hull_white("USD", chosen)
    found = [float(sigma[at(chosen, place)]) / 0.0095 for place in range(4)]
    assert found == pytest.approx([1.0, 1.2, 1.1, 1.1])


def test_hazard_and_survival_move_together(full: dict[str, Any]) -> None:
    wide = [
        {"risk": "CREDIT", "size": "0.5", "mode": "RELATIVE", "credit": "ACME-SENIOR"},
        {"risk": "CREDIT", "size": "0.01", "seniority": "SENIOR"},
    ]
    states, chosen = made(full, wide, [{"risk": "CREDIT", "size": "0.01", "currency": "EUR"}])
    times = np.linspace(0.0, 20.0, 4001)
    hazard = states.state_hazard("ACME-SENIOR", times, chosen)
    survival = states.state_survival("ACME-SENIOR", times, chosen)
    added = np.cumsum(np.vstack([np.zeros(len(chosen)), hazard[1:] * np.diff(times)[:, None]]), 0)
    assert -np.log(survival) == pytest.approx(added, abs=2e-4)
    assert hazard[10, at(chosen, 1)] == pytest.approx(0.01 * 1.5 + 0.01)
    assert np.array_equal(hazard[:, at(chosen, 2)], hazard[:, at(chosen, 0)])
    # The credit triangle: a basis point of spread is 1 / (1 - recovery) of hazard.
    bumped = survival[:, at(chosen, 0, Bump.SPREAD, BP)]
    moved = survival[:, at(chosen, 0)] * np.exp(-times * BP / 0.6)
    assert bumped == pytest.approx(moved, rel=1e-14)


def test_inflation_is_published_then_projected_from_the_reference_of_today(
    full: dict[str, Any],
) -> None:
    up = [{"risk": "INFLATION", "size": "0.005", "inflation": "USCPI"}]
    states, chosen = made(full, up)
    days = np.array([dates.ordinal(dt.date(*d)) for d in (
        (2022, 11, 1), (2022, 12, 30), (2023, 2, 1), (2027, 12, 30), (2032, 12, 30), (2022, 10, 30),
    )])  # fmt: skip
    level = states.state_inflation("USCPI", days, chosen)
    base, shocked = level[:, at(chosen, 0)], level[:, at(chosen, 1)]
    today = 296.808 + (298.012 - 296.808) * 29 / 31
    assert base[0] == 296.171
    assert base[1] == pytest.approx(today, rel=1e-14)
    assert base[2] == 297.711
    # A zero-coupon swap of n years pays (1 + rate)^n; between months the level is linear.
    assert base[3] == pytest.approx(today * 1.0240**5, rel=5e-6)
    assert base[4] == pytest.approx(today * 1.0245**10, rel=5e-6)
    assert np.isnan(base[5])
    assert np.array_equal(shocked[:3], base[:3])
    assert shocked[4] == pytest.approx(today * 1.0295**10, rel=5e-6)
    bumped = level[4, at(chosen, 0, Bump.INFLATION, BP)]
    assert bumped == pytest.approx(today * 1.0246**10, rel=5e-6)


def test_flat_reference_meets_zero_coupon_swaps_exactly(full: dict[str, Any]) -> None:
    states, chosen = made(full)
    days = np.array([dates.ordinal(dt.date(2032, 12, day)) for day in (1, 17, 30)])
    level = states.state_inflation("HICPXT", days, chosen)[:, at(chosen, 0)]
    assert level == pytest.approx(119.56 * 1.025**10, rel=1e-14)


def test_index_that_is_too_old_projects_nothing(full: dict[str, Any]) -> None:
    full["inflation"]["USCPI"]["history"] = [["2022-08", "296.171"]]
    states, chosen = made(full)
    days = np.array([dates.ordinal(dt.date(2032, 12, 30))])
    assert np.isnan(states.state_inflation("USCPI", days, chosen)).all()


def test_prepayment_speeds_are_multiplied_where_the_shock_concerns(full: dict[str, Any]) -> None:
    states, chosen = made(
        full,
        [{"risk": "PREPAYMENT", "size": "0.5"}, {"risk": "PREPAYMENT", "size": "-0.2"}],
        [{"risk": "PREPAYMENT", "size": "-1", "sector": "RETAIL"}],
        [{"risk": "PREPAYMENT", "size": "2", "currency": "EUR"}],
    )
    speed = states.state_prepayment("USD", "RETAIL", chosen)
    assert [float(speed[at(chosen, place)]) for place in range(4)] == [1.0, 1.2000000000000002,
                                                                      0.0, 1.0]  # fmt: skip


def test_collateral_of_another_currency_changes_the_discount_curve(full: dict[str, Any]) -> None:
    states, _ = made(full)

    def name(*arguments: str) -> str | None:
        curve = states.curve_for(*arguments)
        return None if curve is None else curve.name

    assert name("EUR", "") == "EUR-GOVERNMENT"
    assert name("EUR", "", "USD") == "EUR-USD-COLLATERAL"
    assert name("EUR", "", "EUR") == "EUR-GOVERNMENT"
    assert name("EUR", "EUR-GOVERNMENT", "USD") == "EUR-GOVERNMENT"
    assert name("EUR", "", "JPY") is None


SHOCKS: list[tuple[str, dict[str, Any], str, str]] = [
    ("vol_kind", {"risk": "VOLATILITY", "size": "0.1", "kind": "FX"}, "X.shocks[0].kind",
     "SCENARIO_INVALID"),
    ("vol_unknown", {"risk": "VOLATILITY", "size": "0.1", "volatility": "MARS"}, "X.shocks[0]",
     "UNKNOWN_LEVEL"),
    ("vol_field", {"risk": "VOLATILITY", "size": "0.1", "rating": "B"}, "X.shocks[0].rating",
     "SCENARIO_INVALID"),
    ("vol_negative", {"risk": "VOLATILITY", "size": "-0.05"}, "X, volatility USD-SWAPTION",
     "LEVEL_OUT_OF_RANGE"),
    ("vol_lost", {"risk": "VOLATILITY", "size": "-1.1", "mode": "RELATIVE"},
     "X.shocks[0].size", "SCENARIO_INVALID"),
    ("vol_no_size", {"risk": "VOLATILITY"}, "X.shocks[0].size", "SCENARIO_INVALID"),
    ("credit_unknown", {"risk": "CREDIT", "size": "0.1", "credit": "MARS"}, "X.shocks[0]",
     "UNKNOWN_LEVEL"),
    ("credit_negative", {"risk": "CREDIT", "size": "-0.015"}, "X, credit ACME-SENIOR",
     "LEVEL_OUT_OF_RANGE"),
    ("credit_mode", {"risk": "CREDIT", "size": "0.1", "mode": "X"}, "X.shocks[0].mode",
     "SCENARIO_INVALID"),
    ("inflation_unknown", {"risk": "INFLATION", "size": "0.1", "inflation": "MARS"},
     "X.shocks[0]", "UNKNOWN_LEVEL"),
    ("inflation_out", {"risk": "INFLATION", "size": "-1.5"}, "X, inflation USCPI",
     "LEVEL_OUT_OF_RANGE"),
    ("inflation_nan", {"risk": "INFLATION", "size": "nan"}, "X.shocks[0].size",
     "SCENARIO_INVALID"),
    ("speed_absolute", {"risk": "PREPAYMENT", "size": "0.1", "mode": "ABSOLUTE"},
     "X.shocks[0].mode", "SCENARIO_INVALID"),
    ("speed_negative", {"risk": "PREPAYMENT", "size": "-1.01"}, "X.shocks[0].size",
     "SCENARIO_INVALID"),
    ("speed_currency", {"risk": "PREPAYMENT", "size": "0.1", "currency": "XXQ"},
     "X.shocks[0].currency", "SCENARIO_INVALID"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_case", "shock", "place", "code"), SHOCKS, ids=[case[0] for case in SHOCKS]
)
def test_wrong_level_shock_is_refused_at_its_place(
    _case: str, shock: dict[str, Any], place: str, code: str, full: dict[str, Any]
) -> None:
    market, axis = snapshot.parse(full), Axis((Cell("PV", "BASE"),), DAY, "USD")
    document = {"code": "X", "shocks": [shock]}
    with pytest.raises(ScenarioError) as refused:
        States(market, [parse({"code": "BASE"}), parse(document)], axis)
    assert refused.value.place == place
    assert refused.value.code == code
