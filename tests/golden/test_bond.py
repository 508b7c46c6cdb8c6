"""Bond prices, accrued interest and flows against published figures; each file names its source."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States

CASES = Path(__file__).parent / "bond"


def case(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text())


def states(as_of: dt.date, zero: float, currency: str = "USD") -> States:
    """Return a flat market: continuous zero rate Act/365F, settlement a US business day later."""
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": as_of.isoformat(),
            "curves": [
                {
                    "name": "FLAT",
                    "currency": currency,
                    "kind": "ZERO",
                    "nodes": [[(as_of + dt.timedelta(days=365)).isoformat(), repr(zero)]],
                }
            ],
            "discount": {currency: "FLAT"},
            "settlement_days": {"USD": {"days": 1, "calendar": "US-GOVT"}},
        }
    )
    cells = tuple(Cell(m, "BASE") for m in ("PV", "ACCRUED", "CLEAN_PRICE"))
    axis = Axis(cells, as_of, currency)
    return States(market, [parse_scenario({"code": "BASE"})], axis)


def bond(terms: dict[str, Any], face: str = "1000000", currency: str = "USD") -> PositionInput:
    state = {"quantity": face, "spread_source": "SUPPLIED", "spread": "0"}
    return PositionInput("B", "FIXED_BOND", currency, terms, state)


def value(position: PositionInput, market: States) -> dict[str, float]:
    packed = registry.product("FIXED_BOND").pack([position], Names())
    assert packed.failures == [None]
    valued = valuation.value(packed.batch, market, market.axis)
    assert valued.failures == [None]
    return {cell.measure: valued.values[0, at] for at, cell in enumerate(market.axis.cells)}


FLAT_ACT_360 = 0.03 * 365.0 / 360.0
"""3% continuous Act/360 as a rate per Act/365F year."""


def test_clean_price_on_a_flat_curve_is_quantlibs() -> None:
    published = case("ql.bonds.cached.bond1")
    terms = {
        "dated_date": published["inputs"]["start"],
        "maturity_date": published["inputs"]["maturity"],
        "coupon": str(published["inputs"]["coupon"]),
        "day_count": "ACT/ACT ICMA",
        "frequency": "SEMIANNUAL",
        "end_of_month": True,
    }
    found = value(bond(terms), states(dt.date(2004, 11, 22), FLAT_ACT_360))
    assert found["CLEAN_PRICE"] == pytest.approx(
        published["expected"]["clean_from_curve"], abs=published["tolerance"]
    )


def test_price_of_a_bond_yet_to_be_issued_is_its_forward_value_at_issue() -> None:
    published = case("ql.bonds.fixed.plain")
    terms = {
        "dated_date": published["inputs"]["start"],
        "maturity_date": published["inputs"]["maturity"],
        "coupon": str(published["inputs"]["coupons"][0]),
        "day_count": "ACT/ACT ICMA",
        "frequency": "SEMIANNUAL",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
    }
    as_of, issue = dt.date(2004, 11, 22), dt.date(2004, 11, 30)
    found = value(bond(terms), states(as_of, FLAT_ACT_360))
    growth = 2.718281828459045 ** (FLAT_ACT_360 * (issue - as_of).days / 365.0)
    assert found["PV"] * growth / 10_000 == pytest.approx(
        published["expected"]["clean_price"], abs=published["tolerance"]
    )


@pytest.mark.parametrize("name", ["ql.bonds.zero.1", "ql.bonds.zero.3"])
def test_price_of_a_bond_without_coupons_is_quantlibs(name: str) -> None:
    """The bond settles on its issue date, 30 November: eight days after the curve's."""
    published = case(name)
    terms = {
        "dated_date": published["inputs"]["issue"],
        "maturity_date": published["inputs"]["maturity"],
        "coupon": "0",
        "day_count": "30/360",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
    }
    as_of, issue = dt.date(2004, 11, 22), dt.date.fromisoformat(published["inputs"]["issue"])
    found = value(bond(terms), states(as_of, FLAT_ACT_360))
    growth = 2.718281828459045 ** (FLAT_ACT_360 * (issue - as_of).days / 365.0)
    assert found["PV"] * growth / 10_000 == pytest.approx(
        published["expected"]["clean_price"], abs=published["tolerance"]
    )


def test_accrued_on_the_31st_under_30_360_is_bloombergs() -> None:
    published = case("ql.bonds.thirty360_31st")
    terms = {
        "dated_date": published["inputs"]["dated"],
        "maturity_date": published["inputs"]["maturity"],
        "coupon": str(published["inputs"]["coupon"]),
        "day_count": "30/360",
        "frequency": "SEMIANNUAL",
    }
    found = value(bond(terms, face="100"), states(dt.date(2017, 7, 31), 0.015))
    assert found["ACCRUED"] == pytest.approx(
        published["expected"]["accrued"], abs=published["tolerance"]
    )


def test_flows_and_value_are_those_of_ore_example_18() -> None:
    published = case("ore.bond18.Bond_Fixed")
    terms = {
        "dated_date": "2016-02-03",
        "maturity_date": "2021-02-03",
        "coupon": "0.05",
        "day_count": "ACT/ACT ISDA",
        "frequency": "ANNUAL",
        "calendar": "TARGET",
        "roll_convention": "FOLLOWING",
        "accrual_dates": "ADJUSTED",
    }
    position = bond(terms, face="10000000", currency="EUR")
    packed = registry.product("FIXED_BOND").pack([position], Names())
    flows = cashflows(packed.batch, states(dt.date(2016, 2, 5), 0.02, "EUR"))
    expected = published["expected"]["flows"]
    assert len(flows) == len(expected)
    factors, value_at_factors = published["inputs"]["discount_factors"], 0.0
    for flow, (date, _, amount) in zip(flows, expected, strict=True):
        assert flow.date.isoformat() == date
        assert flow.amount == pytest.approx(amount, abs=published["tolerance"]["flow"])
        value_at_factors += flow.amount * factors[date]
    assert value_at_factors == pytest.approx(
        published["expected"]["npv"], abs=published["tolerance"]["npv"]
    )
