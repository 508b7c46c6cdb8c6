"""Random callable and puttable bonds and loans: what holds of each whatever its terms."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse

AS_OF = dt.date(2022, 12, 30)
CLOSE = 1e-3
"""Per 100 of face: what the lattice is right to."""


@dataclass(frozen=True)
class Case:
    """Promises of 100 of face, and rights that come on top."""

    promise: dict[str, Any]
    calls: dict[str, Any]
    puts: dict[str, Any]
    reversion: float
    sigma: float
    spread: float


@st.composite
def cases(draw: st.DrawFn) -> Case:
    years = draw(st.integers(2, 15))
    month, day = draw(st.integers(1, 12)), draw(st.integers(1, 28))
    maturity = dt.date(2023 + years, month, day)
    promise = {
        "dated_date": "2022-06-15",
        "maturity_date": maturity.isoformat(),
        "coupon": f"{draw(st.floats(0.0, 0.1)):.5f}",
        "day_count": draw(st.sampled_from(["30/360", "ACT/365F", "ACT/ACT ICMA"])),
        "frequency": draw(st.sampled_from(["QUARTERLY", "SEMIANNUAL", "ANNUAL"])),
        "amortisation": draw(st.sampled_from(["BULLET", "LINEAR", "LEVEL_PAY"])),
    }

    def right(name: str, low: float, high: float) -> dict[str, Any]:
        count = draw(st.integers(1, 8))
        latest = (maturity - AS_OF).days - 10
        days = sorted(draw(st.sets(st.integers(40, latest), min_size=1, max_size=count)))
        dates = [(AS_OF + dt.timedelta(days=after)).isoformat() for after in days]
        prices = [f"{draw(st.floats(low, high)):.3f}" for _ in dates]
        return {
            f"{name}_schedule": [list(pair) for pair in zip(dates, prices, strict=True)],
            f"{name}_notice_days": draw(st.sampled_from([0, 0, 30])),
        }

    return Case(
        promise,
        right("call", 98.0, 106.0),
        right("put", 90.0, 101.0),
        draw(st.floats(-0.02, 0.3)),
        draw(st.floats(0.001, 0.02)),
        draw(st.floats(-0.005, 0.04)),
    )


def states(reversion: float, sigma: float) -> States:
    market = {
        "format": "tieout.market/1",
        "as_of": AS_OF.isoformat(),
        "curves": [
            {
                "name": "USD",
                "currency": "USD",
                "nodes": [
                    ["2023-03-30", "0.0437"],
                    ["2027-12-30", "0.0395"],
                    ["2042-12-30", "0.041"],
                ],
            }
        ],
        "discount": {"USD": "USD"},
        "spreads": [
            {"currency": "USD", "rating": "A", "sector": "ALL", "nodes": [["1Y", "0"]]},
        ],
        "models": {
            "USD": {"hull_white": {"mean_reversion": f"{reversion:.6f}", "sigma": f"{sigma:.6f}"}}
        },
    }
    cells = tuple(Cell(m, "BASE") for m in ("PV", "OPTION_VALUE", "CLEAN_PRICE", "OAS"))
    axis = Axis(cells, AS_OF, "USD")
    return States(snapshot.parse(market), [parse({"code": "BASE"})], axis)


def values(case: Case, *rights: dict[str, Any], **changed: Any) -> dict[str, float]:
    """Return the cells of the promises with some rights, at changed parameters or state."""
    terms = dict(case.promise)
    for right in rights:
        terms |= right
    reversion = changed.pop("reversion", case.reversion)
    sigma = changed.pop("sigma", case.sigma)
    state = {"quantity": "100", "spread": f"{changed.pop('spread', case.spread):.8f}", **changed}
    position = PositionInput(
        "C", "CALLABLE_BOND" if rights else "FIXED_BOND", "USD", terms, state, "A", "CORP"
    )
    market = states(reversion, sigma)
    found = product(position.product_type).pack([position], Names())
    valued = valuation.value(found.batch, market)
    assert valued.failures == [None], valued.failures
    return {c.measure: float(x) for c, x in zip(market.axis.cells, valued.values[0], strict=True)}


@settings(max_examples=40, deadline=None)
@given(case=cases())
def test_callable_is_at_most_the_bullet_and_puttable_at_least(case: Case) -> None:
    plain = values(case)["PV"]
    called, put = values(case, case.calls), values(case, case.puts)
    assert called["PV"] <= plain + CLOSE
    assert put["PV"] >= plain - CLOSE
    assert called["PV"] + called["OPTION_VALUE"] - plain < 1e-9
    both = values(case, case.calls, case.puts)["PV"]
    assert called["PV"] - CLOSE <= both <= put["PV"] + CLOSE


@settings(max_examples=30, deadline=None)
@given(case=cases())
def test_rights_are_worth_more_in_volatile_markets(case: Case) -> None:
    for right, sign in ((case.calls, -1.0), (case.puts, 1.0)):
        path = [values(case, right, sigma=case.sigma * k)["PV"] for k in (0.0, 0.5, 1.0, 2.0)]
        assert all(sign * (b - a) >= -CLOSE for a, b in itertools.pairwise(path))


@settings(max_examples=30, deadline=None)
@given(case=cases())
def test_value_falls_with_the_spread(case: Case) -> None:
    path = [
        values(case, case.calls, case.puts, spread=case.spread + 0.005 * k)["PV"] for k in range(5)
    ]
    assert all(a > b - CLOSE for a, b in itertools.pairwise(path))


@settings(max_examples=30, deadline=None)
@given(case=cases())
def test_oas_of_a_price_reprices_it(case: Case) -> None:
    priced = values(case, case.calls)
    assert abs(priced["OAS"] - float(f"{case.spread:.8f}")) == 0.0
    marked = {"spread_source": "MARK", "mark_price": repr(priced["CLEAN_PRICE"])}
    found = values(case, case.calls, **marked)
    assert abs(found["CLEAN_PRICE"] - priced["CLEAN_PRICE"]) < 1e-9
    assert abs(found["PV"] - priced["PV"]) < 1e-8
