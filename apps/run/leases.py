"""The lease protocol of tasks: claim, keep, complete, fail, give back. See docs/guides/runs.md.

Every function runs named statements of sql/ on a psycopg connection in autocommit, and those
that write end in one transaction of their own. What fences a worker that has lost its lease is
the random token in each of them, never a clock.
"""

from __future__ import annotations

import datetime as dt
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from apps.run.contracts import Final
from foundation import sqlfiles

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

SQL = sqlfiles.load(Path(__file__).parent / "sql")

CHANNEL = "tieout_task"


class Fenced(Exception):
    """The lease was lost: the task belongs to another worker, or to nobody any more."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who takes leases: the name its connections carry, what it can run, how long it asks for."""

    owner: str
    engine: str
    profile: str
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class Task:
    """A leased task: positions [first, last) of a run in one phase, fenced by its token."""

    task_id: int
    run_id: int
    phase: str
    first: int
    last: int
    parent_task_id: int | None
    attempts: int
    max_attempts: int
    lease_token: UUID
    lease_owner: str
    started_at: dt.datetime

    @property
    def count(self) -> int:
        """The number of positions."""
        return self.last - self.first


@dataclass(slots=True)
class Attempt:
    """What is written down of an attempt besides its outcome: its seconds of wall time by step."""

    task: Task
    owner: str
    seconds: dict[str, float] = field(default_factory=dict)
    _cpu_before: float = field(default_factory=time.process_time)

    def used(self) -> Jsonb:
        """Return the seconds by step, `cpu` seconds of the process, and its `peak_mb` of memory."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        cpu = time.process_time() - self._cpu_before
        return Jsonb(self.seconds | {"cpu": cpu, "peak_mb": peak})


def claim(connection: Connection[Any], holder: Holder, count: int = 1) -> list[Task]:
    """Lease up to `count` tasks of the holder's engine and profile; none when nothing is ready."""
    with connection.cursor(row_factory=class_row(Task)) as cursor:
        cursor.execute(
            SQL["claim"],
            {
                "engine": holder.engine,
                "profile": holder.profile,
                "owner": holder.owner,
                "lease_seconds": holder.lease_seconds,
                "count": count,
            },
        )
        tasks = cursor.fetchall()
    for run in sorted({task.run_id for task in tasks}):
        connection.execute(SQL["start"], {"run": run})
    return tasks


def work_remains(connection: Connection[Any], holder: Holder) -> bool:
    """Return whether any run of the holder's engine and profile is still under way."""
    parameters = {"engine": holder.engine, "profile": holder.profile}
    row = connection.execute(SQL["waiting"], parameters).fetchone()
    return bool(row and row[0])


def left_behind(connection: Connection[Any], holder: Holder) -> list[int]:
    """Return the runs under way that only another engine or profile can go on with."""
    parameters = {"engine": holder.engine, "profile": holder.profile}
    rows = connection.execute(SQL["left_behind"], parameters).fetchall()
    return [run for run, *_ in rows]


def heartbeat(connection: Connection[Any], task: Task) -> bool:
    """Prolong the lease; False when it has been lost."""
    done = connection.execute(SQL["heartbeat"], {"task": task.task_id, "token": task.lease_token})
    return done.rowcount == 1


def complete(
    connection: Connection[Any],
    attempt: Attempt,
    leaf_hash: bytes,
    copy: Callable[[Cursor[Any]], None],
    *,
    crashed: str = "",
) -> None:
    """End a task with its rows, in one transaction, or raise Fenced and leave nothing.

    `copy` writes rows that were encoded before. `crashed` tells that the rows are the error row
    of a position whose attempts are used up: the task ends DEAD.
    """
    with connection.transaction(), connection.cursor() as cursor:
        _end(cursor, attempt, "RUNNING", leaf_hash, crashed)
        copy(cursor)
        _record(cursor, attempt, "FAILED" if crashed else "SUCCEEDED", crashed)


def finish(
    connection: Connection[Any],
    attempt: Attempt,
    finalise: Callable[[Cursor[Any]], Final],
    close: Callable[[Cursor[Any]], None],
) -> Final:
    """End the FINALISE task and its run, in one transaction, or raise Fenced and leave nothing.

    `finalise` may take minutes. The task is updated after it and not before, so that its row
    stays free for heartbeats; the token fences it all the same.
    """
    task = attempt.task
    with connection.transaction(), connection.cursor() as cursor:
        final = finalise(cursor)
        cursor.execute(SQL["enter"], {"run": task.run_id})
        cursor.execute(SQL["lock_run_to_change"], {"run": task.run_id})
        _end(cursor, attempt, "FINALISING", final.leaf_hash, "")
        close(cursor)
        _record(cursor, attempt, "SUCCEEDED", "")  # a completed run takes no more of these
        cursor.execute(
            SQL["finish_run"],
            {
                "run": task.run_id,
                "valued": final.valued,
                "errors": final.errors,
                "result_hash": final.result_hash,
            },
        )
    return final


def fail(
    connection: Connection[Any],
    attempt: Attempt,
    error: str,
    *,
    useless: bool,
    backoff_seconds: float,
) -> None:
    """Send a task back with a growing wait, or end it FAILED when another try is useless."""
    task = attempt.task
    done = connection.execute(
        SQL["fail"],
        {
            "task": task.task_id,
            "token": task.lease_token,
            "owner": attempt.owner,
            "error": error,
            "useless": useless,
            "backoff_seconds": backoff_seconds,
            "seconds": attempt.used(),
        },
    )
    if done.rowcount != 1:
        raise Fenced("the task is no longer ours to fail")


def give_back(connection: Connection[Any], attempt: Attempt) -> None:
    """Return an unfinished task to the queue; the attempt is not charged."""
    task = attempt.task
    done = connection.execute(
        SQL["give_back"],
        {
            "task": task.task_id,
            "token": task.lease_token,
            "owner": attempt.owner,
            "seconds": attempt.used(),
        },
    )
    if done.rowcount != 1:
        raise Fenced("the task is no longer ours to give back")
    notify(connection)


def let_go(connection: Connection[Any], task: Task) -> None:
    """End a lease now, so that the next sweep decides what becomes of the task."""
    done = connection.execute(SQL["let_go"], {"task": task.task_id, "token": task.lease_token})
    if done.rowcount != 1:
        raise Fenced("the task is no longer ours to let go")


def record_fenced(connection: Connection[Any], attempt: Attempt, reason: str) -> None:
    """Write down that an attempt came too late and that nothing of it was kept."""
    with connection.cursor() as cursor:
        _record(cursor, attempt, "FENCED", reason)


def was_committed(connection: Connection[Any], task: Task) -> bool:
    """Return whether an attempt whose COMMIT was never answered has been committed."""
    row = connection.execute(
        SQL["committed"],
        {"run": task.run_id, "task": task.task_id, "token": task.lease_token},
    ).fetchone()
    return bool(row and row[0])


def notify(connection: Connection[Any]) -> None:
    """Wake the workers that listen: there may be tasks to claim."""
    connection.execute(SQL["notify"])


def _end(
    cursor: Cursor[Any], attempt: Attempt, run_status: str, leaf_hash: bytes, crashed: str
) -> None:
    task = attempt.task
    cursor.execute(
        SQL["complete"],
        {
            "run": task.run_id,
            "run_status": run_status,
            "task": task.task_id,
            "token": task.lease_token,
            "status": "DEAD" if crashed else "SUCCEEDED",
            "leaf_hash": leaf_hash,
            "error": crashed,
        },
    )
    if cursor.rowcount != 1:
        raise Fenced("the lease has passed on, or the run is over")


def _record(cursor: Cursor[Any], attempt: Attempt, outcome: str, error: str) -> None:
    task = attempt.task
    cursor.execute(
        SQL["attempt"],
        {
            "task": task.task_id,
            "run": task.run_id,
            "attempt": task.attempts,
            "token": task.lease_token,
            "owner": attempt.owner,
            "outcome": outcome,
            "started_at": task.started_at,
            "seconds": attempt.used(),
            "error": error,
        },
    )
