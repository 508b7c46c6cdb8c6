"""Worker processes: told to stop, cut off, too slow, unfit, and their supervisor."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError, call_command

from apps.run import services
from apps.run.heartbeat import OVERTIME
from apps.run.supervisor import UNFIT
from tests.pipeline import harness, queue
from tests.pipeline.harness import children, send, until
from tests.pipeline.install import ENGINE


def running(yard, run):
    return yard.one(
        "SELECT count(*) FROM run_task"
        " WHERE run_id = %s AND phase = 'VALUE' AND status = 'RUNNING'",
        run,
    )


def test_sigterm_hands_unfinished_work_back_uncharged(yard):
    run = yard.submit(shards=3)
    worker = yard.start(2, drain=False, TIEOUT_TEST_SECONDS=60)
    until(lambda: running(yard, run) == 2, what="two tasks of VALUE")
    begun = time.monotonic()
    send(worker.pid, signal.SIGTERM)
    assert worker.wait(30) == 0
    assert time.monotonic() - begun < 10
    assert yard.all("SELECT DISTINCT status, attempts FROM run_task WHERE phase = 'VALUE'") == [
        ("QUEUED", 0)
    ]
    assert yard.outcomes(run)["RETURNED"] == 2


def test_an_idle_worker_stops_at_once(yard):
    worker = yard.start(1, drain=False, TIEOUT_POLL_SECONDS=60)
    until(lambda: children(worker.pid), what="a worker process")
    time.sleep(3)
    begun = time.monotonic()
    send(worker.pid, signal.SIGTERM)
    assert worker.wait(30) == 0
    assert time.monotonic() - begun < 3


def test_a_waiting_worker_is_woken_by_a_submission(yard):
    yard.start(1, drain=False, TIEOUT_POLL_SECONDS=60)
    until(
        lambda: yard.one("SELECT count(*) FROM pg_stat_activity WHERE usename = 'tieout_worker'"),
        what="a connected worker",
    )
    time.sleep(1)
    run = yard.submit(shards=2)
    until(lambda: yard.status(run) == "COMPLETED_WITH_ERRORS", 20, "the run's end")


def test_a_worker_goes_on_when_its_connections_are_cut(yard, databases):
    run = yard.submit(shards=12)
    worker = yard.start(2, TIEOUT_TEST_SECONDS=0.2)
    cut = 0
    while worker.poll() is None and cut < 12:
        with databases.server.superuser() as superuser:
            rows = superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND usename = 'tieout_worker'",
                (yard.database.name,),
            ).fetchall()
        cut += len(rows)
        time.sleep(0.7)
    assert worker.wait(90) == 0
    assert cut >= 4
    assert yard.status(run) == "COMPLETED_WITH_ERRORS"


def test_heartbeats_keep_a_lease_much_shorter_than_its_task(yard):
    run = yard.submit(shards=1)
    assert yard.work(2, lease=1.5, TIEOUT_TEST_SECONDS=5) == 0
    assert yard.outcomes(run) == {"SUCCEEDED": 4}


def test_a_task_that_takes_longer_than_any_may_ends_its_process(yard):
    run = yard.submit(shards=1)
    worker = yard.start(
        1, supervised=False, lease=1, TIEOUT_TEST_SECONDS=60, TIEOUT_TASK_SECONDS=1.5
    )
    assert worker.wait(30) == OVERTIME
    assert running(yard, run) == 1


def test_a_worker_that_loses_its_lease_to_a_cancellation_stops_the_work(yard):
    run = yard.submit(shards=1)
    yard.start(1, lease=1, drain=False, TIEOUT_TEST_SECONDS=3)
    until(lambda: running(yard, run), 20, "a task of VALUE")
    services.cancel(run)
    until(lambda: "FENCED" in yard.outcomes(run), 20, "the refused attempt")
    assert yard.one("SELECT count(*) FROM valuation") == 0


def test_an_exception_is_tried_again_and_then_fails_the_run_until_it_is_mended(yard):
    run = yard.submit(shards=2, max_attempts=3)
    assert yard.work(1, TIEOUT_TEST_RAISE="broken") == 0
    assert yard.status(run) == "FAILED"
    assert yard.tasks(run) == {"SUCCEEDED": 2, "FAILED": 2}
    assert yard.outcomes(run) == {"SUCCEEDED": 2, "FAILED": 6}
    error = yard.one("SELECT error FROM run WHERE run_id = %s", run)
    assert error.endswith("is FAILED: RuntimeError: broken")

    assert services.retry_run(run) == 2
    assert yard.work(1) == 0
    assert yard.status(run) == "COMPLETED_WITH_ERRORS"


def test_an_unfit_worker_is_not_restarted(yard):
    yard.submit(shards=1)
    assert yard.work(2, TIEOUT_TEST_UNFIT="1") == UNFIT


def test_workers_end_after_their_task_when_their_supervisor_is_killed(yard):
    run = yard.submit(shards=2)
    worker = yard.start(2, drain=False, TIEOUT_TEST_SECONDS=2)
    until(lambda: running(yard, run) == 2, what="two tasks")
    pids = children(worker.pid)
    send(worker.pid, signal.SIGKILL)
    worker.wait()
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), 20, "their end")
    assert yard.outcomes(run).get("EXPIRED", 0) == 0


def test_a_worker_whose_supervisor_died_while_it_started_does_nothing(yard):
    run = yard.submit(shards=1)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    orphan = yard.start(supervised=False, drain=False, supervisor=gone.pid)
    assert orphan.wait(30) == 0
    assert yard.status(run) == "QUEUED"


def test_a_busy_worker_opens_the_phase_that_a_dead_one_left(yard, worker_conn):
    left = yard.submit(shards=1)
    profile = yard.one("SELECT profile FROM run")
    who = queue.holder(engine=ENGINE, profile=profile)
    queue.complete(worker_conn, queue.claim_one(worker_conn, who))
    busy = yard.submit(shards=40, force=True)
    yard.start(1, drain=False, TIEOUT_TEST_SECONDS=1)
    phase = "SELECT phase FROM run WHERE run_id = %s"
    until(lambda: yard.one(phase, left) == "VALUE", 20, "the next phase")
    assert yard.one(phase, busy) in ("CONTEXT", "VALUE")


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1", "1e9"])
def test_a_lease_of_no_length_is_refused(seconds):
    with pytest.raises(CommandError, match="lease-seconds"):
        call_command("worker", "--lease-seconds", seconds)


def test_a_supervisor_ends_the_lease_of_a_worker_that_was_killed(yard):
    """The lease is an hour long: nobody could wait for it."""
    run = yard.submit(shards=4)
    worker = yard.start(1, lease=3600, TIEOUT_TEST_SECONDS=1)
    until(lambda: running(yard, run), what="a task")
    for pid in children(worker.pid):
        send(pid, signal.SIGKILL)
    assert worker.wait(60) == 0
    assert yard.status(run) == "COMPLETED_WITH_ERRORS"
    assert yard.outcomes(run)["EXPIRED"] == 1


@pytest.mark.parametrize("processes", [1, 3])
def test_a_drained_worker_ends_with_zero_and_nothing_to_do(yard, processes):
    assert yard.work(processes) == 0


def test_attempts_tell_where_the_time_went(yard):
    run = yard.submit(shards=1)
    assert yard.work(1) == 0
    seconds = yard.one(
        "SELECT seconds FROM run_task_attempt a JOIN run_task t USING (task_id)"
        " WHERE a.run_id = %s AND phase = 'VALUE'",
        run,
    )
    assert {"load", "made_up", "made_up.values", "encode", "copy", "cpu", "peak_mb"} <= set(seconds)
    assert all(value >= 0 for value in seconds.values())


def test_the_harness_itself_leaves_no_process_behind(yard):
    worker = yard.start(1, drain=False)
    until(lambda: children(worker.pid), what="a worker process")
    yard.end()
    assert worker.poll() is not None
    assert harness.children(worker.pid) == []
