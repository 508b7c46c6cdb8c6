"""Twists, butterflies, relative shapes and composed scenarios against what they must equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing.scenarios import ScenarioError, States, composed

MakeStates = Callable[..., States]
TIMES = np.array([0.0, 0.1, 0.5, 1.0, 2.0, 4.3, 5.0, 7.7, 10.0, 19.0, 25.0, 60.0])
PIVOT = {"start": "1Y", "pivot": "5Y", "end": "20Y"}
MIDDLE = {"start": "1Y", "middle": "5Y", "end": "20Y"}


def zeros(make_states: MakeStates, *shocks: dict[str, Any]) -> np.ndarray:
    scenario = {"code": "X", "shocks": list(shocks)}
    states = make_states(scenarios=[{"code": "BASE"}, scenario])
    return states.zero_rates("USD-TREASURY", TIMES, 1)


def test_a_twist_of_equal_ends_is_a_parallel_shift(make_states: MakeStates) -> None:
    twist = {"risk": "RATE", "twist": {"short": "0.0123", "long": "0.0123", **PIVOT}}
    parallel = {"risk": "RATE", "size": "0.0123"}
    assert np.array_equal(zeros(make_states, twist), zeros(make_states, parallel))


def test_a_twist_of_opposite_ends_turns_about_its_pivot(make_states: MakeStates) -> None:
    steeper = {"risk": "RATE", "twist": {"short": "-0.005", "long": "0.005", **PIVOT}}
    moved = zeros(make_states, steeper) - zeros(make_states)
    wanted = np.interp(TIMES, [1, 5, 20], [-0.005, 0.0, 0.005])
    assert moved == pytest.approx(wanted, abs=1e-16)


def test_a_flattener_undoes_its_steepener(make_states: MakeStates) -> None:
    steeper = {"risk": "RATE", "twist": {"short": "-0.005", "long": "0.005", **PIVOT}}
    flatter = {"risk": "RATE", "twist": {"short": "0.005", "long": "-0.005", **PIVOT}}
    both = zeros(make_states, steeper, flatter)
    assert both == pytest.approx(zeros(make_states), abs=1e-17)


def test_a_butterfly_moves_its_belly_against_its_wings(make_states: MakeStates) -> None:
    shape = {"risk": "RATE", "butterfly": {"wings": "-0.002", "belly": "0.003", **MIDDLE}}
    moved = zeros(make_states, shape) - zeros(make_states)
    wanted = np.interp(TIMES, [1, 5, 20], [-0.002, 0.003, -0.002])
    assert moved == pytest.approx(wanted, abs=1e-16)


@pytest.mark.parametrize("shape", [{"size": "0"}, {"tenors": [["1Y", "0"], ["9Y", "0"]]}])
def test_a_relative_shock_of_nothing_is_the_base_to_the_bit(
    shape: dict[str, Any], make_states: MakeStates
) -> None:
    shock = {"risk": "RATE", "mode": "RELATIVE", **shape}
    assert np.array_equal(zeros(make_states, shock), zeros(make_states))


def test_a_relative_shape_multiplies_each_rate_by_its_own_factor(make_states: MakeStates) -> None:
    shape = {"risk": "RATE", "mode": "RELATIVE", "tenors": [["1Y", "0.5"], ["10Y", "-0.2"]]}
    wanted = zeros(make_states) * (1.0 + np.interp(TIMES, [1, 10], [0.5, -0.2]))
    assert zeros(make_states, shape) == pytest.approx(wanted, rel=1e-15)


def test_shocks_after_a_relative_shape_apply_to_what_it_made(make_states: MakeStates) -> None:
    shape = {"risk": "RATE", "mode": "RELATIVE", "tenors": [["1Y", "0.5"], ["10Y", "-0.2"]]}
    up = {"risk": "RATE", "size": "0.01"}
    double = {"risk": "RATE", "mode": "RELATIVE", "size": "1"}
    factor = 1.0 + np.interp(TIMES, [1, 10], [0.5, -0.2])
    base = zeros(make_states)
    found = zeros(make_states, up, shape, double)
    assert found == pytest.approx((base + 0.01) * factor * 2.0, rel=1e-14)
    found = zeros(make_states, shape, double, up)
    assert found == pytest.approx(base * factor * 2.0 + 0.01, rel=1e-14)


def test_a_floor_stops_the_fall_and_lifts_nothing(make_states: MakeStates) -> None:
    base = zeros(make_states)
    down = {"risk": "RATE", "size": "-0.02", "floor": "0.02"}
    assert zeros(make_states, down) == pytest.approx(np.maximum(base - 0.02, 0.02), abs=1e-17)
    low = {"risk": "RATE", "size": "-0.02", "floor": "0.05"}
    assert np.array_equal(zeros(make_states, low), base)
    after = zeros(make_states, down, {"risk": "RATE", "mode": "RELATIVE", "size": "1"})
    assert after == pytest.approx(2.0 * np.maximum(base - 0.02, 0.02), abs=1e-17)


def test_rates_out_of_range_name_scenario_curve_and_tenor(make_states: MakeStates) -> None:
    shape = {"risk": "RATE", "tenors": [["2Y", "0"], ["7Y", "2"], ["8Y", "0"]]}
    with pytest.raises(ScenarioError) as refused:
        zeros(make_states, shape, shape)
    assert refused.value.code == "DISCOUNT_FACTOR_INVALID"
    assert refused.value.place == "X, curve USD-TREASURY"
    assert "the farthest at 7Y" in str(refused.value)


def test_a_sector_of_no_curve_is_refused_and_a_known_one_is_not(make_states: MakeStates) -> None:
    known = {"risk": "SPREAD", "size": "0.01", "sector": "BANK"}
    assert np.array_equal(zeros(make_states, known), zeros(make_states))
    with pytest.raises(ScenarioError, match="no sector 'BANKS'") as refused:
        zeros(make_states, known | {"sector": "BANKS"})
    assert refused.value.code == "UNKNOWN_SECTOR"


def test_property_values_multiply_where_they_are_shocked(make_states: MakeStates) -> None:
    shocks = [
        {"risk": "PROPERTY", "size": "-0.5", "currency": "USD"},
        {"risk": "PROPERTY", "size": "-0.2", "segment": "COMMERCIAL"},
    ]
    states = make_states(scenarios=[{"code": "BASE"}, {"code": "X", "shocks": shocks}])
    assert states.property_values("USD", "RESIDENTIAL").tolist() == [1.0, 0.5]
    assert states.property_values("USD", "COMMERCIAL").tolist() == [1.0, 0.5 * 0.8]
    assert states.property_values("EUR", "RESIDENTIAL").tolist() == [1.0, 1.0]


UP = {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.01"}]}
DOUBLE = {"code": "DOUBLE", "shocks": [{"risk": "RATE", "mode": "RELATIVE", "size": "1"}]}
LIBRARY = {"UP": UP, "DOUBLE": DOUBLE, "BASE": {"code": "BASE"}}


def test_a_composed_scenario_of_one_part_is_the_part() -> None:
    assert composed({"code": "X", "parts": ["UP"]}, LIBRARY)["shocks"] == UP["shocks"]
    assert composed({"code": "X", "parts": ["BASE"]}, LIBRARY)["shocks"] == []


def test_parts_apply_in_the_order_they_are_named(make_states: MakeStates) -> None:
    def of(*parts: str) -> np.ndarray:
        return zeros(make_states, *composed({"code": "X", "parts": list(parts)}, LIBRARY)["shocks"])

    base = zeros(make_states)
    assert of("UP", "DOUBLE") == pytest.approx((base + 0.01) * 2.0, rel=1e-15)
    assert of("DOUBLE", "UP") == pytest.approx(base * 2.0 + 0.01, rel=1e-15)


def test_parts_may_have_parts() -> None:
    library = LIBRARY | {"BOTH": {"code": "BOTH", "parts": ["UP", "DOUBLE"]}}
    found = composed({"code": "X", "parts": ["BOTH", "UP"]}, library)["shocks"]
    assert found == [*UP["shocks"], *DOUBLE["shocks"], *UP["shocks"]]


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        ({"parts": ["UP", "NOWHERE"]}, "X.parts[1]", "UNKNOWN_SCENARIO"),
        ({"parts": ["X"]}, "X.parts[0]", "PART_OF_ITSELF"),
        ({"parts": ["LOOP"]}, "LOOP.parts[0]", "PART_OF_ITSELF"),
        ({"parts": "UP"}, "X.parts", "SCENARIO_INVALID"),
        ({"parts": [7]}, "X.parts[0]", "SCENARIO_INVALID"),
        ({"parts": ["UP"], "shocks": []}, "X.shocks", "SCENARIO_INVALID"),
    ],
)
def test_parts_that_are_at_fault_name_their_place(
    document: dict[str, Any], place: str, code: str
) -> None:
    library = LIBRARY | {"LOOP": {"code": "LOOP", "parts": ["X"]}}
    library["X"] = {"code": "X", **document}
    with pytest.raises(ScenarioError) as refused:
        composed(library["X"], library)
    assert (refused.value.place, refused.value.code) == (place, code)
