"""One import: parsed, checked whole, then written in one transaction or not at all."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, cast

import pghistory
from django.db import connection, transaction

from apps.access.models import AuditEntry
from apps.ingestion import asked
from apps.ingestion.kinds import (
    counterparties,
    facilities,
    fixings,
    histories,
    instruments,
    legal_entities,
    marketdata,
    portfolios,
    positions,
    scenarios,
    tape,
)
from apps.ingestion.outcome import Outcome, Progress, Request, silent
from apps.ingestion.problems import ImportRefused, Problems
from foundation import sqlfiles

SQL = sqlfiles.load(Path(__file__).parent / "sql")


class Kind(Protocol):
    """What an import of one kind is made of."""

    def parse(self, request: Request, problems: Problems, progress: Progress) -> Any:
        """Return the typed content of the file, faults noted; nothing is read or written."""
        ...

    def write(
        self, parsed: Any, request: Request, problems: Problems, progress: Progress
    ) -> Outcome:
        """Check the content against the database, refuse it or write it."""
        ...


KINDS: Mapping[str, Kind] = MappingProxyType(
    cast(
        "dict[str, Kind]",
        {
            "legal_entities": legal_entities,
            "portfolios": portfolios,
            "counterparties": counterparties,
            "facilities": facilities,
            "instruments": instruments,
            "positions": positions,
            "marketdata": marketdata,
            "fixings": fixings,
            "histories": histories,
            "scenarios": scenarios,
            "tape": tape,
        },
    )
)
"""Every KIND of `manage.py ingest`, in the order in which a new bank loads them."""


def ingest(request: Request, *, actor: str, progress: Progress = silent) -> Outcome:
    """Import one file, or raise ImportRefused with all its problems and write nothing.

    The same content again gives the same ids and counts as unchanged. A dry run does all but
    commit. `actor` stands in the history of every header it changes and in the audit log.
    """
    kind = KINDS.get(request.kind)
    if kind is None:
        raise ImportRefused.because("CHOICE", f"one of {', '.join(KINDS)}", request.kind)
    asked.check(request)
    problems = Problems()
    digest = request.source.sha256
    reason = f"ingest {request.kind} {request.source.name}"
    with _without_collector(), pghistory.context(user=actor, reason=reason, file_sha256=digest):
        progress("reading", 0, None)
        parsed = kind.parse(request, problems, progress)
        problems.refuse()
        with transaction.atomic():
            _wait_for_others(progress)
            progress("writing", 0, None)
            outcome = kind.write(parsed, request, problems, progress)
            if request.dry_run:
                transaction.set_rollback(True)
            elif outcome.wrote:
                _record(request, outcome, actor, digest)
    if request.as_of is not None and request.kind not in asked.DATED:
        outcome.notes.append(f"{request.kind} are of no day: --as-of {request.as_of} is not kept")
    return outcome


def _wait_for_others(progress: Progress) -> None:
    """Return alone: an import checks its references against what the one before has written."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["alone_at_once"])
        if not cursor.fetchone()[0]:
            progress("waiting for another import", 0, None)
            cursor.execute(SQL["one_import_at_a_time"])


def _record(request: Request, outcome: Outcome, actor: str, digest: str) -> None:
    AuditEntry.objects.create(
        actor=actor,
        action="ingest",
        object_type=request.kind,
        object_id=str(next(iter(outcome.ids.values()), "")),
        detail={"file": request.source.name, "sha256": digest, **outcome.as_dict()},
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the cycle collector from walking millions of rows: none of them is in a cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
