"""The barriers between phases and the ends of runs."""

import pytest

from apps.run import barrier, leases
from apps.run.leases import Attempt
from foundation.roles import Role
from tests.pipeline import queue

ALL = ("CONTEXT", "VALUE", "GROUP", "FINALISE")


def run_row(connection, run):
    return connection.execute("SELECT status, phase FROM run WHERE run_id = %s", (run,)).fetchone()


def test_a_phase_opens_when_the_one_before_it_is_finished(web, worker_conn):
    run = queue.make_run(web, 2, phases=ALL)
    who = queue.holder()
    seen = []
    while (task := queue.claim_one(worker_conn, who)) is not None:
        seen.append((task.phase, task.first, task.last))
        if task.phase == "FINALISE":
            break
        queue.complete(worker_conn, task)
        barrier.advance(worker_conn, run)
    assert seen == [
        ("CONTEXT", 0, 10),
        ("CONTEXT", 10, 20),
        ("VALUE", 0, 10),
        ("VALUE", 10, 20),
        ("GROUP", 0, 20),
        ("FINALISE", 0, 20),
    ]
    assert run_row(worker_conn, run) == ("FINALISING", "FINALISE")


@pytest.mark.parametrize("left", ["QUEUED", "RUNNING"])
def test_an_open_task_keeps_the_barrier_down(web, worker_conn, left):
    run = queue.make_run(web, 2)
    queue.complete(worker_conn, queue.claim_one(worker_conn, queue.holder()))
    if left == "RUNNING":
        queue.claim_one(worker_conn, queue.holder())
    assert not barrier.advance(worker_conn, run)
    assert run_row(worker_conn, run) == ("RUNNING", "VALUE")


def test_only_one_of_two_callers_opens_the_next_phase(database, web, worker_conn):
    run = queue.make_run(web, 1)
    queue.complete(worker_conn, queue.claim_one(worker_conn, queue.holder()))
    with database.connect(Role.WORKER) as other:
        with worker_conn.transaction():
            assert barrier.advance(worker_conn, run)
            other.execute("SET lock_timeout = '200ms'")
        assert not barrier.advance(other, run)
    assert worker_conn.execute(
        "SELECT count(*) FROM run_task WHERE phase = 'FINALISE'"
    ).fetchone() == (1,)


def test_the_error_row_of_a_dead_position_does_not_hold_the_run_up(web, worker_conn):
    run = queue.make_run(web, [(0, 1)], max_attempts=1)
    task = queue.claim_one(worker_conn, queue.holder())
    queue.complete(worker_conn, task, crashed="x")
    assert barrier.advance(worker_conn, run)
    assert run_row(worker_conn, run) == ("FINALISING", "FINALISE")


def fail_one(worker_conn):
    task = queue.claim_one(worker_conn, queue.holder())
    leases.fail(worker_conn, Attempt(task, "o"), "ValueError: x", useless=True, backoff_seconds=1)
    return task


def test_a_failed_task_fails_the_run_once_nothing_else_is_left_to_do(web, worker_conn):
    run = queue.make_run(web, 2)
    failed = fail_one(worker_conn)
    assert not barrier.advance(worker_conn, run)
    queue.complete(worker_conn, queue.claim_one(worker_conn, queue.holder()))
    assert barrier.advance(worker_conn, run)
    row = worker_conn.execute("SELECT status, error FROM run").fetchone()
    assert row == (
        "FAILED",
        f"task {failed.task_id} of positions 0 to 9 is FAILED: ValueError: x",
    )


def test_a_retry_that_comes_in_between_keeps_the_run_from_failing(database, web, worker_conn):
    """The look that finds the run hopeless is repeated under the run's lock."""
    run = queue.make_run(web, 1)
    fail_one(worker_conn)
    with web.transaction():
        web.execute(leases.SQL["lock_run_to_change"], {"run": run})
        web.execute(leases.SQL["retry_tasks"], {"run": run, "task": None})
        with database.connect(Role.WORKER) as other:
            standing = other.execute(leases.SQL["standing"], {"run": run}).fetchone()
            assert standing == ("RUNNING", False, True)
    assert not barrier._fail(worker_conn, run)
    assert run_row(worker_conn, run) == ("RUNNING", "VALUE")


def test_idle_workers_advance_what_a_dead_one_left(web, worker_conn):
    runs = [queue.make_run(web, 1) for _ in range(3)]
    while (task := queue.claim_one(worker_conn, queue.holder())) is not None:
        queue.complete(worker_conn, task)
    assert barrier.advance_all(worker_conn) == 3
    assert {run_row(worker_conn, run) for run in runs} == {("FINALISING", "FINALISE")}
