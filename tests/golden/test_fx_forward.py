"""FX forwards against the published values of ORE's examples; each file names its source."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States

CASES = Path(__file__).parent / "fx_forward"


def case(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text())


def curve(currency: str, as_of: dt.date, pays: dt.date, factor: float) -> dict[str, Any]:
    """Return a curve whose discount factor to one day is the published one."""
    zero = -np.log(factor) / ((pays - as_of).days / 365.0)
    nodes = [[pays.isoformat(), format(zero, ".17f")]]
    return {"name": currency, "currency": currency, "kind": "ZERO", "nodes": nodes}


def value(
    as_of: dt.date,
    curves: list[dict[str, Any]],
    quotes: list[dict[str, str]],
    terms: dict[str, str],
    run_currency: str,
) -> float:
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": as_of.isoformat(),
            "curves": curves,
            "discount": {entry["currency"]: entry["name"] for entry in curves},
            "fx": quotes,
        }
    )
    axis = Axis((Cell("PV", "BASE"),), as_of, run_currency)
    prepared = States(market, [parse_scenario({"code": "BASE"})], axis)
    position = PositionInput("F", "FX_FWD", terms["sold_currency"], terms, {})
    packed = registry.product("FX_FWD").pack([position], Names())
    assert packed.failures == [None]
    valued = valuation.value(packed.batch, prepared, axis)
    assert valued.failures == [None]
    return float(valuation.convert(valued, prepared, axis)[0, 0])


@pytest.mark.parametrize("run_currency", ["EUR", "USD"])
def test_a_forward_is_worth_its_discounted_legs_as_in_ore_example_7(run_currency: str) -> None:
    published = case("ore.fxfwd.ex7")
    inputs = published["inputs"]
    as_of, pays = dt.date.fromisoformat(inputs["asof"]), dt.date(2026, 3, 2)
    found = value(
        as_of,
        [
            curve("EUR", as_of, pays, inputs["df_eur"]),
            curve("USD", as_of, pays, inputs["df_usd"]),
        ],
        [{"base": "EUR", "quote": "USD", "rate": str(inputs["eurusd_spot"])}],
        {
            "bought_currency": "EUR",
            "bought_amount": "1000000",
            "sold_currency": "USD",
            "sold_amount": "1100000",
            "maturity_date": pays.isoformat(),
        },
        run_currency,
    )
    assert found == pytest.approx(
        published["expected"][f"npv_{run_currency.lower()}"], abs=published["tolerance"]["npv"]
    )


def test_a_forward_is_valued_in_a_third_currency_as_in_ore_example_28() -> None:
    published = case("ore.fxfwd.ex28.FXFWD_1Y")
    as_of = dt.date.fromisoformat(published["inputs"]["asof"])
    euro, sterling = published["inputs"]["legs"]
    pays = dt.date.fromisoformat(euro["pay_date"])
    usd = curve("USD", as_of, pays, 0.99)
    found = value(
        as_of,
        [curve("EUR", as_of, pays, euro["df"]), curve("GBP", as_of, pays, sterling["df"]), usd],
        [
            {"base": "EUR", "quote": "USD", "rate": str(euro["fx_to_base"])},
            {"base": "GBP", "quote": "USD", "rate": str(sterling["fx_to_base"])},
        ],
        {
            "bought_currency": "EUR",
            "bought_amount": str(euro["amount"]),
            "sold_currency": "GBP",
            "sold_amount": str(-sterling["amount"]),
            "maturity_date": pays.isoformat(),
        },
        "USD",
    )
    assert found == pytest.approx(published["expected"]["npv_usd"], abs=published["tolerance"])
