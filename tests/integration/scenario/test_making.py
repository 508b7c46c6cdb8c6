"""Histories come in and sets are made of them: whole, sealed, the same again, or not at all."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.ingestion import services
from apps.ingestion.outcome import Request
from apps.ingestion.problems import ImportRefused
from apps.ingestion.readers import source
from apps.marketdata.models import MarketHistory
from apps.publication import inputs
from apps.scenario.models import Scenario, ScenarioSet

pytestmark = [pytest.mark.django_db, pytest.mark.role("desk")]

HEADER = "date,part,name,currency,tenor,rating,base,quote,value\n"


def text(days: int = 12, without: tuple[int, ...] = ()) -> str:
    """Return rows of a curve, a spread and a rate over days of January 2022."""
    rows = []
    for at in range(days):
        day = f"2022-01-{at + 3:02d}"
        rate = "" if at in without else f"{0.01 + 0.0001 * at * at:.6f}"
        rows += [
            f"{day},ZERO_NODE,USD-TREASURY,USD,1Y,,,,{rate}",
            f"{day},ZERO_NODE,USD-TREASURY,USD,10Y,,,,{0.02 + 0.0002 * at:.6f}",
            f"{day},SPREAD,,USD,,BBB,,,{0.015 + 0.0001 * at:.6f}",
            f"{day},FX,,,,,EUR,USD,{1.1 + 0.01 * at:.4f}",
        ]
    return HEADER + "\n".join(rows) + "\n"


def load(content: str, name: str = "levels.csv", **options: Any):
    request = Request(kind="histories", source=source.from_bytes(name, content.encode()), **options)
    return services.ingest(request, actor="test")


RETURNS = "RATES=ABSOLUTE,SPREADS=ABSOLUTE,FX=RELATIVE"


def make(code: str, kind: str, **options: Any) -> dict[str, Any]:
    out = io.StringIO()
    call_command("make_scenarios", code, kind=kind, json=True, stdout=out, **options)
    found: dict[str, Any] = json.loads(out.getvalue().strip().split("\n")[-1])
    return found


def window(history: int, **options: Any) -> dict[str, Any]:
    returns = dict(pair.split("=") for pair in RETURNS.split(","))
    days = {"first": dt.date(2022, 1, 1), "last": dt.date(2022, 1, 31)}
    return {"history": [history], "returns": returns, **days, **options}


def test_a_history_is_loaded_once_and_sealed():
    first = load(text())
    again = load(text())
    assert (first.created, again.created, again.unchanged) == (1, 0, 1)
    assert first.ids == again.ids
    stored = MarketHistory.objects.get()
    assert (stored.code, stored.day_count, stored.factor_count) == ("LEVELS", 12, 4)
    document = json.loads(stored.document)
    assert document["days"][0] == "2022-01-03"
    with pytest.raises(Exception, match=r"sealed|permission denied"), connection.cursor() as cursor:
        cursor.execute("UPDATE market_history SET code = 'X'")


def test_missing_levels_are_counted_not_filled():
    outcome = load(text(without=(4, 5)))
    assert outcome.details["missing"] == 2
    stored = json.loads(MarketHistory.objects.get().document)
    assert sum(level is None for row in stored["levels"] for level in row) == 2


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("2022-01-03,FX,,,,,EUR,USD,1.2", ("DUPLICATE", 50, "date")),
        ("2022-01-30,FX,,,,,EUR,,1.2", ("REQUIRED", 50, "quote")),
        ("2022-02-30,FX,,,,,EUR,USD,1.2", ("DATE", 50, "date")),
        ("2022-01-30,EQUITY,,,,,EUR,USD,1.2", ("CHOICE", 50, "part")),
        ("2022-01-30,FX,,,,,EUR,USD,one", ("NUMBER", 50, "value")),
    ],
)
def test_a_row_at_fault_refuses_the_whole_history(row: str, expected: tuple[str, int, str]):
    with pytest.raises(ImportRefused) as refused:
        load(text() + row + "\n")
    assert [(p.code, p.line, p.field) for p in refused.value.problems] == [expected]
    assert not MarketHistory.objects.exists()


def test_a_set_of_moves_has_its_rules_on_it_and_is_the_same_again():
    history = load(text()).ids["history_id"]
    first = make("HIST", "historical", **window(history, demean=True))
    assert (first["created"], first["scenarios"]) == (True, 12)
    again = make("HIST", "historical", **window(history, demean=True))
    assert (again["created"], again["scenario_set_id"]) == (False, first["scenario_set_id"])
    stored = ScenarioSet.objects.get(code="HIST")
    basis = json.loads(stored.basis)
    assert basis["demeaned"] is True
    assert (basis["from"], basis["to"], basis["horizon_days"]) == ("2022-01-01", "2022-01-31", 1)
    assert basis["histories"][0]["code"] == "LEVELS"
    other = make("HIST", "historical", **window(history))
    assert other["scenario_set_id"] != first["scenario_set_id"]


def test_the_hash_of_a_made_set_is_the_one_that_sql_computes():
    made = make("KR", "key-rates", tenors=("1Y", "10Y"), currencies=("USD",))
    with connection.cursor() as cursor:
        cursor.execute(inputs.SQL["scenario_set_hash"], {"scenario_set": made["scenario_set_id"]})
        recomputed, stored = cursor.fetchone()
    assert bytes(recomputed) == bytes(stored)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"horizon_days": 3}, "OVERLAP_UNSTATED"),
        ({"returns": {"RATES": "ABSOLUTE", "FX": "RELATIVE"}}, "SPREADS.*RETURNS_UNSTATED"),
        ({"returns": {"GOLD": "RELATIVE"}}, "GOLD.*UNKNOWN_FACTOR"),
        ({"returns": {"RATES": "LOG"}}, "ABSOLUTE or RELATIVE"),
        ({"history": [999]}, "stored history, found 999"),
        ({"at_least": 500}, "TOO_FEW_SCENARIOS"),
        ({}, "ZERO_NODE/USD-TREASURY/USD/1Y: no level on 2022-01-07.*HISTORY_INCOMPLETE"),
    ],
)
def test_a_rule_that_cannot_be_kept_writes_nothing(options: dict[str, Any], words: str):
    history = load(text(without=(4,))).ids["history_id"]
    skipping = {"missing_days": "SKIP"} if options else {}
    with pytest.raises(CommandError, match=words):
        make("HIST", "historical", **window(history, **skipping) | options)
    assert not Scenario.objects.exists()
    assert not ScenarioSet.objects.exists()


def test_regulatory_sets_are_of_the_edition_of_their_day():
    old = make("IRRBB", "irrbb", day=dt.date(2025, 6, 30), currencies=("USD", "EUR"))
    new = make("IRRBB", "irrbb", day=dt.date(2026, 1, 1), currencies=("USD", "EUR"))
    assert (old["basis"]["edition"], new["basis"]["edition"]) == ("BCBS-D368", "BCBS-D578")
    assert old["scenarios"] == new["scenarios"] == 13
    with pytest.raises(CommandError, match=r"irrbb\.NOK"):
        make("IRRBB", "irrbb", day=dt.date(2026, 1, 1), currencies=("NOK",))


def test_the_published_files_become_a_scenario_a_quarter(tmp_path: Path):
    case = Path(__file__).parents[2] / "golden" / "scenario" / "fed.severely_adverse.2025.json"
    published = json.loads(case.read_text())["inputs"]
    files = {}
    for name in ("domestic", "international", "historic", "historic_international"):
        files[name] = tmp_path / f"{name}.csv"
        files[name].write_text("\ufeff" + "\r\n".join(published[name]) + "\r\n")
    made = make("SA25", "fed", **files)
    assert made["scenarios"] == 14
    assert made["basis"]["jump_off"] == "2024 Q4"
    codes = ScenarioSet.objects.get().pk
    assert codes == made["scenario_set_id"]
    files["domestic"].write_text(published["domestic"][0])
    with pytest.raises(CommandError, match="FED"):
        make("SA25", "fed", **files)


def test_the_command_line_says_all_that_a_rule_needs():
    history = str(load(text()).ids["history_id"])
    words = ["make_scenarios", "HIST", "--kind", "historical", "--history", history]
    words += ["--from", "2022-01-01", "--to", "2022-01-31", "--horizon-days", "5", "--disjoint"]
    out = io.StringIO()
    call_command(*words, "--returns", RETURNS, stdout=out)
    # 12 days, one move of 5 days after the other: 0 to 5, 5 to 10.
    assert "BASE and 2 scenarios" in out.getvalue()
    with pytest.raises(CommandError, match="--returns is needed"):
        call_command(*words)
    call_command("make_scenarios", "CR", "--kind", "spreads", "--ratings", "A,BBB", stdout=out)
    assert "BASE and 4 scenarios" in out.getvalue()
