"""The leased tasks of a run."""

from __future__ import annotations

from typing import Self, cast

import strawberry_django
from strawberry import auto

from apps.run import selectors as runs
from apps.run.models import Run, RunTask
from graph import whole
from graph.context import Info
from graph.declare import model_type
from graph.enums import Phase, TaskStatus
from graph.paging import Connection, page


@model_type(RunTask, name="RunTask")
class RunTaskType:
    """A leased piece of a run: the positions [first, last) of the canonical order."""

    id: auto = strawberry_django.field(field_name="task_id")
    phase: Phase
    status: TaskStatus
    first: auto
    last: auto
    attempts: auto
    max_attempts: auto
    lease_owner: auto
    leased_until: auto
    started_at: auto
    finished_at: auto
    error: auto

    @classmethod
    def of(cls, row: RunTask) -> Self:
        """Return a row as its type."""
        return cast("Self", row)


def resolve(
    info: Info, run: Run, *, first: int, after: str | None, status: TaskStatus | None
) -> Connection[RunTaskType]:
    """Return a page of a run's tasks; their errors may name any position of the run."""
    rows = runs.tasks(run.pk)
    if not whole.by_node(info.context).get((run.tree_id, run.node)):
        rows = rows.none()
    if status is not None:
        rows = rows.filter(status=status)
    return page(rows, RunTaskType.of, key="task_id", first=first, after=after)
