"""The stored form of a market document: decimals as canonical texts, absent parts absent."""

from __future__ import annotations

import json
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


def test_quoted_curves_are_stored_with_nodes_and_jacobian() -> None:
    quotes = [
        {"kind": "OIS", "tenor": tenor, "rate": rate, "index": "SOFR"}
        for tenor, rate in (("1Y", "4.880e-2"), ("2Y", "0.04440"), ("5Y", "0.0374"))
    ]
    whole = document() | {
        "curves": [
            {
                "name": "USD-OIS", "currency": "USD", "kind": "BOOTSTRAP", "quotes": quotes,
                "conventions": {"OIS": {"payment_lag_days": 2}},
            }
        ],
        "credit": [
            {
                "name": "ACME", "currency": "USD", "recovery": "0.40",
                "quotes": [{"tenor": "5Y", "spread": "0.01280"}],
            }
        ],
    }  # fmt: skip
    normal = adapters.normal_document(whole)
    (curve,) = normal["curves"]
    assert [quote["rate"] for quote in curve["quotes"]] == ["0.0488", "0.0444", "0.0374"]
    assert curve["conventions"] == {"OIS": {"payment_lag_days": "2"}}
    assert len(curve["nodes"]) == len(curve["jacobian"]["USD-OIS"]) == 3
    assert curve["par"] == [True, True, True]
    assert normal["credit"][0]["quotes"] == [{"tenor": "5Y", "spread": "0.0128"}]
    assert len(normal["credit"][0]["nodes"]) == 1
    assert adapters.normal_document(normal) == normal
    text = hashing.canonical(normal)
    assert hashing.canonical(adapters.normal_document(json.loads(text))) == text


def test_quote_that_makes_no_curve_is_the_fault() -> None:
    quotes = [
        {"kind": "OIS", "tenor": tenor, "rate": rate, "index": "SOFR"}
        for tenor, rate in (("1Y", "0.0488"), ("2Y", "0.9"), ("5Y", "0.0374"))
    ]
    curve = {"name": "USD-OIS", "currency": "USD", "kind": "BOOTSTRAP", "quotes": quotes}
    with pytest.raises(MarketFault) as refused:
        adapters.normal_document(document() | {"curves": [curve]})
    assert refused.value.place == "USD-OIS.quotes[1] (OIS 2Y)"
    quotes[1]["rate"] = 0.0444  # type: ignore[assignment]
    with pytest.raises(MarketFault) as refused:
        adapters.normal_document(document() | {"curves": [curve]})
    assert refused.value.place == "curves[0].quotes[1].rate"
