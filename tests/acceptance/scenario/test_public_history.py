"""The public market of 2020 to 2022 as a history: more than 500 scenarios, none filled in."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.ingestion import services
from apps.ingestion.outcome import Request
from apps.ingestion.readers import source

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "market_2022_and_before"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.role("desk"),
    pytest.mark.skipif(not FOLDER.exists(), reason="the public data are not beside the repository"),
]

FILES = {
    "cmt_daily.csv.gz": "cmt_history",
    "credit_spreads.csv.gz": "oas_history",
    "fx_ecb.csv.gz": "ecb_fx_history",
}


def test_the_public_history_makes_more_than_500_scenarios():
    ids = []
    for file, profile in FILES.items():
        request = Request(kind="tape", source=source.read(FOLDER / file), profile=profile)
        outcome = services.ingest(request, actor="test")
        assert outcome.details["missing"] == 0
        ids.append(outcome.ids["history_id"])
    out = io.StringIO()
    call_command(
        "make_scenarios",
        "HIST",
        kind="historical",
        history=ids,
        first=dt.date(2020, 1, 2),
        last=dt.date(2022, 12, 30),
        returns={"RATES": "ABSOLUTE", "SPREADS": "ABSOLUTE", "FX": "RELATIVE"},
        missing_days="SKIP",
        at_least=500,
        json=True,
        stdout=out,
    )
    made = json.loads(out.getvalue().strip().split("\n")[-1])
    # Of 777 days on which any of the three markets was quoted, 776 moves; 61 touch one on which
    # another was closed.
    assert made["scenarios"] == 1 + 776 - 61
    assert made["basis"]["moves_skipped"] == 61
    assert len(made["basis"]["factors"]) == 12 + 7 + 5
