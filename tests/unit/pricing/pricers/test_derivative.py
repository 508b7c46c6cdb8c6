"""Facts of derivatives: parts, collateral, resets, cuts, flows, dependencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from pricing import cashflows, valuation
from pricing.axis import Cut
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States
from tests.unit.pricing.derivative_book import EUROS, FLOATING, KIND_TERMS, OVERNIGHT, STATES_OF

MEASURES = ("PV", "CLEAN_PV", "ACCRUED", "DV01", "KEY_RATE_DV01", "FX_EXPOSURE", "FX_DELTA",
            "NOTIONAL", "VEGA", "CS01_PAR", "PAR_RATE")  # fmt: skip
MakeStates = Callable[..., States]


def contract(
    kind: str, terms: Mapping[str, Any] | None = None, state: Mapping[str, Any] | None = None
) -> PositionInput:
    now = {**STATES_OF.get(kind, {}), **(state or {})}
    return PositionInput(kind, "DERIVATIVE", "USD", {**KIND_TERMS[kind], **(terms or {})}, now)


@pytest.fixture
def cells(make_states: MakeStates) -> Callable[..., dict[str, float]]:
    def run(position: PositionInput, states: States | None = None) -> dict[str, float]:
        states = states or make_states(measures=MEASURES)
        valued = valuation.value(
            product(position.product_type).pack([position], Names()).batch, states
        )
        assert valued.failures == [None]
        row = valuation.convert(valued, states)[0]
        return {str(cell): float(row[i]) for i, cell in enumerate(states.axis.cells)}

    return run


Cells = Callable[..., dict[str, float]]


@pytest.mark.parametrize("kind", KIND_TERMS)
@pytest.mark.parametrize("scenario", ["BASE", "TWIST"])
def test_flows_add_up_to_the_value(
    kind: str, scenario: str, cells: Cells, make_states: MakeStates
) -> None:
    states = make_states(measures=MEASURES)
    position = contract(kind)
    batch = product("DERIVATIVE").pack([position], Names()).batch
    flows = cashflows.cashflows(batch, states, scenario)
    place = states.places[scenario]
    worth = {code: states.fx_value(code) for code in ("USD", "EUR")}
    total = sum(flow.pv * worth[flow.currency][place] for flow in flows)  # type: ignore[index]
    size = sum(abs(flow.pv) for flow in flows)
    assert cells(position)[f"PV@{scenario}"] == pytest.approx(total, abs=1e-12 * size)
    assert [flow.date for flow in flows] == sorted(flow.date for flow in flows)


@pytest.mark.parametrize("kind", KIND_TERMS)
def test_dependencies_are_objects_of_the_market(kind: str, make_states: MakeStates) -> None:
    states = make_states()
    valued = valuation.value(product("DERIVATIVE").pack([contract(kind)], Names()).batch, states)
    names = valued.dependency_names[int(valued.dependencies[0])]
    assert len(names) == len(set(names))
    assert all(len(states.market.hash_of(name)) == 32 for name in names)
    expected = {
        "IRS": {"index/TERM_SOFR_3M", "fixing/TERM_SOFR_3M", "curve/USD-TREASURY", "discount/USD"},
        "CDS": {"credit/ACME-SENIOR", "curve/USD-TREASURY", "discount/USD"},
        "SWAPTION": {"volatility/USD-SWAPTIONS"},
        "CAP_FLOOR": {"volatility/EUR-CAPS", "fx/EUR/USD", "index/EURIBOR_6M"},
    }
    assert expected.get(kind, set()) <= set(names)


@pytest.mark.parametrize("kind", KIND_TERMS)
def test_holding_scales_every_amount(kind: str, cells: Cells) -> None:
    whole = cells(contract(kind))
    half = cells(contract(kind, state={"quantity": "-500000"}))
    for name, amount in whole.items():
        expected = amount if name.startswith("PAR_RATE") else -0.5 * amount
        assert half[name] == pytest.approx(expected, rel=1e-9, abs=1e-6), name


def test_fx_swap_is_two_forwards(cells: Cells, make_states: MakeStates) -> None:
    swap = cells(contract("FX_SWAP"))
    terms = KIND_TERMS["FX_SWAP"]

    def forward(bought: str, sold: str, amounts: tuple[str, str], day: str) -> dict[str, float]:
        dealt = {"bought_currency": bought, "bought_amount": amounts[0], "sold_currency": sold,
                 "sold_amount": amounts[1], "maturity_date": day}  # fmt: skip
        return cells(PositionInput("F", "FX_FWD", "USD", dealt, {}))

    near = forward("EUR", "USD", ("1000000", "1066600"), terms["start_date"])
    far = forward("USD", "EUR", ("1078000", "1000000"), terms["maturity_date"])
    for name in swap:
        if not name.startswith("NOTIONAL"):
            assert swap[name] == pytest.approx(near[name] + far[name], rel=1e-9, abs=1e-9), name


def test_collateral_picks_the_discount_curve(cells: Cells) -> None:
    own = cells(contract("IRS"))
    euros = cells(contract("IRS", {"collateral_currency": "EUR"}))
    legs = {
        side: {**KIND_TERMS["IRS"][side], "discount_curve": "USD-EUR-COLLATERAL"}
        for side in ("receive", "pay")
    }
    named = cells(contract("IRS", legs))
    assert euros == named
    assert euros["PV@BASE"] != own["PV@BASE"]
    # Projection stays on the index's curve: the par rate hardly moves.
    assert euros["PAR_RATE@BASE"] == pytest.approx(own["PAR_RATE@BASE"], abs=2e-5)


def test_resetting_leg_on_its_own_discount_curve_is_worth_nothing_before_it_begins(
    cells: Cells,
) -> None:
    life = {"start_date": "2023-03-15", "maturity_date": "2028-03-15"}
    pay = {**EUROS, "frequency": "QUARTERLY", "spread": "0"}
    dollars = {**OVERNIGHT, "frequency": "QUARTERLY", "payment_lag_days": 0}
    resetting = cells(contract("RESETTING", {**life, "receive": dollars, "pay": pay}))
    # What is left is the constant leg: notional paid in and back, and interest in euros.
    assert resetting["FX_EXPOSURE@BASE/USD"] == 0.0
    fixed = {**life, "receive": {**dollars, "notional": "1"}, "pay": {**pay, "notional": "1000000"}}
    constant = cells(contract("XCCY", fixed))
    assert resetting["PV@BASE"] == pytest.approx(
        constant["FX_EXPOSURE@BASE/EUR"] * 1.0666, abs=1e-3
    )


def test_resetting_notional_is_the_spot_value_of_the_other(
    cells: Cells, make_states: MakeStates
) -> None:
    moved: list[dict[str, Any]] = [
        {"code": "BASE"},
        {"code": "UP", "shocks": [{"risk": "FX", "currency": "EUR", "size": "0.01"}]},
    ]
    states = make_states(scenarios=moved, measures=MEASURES)
    constant_terms = {"receive": {**FLOATING, "notional": "1050000"}}
    resetting = cells(contract("RESETTING"), states)
    for found in (resetting, cells(contract("XCCY", constant_terms), states)):
        change = found["PV@UP"] - found["PV@BASE"]
        assert change == pytest.approx(found["FX_DELTA@BASE/EUR"], rel=1e-9)
    assert resetting["NOTIONAL@BASE"] == 1050000.0


@pytest.mark.parametrize("kind", ["IRS", "OIS", "XCCY", "CDS"])
def test_clean_value_is_dirty_less_accrued(kind: str, cells: Cells) -> None:
    found = cells(contract(kind))
    assert found["ACCRUED@BASE"] != 0.0
    clean = found["PV@BASE"] - found["ACCRUED@BASE"]
    assert found["CLEAN_PV@BASE"] == pytest.approx(clean, abs=1e-6)


def test_accrued_of_a_swap_is_net_of_both_legs(cells: Cells) -> None:
    # 45 days of 30/360 at 4% received, 45 of ACT/360 at the fixing of 4.55% paid.
    expected = 1e6 * (0.04 * 45 / 360 - 0.0455 * 45 / 360)
    assert cells(contract("IRS"))["ACCRUED@BASE"] == pytest.approx(expected, abs=1e-9)


def test_swap_at_its_par_rate_is_worth_nothing(cells: Cells) -> None:
    par = cells(contract("IRS"))["PAR_RATE@BASE"]
    receive = {**KIND_TERMS["IRS"]["receive"], "rate": repr(par)}
    assert cells(contract("IRS", {"receive": receive}))["PV@BASE"] == pytest.approx(0.0, abs=1e-4)
    spread = cells(contract("BASIS"))["PAR_RATE@BASE"]
    pay = {**KIND_TERMS["BASIS"]["pay"], "spread": repr(spread)}
    assert cells(contract("BASIS", {"pay": pay}))["PV@BASE"] == pytest.approx(0.0, abs=1e-4)


def test_matures_with_its_last_payment(cells: Cells, make_states: MakeStates) -> None:
    today = {"start_date": "2022-10-03", "maturity_date": "2022-12-30"}
    states = make_states(measures=MEASURES)
    pack = product("DERIVATIVE").pack
    # SOFR pays two days later: one payment is left on both legs.
    lagged = valuation.value(pack([contract("OIS", today)], Names()).batch, states)
    assert lagged.failures == [None]
    plain = valuation.value(pack([contract("IRS", today)], Names()).batch, states)
    assert plain.failures[0] is not None
    assert plain.failures[0].code == "MATURED"
    morning = make_states(measures=MEASURES, cut=Cut.START_OF_DAY)
    assert cells(contract("IRS", today), morning)["PV@BASE"] != 0.0


def test_expiring_swaption_is_worth_its_intrinsic_value_at_the_start_of_the_day(
    cells: Cells, make_states: MakeStates
) -> None:
    dates = {"expiry_date": "2022-12-30", "start_date": "2023-01-04",
             "maturity_date": "2028-01-04"}  # fmt: skip
    morning = make_states(measures=MEASURES, cut=Cut.START_OF_DAY)
    payer = cells(contract("SWAPTION", dates), morning)
    receiver = cells(contract("SWAPTION", {**dates, "option": "RECEIVER"}), morning)
    assert min(payer["PV@BASE"], receiver["PV@BASE"]) == 0.0
    assert max(payer["PV@BASE"], receiver["PV@BASE"]) > 0.0
    assert payer["VEGA@BASE"] == 0.0


def test_first_period_of_a_cap_may_have_no_option(cells: Cells) -> None:
    whole = cells(contract("CAP_FLOOR"))["PV@BASE"]
    later = cells(contract("CAP_FLOOR", {"omit_first_period": True}))["PV@BASE"]
    # Fixed at 2.35% before the start: it pays 35bp over the strike for 181 days.
    expected = 1e6 * (0.0235 - 0.02) * 181 / 360 * np.exp(-0.0262 * 136 / 365) * 1.0666
    assert whole - later == pytest.approx(expected, rel=1e-9)
    collar = {"option": "COLLAR", "strike": "0.03", "floor_strike": "0.01"}
    cap = cells(contract("CAP_FLOOR", {"strike": "0.03"}))["PV@BASE"]
    floor = cells(contract("CAP_FLOOR", {"option": "FLOOR", "strike": "0.01"}))["PV@BASE"]
    held = cells(contract("CAP_FLOOR", collar))["PV@BASE"]
    assert held == pytest.approx(cap - floor, abs=1e-6)


def test_credit_measures_of_protection(cells: Cells, make_states: MakeStates) -> None:
    moved: list[dict[str, Any]] = [
        {"code": "BASE"},
        *(
            {"code": code, "shocks": [{"risk": "CREDIT", "size": repr(size)}]}
            for code, size in (("UP", 1e-4 / 0.6), ("DOWN", -1e-4 / 0.6))
        ),
    ]
    states = make_states(scenarios=moved, measures=MEASURES)
    bought = cells(contract("CDS"), states)
    sold = cells(contract("CDS", {"protection": "SOLD"}), states)
    change = (bought["PV@DOWN"] - bought["PV@UP"]) / 2
    assert bought["CS01_PAR@BASE"] == pytest.approx(change, rel=1e-9)
    assert bought["CS01_PAR@BASE"] < 0.0
    for name, amount in bought.items():
        if not name.startswith(("PAR_RATE", "NOTIONAL")):
            assert sold[name] == pytest.approx(-amount, abs=1e-9), name
