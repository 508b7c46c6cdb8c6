"""From a leased task to the shard its stages work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.portfolio import selectors as portfolio
from apps.run.contracts import PositionError, RunRequest, Shard, Sink
from apps.run.leases import Task

if TYPE_CHECKING:
    from psycopg import Connection


def load(
    connection: Connection[Any], task: Task, request: RunRequest, sink: Sink, *, context: bool
) -> Shard:
    """Return the positions of a task, with their context facts when an earlier phase made some."""
    with connection.cursor() as cursor:
        loaded = portfolio.load_shard(cursor, request.position_snapshot_id, task.first, task.last)
        facts = sink.context(cursor, task.run_id, task.first, task.last) if context else None
    return Shard(
        run_id=task.run_id,
        task_id=task.task_id,
        first=task.first,
        last=task.last,
        request=request,
        book=loaded.book,
        dimensions={dimension.name: column for dimension, column in loaded.dimensions.items()},
        row_hash=loaded.row_hash,
        groups=loaded.groups,
        context=facts,
        columns={"maturity": loaded.maturity, "notional": loaded.notional},
        errors={
            row: PositionError(code, message) for row, (code, message) in loaded.failures.items()
        },
    )
