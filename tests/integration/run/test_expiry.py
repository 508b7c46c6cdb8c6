"""Leases that ran out: queued again, split, written off or dead; stopped backends are ended."""

from types import SimpleNamespace

import pytest
from psycopg import errors

from apps.run import barrier, expiry, leases, selectors
from apps.run.expiry import Limits
from apps.run.leases import Attempt, Fenced
from apps.run.worker import Terms, Worker
from foundation.roles import Role
from tests.pipeline import queue

LIMITS = Limits(crashes_before_split=2, splits=100, burials=2)


def crash(worker_conn, who=None, limits=LIMITS):
    """Claim a task, let its lease run out, sweep; the task and what the sweep did."""
    who = who or queue.holder()
    task = queue.claim_one(worker_conn, who)
    queue.lapse(worker_conn, task)
    return task, expiry.sweep(worker_conn, who, limits)


def ranges(connection, status):
    rows = connection.execute(
        "SELECT first, last FROM run_task WHERE status = %s ORDER BY first, last", (status,)
    ).fetchall()
    return [tuple(row) for row in rows]


def test_an_expired_lease_is_queued_again_and_the_attempt_charged(web, worker_conn):
    queue.make_run(web, [(0, 8)])
    task, swept = crash(worker_conn)
    assert swept.settled == 1
    row = worker_conn.execute("SELECT status, attempts FROM run_task").fetchone()
    assert row == ("QUEUED", 1)
    assert queue.outcomes(worker_conn, task.task_id) == ["EXPIRED"]


def test_a_lease_that_has_not_run_out_is_left_alone(web, worker_conn):
    queue.make_run(web, [(0, 8)])
    queue.claim_one(worker_conn, queue.holder())
    assert expiry.sweep(worker_conn, queue.holder(), LIMITS).settled == 0


def test_a_shard_that_crashes_twice_is_split_and_its_halves_at_once(web, worker_conn):
    queue.make_run(web, [(0, 8)])
    crash(worker_conn)
    crash(worker_conn)
    assert ranges(worker_conn, "SPLIT") == [(0, 8)]
    assert ranges(worker_conn, "QUEUED") == [(0, 4), (4, 8)]
    crash(worker_conn)
    assert ranges(worker_conn, "SPLIT") == [(0, 4), (0, 8)]
    assert ranges(worker_conn, "QUEUED") == [(0, 2), (2, 4), (4, 8)]


def test_a_shard_that_crashes_in_its_last_attempt_is_split_and_not_given_up(web, worker_conn):
    run = queue.make_run(web, [(0, 8)], max_attempts=3)
    for _ in range(2):
        worker_conn.execute("UPDATE run_task SET available_at = clock_timestamp()")
        task = queue.claim_one(worker_conn, queue.holder())
        attempt = Attempt(task, task.lease_owner)
        leases.fail(worker_conn, attempt, "cut off", useless=False, backoff_seconds=1)
    worker_conn.execute("UPDATE run_task SET available_at = clock_timestamp()")
    crash(worker_conn)
    assert ranges(worker_conn, "SPLIT") == [(0, 8)]
    assert ranges(worker_conn, "QUEUED") == [(0, 4), (4, 8)]
    assert not barrier.advance(worker_conn, run)


def test_with_one_attempt_the_culprit_still_stands_alone(web, worker_conn):
    queue.make_run(web, [(0, 8)], max_attempts=1)
    culprit = 5
    while (task := queue.claim_one(worker_conn, queue.holder())) and task.phase == "VALUE":
        if not task.first <= culprit < task.last:
            queue.complete(worker_conn, task)
            continue
        queue.lapse(worker_conn, task)
        swept = expiry.sweep(worker_conn, queue.holder(), LIMITS)
        if swept.culprit is not None:
            queue.complete(worker_conn, swept.culprit, crashed="killed")
    assert ranges(worker_conn, "DEAD") == [(culprit, culprit + 1)]
    assert ranges(worker_conn, "SUCCEEDED") == [(0, 4), (4, 5), (6, 8)]


def test_halves_cover_what_they_replace_whatever_its_length(web, worker_conn):
    queue.make_run(web, [(3, 20)])
    for _ in range(40):
        task = queue.claim_one(worker_conn, queue.holder())
        if task is None:
            break
        if task.count == 1:
            queue.complete(worker_conn, task)
        else:
            queue.lapse(worker_conn, task)
            expiry.sweep(worker_conn, queue.holder(), Limits(1, 100))
    assert ranges(worker_conn, "SUCCEEDED") == [(n, n + 1) for n in range(3, 20)]


def test_a_run_is_not_split_without_end(web, worker_conn):
    queue.make_run(web, [(0, 64)], max_attempts=3)
    limits = Limits(crashes_before_split=1, splits=4)
    while queue.claim_one(worker_conn, queue.holder()) is not None:
        worker_conn.execute(
            "UPDATE run_task SET leased_until = now() - interval '1 s' WHERE status = 'RUNNING'"
        )
        expiry.sweep(worker_conn, queue.holder(), limits)
    assert len(ranges(worker_conn, "SPLIT")) == 4
    assert len(ranges(worker_conn, "DEAD")) == 5


@pytest.mark.parametrize("phase", ["CONTEXT", "GROUP", "FINALISE"])
def test_only_shards_of_value_are_split(web, worker_conn, phase):
    queue.make_run(web, [(0, 8)], phases=(phase,), max_attempts=2)
    crash(worker_conn)
    crash(worker_conn)
    assert ranges(worker_conn, "DEAD") == [(0, 8)]


def test_a_position_that_kills_every_worker_is_handed_over_to_be_written_off(web, worker_conn):
    queue.make_run(web, [(5, 6)], max_attempts=3)
    for _ in range(2):
        assert crash(worker_conn)[1].culprit is None
    who = queue.holder()
    task, swept = crash(worker_conn, who)
    culprit = swept.culprit
    assert (culprit.task_id, culprit.attempts, culprit.lease_owner) == (task.task_id, 3, who.owner)
    assert culprit.lease_token != task.lease_token
    with pytest.raises(Fenced):
        queue.complete(worker_conn, task)
    queue.complete(worker_conn, culprit, crashed="killed 3")
    row = worker_conn.execute("SELECT status, leaf_hash, error FROM run_task").fetchone()
    assert row == ("DEAD", b"leaf", "killed 3")
    assert queue.outcomes(worker_conn, task.task_id) == ["EXPIRED"] * 3 + ["FAILED"]


def test_a_position_that_cannot_even_be_written_off_ends_dead_without_rows(web, worker_conn):
    queue.make_run(web, [(5, 6)], max_attempts=1)
    _, swept = crash(worker_conn)
    for _ in range(LIMITS.burials - 1):
        assert swept.culprit is not None
        queue.lapse(worker_conn, swept.culprit)
        swept = expiry.sweep(worker_conn, queue.holder(), LIMITS)
    assert swept.culprit is not None
    queue.lapse(worker_conn, swept.culprit)
    assert expiry.sweep(worker_conn, queue.holder(), LIMITS).culprit is None
    row = worker_conn.execute("SELECT status, leaf_hash FROM run_task").fetchone()
    assert row == ("DEAD", None)


def test_a_task_that_is_being_completed_is_passed_over(database, web, worker_conn):
    queue.make_run(web, [(0, 8)])
    task = queue.claim_one(worker_conn, queue.holder())
    queue.lapse(worker_conn, task)
    with database.connect(Role.WORKER) as other:

        def copy(cursor):
            assert expiry.sweep(other, queue.holder(), LIMITS).settled == 0

        leases.complete(worker_conn, Attempt(task, "o"), b"leaf", copy)
    assert queue.state(worker_conn, task.task_id) == "SUCCEEDED"


def test_a_backend_that_stands_still_is_ended_one_lease_later(database, web, worker_conn):
    queue.make_run(web, [(0, 8)])
    who = queue.holder(lease_seconds=0.4)
    with database.connect(Role.WORKER, application_name=who.owner) as stopped:
        task = queue.claim_one(stopped, who)
        stopped.execute("BEGIN")
        stopped.execute("UPDATE run_task SET error = '' WHERE task_id = %s", (task.task_id,))
        worker_conn.execute("SELECT pg_sleep(0.5)")
        assert expiry.sweep(worker_conn, queue.holder(), LIMITS).settled == 0
        assert stopped.execute("SELECT 1").fetchone() == (1,)
        worker_conn.execute("SELECT pg_sleep(0.4)")
        assert expiry.sweep(worker_conn, queue.holder(), LIMITS).settled == 0
        worker_conn.execute("SELECT pg_sleep(0.2)")
        with pytest.raises(errors.OperationalError):
            stopped.execute("SELECT 1")
    assert expiry.sweep(worker_conn, queue.holder(), LIMITS).settled == 1
    assert queue.state(worker_conn, task.task_id) == "QUEUED"


def test_the_leases_of_a_process_that_is_known_to_be_dead_end_at_once(web, worker_conn):
    queue.make_run(web, 2)
    dead, alive = queue.holder(), queue.holder()
    lost, kept = queue.claim_one(worker_conn, dead), queue.claim_one(worker_conn, alive)
    worker_conn.execute(leases.SQL["surrender"], {"owner": dead.owner})
    assert expiry.sweep(worker_conn, alive, LIMITS).settled == 1
    assert queue.state(worker_conn, lost.task_id) == "QUEUED"
    assert queue.state(worker_conn, kept.task_id) == "RUNNING"


def test_whoever_was_stopped_in_finalise_is_ended_with_his_lease(database, web, worker_conn):
    """His transaction holds keys that the next holder writes too, but not the task's row."""
    queue.make_run(web, [(0, 8)], phases=("FINALISE",))
    who = queue.holder()
    with database.connect(Role.WORKER, application_name=who.owner) as stopped:
        task = queue.claim_one(stopped, who)
        stopped.execute("BEGIN")
        stopped.execute("SELECT 1")
        assert expiry.sweep(worker_conn, queue.holder(), LIMITS).settled == 0
        assert stopped.execute("SELECT 1").fetchone() == (1,)
        queue.lapse(worker_conn, task)
        assert expiry.sweep(worker_conn, queue.holder(), LIMITS).settled == 1
        worker_conn.execute("SELECT pg_sleep(0.2)")
        with pytest.raises(errors.OperationalError):
            stopped.execute("SELECT 1")
    assert queue.state(worker_conn, task.task_id) == "QUEUED"


def test_an_error_row_that_could_not_be_written_is_tried_again(web, worker_conn):
    """Its attempts are used up: a cut connection must not end the task, and with it the run."""
    queue.make_run(web, [(5, 6)], max_attempts=1)
    _, swept = crash(worker_conn)
    worker = Worker(queue.holder(), Terms(1, 60, 1, LIMITS))
    worker._session = SimpleNamespace(open=worker_conn)
    cut = errors.AdminShutdown("terminating connection")
    worker._fail(Attempt(swept.culprit, "o"), cut, "killed", useless=False)
    again = expiry.sweep(worker_conn, queue.holder(), LIMITS).culprit
    assert again is not None
    queue.complete(worker_conn, again, crashed="killed")
    assert queue.state(worker_conn, again.task_id) == "DEAD"


def test_progress_counts_the_positions_that_have_rows(web, worker_conn):
    run = queue.make_run(web, [(0, 8), (8, 9), (9, 12)], max_attempts=1)
    crash(worker_conn, limits=Limits(crashes_before_split=1, splits=0))
    _, swept = crash(worker_conn)
    queue.complete(worker_conn, swept.culprit, crashed="killed")
    queue.complete(worker_conn, queue.claim_one(worker_conn, queue.holder()))
    assert ranges(worker_conn, "DEAD") == [(0, 8), (8, 9)]
    progress = selectors.progress(run)
    assert (progress.positions, progress.positions_done) == (12, 1 + 3)
