"""What becomes of leases that ran out: queued again, split, an error row, or the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.rows import class_row

from apps.run.leases import SQL, Holder, Task, notify

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a task may bring its workers down.

    A task that did so `crashes_before_split` times, or in its last attempt, is split into halves;
    a half is under suspicion already and is split the first time. A run is split at most `splits`
    times: what crashes everywhere is no culprit among positions.
    """

    crashes_before_split: int = 2
    splits: int = 1000
    burials: int = 3


@dataclass(frozen=True, slots=True)
class Expired(Task):
    """A task whose lease ran out, and how often that happened to it before."""

    crashes: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: how many leases it settled, and the error row it leaves to the holder.

    `culprit` is a single position that killed every worker; its lease is the holder's now.
    """

    settled: int = 0
    culprit: Task | None = None


def sweep(connection: Connection[Any], holder: Holder, limits: Limits) -> Swept:
    """Settle the tasks whose leases ran out, and end the backends of those that stand still."""
    found = connection.execute(SQL["expired"], {"count": _AT_ONCE}).fetchall()
    settled, culprit = 0, None
    for task_id, run_id, token in found:
        with connection.transaction():
            task = _locked(connection, task_id, run_id, token)
            if task is not None:
                settled += 1
                culprit = _decide(connection.cursor(), holder, limits, task)
        if culprit is not None:
            break
    if found:
        connection.execute(SQL["terminate"])
    if settled:
        notify(connection)
    return Swept(settled, culprit)


def _locked(connection: Connection[Any], task: int, run: int, token: UUID) -> Expired | None:
    """Return the task under locks of its run and itself; None when it is not to be had."""
    if connection.execute(SQL["lock_run_if_free"], {"run": run}).fetchone() is None:
        return None
    with connection.cursor(row_factory=class_row(Expired)) as cursor:
        cursor.execute(SQL["lock_expired"], {"task": task, "token": token})
        return cursor.fetchone()


def _decide(cursor: Cursor[Any], holder: Holder, limits: Limits, task: Expired) -> Task | None:
    crashes = task.crashes + 1
    error = f"the lease ran out {crashes} times: the process ended or stood still"
    _record(cursor, task, error)
    if task.phase == "FINALISE":
        cursor.execute(SQL["end_backends"], {"owner": task.lease_owner})
    if task.phase == "VALUE" and task.count > 1 and _suspect(cursor, limits, task, crashes):
        _change(cursor, "split", task, error)
    elif task.attempts < task.max_attempts:
        _change(cursor, "requeue", task, error)
    elif task.phase == "VALUE" and task.count == 1 and crashes < task.attempts + limits.burials:
        return _take_over(cursor, holder, task)
    else:
        _change(cursor, "die", task, error)
    return None


def _suspect(cursor: Cursor[Any], limits: Limits, task: Expired, crashes: int) -> bool:
    last_chance = task.attempts >= task.max_attempts
    before = 1 if last_chance or task.parent_task_id is not None else limits.crashes_before_split
    if crashes < before:
        return False
    cursor.execute(SQL["splits"], {"run": task.run_id})
    row = cursor.fetchone()
    return row is not None and row[0] < limits.splits


def _change(cursor: Cursor[Any], statement: str, task: Expired, error: str) -> None:
    cursor.execute(
        SQL[statement], {"task": task.task_id, "token": task.lease_token, "error": error}
    )


def _take_over(cursor: Cursor[Any], holder: Holder, task: Expired) -> Task:
    cursor.execute(
        SQL["take_over"],
        {
            "task": task.task_id,
            "token": task.lease_token,
            "owner": holder.owner,
            "lease_seconds": holder.lease_seconds,
        },
    )
    row = cursor.fetchone()
    assert row is not None  # the row is locked by this transaction
    return replace(task, lease_token=row[0], lease_owner=holder.owner, started_at=row[1])


def _record(cursor: Cursor[Any], task: Expired, error: str) -> None:
    cursor.execute(
        SQL["expired_attempt"],
        {"task": task.task_id, "token": task.lease_token, "error": error},
    )
