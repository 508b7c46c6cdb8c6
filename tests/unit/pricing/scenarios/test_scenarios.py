"""Scenario documents, their refusals, and the states they make without touching the market."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing.market import snapshot
from pricing.scenarios import ScenarioError, States, parse
from pricing.scenarios import shocks as standard
from pricing.scenarios.columns import Column, Operator, central_shift, key_rate_weights

MakeStates = Callable[..., States]
DAYS = np.array([0, 100, 365, 800, 3650, 7300, 20000])


def zeros(states: States, curve: str, code: str) -> np.ndarray:
    return states.zero_rates(curve, DAYS / 365.0, states.places[code])


def with_base(*documents: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"code": "BASE"}, *documents]


def test_parallel_shift_moves_every_curve(make_states: MakeStates) -> None:
    up = {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.01"}]}
    states = make_states(scenarios=with_base(up))
    for curve in ("USD-TREASURY", "EUR-GOVERNMENT"):
        moved = zeros(states, curve, "UP") - zeros(states, curve, "BASE")
        assert moved == pytest.approx(0.01, abs=1e-16)


@pytest.mark.parametrize("narrow", [{"currency": "EUR"}, {"curve": "EUR-GOVERNMENT"}])
def test_narrowed_shift_leaves_other_curves_bit_for_bit(
    narrow: dict[str, str], make_states: MakeStates
) -> None:
    up = {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.01", **narrow}]}
    states = make_states(scenarios=with_base(up))
    dollar = zeros(states, "USD-TREASURY", "UP")
    assert np.array_equal(dollar, zeros(states, "USD-TREASURY", "BASE"))
    euro = zeros(states, "EUR-GOVERNMENT", "UP") - zeros(states, "EUR-GOVERNMENT", "BASE")
    assert euro == pytest.approx(0.01, abs=1e-16)


def test_tenor_shift_is_linear_between_tenors_and_flat_beyond(make_states: MakeStates) -> None:
    twist = {
        "code": "TWIST",
        "shocks": [{"risk": "RATE", "tenors": [["2Y", "-0.01"], ["10Y", "0.01"]]}],
    }
    states = make_states(scenarios=with_base(twist))
    moved = zeros(states, "USD-TREASURY", "TWIST") - zeros(states, "USD-TREASURY", "BASE")
    years = DAYS / 365.0
    wanted = np.interp(years, [2, 10], [-0.01, 0.01])
    assert moved == pytest.approx(wanted, abs=1e-16)


def test_shocks_compose_in_the_order_given(make_states: MakeStates) -> None:
    add = {"risk": "RATE", "size": "0.01"}
    scale = {"risk": "RATE", "size": "-0.5", "mode": "RELATIVE"}
    states = make_states(
        scenarios=with_base(
            {"code": "AS", "shocks": [add, scale]}, {"code": "SA", "shocks": [scale, add]}
        )
    )
    base = zeros(states, "USD-TREASURY", "BASE")
    assert zeros(states, "USD-TREASURY", "AS") == pytest.approx((base + 0.01) / 2)
    assert zeros(states, "USD-TREASURY", "SA") == pytest.approx(base / 2 + 0.01)


def test_market_is_never_changed(market: dict[str, Any], make_states: MakeStates) -> None:
    before = copy.deepcopy(market)
    parsed = snapshot.parse(market)
    kept = {name: curve.zeros.copy() for name, curve in parsed.curves.items()}
    states = make_states(market)
    states.factors("USD-TREASURY", 0, (Column(1, Operator.VALUE),), DAYS)
    assert market == before
    for name, curve in states.market.curves.items():
        assert np.array_equal(curve.zeros, kept[name])
        with pytest.raises(ValueError, match="read-only"):
            curve.zeros[0] = 0.0


def test_spread_shocks_add_for_those_they_concern(make_states: MakeStates) -> None:
    document = {
        "code": "MIX",
        "shocks": [
            {"risk": "SPREAD", "size": "0.01"},
            {"risk": "SPREAD", "size": "0.02", "rating": "BBB"},
            {"risk": "SPREAD", "size": "0.04", "rating": "BBB", "sector": "BANK"},
            {"risk": "SPREAD", "size": "0.08", "currency": "EUR"},
        ],
    }
    states = make_states(scenarios=with_base(document))

    def shock(*obligor: str) -> float:
        classes = states.spread_classes
        return float(classes.vector(classes.of(obligor))[1])  # type: ignore[arg-type]

    assert shock("USD", "AA", "BANK") == pytest.approx(0.01)
    assert shock("USD", "BBB", "RETAIL") == pytest.approx(0.03)
    assert shock("USD", "BBB", "BANK") == pytest.approx(0.07)
    assert shock("EUR", "BBB", "BANK") == pytest.approx(0.15)


def test_fx_shock_is_of_value_against_the_run_currency(make_states: MakeStates) -> None:
    states = make_states(
        scenarios=with_base(
            {"code": "EUR10", "shocks": [{"risk": "FX", "currency": "EUR", "size": "0.1"}]},
            {"code": "ALL1", "shocks": [{"risk": "FX", "currency": "ALL", "size": "0.01"}]},
            {
                "code": "ADD",
                "shocks": [{"risk": "FX", "currency": "EUR", "size": "0.02", "mode": "ABSOLUTE"}],
            },
        )
    )
    euro, yen, dollar = (states.fx_value(code) for code in ("EUR", "JPY", "USD"))
    assert euro is not None
    assert yen is not None
    assert euro == pytest.approx(1.0666 * np.array([1, 1.1, 1.01, 1 + 0.02 / 1.0666]))
    assert yen == pytest.approx(1.0666 / 140.66 * np.array([1, 1, 1.01, 1]))
    assert dollar is not None
    assert np.array_equal(dollar, np.ones(4))


def test_standard_scenarios_say_what_their_codes_say(make_states: MakeStates) -> None:
    states = make_states()
    axis = states.axis
    made = States(states.market, [*standard.STANDARD, *states.scenarios[1:]], axis)
    one = zeros(made, "USD-TREASURY", "RATES_PARALLEL_1BP") - zeros(made, "USD-TREASURY", "BASE")
    assert one == pytest.approx(1e-4)
    number = made.spread_classes.of(("USD", "", ""))
    assert made.spread_classes.vector(number)[made.places["SPREAD_25BP"]] == 0.0025
    euro = made.fx_value("EUR")
    assert euro is not None
    assert euro[made.places["FX_SPOT_1PCT"]] == pytest.approx(1.0666 * 1.01)


def test_central_shift_is_sinh_to_the_last_bits() -> None:
    x = np.linspace(-0.5, 0.5, 2001)
    assert np.abs(central_shift(x) - np.sinh(x)).max() <= 2e-16
    small = np.geomspace(1e-12, 1e-2, 50)
    assert central_shift(small) == pytest.approx(np.sinh(small), rel=5e-16)


def test_key_rate_weights_sum_to_one_at_every_time() -> None:
    times = np.linspace(0.0, 200.0, 50_001)
    weights = key_rate_weights(times, ("3M", "6M", "1Y", "2Y", "5Y", "30Y"))
    assert np.all(weights >= 0.0)
    assert np.all(weights.sum(axis=1) == 1.0)
    assert key_rate_weights(times, ("10Y",)).sum() == len(times)


SHOCKS: list[tuple[str, Any, str, str]] = [
    ("no_risk", {}, "X.shocks[0].risk", "SCENARIO_INVALID"),
    ("unknown_risk", {"risk": "VOL"}, "X.shocks[0].risk", "SCENARIO_INVALID"),
    ("no_size", {"risk": "RATE"}, "X.shocks[0]", "SCENARIO_INVALID"),
    ("nan", {"risk": "RATE", "size": "nan"}, "X.shocks[0].size", "SCENARIO_INVALID"),
    ("1e400", {"risk": "RATE", "size": "1e400"}, "X.shocks[0].size", "SCENARIO_INVALID"),
    ("text", {"risk": "RATE", "size": "up"}, "X.shocks[0].size", "SCENARIO_INVALID"),
    ("unknown_field", {"risk": "RATE", "size": "0", "shape": "x"}, "X.shocks[0].shape",
     "SCENARIO_INVALID"),
    ("both", {"risk": "RATE", "size": "0", "curve": "C", "currency": "USD"}, "X.shocks[0]",
     "SCENARIO_INVALID"),
    ("tenor", {"risk": "RATE", "tenors": [["1W", "0"]]}, "X.shocks[0].tenors[0]",
     "SCENARIO_INVALID"),
    ("tenor_order", {"risk": "RATE", "tenors": [["2Y", "0"], ["1Y", "0"]]},
     "X.shocks[0].tenors[1]", "SCENARIO_INVALID"),
    ("two_shapes", {"risk": "RATE", "size": "0", "tenors": [["2Y", "0"]]}, "X.shocks[0]",
     "SCENARIO_INVALID"),
    ("twist_text", {"risk": "RATE", "twist": "steep"}, "X.shocks[0].twist", "SCENARIO_INVALID"),
    ("twist_field", {"risk": "RATE", "twist": {"short": "0", "belly": "0"}},
     "X.shocks[0].twist.belly", "SCENARIO_INVALID"),
    ("twist_pivot", {"risk": "RATE", "twist": {"short": "0", "long": "0", "start": "1Y",
     "end": "20Y"}}, "X.shocks[0].twist.pivot", "SCENARIO_INVALID"),
    ("twist_order", {"risk": "RATE", "twist": {"short": "0", "long": "0", "start": "1Y",
     "pivot": "30Y", "end": "20Y"}}, "X.shocks[0].twist", "SCENARIO_INVALID"),
    ("butterfly_size", {"risk": "RATE", "butterfly": {"wings": "9", "belly": "0", "start": "1Y",
     "middle": "5Y", "end": "20Y"}}, "X.shocks[0].butterfly.wings", "SCENARIO_INVALID"),
    ("sector_unknown", {"risk": "SPREAD", "size": "0.1", "sector": "MARS"}, "X.shocks[0]",
     "UNKNOWN_SECTOR"),
    ("property_lost", {"risk": "PROPERTY", "size": "-1"}, "X.shocks[0].size", "SCENARIO_INVALID"),
    ("property_segment", {"risk": "PROPERTY", "size": "0", "segment": "LAND"},
     "X.shocks[0].segment", "SCENARIO_INVALID"),
    ("property_mode", {"risk": "PROPERTY", "size": "0", "mode": "ABSOLUTE"},
     "X.shocks[0].mode", "SCENARIO_INVALID"),
    ("relative_spread", {"risk": "SPREAD", "size": "0.1", "mode": "RELATIVE"},
     "X.shocks[0].mode", "SCENARIO_INVALID"),
    ("fx_lost", {"risk": "FX", "currency": "EUR", "size": "-1"}, "X.shocks[0].size",
     "SCENARIO_INVALID"),
    ("fx_unknown", {"risk": "FX", "currency": "XXQ", "size": "0.1"}, "X.shocks[0].currency",
     "SCENARIO_INVALID"),
    ("curve_unknown", {"risk": "RATE", "size": "0", "curve": "MARS"}, "X.shocks[0]",
     "UNKNOWN_CURVE"),
    ("currency_without_curve", {"risk": "RATE", "size": "0", "currency": "CHF"}, "X.shocks[0]",
     "UNKNOWN_CURRENCY"),
    ("currency_without_fx", {"risk": "FX", "size": "0.1", "currency": "CHF"}, "X.shocks[0]",
     "UNKNOWN_CURRENCY"),
    ("run_currency", {"risk": "FX", "size": "0.1", "currency": "USD"}, "X.shocks[0]",
     "FX_SHOCK_OF_RUN_CURRENCY"),
    ("fx_negative", {"risk": "FX", "size": "-2", "currency": "EUR", "mode": "ABSOLUTE"},
     "X.shocks[0]", "FX_NOT_POSITIVE"),
    ("spread_of_a_currency_without_curve", {"risk": "SPREAD", "size": "0.1", "currency": "CHF"},
     "X.shocks[0]", "UNKNOWN_CURRENCY"),
    ("underscore", {"risk": "RATE", "size": "1_0"}, "X.shocks[0].size", "SCENARIO_INVALID"),
    ("rating_unknown", {"risk": "SPREAD", "size": "0.1", "rating": "Z"}, "X.shocks[0]",
     "UNKNOWN_RATING"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_case", "shock", "place", "code"), SHOCKS, ids=[case[0] for case in SHOCKS]
)
def test_wrong_shock_is_refused_at_its_place(
    _case: str, shock: Any, place: str, code: str, make_states: MakeStates
) -> None:
    with pytest.raises(ScenarioError) as refused:
        make_states(scenarios=with_base({"code": "X", "shocks": [shock]}))
    assert refused.value.place == place
    assert refused.value.code == code


def test_shocks_that_leave_the_range_of_discount_factors_are_refused(
    make_states: MakeStates,
) -> None:
    far = [{"risk": "RATE", "size": "1.9"}, {"risk": "RATE", "size": "1.9"}]
    with pytest.raises(ScenarioError, match="positive and finite") as refused:
        make_states(scenarios=with_base({"code": "X", "shocks": far}))
    assert refused.value.code == "DISCOUNT_FACTOR_INVALID"
    wide = [{"risk": "SPREAD", "size": "2"}, {"risk": "SPREAD", "size": "2"}]
    with pytest.raises(ScenarioError, match="spread shocks add up"):
        make_states(scenarios=with_base({"code": "X", "shocks": wide}))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"code": "X", "kind": "PATH"}, "SCENARIO_KIND_UNSUPPORTED"),
        ({"code": "X", "kind": "HORIZON"}, "SCENARIO_KIND_UNSUPPORTED"),
        ({"code": "X", "kind": "SOON"}, "SCENARIO_INVALID"),
        ({"code": ""}, "SCENARIO_INVALID"),
        ({"name": "no code"}, "SCENARIO_INVALID"),
        ({"code": "X", "shock": []}, "SCENARIO_INVALID"),
        ({"code": "BASE", "shocks": [{"risk": "RATE", "size": "0"}]}, "SCENARIO_INVALID"),
        ([], "SCENARIO_INVALID"),
    ],
)
def test_wrong_document_is_refused_with_a_code(document: Any, code: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        parse(document)
    assert refused.value.code == code


def test_states_need_base_and_distinct_codes(make_states: MakeStates) -> None:
    states = make_states()
    with pytest.raises(ScenarioError, match="BASE is missing"):
        States(states.market, states.scenarios[1:], states.axis)
    with pytest.raises(ScenarioError, match="stands twice"):
        States(states.market, [*states.scenarios, states.scenarios[0]], states.axis)
