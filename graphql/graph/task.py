"""The leased tasks of a run."""

from __future__ import annotations

import datetime as dt
from typing import Self

import strawberry

from apps.run import selectors as runs
from apps.run.models import RunTask
from graph.declare import object_type
from graph.enums import Phase, TaskStatus
from graph.paging import Connection, page


@object_type(name="RunTask")
class RunTaskType:
    """A leased piece of a run: the positions [first, last) of the canonical order."""

    id: strawberry.ID
    phase: Phase
    status: TaskStatus
    first: int
    last: int
    attempts: int
    max_attempts: int
    lease_owner: str | None
    leased_until: dt.datetime | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    error: str

    @classmethod
    def of(cls, row: RunTask) -> Self:
        """Return the type of a row."""
        return cls(
            id=strawberry.ID(str(row.pk)),
            phase=Phase(row.phase),
            status=TaskStatus(row.status),
            first=row.first,
            last=row.last,
            attempts=row.attempts,
            max_attempts=row.max_attempts,
            lease_owner=row.lease_owner,
            leased_until=row.leased_until,
            started_at=row.started_at,
            finished_at=row.finished_at,
            error=row.error,
        )


def resolve(
    run: int, *, first: int, after: str | None, status: TaskStatus | None
) -> Connection[RunTaskType]:
    """Return a page of a run's tasks."""
    rows = runs.tasks(run)
    if status is not None:
        rows = rows.filter(status=status)
    return page(rows, RunTaskType.of, key="task_id", first=first, after=after)
