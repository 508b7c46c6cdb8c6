"""Cancelling and retrying runs."""

import threading
import time

import pytest
from django.db import connection, connections
from psycopg import errors

from apps.run import barrier, leases, services
from apps.run.contracts import Final
from apps.run.leases import Attempt, Fenced
from foundation.roles import Role
from tests.pipeline import queue


def run_status(run):
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM run WHERE run_id = %s", [run])
        return cursor.fetchone()[0]


def test_nothing_is_committed_after_a_cancellation_has_been_answered(web, worker_conn):
    run = queue.make_run(web, 3)
    task = queue.claim_one(worker_conn, queue.holder())
    assert services.cancel(run)
    with pytest.raises(Fenced):
        queue.complete(worker_conn, task)
    assert not leases.heartbeat(worker_conn, task)
    assert queue.claim_one(worker_conn, queue.holder()) is None
    assert worker_conn.execute("SELECT DISTINCT status FROM run_task").fetchall() == [
        ("CANCELLED",)
    ]


def test_a_finished_run_is_not_cancelled(web, worker_conn):
    run = queue.make_run(web, 1)
    assert services.cancel(run)
    assert not services.cancel(run)
    assert run_status(run) == "CANCELLED"


def test_there_is_nothing_to_cancel_where_there_is_no_run(database):
    with pytest.raises(services.RunError, match="no run"):
        services.cancel(7)


def test_a_cancellation_waits_for_a_completion_and_gives_up_in_the_end(
    database, web, worker_conn, monkeypatch
):
    monkeypatch.setattr(services, "_LOCK_TIMEOUT", "200ms")
    run = queue.make_run(web, 2)
    task = queue.claim_one(worker_conn, queue.holder())

    def copy(cursor):
        with pytest.raises(services.RunError, match="try again"):
            services.cancel(run)

    leases.complete(worker_conn, Attempt(task, "o"), b"leaf", copy)
    assert run_status(run) == "RUNNING"


def wait_for_somebody_at_the_gate(cursor):
    for _ in range(200):
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        if cursor.fetchone() == (1,):
            return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_a_cancellation_that_waits_is_next_however_many_completions_overlap(
    database, web, worker_conn
):
    """Share locks on a row alone would let later completions pass it, one after the other."""
    run = queue.make_run(web, 2)
    first, second = (queue.claim_one(worker_conn, queue.holder()) for _ in range(2))
    answers = []

    def cancel():
        answers.append(services.cancel(run))
        connections.close_all()

    cancelling = threading.Thread(target=cancel, daemon=True)
    with database.connect(Role.WORKER) as other:
        other.execute("SET lock_timeout = '300ms'")

        def copy(cursor):
            cancelling.start()
            wait_for_somebody_at_the_gate(cursor)
            with pytest.raises(errors.LockNotAvailable):
                queue.complete(other, second)

        leases.complete(worker_conn, Attempt(first, "o"), b"leaf", copy)
        cancelling.join()
    assert answers == [True]
    assert queue.state(worker_conn, first.task_id) == "SUCCEEDED"
    assert queue.state(worker_conn, second.task_id) == "CANCELLED"


def test_a_cancellation_and_the_end_of_a_run_wait_for_each_other_in_one_order(
    database, web, worker_conn, monkeypatch
):
    """The end of a run takes its row too: with the gate after the row they would deadlock."""
    run = queue.make_run(web, [(0, 8)], phases=("FINALISE",))
    task = queue.claim_one(worker_conn, queue.holder())
    worker_conn.execute("UPDATE run SET status = 'FINALISING'")
    answers = []

    def cancel():
        answers.append(services.cancel(run))
        connections.close_all()

    cancelling = threading.Thread(target=cancel, daemon=True)
    end = leases._end

    def end_beside_a_cancellation(cursor, *arguments):
        cancelling.start()
        wait_for_somebody_at_the_gate(cursor)
        end(cursor, *arguments)

    monkeypatch.setattr(leases, "_end", end_beside_a_cancellation)
    final = Final(8, 0, b"result", b"leaf")
    leases.finish(worker_conn, Attempt(task, "o"), lambda cursor: final, lambda cursor: None)
    cancelling.join()
    assert answers == [False]
    assert run_status(run) == "COMPLETED"


def failed_run(web, worker_conn):
    run = queue.make_run(web, 3)
    tasks = [queue.claim_one(worker_conn, queue.holder()) for _ in range(3)]
    queue.complete(worker_conn, tasks[0])
    for task in tasks[1:]:
        leases.fail(worker_conn, Attempt(task, "o"), "x", useless=True, backoff_seconds=1)
    assert barrier.advance(worker_conn, run)
    assert run_status(run) == "FAILED"
    return run, tasks


def test_a_failed_run_goes_on_where_it_stopped(web, worker_conn):
    run, tasks = failed_run(web, worker_conn)
    assert services.retry_run(run) == 2
    assert run_status(run) == "RUNNING"
    redone = []
    while (task := queue.claim_one(worker_conn, queue.holder())) and task.phase == "VALUE":
        redone.append(task.task_id)
        queue.complete(worker_conn, task)
        barrier.advance(worker_conn, run)
    assert redone == [task.task_id for task in tasks[1:]]
    assert run_status(run) == "FINALISING"


def test_one_task_is_retried_alone(web, worker_conn):
    run, tasks = failed_run(web, worker_conn)
    assert services.retry_task(tasks[1].task_id) == run
    assert run_status(run) == "RUNNING"
    assert queue.state(worker_conn, tasks[1].task_id) == "QUEUED"
    assert queue.state(worker_conn, tasks[2].task_id) == "FAILED"


@pytest.mark.parametrize("what", ["a succeeded task", "no task", "a running run"])
def test_what_did_not_fail_is_not_retried(web, worker_conn, what):
    if what == "no task":
        with pytest.raises(services.RunError, match="no task"):
            services.retry_task(99)
        return
    run, tasks = failed_run(web, worker_conn)
    if what == "a succeeded task":
        with pytest.raises(services.RunError, match="nothing to retry"):
            services.retry_task(tasks[0].task_id)
        assert run_status(run) == "FAILED"
    else:
        services.retry_run(run)
        with pytest.raises(services.RunError, match="nothing to retry"):
            services.retry_run(run)


def test_the_error_row_of_a_dead_position_is_not_retried(web, worker_conn):
    run = queue.make_run(web, [(0, 1), (1, 3)], max_attempts=1)
    dead = queue.claim_one(worker_conn, queue.holder())
    queue.complete(worker_conn, dead, crashed="x")
    failed = queue.claim_one(worker_conn, queue.holder())
    leases.fail(worker_conn, Attempt(failed, "o"), "x", useless=True, backoff_seconds=1)
    barrier.advance(worker_conn, run)
    assert services.retry_run(run) == 1
    assert queue.state(worker_conn, dead.task_id) == "DEAD"


def test_a_run_that_failed_in_its_last_phase_goes_on_there(web, worker_conn):
    run = queue.make_run(web, 1)
    queue.complete(worker_conn, queue.claim_one(worker_conn, queue.holder()))
    barrier.advance(worker_conn, run)
    last = queue.claim_one(worker_conn, queue.holder())
    leases.fail(worker_conn, Attempt(last, "o"), "x", useless=True, backoff_seconds=1)
    assert barrier.advance(worker_conn, run)
    assert run_status(run) == "FAILED"
    services.retry_run(run)
    assert run_status(run) == "FINALISING"
    assert queue.claim_one(worker_conn, queue.holder()).task_id == last.task_id


@pytest.mark.parametrize("status", ["COMPLETED", "CANCELLED", "RUNNING"])
def test_a_failed_run_is_only_ever_reopened_by_a_retry(database, web, worker_conn, status):
    run, _ = failed_run(web, worker_conn)
    if status == "RUNNING":
        return
    with database.connect(Role.WORKER) as other, pytest.raises(Exception, match="no transition"):
        other.execute("UPDATE run SET status = %s WHERE run_id = %s", (status, run))


def test_a_failed_run_is_not_reopened_beside_one_of_equal_input(yard, worker_conn):
    failed = yard.submit(shards=2)
    worker_conn.execute("UPDATE run SET status = 'FAILED' WHERE run_id = %s", (failed,))
    again = yard.submit(shards=2)
    assert again != failed
    with pytest.raises(services.RunError, match="submitted again"):
        services.retry_run(failed)
    assert run_status(failed) == "FAILED"
