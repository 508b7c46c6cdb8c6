"""Reads of runs: the list, their progress, and the request a run was made from."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection
from django.db.models import QuerySet

from apps.run.contracts import RetryUseless, RunRequest
from apps.run.leases import SQL
from apps.run.models import Phase, Run, RunTask, RunTaskAttempt, TaskStatus
from apps.run.request import basis_of, currencies_of, dimensions_of, parsed
from foundation import hashing

FINAL = ("COMPLETED", "COMPLETED_WITH_ERRORS", "PUBLISHED", "CANCELLED", "FAILED")
"""The states in which a run is no longer being worked on."""


class Cursor(Protocol):
    """psycopg's cursor, or Django's around it."""

    @property
    def description(self) -> Any:
        """The columns of the last result."""
        ...

    def execute(self, query: Any, params: Any = ..., /) -> Any:
        """Run a statement."""
        ...

    def fetchone(self) -> Any:
        """Return the next row."""
        ...

    def fetchall(self) -> Any:
        """Return all rows."""
        ...


class PinnedInputChanged(RetryUseless):
    """A stored document is not the one whose hash the run was submitted with."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The tasks of a run by status, and how far its positions have come in the current phase."""

    run_id: int
    status: str
    phase: str
    tasks: Mapping[str, int]
    positions: int
    positions_done: int

    @property
    def total(self) -> int:
        """All tasks made so far; those of later phases are not made yet."""
        return sum(self.tasks.values())

    @property
    def is_final(self) -> bool:
        """Whether nobody works on the run any more."""
        return self.status in FINAL


def runs() -> QuerySet[Run]:
    """Return all runs, the latest first."""
    return Run.objects.order_by("-run_id")


def tasks(run_id: int) -> QuerySet[RunTask]:
    """Return the tasks of a run in the order they were made."""
    return RunTask.objects.filter(run_id=run_id).order_by("task_id")


def run_of_task(task_id: int) -> int | None:
    """Return the run a task belongs to; None when there is no such task."""
    return RunTask.objects.filter(pk=task_id).values_list("run_id", flat=True).first()


def attempts(run_id: int) -> QuerySet[RunTaskAttempt]:
    """Return every attempt at the tasks of a run, in the order they ended."""
    return RunTaskAttempt.objects.filter(run_id=run_id).order_by("pk")


def progress(run_id: int) -> Progress:
    """Return where a run stands; Run.DoesNotExist when there is none."""
    found = progress_of([run_id])
    if run_id not in found:
        raise Run.DoesNotExist(f"there is no run {run_id}")
    return found[run_id]


def progress_of(run_ids: Sequence[int]) -> dict[int, Progress]:
    """Return where runs stand, in one statement; a run that does not exist is left out."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["progress"], {"runs": list(run_ids)})
        return progress_in(cursor.fetchall())


def progress_in(rows: Sequence[Sequence[Any]]) -> dict[int, Progress]:
    """Return what the rows of the statement `progress` say, by run."""
    counts = {row[0]: dict.fromkeys(TaskStatus.values, 0) for row in rows}
    done = dict.fromkeys(counts, 0)
    for run_id, _, phase, _, status, task_phase, count, positions in rows:
        if status is None:
            continue
        counts[run_id][status] += count
        valued = phase in (Phase.GROUP, Phase.FINALISE)
        if task_phase == (Phase.VALUE if valued else phase):
            done[run_id] += positions
    return {
        row[0]: Progress(row[0], row[1], row[2], counts[row[0]], row[3], done[row[0]])
        for row in rows
    }


def load_request(cursor: Cursor, run_id: int) -> RunRequest:
    """Return the request of a run with its pinned documents, each checked against its hash.

    Takes a cursor, psycopg's or Django's, so that a worker reads on its own connection.
    """
    cursor.execute(SQL["run"], {"run": run_id})
    columns = [column[0] for column in cursor.description]
    row = cursor.fetchone()
    if row is None:
        raise Run.DoesNotExist(f"there is no run {run_id}")
    run = dict(zip(columns, row, strict=True))
    asked = json.loads(run["request"])
    market, names, dimensions, basis = _documents(cursor, run, asked)
    members = dimensions_of(dimensions)
    return RunRequest(
        document=run["request"],
        valuation_date=dt.date.fromisoformat(asked["valuation_date"]),
        cut=asked["cut"],
        currency=asked["currency"],
        measures=tuple(asked["measures"]),
        position_snapshot_id=run["position_snapshot_id"],
        marketdata_snapshot_id=run["marketdata_snapshot_id"],
        scenario_set_id=run["scenario_set_id"],
        tree_id=run["tree_id"],
        node=run["node"],
        engine=run["engine"],
        profile=run["profile"],
        market=parsed(market),
        scenarios=_scenarios(cursor, run["scenario_set_id"]),
        names=tuple(json.loads(names)),
        dimensions=members,
        currencies=currencies_of(members),
        options={
            name: tuple(value) if isinstance(value, list) else value
            for name, value in asked["options"].items()
        },
        basis=basis_of(basis),
    )


def _documents(cursor: Cursor, run: Mapping[str, Any], asked: Mapping[str, Any]) -> Any:
    cursor.execute(
        SQL["documents"],
        {
            "market": run["marketdata_snapshot_id"],
            "positions": run["position_snapshot_id"],
            "scenarios": run["scenario_set_id"],
        },
    )
    row = cursor.fetchone()
    if row is None:
        raise PinnedInputChanged(f"the snapshots of run {run['run_id']} are gone")
    if hashing.sha256(row[0]).hex() != asked["market"]:
        raise PinnedInputChanged(f"the market of run {run['run_id']} is not the one submitted")
    return row


def _scenarios(cursor: Cursor, scenario_set: int) -> tuple[Mapping[str, Any], ...]:
    cursor.execute(SQL["scenarios"], {"scenarios": scenario_set})
    found = []
    for document, content_hash in cursor.fetchall():
        if hashing.sha256(document) != bytes(content_hash):
            raise PinnedInputChanged(f"a scenario of set {scenario_set} is not what was hashed")
        found.append(parsed(document))
    return tuple(found)
