"""A small bank valued for real: services, submission, a worker process, the pricing library."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from apps.marketdata import services as marketdata
from apps.portfolio import services as portfolio
from apps.run import services as runs
from apps.run.request import Submission
from apps.scenario import services as scenarios
from tests.databases import ROOT
from tests.integration.ingestion import small_book
from tests.integration.result.shared import SharedDatabase, shared_database

MARKET: dict[str, Any] = {
    "format": "tieout.market/1",
    "as_of": "2022-12-30",
    "name": "test",
    "curves": [
        {
            "name": "USD-TREASURY",
            "currency": "USD",
            "kind": "ZERO",
            "nodes": [
                ["2023-03-30", "0.043"],
                ["2024-12-30", "0.045"],
                ["2027-12-30", "0.040"],
                ["2032-12-30", "0.038"],
                ["2052-12-30", "0.039"],
            ],
        },
        {
            "name": "EUR-GOVT",
            "currency": "EUR",
            "kind": "ZERO",
            "nodes": [["2023-12-30", "0.022"], ["2032-12-30", "0.026"], ["2052-12-30", "0.024"]],
        },
    ],
    "discount": {"USD": "USD-TREASURY", "EUR": "EUR-GOVT"},
    "fx": [{"base": "EUR", "quote": "USD", "rate": "1.0666"}],
    "settlement_days": {"USD": 2, "EUR": 2},
}
SCENARIOS: list[dict[str, Any]] = [
    {"code": "RATES_UP_100", "shocks": [{"risk": "RATE", "size": "0.01"}]},
    {"code": "RATES_DOWN_100", "shocks": [{"risk": "RATE", "size": "-0.01"}]},
    {"code": "SPREAD_UP_25", "shocks": [{"risk": "SPREAD", "size": "0.0025"}]},
]
MEASURES = (
    "PV",
    "ACCRUED",
    "DV01",
    "CS01",
    "SPREAD_DURATION",
    "FX_EXPOSURE",
    "NOTIONAL",
    "WAL",
    "DIRTY_PRICE",
)


@dataclass(frozen=True)
class Inputs:
    """The ids of a stored book, market and scenario set."""

    positions: int
    market: int
    scenarios: int


def store(loans: int = 40, bonds: int = 10) -> Inputs:
    """Store everything a run needs; as the desk."""
    small_book.make_reference(loans, bonds)
    positions = portfolio.create_position_snapshot(
        as_of=small_book.AS_OF, name="test", positions=small_book.positions(loans, bonds)
    )
    market = marketdata.create_market_snapshot(MARKET)
    chosen = scenarios.create_scenario_set(code="TEST", name="Test", scenarios=SCENARIOS)
    return Inputs(positions.snapshot_id, market.snapshot_id, chosen.scenario_set_id)


def submit(inputs: Inputs, **options: Any) -> int:
    """Submit a run of the book; as web."""
    given: dict[str, Any] = {
        "positions": inputs.positions,
        "market": inputs.market,
        "scenarios": inputs.scenarios,
        "measures": MEASURES,
    }
    return runs.submit(Submission(**given | options), submitted_by="test").run_id


def work(database: Any) -> None:
    """Let one worker process do everything there is."""
    done = subprocess.run(
        [sys.executable, "manage.py", "worker", "--drain"],
        cwd=ROOT,
        env=database.environment | {"TIEOUT_POLL_SECONDS": "0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with database.connect("auditor") as auditor:
        # A run whose engine changed on disk between its submission and here is left alone.
        left = auditor.execute(
            "SELECT run_id, status, error FROM run WHERE finished_at IS NULL OR status = 'FAILED'"
        ).fetchall()
    assert left == [], left


@dataclass(frozen=True)
class Bank:
    """A stored bank and a finished run of it, in a database that the tests of a module share."""

    inputs: Inputs
    run: int
    database: SharedDatabase

    def connect(self, role: str) -> Any:
        """A psycopg connection of a role, in autocommit."""
        return self.database.connect(role)

    def acting_as(self, role: str) -> Any:
        """Django's connection under another role."""
        return self.database.acting_as(role)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that works on this database."""
        return self.database.environment


@contextmanager
def shared_bank(
    databases: Any, template: str, blocker: Any, loans: int = 40, bonds: int = 10, **options: Any
) -> Iterator[Bank]:
    """A bank of its own database for a module whose tests only read: one run for all of them."""
    with shared_database(databases, template, blocker) as database:
        with database.acting_as("desk"):
            inputs = store(loans, bonds)
        run = submit(inputs, **options)
        work(database)
        yield Bank(inputs, run, database)
