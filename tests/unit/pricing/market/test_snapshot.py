"""A market document is read whole or refused with the place of what is wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing.market import snapshot
from pricing.market.errors import MarketError

Change = Callable[[dict[str, Any]], None]


def test_curve_is_linear_in_the_zero_rate_and_flat_beyond(market: dict[str, Any]) -> None:
    curve = snapshot.parse(market).curves["EUR-GOVERNMENT"]
    first, last = curve.times
    got = curve.zero_rates(np.array([0.0, first, (first + last) / 2, last, last + 50]))
    assert got == pytest.approx([0.0262, 0.0262, 0.0255, 0.0248, 0.0248])


def test_node_weights_rebuild_the_rate(market: dict[str, Any]) -> None:
    curve = snapshot.parse(market).curves["USD-TREASURY"]
    for time in (0.0, 0.1, 1.0, 7.3, curve.times[1], 60.0):
        rebuilt = sum(curve.zeros[node] * weight for node, weight in curve.node_weights(time))
        assert rebuilt == pytest.approx(curve.zero_rates(np.array([time]))[0], rel=1e-15)


def test_fx_crosses_through_the_fewest_quotes(market: dict[str, Any]) -> None:
    values = snapshot.parse(market).fx_values("USD")
    assert values["USD"].value == 1.0
    assert values["EUR"].value == 1.0666
    assert values["JPY"].value == pytest.approx(1.0666 / 140.66)
    assert values["JPY"].quotes == ("fx/EUR/USD", "fx/EUR/JPY")


def test_hash_of_an_object_changes_with_it_alone(market: dict[str, Any]) -> None:
    before = snapshot.parse(market)
    changed = copy.deepcopy(market)
    changed["curves"][0]["nodes"][0][1] = "0.0438"
    changed["curves"][1]["source"] = "another words for the same numbers"
    after = snapshot.parse(changed)
    different = {n for n in before.hashes if before.hash_of(n) != after.hash_of(n)}
    assert different == {"curve/USD-TREASURY"}


def test_spread_curve_of_all_sectors_serves_where_a_sector_has_none(
    market: dict[str, Any],
) -> None:
    matrix = snapshot.parse(market).spreads
    found = matrix.find("USD", "BBB", "RETAIL")
    assert found is not None
    assert found.sector == "ALL"
    assert matrix.find("EUR", "BBB", "RETAIL") is None


def put(*path: str | int, value: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        at: Any = document
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


CASES: list[tuple[str, Change, str]] = [
    ("format", put("format", value="tieout.market/9"), "format"),
    ("unknown_part", put("curvs", value=[]), "curvs"),
    ("as_of", put("as_of", value="yesterday"), "as_of"),
    ("as_of_1850", put("as_of", value="1850-01-01"), "as_of"),
    ("curves_not_a_list", put("curves", value={}), "curves"),
    ("curve_not_an_object", put("curves", 0, value=3), "curves[0]"),
    ("no_name", put("curves", 0, "name", value=""), "curves[0].name"),
    ("curve_twice", put("curves", 1, "name", value="USD-TREASURY"), "curves[1].name"),
    ("currency", put("curves", 0, "currency", value="XXQ"), "curves[0].currency"),
    ("interpolation", put("curves", 0, "interpolation", value="CUBIC"),
     "curves[0].interpolation"),
    ("kind", put("curves", 0, "kind", value="FORWARD"), "curves[0].kind"),
    ("no_nodes", put("curves", 0, "nodes", value=[]), "curves[0].nodes"),
    ("node_of_a_week", put("curves", 0, "nodes", 0, 0, value="2023-W13-4"), "curves[0].nodes[0]"),
    ("discount_of_a_list", put("discount", "USD", value=["USD-TREASURY"]), "discount.USD"),
    ("node_underscore", put("curves", 0, "nodes", 1, 1, value="0.0_4"), "curves[0].nodes[1]"),
    ("node_nan", put("curves", 0, "nodes", 1, 1, value="NaN"), "curves[0].nodes[1]"),
    ("node_1e400", put("curves", 0, "nodes", 1, 1, value="1e400"), "curves[0].nodes[1]"),
    ("node_in_percent", put("curves", 0, "nodes", 1, 1, value="4.39"), "curves[0].nodes[1]"),
    ("node_order", put("curves", 0, "nodes", 1, 0, value="2023-01-30"), "curves[0].nodes[1]"),
    ("node_past", put("curves", 0, "nodes", 0, 0, value="2022-01-30"), "curves[0].nodes[0]"),
    ("node_triple", put("curves", 0, "nodes", 0, value=["2023-01-30"]), "curves[0].nodes[0]"),
    ("discount_unknown", put("discount", "USD", value="MARS"), "discount.USD"),
    ("discount_currency", put("discount", "USD", value="EUR-GOVERNMENT"), "discount.USD"),
    ("spread_tenor", put("spreads", 0, "nodes", 0, 0, value="1W"), "spreads[0].nodes[0]"),
    ("spread_text", put("spreads", 0, "nodes", 0, 1, value="wide"), "spreads[0].nodes[0]"),
    ("spread_rating", put("spreads", 0, "rating", value=None), "spreads[0].rating"),
    ("fx_zero", put("fx", 0, "rate", value="0"), "fx[0].rate"),
    ("fx_twice", put("fx", 1, "quote", value="USD"), "fx[1]"),
    ("fx_self", put("fx", 0, "base", value="USD"), "fx[0]"),
    ("settlement", put("settlement_days", value={"USD": -1}), "settlement_days.USD.days"),
    ("settlement_half", put("settlement_days", value={"USD": "1.5"}), "settlement_days.USD"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "change", "place"), CASES, ids=[case[0] for case in CASES])
def test_malformed_market_is_refused_at_its_place(
    _case: str, change: Change, place: str, market: dict[str, Any]
) -> None:
    change(market)
    with pytest.raises(MarketError) as refused:
        snapshot.parse(market)
    assert refused.value.place == place
