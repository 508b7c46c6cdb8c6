"""Replaying a run: its numbers computed again from what it pinned, compared bit by bit.

Workers read packed blocks, people the rows they were made from: replay first makes the blocks
anew from the rows and the versions they pin, so that what it computes from is what is shown.

Verification proves that what is stored is what was sealed; replay proves that what was sealed is
what the engine computes.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection

from apps.portfolio import selectors as portfolio
from apps.result import encode
from apps.run import adapters, loading, pipeline
from apps.run import selectors as runs
from apps.run.contracts import CellSpec, Encoded, RunRequest
from apps.run.engine import engine
from apps.run.leases import Task
from apps.run.pipeline import Pipeline
from foundation import sqlfiles

if TYPE_CHECKING:
    from psycopg import Connection

SQL = sqlfiles.load(Path(__file__).parent / "sql")

Progress = Callable[[int], None]

_DIGEST = 32
_LIMIT = 20
_never = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class NotReplayable(ValueError):
    """The run has no results, or this process computes with another engine or profile."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A position whose row is not what is computed now; None when only other columns differ."""

    task: int
    position: str | None
    ordinal: int | None
    what: str

    def __str__(self) -> str:
        where = f"position {self.position} (ordinal {self.ordinal})" if self.position else "rows"
        return f"task {self.task}, {where}: {self.what}"


@dataclass(slots=True)
class Replay:
    """The outcome of replaying a run: tasks compared, positions in them, what differs.

    `altered` names packed blocks that are not what their rows give.
    """

    run: int
    tasks: int = 0
    positions: int = 0
    crashed: int = 0
    altered: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def same(self) -> bool:
        """Whether every task gives the bits that are stored, from blocks that are their rows."""
        return not self.differences and not self.altered


def replay(run: int, *, any_engine: bool = False, progress: Progress | None = None) -> Replay:
    """Compute every VALUE task of a run again and compare its leaf with the one that was written.

    Positions that crashed their worker are not tried again. With `any_engine` a run of another
    engine or profile is compared as well: differences then show what the change did.
    """
    begun = time.perf_counter()
    found = Replay(run)
    stages = pipeline.configured()
    with connection.cursor() as cursor:
        request = _request(cursor, run, any_engine)
        axis = stages.axis(request)
        found.altered += _altered(cursor, request.position_snapshot_id)
        cursor.execute(SQL["tasks"], {"run": run})
        leaves = [row for row in cursor.fetchall() if row[1] == "VALUE"]
    connection.ensure_connection()
    psycopg_connection: Any = connection.connection
    for task_id, phase, first, last, status, leaf in leaves:
        if status == "DEAD":
            found.crashed += last - first
            continue
        task = Task(task_id, run, phase, first, last, None, 1, 1, UUID(int=0), "replay", _never)
        try:
            encoded = _compute(psycopg_connection, task, request, stages, axis)
        except portfolio.SnapshotBroken as error:
            raise NotReplayable(str(error)) from error
        if encoded.leaf_hash != bytes(leaf):
            found.differences += _differences(run, task_id, encoded)
        found.tasks += 1
        found.positions += last - first
        if progress is not None:
            progress(last)
    found.seconds = time.perf_counter() - begun
    return found


def _altered(cursor: Any, snapshot: int) -> list[str]:
    try:
        return [
            f"position_block {block}, positions {first} to {last - 1}: "
            "the packed block is not what the rows give"
            for block, first, last in portfolio.altered_blocks(cursor, snapshot)
        ]
    except portfolio.SnapshotBroken as error:
        raise NotReplayable(str(error)) from error


def _request(cursor: Any, run: int, any_engine: bool) -> RunRequest:
    cursor.execute(SQL["run"], {"run": run})
    row = cursor.fetchone()
    if row is None:
        raise NotReplayable(f"there is no run {run}")
    if row[14] is None:
        raise NotReplayable(f"run {run} is {row[1]} and has no results to compare with")
    request: RunRequest = runs.load_request(cursor, run)
    for name, theirs, ours in (
        ("engine", request.engine, engine()),
        ("profile", request.profile, adapters.numeric_profile()),
    ):
        if theirs != ours and not any_engine:
            raise NotReplayable(
                f"run {run} was computed with {name} {theirs}, this process has {ours}; "
                "--any-engine compares all the same"
            )
    return request


def _compute(
    connected: Connection[Any],
    task: Task,
    request: RunRequest,
    stages: Pipeline,
    axis: list[CellSpec],
) -> Encoded:
    shard = loading.load(connected, task, request, stages.sink, context=bool(stages.context))
    for stage in stages.value:
        stage.compute(shard)
    return stages.sink.encode(shard, axis)


def _differences(run: int, task: int, encoded: Encoded) -> list[Difference]:
    rows = next(data for table, data in encoded.copies if table == "valuation_digest")
    digests = encode.digests_of_row(memoryview(rows))
    now = [digests[at : at + _DIGEST] for at in range(0, len(digests), _DIGEST)]
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["computed_differently"],
            {"run": run, "task": task, "digests": now, "limit": _LIMIT},
        )
        named = cursor.fetchall()
    if not named:
        what = "the cells are the same; an input hash, an error text or a partial roll-up is not"
        return [Difference(task, None, None, what)]
    return [
        Difference(task, position, ordinal, "the stored cells are not the computed ones")
        for ordinal, position in named
    ]
