"""Derivatives of every kind from a file through a run: ingestion, workers, cube, graph."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.access.models import User
from graph.asked import Asked
from graph.context import Context
from graph.view import execute
from tests.databases import ROOT
from tests.integration.result import priced
from tests.integration.result.shared import SharedDatabase, shared_database
from tests.unit.pricing.conftest import MARKET
from tests.unit.pricing.derivative_book import KIND_TERMS, STATES_OF

SCENARIOS: list[dict[str, Any]] = [
    {"code": "RATES_UP_100", "shocks": [{"risk": "RATE", "size": "0.01"}]},
    {"code": "HAZARD_UP", "shocks": [{"risk": "CREDIT", "size": "0.005"}]},
]
MEASURES = ("PV", "CLEAN_PV", "ACCRUED", "DV01", "FX_EXPOSURE", "NOTIONAL", "VEGA", "CS01_PAR",
            "PAR_RATE")  # fmt: skip
HEAD = User(username="head", is_superuser=True)


def instruments() -> list[dict[str, Any]]:
    return [
        {"code": f"D-{name}", "product_type": "DERIVATIVE", "currency": "USD", "issuer": "CP1",
         "terms": terms}
        for name, terms in KIND_TERMS.items()
    ]  # fmt: skip


def positions() -> list[dict[str, Any]]:
    return [
        {"position_id": f"P-{name}", "book": "BOOK-C", "instrument": f"D-{name}",
         "legal_entity": "LE1", "side": "ASSET", "status": "PERFORMING", "currency": "USD",
         "accounting_class": "TRADING", "quantity": "2000000", **STATES_OF.get(name, {})}
        for name in KIND_TERMS
    ]  # fmt: skip


@pytest.fixture(scope="module")
def database(
    databases: Any,
    template: str,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SharedDatabase, int]]:
    """A bank whose derivatives came in as files, and a finished run."""
    folder = tmp_path_factory.mktemp("files")
    with shared_database(databases, template, django_db_blocker) as found:
        with found.acting_as("desk"):
            priced.small_book.make_reference(4, 2)
        for kind, rows, options in (
            ("instruments", instruments(), ()),
            ("positions", positions(), ("--as-of", "2022-12-30", "--snapshot", "DERIVATIVES")),
        ):
            path = folder / f"{kind}.json"
            path.write_text(json.dumps(rows))
            ingest(found, kind, path, *options)
        with found.acting_as("desk"):
            market = priced.marketdata.create_market_snapshot({**MARKET, "name": "test"})
            chosen = priced.scenarios.create_scenario_set(
                code="TEST", name="Test", scenarios=SCENARIOS
            )
        with found.connect("auditor") as auditor:
            row = auditor.execute("SELECT max(id) FROM position_snapshot").fetchone()
        assert row is not None
        inputs = priced.Inputs(row[0], market.snapshot_id, chosen.scenario_set_id)
        run = priced.submit(inputs, measures=MEASURES, shards=2)
        priced.work(found)
        yield found, run


def ingest(database: SharedDatabase, kind: str, path: Path, *options: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "ingest", kind, str(path), *options],
        cwd=ROOT,
        env=database.environment | {"TIEOUT_ROLE": "desk"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def ask(query: str, **variables: Any) -> dict[str, Any]:
    answer = execute(Asked(query, variables, None), Context(user=HEAD))
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["run"]  # type: ignore[no-any-return]


def test_every_kind_is_valued_and_adds_up(database: tuple[SharedDatabase, int]) -> None:
    _, run = database
    cube = ask(
        """query C($run: ID!) { run(id: $run) {
          cube(by: [PRODUCT_TYPE], measures: ["PV"], scenarios: ["BASE"]) {
            counts columns { values } } } }""",
        run=run,
    )["cube"]
    assert cube["counts"] == [len(KIND_TERMS)]
    (total,) = cube["columns"][0]["values"]
    with database[0].connect("auditor") as auditor:
        errors = auditor.execute(
            "SELECT error FROM valuation WHERE run = %s AND error_code <> 0", (run,)
        ).fetchall()
        stored = auditor.execute(
            "SELECT sum(cells[1]) FROM valuation WHERE run = %s", (run,)
        ).fetchone()
    assert errors == []
    assert stored is not None
    assert Decimal(total) == Decimal(stored[0]).scaleb(-6)
