"""The barriers between the phases of a run, and its end when a task could not be done.

Called after each commit and when there is nothing to claim, by every worker: whoever finds a
phase finished opens the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.run.leases import SQL, notify

if TYPE_CHECKING:
    from psycopg import Connection


def advance(connection: Connection[Any], run: int) -> bool:
    """Move a run to its next phase, or to FAILED, if its current phase has no open task.

    Returns whether it was this call that moved it.
    """
    row = connection.execute(SQL["standing"], {"run": run}).fetchone()
    if row is None:
        return False
    status, has_open, has_lost = row
    if has_open or status not in ("QUEUED", "RUNNING", "FINALISING"):
        return False
    if has_lost:
        return _fail(connection, run)
    if connection.execute(SQL["advance"], {"run": run}).rowcount < 1:
        return False
    notify(connection)
    return True


def advance_all(connection: Connection[Any]) -> int:
    """Move every run whose phase is finished: the worker that should have done it may be gone."""
    runs = connection.execute(SQL["runs_at_a_barrier"]).fetchall()
    return sum(advance(connection, run) for (run,) in runs)


def _fail(connection: Connection[Any], run: int) -> bool:
    # Lock first, look again after: a retry in between has opened a task.
    with connection.transaction():
        connection.execute(SQL["lock_run_to_change"], {"run": run})
        return connection.execute(SQL["fail_run"], {"run": run}).rowcount == 1
