"""Bonds: stubs, prices at settlement, sensitivities, published values."""

from __future__ import annotations

import datetime as dt
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


def flat(as_of: str, rate: float) -> dict[str, Any]:
    """A market with one flat USD curve."""
    return {
        "format": "tieout.market/1",
        "as_of": as_of,
        "curves": [{"name": "FLAT", "currency": "USD", "nodes": [["2060-01-01", str(rate)]]}],
        "discount": {"USD": "FLAT"},
        "fx": [{"base": "EUR", "quote": "USD", "rate": "1"}],
    }


def test_price_at_settlement_is_that_of_quantlib(value: Value, make_states: MakeStates) -> None:
    """QuantLib test-suite bonds.cpp: testCachedFixed, 2.875% 2008, 3% continuous ACT/360 flat.

    Published clean price 99.298100 to 1e-6; 3% a year of 360 days is 3% x 365/360 of 365.
    """
    market = flat("2004-11-22", 0.03 * 365 / 360)
    market["settlement_days"] = {"USD": {"days": 1, "calendar": "US-GOVT"}}
    terms = {
        "dated_date": "2004-11-30",
        "maturity_date": "2008-11-30",
        "coupon": "0.02875",
        "day_count": "ACT/ACT ICMA",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
    }
    state = {"quantity": "1000000", "spread": "0"}
    position = PositionInput("B", "FIXED_BOND", "USD", terms, state)
    # Settlement is moved to the issue date as the source does.
    market["settlement_days"]["USD"]["days"] = 5
    states = make_states(market, [{"code": "BASE"}], day=dt.date(2004, 11, 22))
    assert states.settlement_days("USD") == 8
    cells = value(position, states)
    assert cells["CLEAN_PRICE@BASE"] == pytest.approx(99.298100, abs=1e-6)


def test_coupons_of_stubs_are_shares_of_a_period(
    position: Position, make_states: MakeStates
) -> None:
    """ICMA Rule 251: a long first coupon is the sum of its parts in notional periods."""
    terms = {
        "dated_date": "2022-05-15",
        "first_coupon_date": "2023-02-15",
        "maturity_date": "2024-02-15",
        "day_count": "ACT/ACT ICMA",
        "coupon": "0.08",
    }
    batch = product("FIXED_BOND").pack([position("FIXED_BOND", terms)], Names()).batch
    found = cashflows.cashflows(batch, make_states())
    interest = [flow.amount for flow in found if flow.kind == "INTEREST"]
    # 15 May to 15 August is 92 of the 181 days from 15 February.
    assert interest == pytest.approx([1e6 * 0.08 * 0.5 * (1 + 92 / 181), 4e4, 4e4])


def test_short_last_coupon_ends_off_the_grid(position: Position, make_states: MakeStates) -> None:
    terms = {
        "dated_date": "2022-02-15",
        "last_coupon_date": "2024-02-15",
        "maturity_date": "2024-04-01",
        "day_count": "30/360",
        "coupon": "0.06",
    }
    batch = product("FIXED_BOND").pack([position("FIXED_BOND", terms)], Names()).batch
    found = cashflows.cashflows(batch, make_states())
    interest = [flow.amount for flow in found if flow.kind == "INTEREST"]
    assert interest == pytest.approx([3e4, 3e4, 3e4, 1e6 * 0.06 * 46 / 360])
    assert found[-1].kind == "REDEMPTION"
    assert found[-1].date == dt.date(2024, 4, 1)


def test_accrued_on_the_31st_matches_the_published_case(
    value: Value, make_states: MakeStates
) -> None:
    """CUSIP 3130A0X70, 1.5% 30/360 US at 2017-07-31: accrued 0.7 (QuantLib, from Bloomberg)."""
    terms = {
        "dated_date": "2014-02-13",
        "maturity_date": "2018-08-13",
        "coupon": "0.015",
        "day_count": "30/360 US",
    }
    state = {"quantity": "100", "spread": "0"}
    states = make_states(flat("2017-07-31", 0.02), [{"code": "BASE"}], day=dt.date(2017, 7, 31))
    cells = value(PositionInput("B", "FIXED_BOND", "USD", terms, state), states)
    assert cells["ACCRUED@BASE"] == pytest.approx(0.7, abs=1e-12)


def test_accrued_is_zero_on_a_coupon_date(value: Value, make_states: MakeStates) -> None:
    states = make_states(flat("2022-08-15", 0.02), [{"code": "BASE"}], day=dt.date(2022, 8, 15))
    position = PositionInput(
        "B",
        "FIXED_BOND",
        "USD",
        {
            "dated_date": "2020-02-15",
            "maturity_date": "2030-02-15",
            "coupon": "0.04",
            "day_count": "ACT/ACT ICMA",
        },
        {"quantity": "100", "spread": "0"},
    )
    assert value(position, states)["ACCRUED@BASE"] == 0.0


def test_dv01_is_the_central_difference_of_two_valuations(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    bump = [
        {"code": "BASE"},
        {"code": "DOWN", "shocks": [{"risk": "RATE", "size": "-0.0001"}]},
        {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.0001"}]},
        {"code": "TIGHT", "shocks": [{"risk": "SPREAD", "size": "-0.0025"}]},
        {"code": "WIDE", "shocks": [{"risk": "SPREAD", "size": "0.0025"}]},
    ]
    cells = value(position("FIXED_BOND"), make_states(scenarios=bump))
    difference = (cells["PV@DOWN"] - cells["PV@UP"]) / 2
    tolerance = 1e-12 * cells["PV@BASE"] / 1e-4
    assert cells["DV01@BASE/USD"] == pytest.approx(difference, abs=tolerance)
    assert cells["DV01@BASE/ALL"] == cells["DV01@BASE/USD"] == cells["CS01@BASE"]
    assert cells["DV01@BASE/EUR"] == 0.0
    wide = cells["PV@TIGHT"] - cells["PV@WIDE"]
    assert cells["CS25@BASE"] == pytest.approx(wide, rel=1e-10)


def test_key_rates_sum_to_the_parallel_dv01_within_the_bound(
    value: Value, position: Position
) -> None:
    """Triangles sum to 1 at every time; the rest is (hT)^2/6, DEFINITIONS section 6."""
    for maturity in ("2023-02-15", "2027-02-15", "2052-02-15"):
        cells = value(position("FIXED_BOND", {"maturity_date": maturity}))
        ladder = sum(v for cell, v in cells.items() if cell.startswith("KEY_RATE_DV01@BASE/USD"))
        years = int(maturity[:4]) - 2022
        bound = (1e-4 * years) ** 2 / 6 + 1e-12
        assert ladder == pytest.approx(cells["DV01@BASE/USD"], rel=bound)


def test_convexity_is_the_second_difference(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    step = 0.0025
    bump = [
        {"code": "BASE"},
        {"code": "DOWN", "shocks": [{"risk": "RATE", "size": str(-step)}]},
        {"code": "UP", "shocks": [{"risk": "RATE", "size": str(step)}]},
    ]
    cells = value(position("FIXED_BOND"), make_states(scenarios=bump))
    second = (cells["PV@DOWN"] + cells["PV@UP"] - 2 * cells["PV@BASE"]) / step**2
    assert cells["CONVEXITY_AMOUNT@BASE"] == pytest.approx(second, rel=1e-3)


def test_short_position_is_the_long_one_negated(value: Value, position: Position) -> None:
    long = value(position("FIXED_BOND"))
    short = value(position("FIXED_BOND", state={"quantity": "-1000000"}))
    for cell, amount in long.items():
        sign = 1 if cell.startswith(("CLEAN_PRICE", "DIRTY_PRICE", "SPREAD")) else -1
        assert short[cell] == sign * amount


def test_mark_solves_a_residual_over_the_spread_matrix(value: Value, position: Position) -> None:
    matrix = value(position("FIXED_BOND", state={"spread_source": "MATRIX"}))
    price = matrix["CLEAN_PRICE@BASE"]
    marked = value(
        position("FIXED_BOND", state={"spread_source": "MARK", "mark_price": repr(price)})
    )
    assert marked["SPREAD@BASE"] == pytest.approx(0.0, abs=1e-10)
    cheap = value(
        position("FIXED_BOND", state={"spread_source": "MARK", "mark_price": repr(price - 5)})
    )
    assert cheap["SPREAD@BASE"] > 0.005
    assert cheap["CLEAN_PRICE@BASE"] == pytest.approx(price - 5, abs=1e-9)


@pytest.mark.parametrize(("shift", "code"), [(0.0, "TWIST"), (0.0025, "WIDER")])
def test_spread_shock_meets_the_total_spread_of_its_rating(
    shift: float, code: str, value: Value, position: Position
) -> None:
    rated = value(position("FIXED_BOND", rating="BBB"))
    unrated = value(position("FIXED_BOND", rating="AA"))
    assert rated["PV@BASE"] == unrated["PV@BASE"]
    assert (rated[f"PV@{code}"] < unrated[f"PV@{code}"]) == (code == "TWIST")


def test_settlement_days_discount_to_settlement(
    value: Value, position: Position, market: dict[str, Any], make_states: MakeStates
) -> None:
    market["settlement_days"] = {"USD": 2}
    cells = value(position("FIXED_BOND", state={"spread": "0.02"}), make_states(market))
    days = make_states(market).settlement_days("USD")
    assert days == 4
    zero = make_states().market.curves["USD-TREASURY"].zero_rates(np.array([days / 365]))[0]
    expected = cells["PV@BASE"] * np.exp((zero + 0.02) * days / 365) / 1e6 * 100
    assert cells["DIRTY_PRICE@BASE"] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("cut", list(Cut))
def test_price_on_a_coupon_date_is_without_the_coupon_and_nothing_is_accrued(
    cut: Cut, value: Value, position: Position, make_states: MakeStates
) -> None:
    """The coupon paid at settlement is the seller's at either cut; PV holds it at START_OF_DAY."""
    day = dt.date(2022, 8, 15)
    states = make_states(flat("2022-08-15", 0.02), [{"code": "BASE"}], day=day, cut=cut)
    cells = value(position("FIXED_BOND"), states)
    assert cells["CLEAN_PRICE@BASE"] == cells["DIRTY_PRICE@BASE"]
    coupon = 20_000.0 if cut is Cut.START_OF_DAY else 0.0
    assert cells["ACCRUED@BASE"] == pytest.approx(coupon)
    assert cells["PV@BASE"] == pytest.approx(cells["CLEAN_PRICE@BASE"] * 1e4 + coupon)
