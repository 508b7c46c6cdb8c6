"""QuantLib's cached callable bond prices: its own tree, and what the lattice converges to."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import QuantLib as ql

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.hull_white import trinomial
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States

CASES = Path(__file__).parent / "callable_bond"
CASE_NAMES = ("ql.callable.call", "ql.callable.put", "ql.callable.both")
RATE = 0.032
SETTLEMENT = dt.date(2004, 6, 8)
"""The curve of QuantLib's test begins there, three days after the evaluation date."""


def inputs(name: str) -> tuple[dict[str, Any], float]:
    case = json.loads((CASES / f"{name}.json").read_text())
    return case["inputs"], float(case["expected"]["clean_price"])


def cashflows(case: dict[str, Any]) -> dict[int, float]:
    """Return what is paid after settlement, by days from it: QuantLib's schedule."""
    schedule = ql.Schedule(
        ql.DateParser.parseISO(case["issue"]),
        ql.DateParser.parseISO(case["maturity"]),
        ql.Period(6, ql.Months),
        ql.TARGET(),
        ql.ModifiedFollowing,
        ql.ModifiedFollowing,
        ql.DateGeneration.Backward,
        False,
    )
    bond = ql.FixedRateBond(
        3, 100.0, schedule, [case["coupon"]], ql.Thirty360(ql.Thirty360.BondBasis)
    )
    start = ql.DateParser.parseISO(SETTLEMENT.isoformat())
    paid: dict[int, float] = {}
    for flow in bond.cashflows():
        if flow.date() > start:
            days = flow.date() - start
            paid[days] = paid.get(days, 0.0) + flow.amount()
    return paid


def days(dates: list[str]) -> list[int]:
    return [(dt.date.fromisoformat(date) - SETTLEMENT).days for date in dates]


def tree_price(name: str, steps: int) -> float:
    """Return the clean price by the tree on the grid that QuantLib makes of so many steps."""
    case, _ = inputs(name)
    paid = cashflows(case)
    calls = days(case["call_dates"]) if not name.endswith("put") else []
    puts = days(case["put_dates"]) if not name.endswith("call") else []
    mandatory = sorted({*paid, *calls, *puts})
    grid = np.array(list(ql.TimeGrid([day / 365.0 for day in mandatory], steps)))
    place = {day: int(np.argmin(np.abs(grid - day / 365.0))) for day in mandatory}
    flows = np.zeros((len(grid), 1))
    ceiling, floor = np.full((len(grid), 1), np.inf), np.full((len(grid), 1), -np.inf)
    for day, amount in paid.items():
        flows[place[day]] += amount
    ceiling[[place[day] for day in calls]] = case["call_price_clean"]
    floor[[place[day] for day in puts]] = case["put_price_clean"]
    curve = np.exp(-RATE * grid)[:, None]
    value = trinomial.value(grid, curve, case["hw_a"], case["hw_sigma"], flows, ceiling, floor)
    # 104 days of 30/360 from 24 February to 8 June.
    return float(value[0, 0]) - 5.0 * 104 / 360


@pytest.mark.parametrize("name", CASE_NAMES)
def test_tree_on_quantlibs_grid_gives_its_cached_price(name: str) -> None:
    case, expected = inputs(name)
    assert tree_price(name, case["time_steps"]) == pytest.approx(expected, abs=1e-8)


def states() -> States:
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": SETTLEMENT.isoformat(),
            "curves": [{"name": "FLAT", "currency": "EUR", "nodes": [["2014-06-08", str(RATE)]]}],
            "discount": {"EUR": "FLAT"},
            "models": {"EUR": {"hull_white": {"mean_reversion": "0.1", "sigma": "0.01"}}},
        }
    )
    axis = Axis((Cell("CLEAN_PRICE", "BASE"),), SETTLEMENT, "EUR")
    return States(market, [parse_scenario({"code": "BASE"})], axis)


def clean_price(name: str) -> float:
    case, _ = inputs(name)
    terms: dict[str, Any] = {
        "dated_date": case["issue"],
        "maturity_date": case["maturity"],
        "coupon": str(case["coupon"]),
        "day_count": "30/360",
        "calendar": "TARGET",
        "roll_convention": "MODIFIED_FOLLOWING",
        "accrual_dates": "ADJUSTED",
    }
    if not name.endswith("put"):
        terms["call_schedule"] = [[date, "110"] for date in case["call_dates"]]
    if not name.endswith("call"):
        terms["put_schedule"] = [[date, "100"] for date in case["put_dates"]]
    position = PositionInput("C", "CALLABLE_BOND", "EUR", terms, {"quantity": "100", "spread": "0"})
    packed = registry.product("CALLABLE_BOND").pack([position], Names())
    valued = valuation.value(packed.batch, states())
    assert valued.failures == [None]
    return float(valued.values[0, 0])


@pytest.mark.parametrize("name", CASE_NAMES)
def test_lattice_gives_what_the_tree_converges_to(name: str) -> None:
    # The tree is off by a term in its step, which two numbers of steps take away.
    coarse, fine = tree_price(name, 1600), tree_price(name, 3200)
    assert clean_price(name) == pytest.approx(2.0 * fine - coarse, abs=1e-3)
