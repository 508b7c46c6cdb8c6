"""Fixings by themselves: a new market with them in it, or none, with every fault by its line."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from apps.ingestion import services
from apps.ingestion.outcome import Outcome, Request
from apps.ingestion.problems import ImportRefused
from apps.ingestion.readers import source
from apps.marketdata.models import MarketDataSnapshot
from fixtures.market import document
from pricing import dates
from pricing.market import snapshot

pytestmark = [pytest.mark.django_db, pytest.mark.role("desk")]

DAY = dt.date(2022, 12, 30)
MARKET: dict[str, Any] = {
    "format": "tieout.market/1",
    "as_of": "2022-12-30",
    "name": "Night of 30 December",
    "curves": [{"name": "USD", "currency": "USD", "nodes": [["2032-12-30", "0.038"]]}],
    "discount": {"USD": "USD"},
    "indices": {
        "SOFR": {"currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/360",
                 "calendar": "US-GOVT", "curve": "USD"},
        "PRIME": {"currency": "USD", "kind": "PRIME", "day_count": "ACT/360", "calendar": "US",
                  "curve": "USD"},
    },
    "fixings": {"SOFR": [["2022-12-28", "0.0430"], ["2022-12-30", "0.0430"]]},
}  # fmt: skip


def stored(content: dict[str, Any] = MARKET) -> int:
    """The id of a market of a document."""
    file = source.from_bytes("market.json", json.dumps(content).encode())
    return services.ingest(Request(kind="marketdata", source=file), actor="t").ids["snapshot_id"]


def load(text: str, below: int | str | None, **options: Any) -> Outcome:
    """Import a file of fixings onto a market."""
    chosen = None if below is None else str(below)
    file = source.from_bytes("fixings.csv", f"index,date,rate,corrects\n{text}".encode())
    return services.ingest(
        Request(kind="fixings", source=file, snapshot=chosen, **options), actor="t"
    )


def faults(text: str, below: int | str | None, **options: Any) -> list[tuple[Any, ...]]:
    """What is wrong with a file; nothing has been written."""
    before = MarketDataSnapshot.objects.count()
    with pytest.raises(ImportRefused) as refused:
        load(text, below, **options)
    assert MarketDataSnapshot.objects.count() == before
    return [(p.code, p.line, p.field) for p in refused.value.problems]


def fixings(snapshot_id: int) -> dict[str, list[list[str]]]:
    text = MarketDataSnapshot.objects.get(pk=snapshot_id).document
    found: dict[str, list[list[str]]] = json.loads(text)["fixings"]
    return found


def test_fixings_make_a_new_market_and_leave_the_one_below():
    below = stored()
    outcome = load(
        "SOFR,2022-12-29,0.0431,\nPRIME,2022-12-30,0.075,\nSOFR,2022-12-30,0.043,\n", below
    )
    assert (outcome.rows, outcome.created, outcome.unchanged) == (3, 2, 1)
    assert outcome.ids["snapshot_id"] != below
    assert fixings(outcome.ids["snapshot_id"]) == {
        "SOFR": [["2022-12-28", "0.043"], ["2022-12-29", "0.0431"], ["2022-12-30", "0.043"]],
        "PRIME": [["2022-12-30", "0.075"]],
    }
    assert "PRIME" not in fixings(below)
    above = MarketDataSnapshot.objects.get(pk=outcome.ids["snapshot_id"])
    assert (above.name, above.as_of) == ("Night of 30 December", DAY)


def test_the_same_fixings_again_are_the_same_market():
    below = stored()
    text = "SOFR,2022-12-29,0.0431,\n"
    once = load(text, below)
    again = load(text, once.ids["snapshot_id"])
    assert again.ids == once.ids
    assert (again.unchanged, again.wrote) == (1, False)
    # In the document from the start they are that market too.
    whole = {**MARKET, "fixings": {"SOFR": sorted([*MARKET["fixings"]["SOFR"],
                                                   ["2022-12-29", "0.0431"]])}}  # fmt: skip
    assert stored(whole) == once.ids["snapshot_id"]


def test_a_correction_says_what_stood():
    below = stored()
    outcome = load("SOFR,2022-12-28,0.0429,0.043\n", below)
    assert (outcome.changed, outcome.created) == (1, 0)
    assert fixings(outcome.ids["snapshot_id"])["SOFR"][0] == ["2022-12-28", "0.0429"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SOFR,2022-12-28,0.0429,\n", ("CONFLICT", 2, "rate")),
        ("SOFR,2022-12-28,0.0429,0.05\n", ("CONFLICT", 2, "corrects")),
        ("SOFR,2022-12-29,0.0429,0.05\n", ("CONFLICT", 2, "corrects")),
        ("SONIA,2022-12-29,0.0343,\n", ("REFERENCE", 2, "index")),
        ("SOFR,2022-12-29,0.043,\nSOFR,2022-12-29,0.044,\n", ("DUPLICATE", 3, "date")),
        ("SOFR,2023-01-03,0.0431,\n", ("DATE_ORDER", 2, "date")),
        ("SOFR,2022-12-32,0.0431,\n", ("DATE", 2, "date")),
        ("SOFR,2022-12-29,4.31%,\n", ("NUMBER", 2, "rate")),
        ("SOFR,2022-12-29,,\n", ("REQUIRED", 2, "rate")),
        ("SO FR,2022-12-29,0.04,\n", ("IDENTIFIER", 2, "index")),
        # 4.31 is 431%: read as a fraction, refused as a mistake of units.
        ("SOFR,2022-12-29,4.31,\n", ("MARKET", 2, "fixings.SOFR[1]")),
    ],
)
def test_a_fixing_at_fault_is_named_by_its_line_and_nothing_is_written(text, expected):
    assert faults("PRIME,2022-12-30,0.075,\n" + text, stored()) == [
        (expected[0], expected[1] + 1, expected[2])
    ]


@pytest.mark.parametrize(
    ("below", "options", "expected"),
    [
        (None, {}, ("REQUIRED", None, "--snapshot")),
        ("a name", {}, ("REQUIRED", None, "--snapshot")),
        (987654, {}, ("REFERENCE", None, "--snapshot")),
    ],
)
def test_a_market_to_build_on_is_asked_for(below, options, expected):
    assert faults("SOFR,2022-12-29,0.043,\n", below, **options) == [expected]


def test_the_day_of_the_command_is_that_of_the_market():
    below = stored()
    day = dt.date(2022, 12, 29)
    found = faults("SOFR,2022-12-29,0.043,\n", below, as_of=day)
    assert found == [("CONFLICT", None, "--as-of")]
    assert load("SOFR,2022-12-29,0.043,\n", below, as_of=DAY).created == 1


def test_a_market_with_every_part_keeps_all_but_its_fixings():
    whole = document.market()
    missing = {**whole, "fixings": {**whole["fixings"], "SOFR": whole["fixings"]["SOFR"][:-1]}}
    day, rate = whole["fixings"]["SOFR"][-1]
    below = stored(missing)
    outcome = load(f"SOFR,{day},{rate},\n", below)
    assert outcome.ids["snapshot_id"] == stored(whole)
    read = snapshot.parse(
        json.loads(MarketDataSnapshot.objects.get(pk=outcome.ids["snapshot_id"]).document)
    )
    assert read.fixing("SOFR", dates.ordinal(dt.date.fromisoformat(day))) == float(rate)
