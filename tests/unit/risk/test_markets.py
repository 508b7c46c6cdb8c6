"""Between two market documents: what moves when, and what the opening one looks like later."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.risk.explain import markets

OPENING: dict[str, Any] = {
    "format": "tieout.market/1",
    "as_of": "2022-12-30",
    "curves": [
        {"name": "USD-SOFR", "currency": "USD", "kind": "BOOTSTRAP", "quotes": [{"rate": "0.04"}],
         "nodes": [["2023-12-30", "0.04"]]},
        {"name": "EUR-ESTR", "currency": "EUR", "nodes": [["2023-12-30", "0.02"]]},
    ],
    "discount": {"USD": "USD-SOFR", "EUR": "EUR-ESTR"},
    "indices": {"SOFR": {"currency": "USD"}},
    "fixings": {"SOFR": [["2022-12-30", "0.043"]]},
    "fx": [{"base": "EUR", "quote": "USD", "rate": "1.07"}],
    "inflation": {"CPI": {"history": [["2022-11", "297"]], "nodes": [["2023-12-30", "0.02"]]}},
}  # fmt: skip
CLOSING: dict[str, Any] = OPENING | {
    "as_of": "2023-01-30",
    "curves": [
        {"name": "USD-SOFR", "currency": "USD", "nodes": [["2024-01-30", "0.041"]]},
        {"name": "EUR-ESTR", "currency": "EUR", "nodes": [["2024-01-30", "0.02"]]},
    ],
    "fixings": {"SOFR": [["2023-01-30", "0.044"]]},
    "inflation": {"CPI": {"history": [["2022-12", "298"]], "nodes": [["2024-01-30", "0.02"]]}},
}


def same(opening: dict[str, Any], closing: dict[str, Any], same_date: bool) -> dict[str, bool]:
    return {s.name: s.same for s in markets.steps(opening, closing, same_date=same_date)}


def test_equal_markets_move_nothing() -> None:
    assert all(same(OPENING, OPENING, True).values())


def test_only_what_differs_moves() -> None:
    found = same(OPENING, CLOSING, False)
    assert {name for name, unmoved in found.items() if not unmoved} == {"TIME", "RATES/USD"}
    quoted = OPENING | {"fx": [{"base": "EUR", "quote": "USD", "rate": "1.1"}]}
    assert [n for n, unmoved in same(OPENING, quoted, True).items() if not unmoved] == ["FX/EURUSD"]


def test_the_last_market_is_the_closing_document_and_no_step_changes_an_earlier_one() -> None:
    steps = list(markets.steps(OPENING, CLOSING, same_date=False))
    assert steps[-1].document is CLOSING
    first = {curve["name"]: curve for curve in steps[0].document["curves"]}
    assert first["USD-SOFR"]["nodes"] == [["2024-01-30", "0.04"]]


def test_the_aged_market_keeps_tenors_and_drops_quotes() -> None:
    found = markets.aged(OPENING, CLOSING)
    day = dt.date.fromisoformat(found["as_of"])
    for curve, was in zip(found["curves"], OPENING["curves"], strict=True):
        ((date, rate),) = curve["nodes"]
        ((before, known),) = was["nodes"]
        tenor = dt.date.fromisoformat(before) - dt.date(2022, 12, 30)
        assert (dt.date.fromisoformat(date) - day, rate) == (tenor, known)
        assert "quotes" not in curve


def test_what_has_happened_is_the_closing_markets() -> None:
    found = markets.aged(OPENING, CLOSING)
    assert found["fixings"] == CLOSING["fixings"]
    assert found["inflation"]["CPI"]["history"] == [["2022-12", "298"]]
    assert found["inflation"]["CPI"]["nodes"] == [["2024-01-30", "0.02"]]


def test_a_quote_turned_around_is_a_move_of_one_rate() -> None:
    turned = OPENING | {"fx": [{"base": "USD", "quote": "EUR", "rate": "0.9"}]}
    (last,) = [s for s in markets.steps(OPENING, turned, same_date=True) if s.name == "FX/USDEUR"]
    assert last.document["fx"] == turned["fx"]


def test_many_quotes_move_at_once() -> None:
    codes = ("AUD", "CAD", "CHF", "CZK", "DKK", "GBP", "HUF", "NOK", "NZD", "PLN", "SEK")
    before, after = (
        OPENING | {"fx": [{"base": "USD", "quote": code, "rate": rate} for code in codes]}
        for rate in ("2", "3")
    )
    assert not same(before, after, True)["FX"]
    fewer = after | {"fx": after["fx"][:10]}
    assert not any(same(before, fewer, True)[f"FX/USD{code}"] for code in codes[:10])
    assert "FX" not in same(before, fewer, True)
