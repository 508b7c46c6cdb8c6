"""The end of an attempt: with rows, refused, failed or given back."""

import pytest
from psycopg import errors

from apps.run import leases
from apps.run.leases import Attempt, Fenced
from foundation.roles import Role
from tests.pipeline import queue


@pytest.fixture
def task(web, worker_conn):
    queue.make_run(web, 1)
    return queue.claim_one(worker_conn, queue.holder())


def test_a_completed_task_keeps_its_leaf_hash_and_no_lease(worker_conn, task):
    queue.complete(worker_conn, task)
    row = worker_conn.execute(
        "SELECT status, leaf_hash, lease_token, lease_owner, leased_until FROM run_task"
    ).fetchone()
    assert row == ("SUCCEEDED", b"leaf", None, None, None)
    assert queue.outcomes(worker_conn, task.task_id) == ["SUCCEEDED"]


def test_rows_and_the_end_of_the_task_are_one_transaction(worker_conn, task):
    def copy(cursor):
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="full"):
        leases.complete(worker_conn, Attempt(task, task.lease_owner), b"leaf", copy)
    assert queue.state(worker_conn, task.task_id) == "RUNNING"
    assert queue.outcomes(worker_conn, task.task_id) == []


def test_a_zombie_is_fenced_and_copies_nothing(worker_conn, task):
    worker_conn.execute("UPDATE run_task SET lease_token = gen_random_uuid()")
    copied = []
    with pytest.raises(Fenced):
        leases.complete(worker_conn, Attempt(task, task.lease_owner), b"leaf", copied.append)
    assert copied == []
    assert queue.state(worker_conn, task.task_id) == "RUNNING"


def test_a_task_is_completed_once(worker_conn, task):
    queue.complete(worker_conn, task)
    with pytest.raises(Fenced):
        queue.complete(worker_conn, task)


@pytest.mark.parametrize("status", ["CANCELLED", "FINALISING"])
def test_a_task_of_a_run_that_is_not_running_is_refused(worker_conn, task, status):
    worker_conn.execute("UPDATE run SET status = %s", (status,))
    with pytest.raises(Fenced):
        queue.complete(worker_conn, task)


def test_two_tasks_of_a_run_complete_at_the_same_time(database, web, worker_conn):
    queue.make_run(web, 2)
    first, second = (queue.claim_one(worker_conn, queue.holder()) for _ in range(2))
    with database.connect(Role.WORKER) as other:
        other.execute("SET lock_timeout = '2s'")

        def copy(cursor):
            queue.complete(other, second)

        leases.complete(worker_conn, Attempt(first, "o"), b"leaf", copy)
    assert queue.state(worker_conn, second.task_id) == "SUCCEEDED"


def test_a_failed_attempt_waits_longer_each_time_and_ends_failed(web, worker_conn):
    queue.make_run(web, 1, max_attempts=4)
    waits = []
    for _ in range(4):
        worker_conn.execute("UPDATE run_task SET available_at = clock_timestamp()")
        task = queue.claim_one(worker_conn, queue.holder())
        leases.fail(
            worker_conn, Attempt(task, "o"), "ValueError: x", useless=False, backoff_seconds=8
        )
        row = worker_conn.execute(
            "SELECT extract(epoch FROM available_at - clock_timestamp())::float FROM run_task"
        ).fetchone()
        waits.append(row[0])
    assert queue.state(worker_conn, task.task_id) == "FAILED"
    for attempt, wait in enumerate(waits[:3]):
        assert 0.45 * 8 * 2**attempt < wait < 1.5 * 8 * 2**attempt
    assert queue.outcomes(worker_conn, task.task_id) == ["FAILED"] * 4


def test_the_wait_never_exceeds_seven_and_a_half_minutes(worker_conn, task):
    leases.fail(worker_conn, Attempt(task, "o"), "x", useless=False, backoff_seconds=1e6)
    row = worker_conn.execute(
        "SELECT available_at < clock_timestamp() + interval '451 s' FROM run_task"
    ).fetchone()
    assert row == (True,)


def test_a_useless_retry_is_not_made(worker_conn, task):
    leases.fail(worker_conn, Attempt(task, "o"), "x", useless=True, backoff_seconds=1)
    assert queue.state(worker_conn, task.task_id) == "FAILED"


def test_a_task_that_is_given_back_is_not_charged(worker_conn, task):
    leases.give_back(worker_conn, Attempt(task, "o"))
    row = worker_conn.execute("SELECT status, attempts FROM run_task").fetchone()
    assert row == ("QUEUED", 0)
    assert queue.outcomes(worker_conn, task.task_id) == ["RETURNED"]


@pytest.mark.parametrize("how", ["fail", "give_back"])
def test_what_is_no_longer_ours_is_neither_failed_nor_given_back(worker_conn, task, how):
    worker_conn.execute("UPDATE run_task SET lease_token = gen_random_uuid()")
    options = {"error": "x", "useless": False, "backoff_seconds": 1} if how == "fail" else {}
    with pytest.raises(Fenced):
        getattr(leases, how)(worker_conn, Attempt(task, "o"), **options)
    assert queue.state(worker_conn, task.task_id) == "RUNNING"


def test_an_unanswered_commit_is_found_out(worker_conn, task):
    assert not leases.was_committed(worker_conn, task)
    queue.complete(worker_conn, task)
    assert leases.was_committed(worker_conn, task)


_LEASE = "lease_token = gen_random_uuid(), lease_owner = 'o', leased_until = now()"
_NO_LEASE = "lease_token = NULL, lease_owner = NULL, leased_until = NULL"


@pytest.mark.parametrize(
    ("_case", "change"),
    [
        ("succeeded without a hash", f"status = 'SUCCEEDED', {_NO_LEASE}"),
        ("a lease on what does not run", "status = 'FAILED'"),
        ("running without a token", "lease_token = NULL"),
        ("more attempts than allowed", "attempts = max_attempts + 1"),
        ("queued without an attempt left", f"status = 'QUEUED', attempts = 5, {_NO_LEASE}"),
        ("a hash while it runs", "leaf_hash = 'x'"),
        ("a dead shard of ten with rows", f"status = 'DEAD', leaf_hash = 'x', {_NO_LEASE}"),
        ("no such state", f"status = 'DONE', {_NO_LEASE}"),
        ("negative attempts", "attempts = -1"),
    ],
)
def test_the_database_refuses_impossible_tasks(worker_conn, task, _case, change):
    with pytest.raises(errors.CheckViolation):
        worker_conn.execute(f"UPDATE run_task SET {change}")


@pytest.mark.parametrize("end", ["SUCCEEDED", "SPLIT", "CANCELLED"])
def test_an_ended_task_never_changes_again(worker_conn, task, end):
    worker_conn.execute(
        f"UPDATE run_task SET status = %s, {_NO_LEASE},"
        " leaf_hash = CASE WHEN %s = 'SUCCEEDED' THEN 'x'::bytea END",
        (end, end),
    )
    for change in ("status = 'QUEUED'", f"status = 'RUNNING', {_LEASE}", "error = 'x'"):
        with pytest.raises(errors.IntegrityError):
            worker_conn.execute(f"UPDATE run_task SET {change}")
