"""Runs and tasks without a book: for tests of the lease protocol alone."""

import itertools
import json
from uuid import uuid4

from apps.run import leases
from apps.run.leases import Attempt, Holder

ENGINE, PROFILE = "engine", "profile"
_number = itertools.count(1)

_RUN = """
INSERT INTO run
    (status, phase, input_hash, forced, request, plan, valuation_date, cut, position_snapshot_id,
     marketdata_snapshot_id, scenario_set_id, tree_id, node, currency, engine, profile,
     max_attempts, position_count, cell_count, submitted_by, error)
VALUES ('QUEUED', %s, sha256(convert_to(%s, 'UTF8')), false, %s, %s, '2022-12-30',
        'END_OF_DAY', 1, 1, 1, 1, 1, 'USD', %s, 'profile', %s, %s, 1, 'test', '')
RETURNING run_id
"""


def make_run(web, shards, *, phases=("VALUE", "FINALISE"), max_attempts=5, engine=ENGINE) -> int:
    """A QUEUED run with the tasks of its first phase; `shards` is a list of ranges or a number."""
    if isinstance(shards, int):
        shards = [(10 * number, 10 * number + 10) for number in range(shards)]
    plan = json.dumps({"phases": list(phases), "shards": [list(shard) for shard in shards]})
    count = sum(last - first for first, last in shards)
    request = json.dumps({"name": f"{uuid4()}{next(_number)}"})
    with web.transaction():
        values = (phases[0], request, request, plan, engine, max_attempts, count)
        (run,) = web.execute(_RUN, values).fetchone()
        web.execute(leases.SQL["first_tasks"], {"run": run})
    return run


def holder(lease_seconds=30.0, **changes) -> Holder:
    """A holder of its own name."""
    given = {"owner": f"tieout:{uuid4()}", "engine": ENGINE, "profile": PROFILE}
    return Holder(**given | {"lease_seconds": lease_seconds} | changes)


def claim_one(connection, who):
    """The one task that is claimed, or None."""
    claimed = leases.claim(connection, who)
    return claimed[0] if claimed else None


def complete(connection, task, **options):
    """Complete a task with nothing to copy."""
    attempt = Attempt(task, task.lease_owner)
    leases.complete(connection, attempt, b"leaf", lambda cursor: None, **options)


def lapse(owner, task):
    """Let a lease run out now, whatever it had left; as the superuser of time."""
    owner.execute(
        "UPDATE run_task SET leased_until = clock_timestamp() - interval '1 second'"
        " WHERE task_id = %s AND status = 'RUNNING'",
        (task.task_id,),
    )


def state(connection, task_id) -> str:
    """The status of a task."""
    row = connection.execute(
        "SELECT status FROM run_task WHERE task_id = %s", (task_id,)
    ).fetchone()
    return row[0]


def outcomes(connection, task_id) -> list:
    """The outcomes of the attempts at a task, in order."""
    rows = connection.execute(
        "SELECT outcome FROM run_task_attempt WHERE task_id = %s ORDER BY id", (task_id,)
    ).fetchall()
    return [outcome for (outcome,) in rows]
