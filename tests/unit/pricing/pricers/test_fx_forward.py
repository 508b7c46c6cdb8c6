"""FX forwards: both legs, each scenario at its own FX, exposure and delta."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import cashflows
from pricing.axis import Cut
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States

Value = Callable[..., dict[str, float]]
Position = Callable[..., PositionInput]
MakeStates = Callable[..., States]


def factors(states: States) -> tuple[float, float]:
    time = np.array([182 / 365])
    return tuple(
        float(np.exp(-states.market.curves[name].zero_rates(time) * time)[0])
        for name in ("EUR-GOVERNMENT", "USD-TREASURY")
    )  # type: ignore[return-value]


def test_value_is_bought_less_sold_at_the_scenario_fx(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    euro, dollar = factors(make_states())
    cells = value(position("FX_FWD"))
    assert cells["PV@BASE"] == pytest.approx(1e6 * euro * 1.0666 - 1.08e6 * dollar)
    assert cells["NOTIONAL@BASE"] == pytest.approx(1e6 * 1.0666)
    assert cells["FX_EXPOSURE@BASE/EUR"] == pytest.approx(1e6 * euro)
    assert cells["FX_EXPOSURE@BASE/USD"] == pytest.approx(-1.08e6 * dollar)
    assert cells["FX_DELTA@BASE/EUR"] == pytest.approx(1e4 * euro * 1.0666)
    total = cells["DV01@BASE/EUR"] + cells["DV01@BASE/USD"]
    assert cells["DV01@BASE/ALL"] == pytest.approx(total)
    assert cells["CS01@BASE"] == cells["ACCRUED@BASE"] == cells["PRINCIPAL@BASE"] == 0.0


def test_position_currency_does_not_change_the_value_in_run_currency(
    value: Value, position: Position
) -> None:
    dollars = value(position("FX_FWD", currency="USD"))
    euros = value(position("FX_FWD", currency="EUR"))
    for cell, amount in dollars.items():
        assert euros[cell] == pytest.approx(amount, rel=1e-12)


def test_fx_delta_is_the_change_for_one_percent(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    moved: list[dict[str, Any]] = [
        {"code": "BASE"},
        {"code": "UP", "shocks": [{"risk": "FX", "currency": "ALL", "size": "0.01"}]},
        {"code": "DOWN", "shocks": [{"risk": "FX", "currency": "EUR", "size": "-0.01"}]},
    ]
    cells = value(position("FX_FWD"), make_states(scenarios=moved))
    change = (cells["PV@UP"] - cells["PV@DOWN"]) / 2
    assert cells["FX_DELTA@BASE/EUR"] == pytest.approx(change, rel=1e-10)


def test_quantity_scales_both_legs(value: Value, position: Position) -> None:
    whole = value(position("FX_FWD"))
    half = value(position("FX_FWD", state={"quantity": "-500000"}))
    for cell, amount in whole.items():
        assert half[cell] == pytest.approx(-0.5 * amount)


def test_maturing_today_has_a_value_at_the_start_of_the_day_only(
    value: Value,
    position: Position,
    make_states: MakeStates,
    failure: Callable[..., Any],
) -> None:
    today = position("FX_FWD", {"maturity_date": "2022-12-30"})
    assert failure(today).code == "MATURED"
    cells = value(today, make_states(cut=Cut.START_OF_DAY))
    assert cells["PV@BASE"] == pytest.approx(1e6 * 1.0666 - 1.08e6)


def test_flows_are_the_two_legs(position: Position, make_states: MakeStates) -> None:
    batch = product("FX_FWD").pack([position("FX_FWD")], Names()).batch
    bought, sold = cashflows.cashflows(batch, make_states(), "TWIST")
    assert (bought.kind, bought.currency, bought.amount) == ("BOUGHT", "EUR", 1e6)
    assert (sold.kind, sold.currency, sold.amount) == ("SOLD", "USD", -1.08e6)
    assert sold.curve == "USD-TREASURY"


def test_dependencies_name_both_curves_and_the_quote(
    position: Position, make_states: MakeStates
) -> None:
    from pricing import valuation

    states = make_states()
    batch = product("FX_FWD").pack([position("FX_FWD")], Names()).batch
    valued = valuation.value(batch, states)
    names = valued.dependency_names[int(valued.dependencies[0])]
    assert set(names) == {
        "curve/EUR-GOVERNMENT",
        "curve/USD-TREASURY",
        "discount/EUR",
        "discount/USD",
        "fx/EUR/USD",
    }
    assert all(len(states.market.hash_of(name)) == 32 for name in names)


NDF = {"settlement_currency": "USD", "fixing_date": "2022-12-30", "maturity_date": "2023-01-04"}


def test_forward_without_delivery_is_a_known_flow_once_it_is_fixed(
    value: Value, position: Position, make_states: MakeStates, failure: Callable[..., Any]
) -> None:
    assert failure(position("FX_FWD", NDF)).code == "FIXING_MISSING"
    fixed = position("FX_FWD", NDF, {"fixing_rate": "0.9375"})
    cells = value(fixed)
    states = make_states()
    time = np.array([5 / 365])
    rate = states.market.curves["USD-TREASURY"].zero_rates(time)
    dollar = float(np.exp(-rate * time)[0])
    assert cells["PV@BASE"] == pytest.approx((1e6 / 0.9375 - 1.08e6) * dollar, rel=1e-12)
    assert cells["FX_EXPOSURE@BASE/EUR"] == 0.0
    assert cells["FX_DELTA@BASE/EUR"] == 0.0
    assert cells["PV@TWIST"] == pytest.approx(cells["PV@BASE"], rel=1e-3)
    assert cells["NOTIONAL@BASE"] == pytest.approx(1e6 * 1.0666)
    batch = product("FX_FWD").pack([fixed], Names()).batch
    flows = cashflows.cashflows(batch, states, "BASE")
    assert {flow.currency for flow in flows} == {"USD"}
    assert sum(flow.pv for flow in flows) == pytest.approx(cells["PV@BASE"], rel=1e-12)


def test_forward_without_delivery_is_worth_the_delivered_one_before_its_fixing(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    later = {**NDF, "fixing_date": "2023-06-28", "maturity_date": "2023-06-30"}
    assert value(position("FX_FWD", later)) == value(position("FX_FWD"))
    # On the day itself it is open at the start, and fixed where the rate is there.
    morning = make_states(cut=Cut.START_OF_DAY)
    open_still = value(position("FX_FWD", NDF), morning)
    delivered = value(position("FX_FWD", {"maturity_date": NDF["maturity_date"]}), morning)
    assert open_still == delivered
    assert value(position("FX_FWD", NDF, {"fixing_rate": "0.9375"}), morning) != delivered


@pytest.mark.parametrize(
    ("terms", "code", "named"),
    [
        ({"settlement_currency": "USD"}, "TERMS_INVALID", "terms.fixing_date"),
        ({"fixing_date": "2023-01-01"}, "TERMS_INVALID", "terms.fixing_date"),
        ({**NDF, "settlement_currency": "GBP"}, "TERMS_INVALID", "terms.settlement_currency"),
        ({**NDF, "fixing_date": "2023-02-01"}, "BAD_DATES", "terms.fixing_date"),
    ],
)
def test_bad_terms_of_a_forward_without_delivery_are_named(
    terms: dict[str, Any], code: str, named: str, position: Position, failure: Callable[..., Any]
) -> None:
    found = failure(position("FX_FWD", terms))
    assert (found.code, named in found.message) == (code, True), found
