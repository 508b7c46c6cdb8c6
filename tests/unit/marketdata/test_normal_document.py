"""The stored form of a market document: decimals as canonical texts, absent parts absent."""

from __future__ import annotations

from typing import Any

import pytest

from apps.marketdata import adapters
from apps.marketdata.adapters import MarketFault
from foundation import hashing


def document() -> dict[str, Any]:
    return {
        "as_of": "2022-12-30",
        "curves": [{"name": "USD-OIS", "currency": "USD", "nodes": [["2023-12-30", "0.0430"]]}],
        "discount": {"USD": "USD-OIS"},
        "indices": {
            "SOFR": {
                "currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/360",
                "calendar": "US-GOVT", "fixing_lag_days": 0, "curve": "USD-OIS",
                "margin": "0.000",
            }
        },
        "fixings": {"SOFR": [["2022-12-29", "4.30e-2"]]},
    }  # fmt: skip


def test_decimals_of_every_part_have_one_form() -> None:
    normal = adapters.normal_document(document())
    assert normal["fixings"] == {"SOFR": [["2022-12-29", "0.043"]]}
    assert normal["indices"]["SOFR"]["margin"] == "0"
    assert normal["indices"]["SOFR"]["fixing_lag_days"] == "0"
    assert adapters.normal_document(normal) == normal


def test_market_without_the_new_parts_is_stored_as_before() -> None:
    bare = {k: v for k, v in document().items() if k not in ("indices", "fixings")}
    normal = adapters.normal_document(bare)
    assert set(normal) == {"as_of", "curves", "discount", "format"}
    empty = adapters.normal_document({**bare, "indices": {}, "fixings": {}})
    assert hashing.canonical(empty) == hashing.canonical(normal)


@pytest.mark.parametrize(
    ("fixings", "place"),
    [
        ({"SOFR": [["2022-12-29", 0.043]]}, "fixings.SOFR[0] (2022-12-29)"),
        ({"SOFR": [["2022-12-29", "4,3"]]}, "fixings.SOFR[0] (2022-12-29)"),
        ({"SOFR": "0.043"}, "fixings.SOFR"),
        ({"SOFR": ["0.043"]}, "fixings.SOFR[0]"),
        (["SOFR"], "fixings"),
        ({"LIBOR": []}, "fixings.LIBOR"),
    ],
    ids=["binary_float", "comma", "text", "no_pair", "list", "no_index"],
)
def test_part_that_is_wrong_is_named(fixings: Any, place: str) -> None:
    with pytest.raises(MarketFault) as refused:
        adapters.normal_document({**document(), "fixings": fixings})
    assert refused.value.place == place


def test_parts_with_models_are_normal_after_one_pass() -> None:
    whole = document() | {
        "volatilities": [
            {
                "name": "USD-SWAPTION", "currency": "USD", "kind": "SWAPTION", "model": "NORMAL",
                "expiries": ["1Y", "5Y"], "tenors": ["5Y"], "values": [["1.10e-2"], ["0.0100"]],
            }
        ],
        "credit": [
            {"name": "B", "currency": "USD", "recovery": "0.40", "nodes": [["2027-12-30", "0.02"]]},
            {"name": "A", "currency": "USD", "recovery": "0.40", "nodes": [["2027-12-30", "0.01"]]},
        ],
        "inflation": {
            "USCPI": {
                "currency": "USD", "history": [["2022-11", "297.7110"]],
                "nodes": [["2027-12-30", "0.0240"]],
            }
        },
        "models": {
            "USD": {"hull_white": {"mean_reversion": "0.030", "calibrate": {
                "swaptions": [["1Y", "5Y"], ["5Y", "5Y"]]}}}
        },
        "collateral": {"USD": {"EUR": "USD-OIS"}},
    }  # fmt: skip
    normal = adapters.normal_document(whole)
    assert normal["volatilities"][0]["values"] == [["0.011"], ["0.01"]]
    assert [curve["name"] for curve in normal["credit"]] == ["A", "B"]
    assert normal["inflation"]["USCPI"]["history"] == [["2022-11", "297.711"]]
    part = normal["models"]["USD"]["hull_white"]
    assert part["mean_reversion"] == "0.03"
    assert "calibrate" not in part
    assert 0.009 < float(part["sigma"]) < 0.012
    assert adapters.normal_document(normal) == normal
    assert hashing.canonical(adapters.normal_document(whole)) == hashing.canonical(normal)
