"""Pools against a scalar recursion, closed forms and what must hold between measures."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.axis import Cut
from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States
from tests import scalar_pool

from tests.unit.pricing.conftest import DAY, MARKET, POOL_TERMS  # isort: skip

NODES = MARKET["curves"][0]["nodes"]
SPEEDS: list[dict[str, Any]] = [
    {"kind": "NONE"},
    {"kind": "CPR", "speed": "0.08"},
    {"kind": "SMM", "speed": "0.007"},
    {"kind": "PSA", "speed": "1.65"},
    {"kind": "ABS", "speed": "0.011"},
    {"kind": "CPR", "vector": ["0.02", "0.05", "0.1", "0.25", "0.06"]},
    {"kind": "PSA", "speed": "3", "lockout": 20},
    {"kind": "S_CURVE", "lowest": "0.05", "highest": "0.45"},
    {**POOL_TERMS["prepayment"], "lockout": 15, "rate_tenor": 5},
]
DEFAULTS: list[dict[str, Any] | None] = [
    None,
    {"kind": "CDR", "speed": "0.03", "severity": "0.35", "recovery_lag": 9},
    {"kind": "SDA", "speed": "2", "severity": "0.6", "recovery_lag": 18, "advances": False},
    {"kind": "MDR", "vector": ["0", "0.002", "0.001"], "severity": "0.9", "recovery_lag": 0},
]
SHOCKS = [
    {"code": "BASE"},
    {"code": "DOWN", "shocks": [{"risk": "RATE", "size": "-0.015"}]},
    {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.01"}]},
    {"code": "FASTER", "shocks": [{"risk": "PREPAYMENT", "size": "0.5"}]},
    {
        "code": "SLOWER",
        "shocks": [
            {"risk": "PREPAYMENT", "size": "-0.4", "sector": "RETAIL"},
            {"risk": "RATE", "size": "0.02"},
        ],
    },
]
OF = {
    "BASE": (0.0, 1.0), "DOWN": (-0.015, 1.0), "UP": (0.01, 1.0), "FASTER": (0.0, 1.5),
    "SLOWER": (0.02, 0.6),
}  # fmt: skip

MakeStates = Callable[..., States]
Position = Callable[..., PositionInput]
Valuer = Callable[..., dict[str, float]]


def oracle(position: PositionInput) -> scalar_pool.Pool:
    """Return the scalar pool of a position whose terms are of tonight."""
    terms = position.terms
    wac = float(terms["wac"])
    return scalar_pool.Pool(
        dt.date.fromisoformat(terms["accrual_start_date"]),
        float(position.state["quantity"]),
        wac,
        wac - float(terms["servicing_fee"]) - float(terms["guarantee_fee"]),
        int(terms["wam"]),
        int(terms["age"]),
        terms.get("prepayment") or {"kind": "NONE"},
        terms.get("default"),
        int(terms["payment_delay_days"]),
        terms.get("amortisation_months"),
        terms.get("strip", "WHOLE"),
    )


@pytest.mark.parametrize("strip", ["WHOLE", "IO", "PO"])
@pytest.mark.parametrize("default", DEFAULTS, ids=["none", "cdr", "sda", "mdr"])
@pytest.mark.parametrize("speed", SPEEDS, ids=lambda s: s["kind"])
def test_pool_is_worth_what_a_scalar_recursion_says_in_every_scenario(
    speed: dict[str, Any],
    default: dict[str, Any] | None,
    strip: str,
    position: Position,
    value: Valuer,
    make_states: MakeStates,
) -> None:
    terms = {"prepayment": speed, "strip": strip, "wam": 100, "amortisation_months": 160}
    state = {"credit_basis": "CASHFLOW" if default else "SPREAD"}
    pool = position("ABS_MBS", terms | ({"default": default} if default else {}), state)
    found = value(pool, make_states(scenarios=SHOCKS, measures=("PV",)))
    for code, (shift, multiplier) in OF.items():
        zero = scalar_pool.linear_zero(DAY, NODES, shift)
        wanted = oracle(pool).value(DAY, zero, 0.01, multiplier)
        assert found[f"PV@{code}"] == pytest.approx(wanted, rel=2e-12, abs=1e-6)


def test_flows_of_a_scenario_are_those_of_the_recursion_and_sum_to_its_value(
    position: Position, value: Valuer, make_states: MakeStates
) -> None:
    default = DEFAULTS[1]
    pool = position(
        "ABS_MBS", {"default": default, "prepayment": SPEEDS[-1]}, {"credit_basis": "CASHFLOW"}
    )
    states = make_states(scenarios=SHOCKS, measures=("PV",))
    batch = product("ABS_MBS").pack([pool], Names()).batch
    found = value(pool, states)
    for code, (shift, multiplier) in OF.items():
        flows = cashflows(batch, states, code)
        assert sum(flow.pv for flow in flows) == pytest.approx(found[f"PV@{code}"], rel=1e-12)
        zero = scalar_pool.linear_zero(DAY, NODES, shift)
        for paid in oracle(pool).run(DAY, zero, multiplier)[:40]:
            of_day = {flow.kind: flow.amount for flow in flows if flow.date == paid.date}
            assert of_day["INTEREST"] == pytest.approx(paid.interest, rel=1e-11)
            assert of_day["PRINCIPAL"] == pytest.approx(paid.principal, rel=1e-11)
            assert of_day.get("PREPAYMENT", 0.0) == pytest.approx(paid.prepaid, rel=1e-11)
            assert of_day.get("RECOVERY", 0.0) == pytest.approx(paid.recovered, abs=1e-7)


def test_level_pool_without_fees_on_a_flat_curve_is_an_annuity(
    position: Position, value: Valuer, make_states: MakeStates, market: dict[str, Any]
) -> None:
    market["curves"][0]["nodes"] = [["2052-12-30", "0.04"]]
    terms = {
        "accrual_start_date": "2022-12-30", "servicing_fee": "0", "guarantee_fee": "0",
        "payment_delay_days": 0, "prepayment": None, "wam": 36,
    }  # fmt: skip
    found = value(position("ABS_MBS", terms), make_states(market, measures=("PV",)))["PV@BASE"]
    payment = 1_000_000 * 0.005 / (1.0 - 1.005**-36)
    start = dt.date(2022, 12, 30)
    days = [(scalar_pool.add_months(start, k) - DAY).days for k in range(1, 37)]
    assert found == pytest.approx(sum(payment * math.exp(-0.05 * d / 365) for d in days), rel=1e-12)


def test_sensitivities_are_differences_of_whole_values(
    position: Position, value: Valuer, make_states: MakeStates
) -> None:
    scenarios = [
        {"code": "BASE"},
        *(
            {"code": code, "shocks": [{"risk": risk, "size": size}]}
            for code, risk, size in (
                ("UP", "RATE", "0.0001"), ("DOWN", "RATE", "-0.0001"),
                ("UP25", "RATE", "0.0025"), ("DOWN25", "RATE", "-0.0025"),
                ("WIDE", "SPREAD", "0.0001"), ("TIGHT", "SPREAD", "-0.0001"),
            )
        ),
    ]  # fmt: skip
    pool = position("ABS_MBS")
    measures = ("PV", "DV01", "CS01", "KEY_RATE_DV01", "CONVEXITY")
    found = value(pool, make_states(scenarios=scenarios, measures=measures))
    assert found["DV01@BASE/USD"] == pytest.approx(
        (found["PV@DOWN"] - found["PV@UP"]) / 2, rel=1e-9
    )
    assert found["CS01@BASE"] == pytest.approx((found["PV@TIGHT"] - found["PV@WIDE"]) / 2, rel=1e-9)
    second = found["PV@DOWN25"] + found["PV@UP25"] - 2 * found["PV@BASE"]
    assert found["CONVEXITY_AMOUNT@BASE"] == pytest.approx(second / 0.0025**2, rel=1e-6)
    ladder = sum(v for cell, v in found.items() if cell.startswith("KEY_RATE_DV01@BASE/USD"))
    assert ladder == pytest.approx(found["DV01@BASE/USD"], rel=1e-4)


def test_pool_at_a_saving_that_falls_has_negative_convexity(
    position: Position, value: Valuer, make_states: MakeStates
) -> None:
    """At the money the holder is short the borrowers' option; without it convexity is positive."""
    terms = {"wac": "0.063", "prepayment": {**POOL_TERMS["prepayment"], "burnout": "0"}}
    found = value(position("ABS_MBS", terms), make_states(measures=("CONVEXITY", "DV01")))
    fixed = value(
        position("ABS_MBS", {**terms, "prepayment": {"kind": "CPR", "speed": "0.2"}}),
        make_states(measures=("CONVEXITY", "DV01")),
    )
    assert found["CONVEXITY_AMOUNT@BASE"] < 0.0 < fixed["CONVEXITY_AMOUNT@BASE"]


def test_months_paid_are_counted_from_the_start_and_the_state_wins(
    position: Position, value: Valuer, make_states: MakeStates
) -> None:
    """Two of the months from September are paid on 25 October and 25 November, a third in Dec."""
    counted = position("ABS_MBS", {"accrual_start_date": "2022-09-01", "wam": 351, "age": 9})
    stated = position(
        "ABS_MBS",
        {"accrual_start_date": "2022-09-01", "wam": 300, "age": 0},
        {"wam": 348, "age": 12},
    )
    plain = position("ABS_MBS")
    states = make_states()
    assert value(counted, states) == value(stated, states) == value(plain, states)


def test_accrued_is_thirty_360_at_the_net_coupon_and_the_cut_decides_what_is_paid(
    position: Position, value: Valuer, make_states: MakeStates
) -> None:
    found = value(position("ABS_MBS"), make_states(measures=("ACCRUED", "PV", "CLEAN_PV")))
    assert found["ACCRUED@BASE"] == pytest.approx(1_000_000 * 0.055 * 29 / 360, rel=1e-12)
    assert found["CLEAN_PV@BASE"] == found["PV@BASE"] - found["ACCRUED@BASE"]
    terms = {"payment_delay_days": 29, "accrual_start_date": "2022-11-01"}
    pool = position("ABS_MBS", terms)
    batch = product("ABS_MBS").pack([pool], Names()).batch
    first = {}
    for cut in Cut:
        states = make_states(measures=("PV",), cut=cut)
        first[cut] = min(flow.date for flow in cashflows(batch, states))
    assert first == {
        Cut.END_OF_DAY: dt.date(2023, 1, 30), Cut.START_OF_DAY: dt.date(2022, 12, 30)
    }  # fmt: skip


def test_spread_solved_from_a_mark_gives_the_mark_back_after_a_payment_before_settlement(
    position: Position, value: Valuer, make_states: MakeStates, market: dict[str, Any]
) -> None:
    market["settlement_days"] = {"USD": 20}
    measures = ("CLEAN_PRICE", "DIRTY_PRICE", "SPREAD", "CLEAN_PRICE@UP")
    states = make_states(market, measures=measures)
    for speed in ({"kind": "PSA", "speed": "2"}, POOL_TERMS["prepayment"]):
        pool = position(
            "ABS_MBS",
            {"prepayment": speed, "payment_delay_days": 14},
            {"spread_source": "MARK", "mark_price": "97.25"},
        )
        found = value(pool, states)
        assert found["CLEAN_PRICE@BASE"] == pytest.approx(97.25, abs=1e-9)
        assert found["CLEAN_PRICE@UP"] < 97.25


def test_average_life_is_months_of_thirty_360_over_all_principal(
    position: Position, value: Valuer, make_states: MakeStates
) -> None:
    pool = position("ABS_MBS", {"accrual_start_date": "2023-01-01", "payment_delay_days": 0})
    found = value(pool, make_states(measures=("WAL", "PRINCIPAL")))
    zero = scalar_pool.linear_zero(DAY, NODES)
    repaid = [
        (k + 1, paid.principal + paid.prepaid) for k, paid in enumerate(oracle(pool).run(DAY, zero))
    ]
    total = sum(amount for _, amount in repaid)
    assert found["PRINCIPAL_FLOWS@BASE"] == pytest.approx(total, rel=1e-12)
    # From 30 December to the first of a month is a day more than the months before it.
    wanted = sum(amount * (month / 12 + 1 / 360) for month, amount in repaid)
    assert found["PRINCIPAL_TIME@BASE"] == pytest.approx(wanted, rel=1e-12)


def test_what_is_owed_is_the_negative_of_what_is_held(position: Position, value: Valuer) -> None:
    held = value(position("ABS_MBS"))
    owed = value(position("ABS_MBS", state={"side": "LIABILITY"}))
    signed = ("PV", "DV01", "CS01", "NOTIONAL", "PRINCIPAL", "ACCRUED")
    for cell, amount in held.items():
        if cell.partition("@")[0] in signed:
            assert owed[cell] == -amount


def test_both_profiles_and_any_chunking_agree_to_the_bit(
    position: Position, make_states: MakeStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools = [position("ABS_MBS", {"wam": 60 + i}, name=f"P{i}") for i in range(40)]
    batch = product("ABS_MBS").pack(pools, Names()).batch
    whole = valuation.value(batch, make_states()).values
    monkeypatch.setattr("pricing.pricers.pool.ELEMENTS", 1)
    single = valuation.value(batch, make_states(), profile="fast").values
    assert np.array_equal(whole.view(np.int64), single.view(np.int64))
