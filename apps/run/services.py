"""What people do to runs: submit, cancel, retry. Each is one transaction under the role web."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction

from apps.portfolio import selectors as portfolio
from apps.run import pipeline
from apps.run.contracts import CellSpec, RunRequest
from apps.run.leases import SQL
from apps.run.request import Checked, Submission, SubmitError, check
from foundation import hashing

_LOCK_TIMEOUT = "10s"
_TRIES = 5
_WAITED_TOO_LONG = ("55P03", "57014")
"""SQLSTATEs of a lock that was not free in time and of a statement that took too long."""


class RunError(ValueError):
    """A run or task is not in a state that allows what was asked."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The run that answers a submission, and whether it was created by it.

    `ages` says how many days older than the valuation date each snapshot is.
    """

    run_id: int
    created: bool
    status: str
    positions_age: int
    market_age: int


def submit(submission: Submission, *, submitted_by: str) -> Submitted:
    """Create the run of a submission, or return the one that equal input has already.

    Raises SubmitError. Workers find its first tasks as soon as the transaction commits.
    """
    checked = check(submission)
    for _ in range(_TRIES):
        # A run with this input may fail or be cancelled between the insert that finds it and
        # the look that reads it.
        with transaction.atomic():
            submitted = _create(checked, submission, submitted_by) or _existing(checked)
        if submitted is not None:
            return submitted
    raise RunError("runs with this input come and go too quickly; try again")


def cancel(run_id: int) -> bool:
    """Cancel a run that is under way; False when it already ended some other way.

    After this returns nothing more of the run is committed. RunError if a worker holds the run
    for longer than ten seconds.
    """
    with _patient(f"run {run_id} is being written at the moment; try again"):
        cursor = connection.cursor()
        cursor.execute(SQL["enter_alone"], {"run": run_id})
        cursor.execute(SQL["cancel_run"], {"run": run_id})
        if cursor.rowcount != 1:
            _status(run_id)
            return False
        cursor.execute(SQL["cancel_tasks"], {"run": run_id})
        return True


def retry_run(run_id: int, *, task_id: int | None = None) -> int:
    """Queue the tasks of a run that ended without rows, or one of them; return how many.

    A FAILED run goes on where it stopped: what succeeded is kept. RunError when there is nothing
    to retry.
    """
    return _retry(run_id, task_id)


def retry_task(task_id: int) -> int:
    """Queue one task that ended without rows, and reopen its run; return the run's id."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["run_of_task"], {"task": task_id})
        row = cursor.fetchone()
    if row is None:
        raise RunError(f"there is no task {task_id}")
    _retry(row[0], task_id)
    return int(row[0])


def _create(checked: Checked, submission: Submission, submitted_by: str) -> Submitted | None:
    request = checked.request
    stages = pipeline.configured()
    stages.refuse(request)
    cursor: Any = connection.cursor()  # psycopg's, in Django's wrapper
    shards = _shards(cursor, request, submission.shards)
    axis = _axis(stages, request)
    cursor.execute(
        SQL["submit"],
        {
            "phase": stages.phases[0],
            "input_hash": checked.input_hash,
            "forced": submission.force,
            "request": request.document,
            "plan": hashing.canonical({"phases": stages.phases, "shards": shards}),
            "valuation_date": request.valuation_date,
            "cut": request.cut,
            "position_snapshot_id": request.position_snapshot_id,
            "marketdata_snapshot_id": request.marketdata_snapshot_id,
            "scenario_set_id": request.scenario_set_id,
            "tree_id": request.tree_id,
            "node": request.node,
            "currency": request.currency,
            "engine": request.engine,
            "profile": request.profile,
            "max_attempts": submission.max_attempts,
            "position_count": sum(last - first for first, last in shards),
            "cell_count": len(axis),
            "submitted_by": submitted_by,
        },
    )
    row = cursor.fetchone()
    if row is None:
        return None
    run_id = int(row[0])
    stages.sink.open(cursor, run_id, axis)
    cursor.execute(SQL["first_tasks"], {"run": run_id})
    cursor.execute(SQL["notify"])
    return Submitted(run_id, True, "QUEUED", checked.ages["positions"], checked.ages["market"])


def _axis(stages: pipeline.Pipeline, request: RunRequest) -> list[CellSpec]:
    try:
        return stages.axis(request)
    except ValueError as error:
        raise SubmitError("measures", "AXIS_INVALID", str(error)) from error


def _existing(checked: Checked) -> Submitted | None:
    with connection.cursor() as cursor:
        cursor.execute(SQL["submitted"], {"input_hash": checked.input_hash})
        row = cursor.fetchone()
    if row is None:
        return None
    return Submitted(
        int(row[0]), False, str(row[1]), checked.ages["positions"], checked.ages["market"]
    )


def _shards(cursor: Any, request: RunRequest, count: int | None) -> Sequence[Sequence[int]]:
    found = portfolio.shards(
        cursor, request.position_snapshot_id, request.tree_id, request.node, count
    )
    if not found:
        raise SubmitError("node", "NO_POSITIONS", "there is no position under the portfolio")
    return [[int(first), int(last)] for first, last in found]


def _retry(run_id: int, task_id: int | None) -> int:
    with _patient(f"run {run_id} is being changed at the moment; try again"):
        cursor = connection.cursor()
        cursor.execute(SQL["lock_run_to_change"], {"run": run_id})
        row = cursor.fetchone()
        if row is None:
            raise RunError(f"there is no run {run_id}")
        if row[0] not in ("FAILED", "RUNNING", "FINALISING"):
            raise RunError(f"run {run_id} is {row[0]}: only a failed run is retried")
        _reopen(cursor, run_id)
        cursor.execute(SQL["reopen_finalising"], {"run": run_id})
        cursor.execute(SQL["retry_tasks"], {"run": run_id, "task": task_id})
        count = int(cursor.rowcount)
        if count == 0:
            what = f"task {task_id}" if task_id is not None else f"run {run_id}"
            raise RunError(f"{what} has nothing to retry: no task ended without rows")
        cursor.execute(SQL["notify"])
        return count


def _reopen(cursor: Any, run_id: int) -> None:
    try:
        cursor.execute(SQL["reopen_run"], {"run": run_id})
    except IntegrityError as error:
        # The unique index over runs that stand: equal input has been submitted since it failed.
        raise RunError(
            f"run {run_id} has been submitted again since it failed, and that run stands"
        ) from error


@contextmanager
def _patient(message: str) -> Iterator[None]:
    """A transaction that waits for workers a little longer than a page may."""
    try:
        with transaction.atomic():
            connection.cursor().execute(
                "SELECT set_config('lock_timeout', %(wait)s, true),"
                " set_config('statement_timeout', '30s', true)",
                {"wait": _LOCK_TIMEOUT},
            )
            yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") not in _WAITED_TOO_LONG:
            raise
        raise RunError(message) from error


def _status(run_id: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(SQL["run"], {"run": run_id})
        row = cursor.fetchone()
    if row is None:
        raise RunError(f"there is no run {run_id}")
    return str(row[1])
