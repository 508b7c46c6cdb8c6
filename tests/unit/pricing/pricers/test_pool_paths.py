"""Pools over paths of rates: against the curve, a scalar simulation, and what must hold."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.failure import Failure
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States
from tests import scalar_paths, scalar_pool

from tests.unit.pricing.conftest import DAY, MARKET, POOL_TERMS  # isort: skip

NODES = MARKET["curves"][0]["nodes"]
REVERSION, SIGMA = 0.05, 0.01
SHOCKS = [
    {"code": "BASE"},
    {"code": "DOWN", "shocks": [{"risk": "RATE", "size": "-0.0025"}]},
    {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.0025"}]},
    {"code": "UP1", "shocks": [{"risk": "RATE", "size": "0.0001"}]},
    {"code": "DOWN1", "shocks": [{"risk": "RATE", "size": "-0.0001"}]},
    {"code": "WIDE", "shocks": [{"risk": "SPREAD", "size": "0.01"}]},
    {"code": "FASTER", "shocks": [{"risk": "PREPAYMENT", "size": "0.5"}]},
    {"code": "CALM", "shocks": [{"risk": "VOLATILITY", "size": "-0.0040"}]},
]
MEASURES = (
    "PV", "CLEAN_PV", "ACCRUED", "DV01", "KEY_RATE_DV01", "CS01", "CONVEXITY", "EFFECTIVE_DURATION",
    "CLEAN_PRICE", "DIRTY_PRICE", "SPREAD", "OAS", "Z_SPREAD", "OPTION_COST", "OPTION_VALUE",
    "STANDARD_ERROR", "VEGA", "WAL", "PRINCIPAL",
)  # fmt: skip
ROLL = {
    "kind": "ARCTAN", "lowest": repr(0.28 - 0.07 * math.pi), "highest": repr(0.28 + 0.07 * math.pi),
    "slope": "430", "centre": repr(8.57 / 430), "seasoning": 30, "burnout": "0.7",
    "burnout_basis": "BALANCE",
    "seasonality": [
        "0.94", "0.76", "0.74", "0.95", "0.98", "0.92", "0.98", "1.10", "1.18", "1.22", "1.23",
        "0.98",
    ],
}  # fmt: skip

MakeStates = Callable[..., States]
Position = Callable[..., PositionInput]
Valuer = Callable[..., dict[str, float]]


@pytest.fixture
def modelled(market: dict[str, Any]) -> dict[str, Any]:
    """Return the market with Hull-White parameters of both currencies."""
    model = {"hull_white": {"mean_reversion": str(REVERSION), "sigma": str(SIGMA)}}
    return {**market, "models": {"USD": model, "EUR": model}}


@pytest.fixture
def on(modelled: dict[str, Any], make_states: MakeStates) -> States:
    """Return every measure in every scenario of the file."""
    return make_states(modelled, scenarios=SHOCKS, measures=MEASURES)


def paths(count: int = 64, seed: int = 0, **terms: Any) -> dict[str, Any]:
    return {"monte_carlo": {"paths": count, "seed": seed}, **terms}


@pytest.mark.parametrize("prepayment", [POOL_TERMS["prepayment"], ROLL], ids=["logistic", "arctan"])
def test_without_volatility_every_cell_is_that_of_the_forward_curve(
    prepayment: dict[str, Any],
    modelled: dict[str, Any],
    position: Position,
    value: Valuer,
    make_states: MakeStates,
) -> None:
    modelled["models"]["USD"]["hull_white"]["sigma"] = "0"
    measures = tuple(code for code in MEASURES if code != "VEGA")
    still = make_states(modelled, scenarios=SHOCKS[:-1], measures=measures)
    state = {"pool_factor": "0.8"}
    found = value(position("ABS_MBS", paths(prepayment=prepayment), state), still)
    static = value(position("ABS_MBS", {"prepayment": prepayment}, state), still)
    for cell, amount in static.items():
        scale = 1e-7 / 0.0025**2 if cell.startswith("CONVEXITY") else 1e-6
        assert found[cell] == pytest.approx(amount, rel=1e-10, abs=scale), cell


def scalar(terms: dict[str, Any], count: int, shift: float = 0.0) -> scalar_paths.Paths:
    wac = float(terms["wac"])
    pool = scalar_pool.Pool(
        dt.date.fromisoformat(terms["accrual_start_date"]),
        1_000_000.0,
        wac,
        wac - 0.005,
        int(terms["wam"]),
        int(terms["age"]),
        terms["prepayment"],
        terms.get("default"),
        int(terms["payment_delay_days"]),
        strip=terms.get("strip", "WHOLE"),
    )
    zero = scalar_pool.linear_zero(DAY, NODES, shift)
    return scalar_paths.Paths(pool, DAY, zero, REVERSION, SIGMA, count, 7)


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"strip": "IO", "accrual_start_date": "2023-02-01"},
        {"default": {"kind": "SDA", "speed": "3", "severity": "0.4", "recovery_lag": 6}},
        {"prepayment": ROLL, "payment_delay_days": 54},
    ],
    ids=["whole", "interest", "defaults", "richard_roll"],
)
def test_value_and_error_are_those_of_a_scalar_simulation_of_the_same_paths(
    terms: dict[str, Any], modelled: dict[str, Any], position: Position, value: Valuer,
    make_states: MakeStates,
) -> None:  # fmt: skip
    terms = {**POOL_TERMS, "wam": 30, "age": 14, **terms}
    basis = "CASHFLOW" if "default" in terms else "SPREAD"
    measures = ("PV", "STANDARD_ERROR")
    states = make_states(modelled, scenarios=SHOCKS, measures=measures)
    state = {"credit_basis": basis, "quantity": "1250000", "pool_factor": "0.8"}
    found = value(position("ABS_MBS", {**terms, **paths(16, 7)}, state), states)
    if terms["prepayment"] is ROLL:
        terms = {**terms, "prepayment": {"kind": "RICHARD_ROLL", "factor": "0.8"}}
    wanted, error = scalar(terms, 16).value(0.01)
    assert found["PV@BASE"] == pytest.approx(wanted, rel=1e-10)
    assert found["STANDARD_ERROR@BASE"] == pytest.approx(error, rel=1e-6)
    if terms["prepayment"]["kind"] == "S_CURVE":
        # Its control is of the market as it is, whatever the scenario.
        faster, _ = scalar(terms, 16).value(0.01, 1.5)
        assert found["PV@FASTER"] == pytest.approx(faster, rel=1e-10)


def test_speeds_of_richard_and_roll_are_reached_by_the_arctangent_in_every_scenario(
    position: Position, value: Valuer, make_states: MakeStates
) -> None:
    """On the forward curve: CPR = (0.28 + 0.14 atan(-8.57 + 430 (WAC - r))) x AGE x MM x BM."""
    states = make_states(scenarios=SHOCKS[:3], measures=("PV",))
    terms = {"prepayment": ROLL, "age": 3}
    found = value(position("ABS_MBS", terms, {"pool_factor": "0.5", "quantity": "2000000"}), states)
    published = {**POOL_TERMS, "age": 3, "prepayment": {"kind": "RICHARD_ROLL", "factor": "0.5"}}
    for code, shift in (("BASE", 0.0), ("DOWN", -0.0025), ("UP", 0.0025)):
        one = scalar(published, 16, shift)
        wanted = one.pool.value(DAY, one.zero, 0.01)
        assert found[f"PV@{code}"] == pytest.approx(wanted, rel=2e-12)


def test_standard_error_is_what_seeds_differ_by_and_falls_with_the_root_of_paths(
    modelled: dict[str, Any], position: Position, make_states: MakeStates
) -> None:
    states = make_states(modelled, measures=("PV", "STANDARD_ERROR"))
    pools = [
        position("ABS_MBS", {**paths(256, seed), "wam": 240}, name=f"S{seed}") for seed in range(80)
    ]
    pools.append(position("ABS_MBS", {**paths(8192), "wam": 240}, name="MANY"))
    valued = valuation.value(product("ABS_MBS").pack(pools, Names()).batch, states)
    place = {str(cell): at for at, cell in enumerate(states.axis.cells)}
    pv, error = (valued.values[:, place[f"{name}@BASE"]] for name in ("PV", "STANDARD_ERROR"))
    stated = math.sqrt(np.mean(error[:80] ** 2))
    assert pv[:80].std(ddof=1) == pytest.approx(stated, rel=0.25)
    assert error[80] == pytest.approx(stated / math.sqrt(32), rel=0.25)
    # The control's slope is fitted to few pairs, and yet leaves no bias.
    both = math.hypot(pv[:80].std() / math.sqrt(80), error[80])
    assert abs(pv[:80].mean() - pv[80]) < 3 * both


def test_speed_that_no_rate_moves_needs_no_paths_and_no_model(
    position: Position, value: Valuer, make_states: MakeStates
) -> None:
    fixed = {"prepayment": {"kind": "PSA", "speed": "2"}}
    states = make_states(scenarios=SHOCKS, measures=MEASURES)
    assert value(position("ABS_MBS", paths(**fixed)), states) == value(
        position("ABS_MBS", fixed), states
    )


def test_borrowers_option_costs_what_the_curve_does_not_see(
    position: Position, value: Valuer, on: States
) -> None:
    """Z-spread less OAS is positive at the money, grows with volatility, and is none without it."""
    found = value(position("ABS_MBS", paths(256)), on)
    static = value(position("ABS_MBS"), on)
    assert found["OPTION_VALUE@BASE"] == pytest.approx(
        static["PV@BASE"] - found["PV@BASE"], rel=1e-9
    )
    assert found["OPTION_VALUE@BASE"] > 10 * found["STANDARD_ERROR@BASE"] > 0.0
    assert found["OPTION_COST@BASE"] == found["Z_SPREAD@BASE"] - found["OAS@BASE"] > 0.001
    assert found["OAS@BASE"] == found["SPREAD@BASE"] == 0.01
    assert found["VEGA@BASE"] < 0.0 < found["PV@CALM"] - found["PV@BASE"]
    assert static["OPTION_COST@BASE"] == static["OPTION_VALUE@BASE"] == static["VEGA@BASE"] == 0.0
    assert static["OAS@BASE"] == static["Z_SPREAD@BASE"] == static["SPREAD@BASE"]


@pytest.mark.parametrize("days", [2, 27])
def test_mark_is_met_by_the_oas_over_paths_and_by_the_z_spread_on_the_curve(
    days: int, modelled: dict[str, Any], position: Position, value: Valuer, make_states: MakeStates
) -> None:
    modelled["settlement_days"] = {"USD": days}
    states = make_states(modelled, measures=MEASURES)
    marked = {"spread_source": "MARK", "mark_price": "99.25"}
    found = value(position("ABS_MBS", paths(), marked), states)
    assert found["CLEAN_PRICE@BASE"] == pytest.approx(99.25, abs=1e-8)
    assert found["SPREAD@BASE"] != pytest.approx(found["OAS@BASE"], abs=1e-4)
    oas = value(position("ABS_MBS", paths(), {"spread": repr(found["OAS@BASE"])}), states)
    assert oas["CLEAN_PRICE@BASE"] == pytest.approx(99.25, abs=1e-8)
    static = value(position("ABS_MBS", {}, {"spread": repr(found["Z_SPREAD@BASE"])}), states)
    assert static["CLEAN_PRICE@BASE"] == pytest.approx(99.25, abs=1e-8)


def test_sensitivities_are_differences_of_whole_values_at_constant_oas(
    position: Position, value: Valuer, on: States
) -> None:
    """The same paths in every state: a bump moves the curve under them and nothing else."""
    found = value(position("ABS_MBS", paths(), {"spread_source": "MARK", "mark_price": "99"}), on)
    down, up = found["PV@DOWN"], found["PV@UP"]
    assert found["DV25@BASE"] == pytest.approx(down - up, rel=1e-9)
    second = (down + up - 2 * found["PV@BASE"]) / 0.0025**2
    assert found["CONVEXITY_AMOUNT@BASE"] == pytest.approx(second, rel=1e-5)
    one = (found["PV@DOWN1"] - found["PV@UP1"]) / 2
    assert found["DV01@BASE/USD"] == pytest.approx(one, rel=1e-8)
    ladder = sum(v for cell, v in found.items() if cell.startswith("KEY_RATE_DV01@BASE/USD"))
    assert ladder == pytest.approx(found["DV01@BASE/USD"], rel=1e-4)


def test_strips_of_a_pool_share_its_paths_and_sum_to_it(
    position: Position, value: Valuer, on: States
) -> None:
    whole, interest, principal = (
        value(position("ABS_MBS", paths(strip=strip)), on) for strip in ("WHOLE", "IO", "PO")
    )
    additive = ("PV", "DV01", "KEY_RATE_DV01", "CS01", "DV25", "OPTION_VALUE", "VEGA")
    for cell, amount in whole.items():
        if cell.partition("@")[0] in additive:
            both = interest[cell] + principal[cell]
            assert both == pytest.approx(amount, rel=1e-9, abs=1e-5), cell


def test_flows_are_the_curves_and_an_option_that_sum_to_the_value(
    position: Position, value: Valuer, on: States
) -> None:
    pool = position("ABS_MBS", paths())
    found = value(pool, on)
    batch = product("ABS_MBS").pack([pool], Names()).batch
    for code in ("BASE", "UP", "WIDE", "CALM"):
        flows = cashflows(batch, on, code)
        assert sum(flow.pv for flow in flows) == pytest.approx(found[f"PV@{code}"], rel=1e-11)
        assert [flow.kind for flow in flows].count("OPTION") == 1
    principal = sum(flow.amount for flow in flows if flow.kind in ("PRINCIPAL", "PREPAYMENT"))
    assert principal == pytest.approx(1_000_000, rel=1e-11)


def test_what_is_owed_is_the_negative_but_for_its_error(
    position: Position, value: Valuer, on: States
) -> None:
    held = value(position("ABS_MBS", paths()), on)
    owed = value(position("ABS_MBS", paths(), {"side": "LIABILITY"}), on)
    for cell, amount in held.items():
        if cell.partition("@")[0] in ("PV", "DV01", "OPTION_VALUE", "VEGA", "DV25"):
            assert owed[cell] == -amount
    assert owed["STANDARD_ERROR@BASE"] == held["STANDARD_ERROR@BASE"] > 0.0


def test_bits_of_a_pool_do_not_depend_on_neighbours_order_shards_strips_or_scenarios(
    modelled: dict[str, Any],
    position: Position,
    make_states: MakeStates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pools = [
        position(
            "ABS_MBS",
            {
                **paths((16, 20, 64)[i % 3], i % 2),
                "wam": 20 + 5 * i,
                "payment_delay_days": (14, 24)[i % 2],
                "prepayment": (POOL_TERMS["prepayment"], ROLL)[i % 4 == 3],
            },
            {"spread_source": "MARK", "mark_price": "98"} if i % 5 == 0 else {},
            name=f"P{i}",
        )
        for i in range(12)
    ]
    batch = product("ABS_MBS").pack(pools, Names()).batch
    measures = ("PV", "DV01", "CLEAN_PRICE", "Z_SPREAD", "OPTION_VALUE", "STANDARD_ERROR", "VEGA")
    states = make_states(modelled, scenarios=SHOCKS, measures=measures)
    whole = valuation.value(batch, states)
    assert whole.failures == [None] * 12
    bits = whole.values.view(np.int64)
    order = np.random.default_rng(1).permutation(12)[:7]
    mixed = valuation.value(batch.take(order), states, profile="fast").values
    assert np.array_equal(mixed.view(np.int64), bits[order])
    fewer = make_states(modelled, scenarios=SHOCKS[:2], measures=("PV", "STANDARD_ERROR"))
    some = valuation.value(batch, fewer).values
    columns = [states.axis.places[cell] for cell in fewer.axis.cells]
    assert np.array_equal(some.view(np.int64), bits[:, columns])
    monkeypatch.setattr("pricing.pricers.pool_paths.ELEMENTS", 100)
    single = valuation.value(batch, states).values
    assert np.array_equal(single.view(np.int64), bits)


def test_another_seed_makes_other_paths_and_a_bigger_holding_the_same(
    position: Position, value: Valuer, on: States
) -> None:
    one = value(position("ABS_MBS", paths()), on)
    assert value(position("ABS_MBS", paths(seed=1)), on)["PV@BASE"] != one["PV@BASE"]
    double = value(position("ABS_MBS", paths(), {"quantity": "2000000"}), on)
    assert double["PV@BASE"] == pytest.approx(2 * one["PV@BASE"], rel=1e-14)


def test_market_without_a_model_fails_the_pools_that_need_it_alone(
    position: Position,
    market: dict[str, Any],
    make_states: MakeStates,
    failure: Callable[..., Failure],
    value: Valuer,
) -> None:
    market.pop("models", None)
    states = make_states(market)
    found = failure(position("ABS_MBS", paths()), states)
    assert (found.code, "USD" in found.message) == ("MODEL_MISSING", True)
    assert value(position("ABS_MBS"), states)["PV@BASE"] > 0.0


def test_model_and_surface_stand_among_what_the_value_depends_on(
    position: Position, on: States
) -> None:
    pools = [position("ABS_MBS", paths()), position("ABS_MBS", name="STATIC")]
    valued = valuation.value(product("ABS_MBS").pack(pools, Names()).batch, on)
    names = [valued.dependency_names[int(number)] for number in valued.dependencies]
    assert "model/USD/hull_white" in names[0]
    assert "model/USD/hull_white" not in names[1]


def test_a_bridge_is_on_the_forward_curve_and_opens_off_the_mean_by_the_value_of_the_option(
    modelled: dict[str, Any], position: Position, value: Valuer, make_states: MakeStates
) -> None:
    asked = ("PV", "OPTION_VALUE", "BRIDGE_VALUE", "BRIDGE_TIME", "LADDER_PRINCIPAL")
    states = make_states(modelled, scenarios=SHOCKS[:1], measures=asked)
    found = value(position("ABS_MBS", paths(), {"pool_factor": "0.8"}), states)
    opening = found["BRIDGE_VALUE@BASE/OPENING"]
    assert found["OPTION_VALUE@BASE"] != 0.0
    assert opening == pytest.approx(found["PV@BASE"] + found["OPTION_VALUE@BASE"], rel=1e-10)
