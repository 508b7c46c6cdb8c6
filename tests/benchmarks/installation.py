"""An installation of the benchmarks' own: a durable server on disk, a book in it, a valued run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from foundation import roles
from foundation.embedded import EmbeddedPostgres
from tests.benchmarks import loan_book
from tests.benchmarks.processes import Used, manage
from tests.databases import ROOT, discard, environment

DATABASE = "tieout"
SCENARIOS = 100
MEASURES = "PV,ACCRUED,DV01,KEY_RATE_DV01,NOTIONAL"
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Installation:
    """A migrated database on a server with production settings, and a folder for files."""

    folder: Path
    server: EmbeddedPostgres
    environment: Mapping[str, str]

    @property
    def postmaster(self) -> int:
        """The number of the server's first process."""
        found = self.server.status().pid
        assert found is not None, "the server has ended"
        return found

    def manage(self, *arguments: str, **more: str) -> Used:
        """Run a management command, with `more` in its environment."""
        return manage({**self.environment, **more}, self.postmaster, *arguments)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query, as the superuser."""
        with self.server.superuser(DATABASE) as connection:
            return connection.execute(query.encode(), values).fetchall()


@dataclass(frozen=True, slots=True)
class Book:
    """A book that was ingested: its files, the ids a run needs, and what each kind took."""

    positions: int
    files: Mapping[str, Path]
    ids: Mapping[str, int]
    ingested: Mapping[str, Used]


@dataclass(frozen=True, slots=True)
class Valued:
    """A completed run, what submitting it took, and what its workers took from start to end."""

    run: int
    book: Book
    submitted: Used
    worked: Used
    log_bytes: int


@contextmanager
def installed() -> Iterator[Installation]:
    """A fresh installation below var/ (TIEOUT_BENCH_HOME names another folder); deleted after."""
    parent = Path(os.environ.get("TIEOUT_BENCH_HOME", ROOT / "var" / "benchmarks"))
    folder = parent / str(os.getpid())
    folder.mkdir(parents=True, mode=0o755)
    home = folder / "postgres"
    server = EmbeddedPostgres(
        home,
        provision_sql=ROOT / "deploy",
        major=settings.TIEOUT_EMBEDDED_MAJOR,
        binaries=settings.TIEOUT_EMBEDDED_BINARIES,
        durable=True,
    )
    own = {key: value for key, value in environment().items() if key != roles.ENVIRONMENT} | {
        "TIEOUT_EMBEDDED_HOME": str(home),
        "TIEOUT_EMBEDDED_DURABLE": "1",
        "TIEOUT_DATABASE": DATABASE,
        "TIEOUT_LOG_LEVEL": "WARNING",
        "PYTHONWARNINGS": "",
    }
    try:
        server.ensure(DATABASE)
        installation = Installation(folder, server, own)
        installation.manage("migrate", "--no-input", "--verbosity", "0")
        yield installation
    finally:
        discard(server)
        shutil.rmtree(folder)


def ingest(installation: Installation, positions: int) -> Book:
    """Write the files of a book of loans and ingest them, kind by kind."""
    files = loan_book.write(installation.folder, positions, SCENARIOS)
    ids: dict[str, int] = {}
    ingested: dict[str, Used] = {}
    for kind, path in files.items():
        command = ["ingest", kind, str(path), "--as-of", loan_book.AS_OF.isoformat(), "--json"]
        ingested[kind] = used = installation.manage(*command)
        found = json.loads(used.output.splitlines()[-1])
        if kind in ("positions", "marketdata", "scenarios"):
            ids[kind] = int(found["scenario_set_id" if kind == "scenarios" else "snapshot_id"])
    return Book(positions, files, ids, ingested)


def value(installation: Installation, book: Book) -> Valued:
    """Submit a run of the book and work on it with two workers whose steps are measured."""
    inputs = [
        *("--positions", str(book.ids["positions"])),
        *("--market", str(book.ids["marketdata"])),
        *("--scenarios", str(book.ids["scenarios"])),
    ]
    submitted = installation.manage("submit_run", *inputs, "--measures", MEASURES, "--json")
    run = int(json.loads(submitted.output.splitlines()[-1])["run_id"])
    # What ingestion has left dirty is not the run's to write.
    with installation.server.superuser(DATABASE) as connection:
        connection.execute("CHECKPOINT")
    before = installation.rows("SELECT pg_current_wal_insert_lsn()")[0][0]
    worked = installation.manage(
        *("worker", "--processes", str(WORKERS), "--drain"),
        DJANGO_SETTINGS_MODULE="tests.benchmarks.measured",
    )
    ((status, error),) = installation.rows("SELECT status, error FROM run WHERE run_id = %s", run)
    assert status == "COMPLETED", f"run {run} is {status} {error}"
    ((written,),) = installation.rows(
        "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s::pg_lsn)::int8", before
    )
    return Valued(run, book, submitted, worked, written)
