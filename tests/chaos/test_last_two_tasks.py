"""Two last tasks that complete together: one opens the next phase, and no run stays open."""

import threading

from apps.run import barrier, leases
from apps.run.leases import Attempt
from foundation.roles import Role
from tests.pipeline import queue


def race(database, web, rounds, *, inside=False):
    """Complete two last tasks at the same moment, `rounds` times; the runs' ids.

    `inside` advances within the completing transaction, the obvious place and the wrong one.
    """
    runs = []
    with database.connect(Role.WORKER) as one, database.connect(Role.WORKER) as two:
        for number in range(rounds):
            run = queue.make_run(web, 2, engine=str(number))
            runs.append(run)
            gate = threading.Barrier(2)
            threads = [
                threading.Thread(
                    target=_complete, args=(connection, run, str(number), gate, inside)
                )
                for connection in (one, two)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    return runs


def _complete(connection, run, engine, gate, inside):
    task = queue.claim_one(connection, queue.holder(engine=engine))
    gate.wait()

    def copy(cursor):
        if inside:
            gate.wait()
            barrier.advance(connection, run)

    leases.complete(connection, Attempt(task, task.lease_owner), b"leaf", copy)
    if not inside:
        barrier.advance(connection, run)


def standing(connection, runs):
    return connection.execute(
        "SELECT r.status, count(t.task_id), count(*) FROM run r LEFT JOIN run_task t"
        " ON t.run_id = r.run_id AND t.phase = 'FINALISE' WHERE r.run_id = ANY (%s)"
        " GROUP BY r.run_id, r.status",
        (runs,),
    ).fetchall()


def test_of_two_that_complete_together_one_opens_the_next_phase(
    database, web, worker_conn, figures
):
    runs = race(database, web, 1000)
    found = standing(worker_conn, runs)
    figures |= {
        "rounds": len(runs),
        "left_open": sum(status != "FINALISING" for status, _, _ in found),
        "opened_twice": sum(tasks > 1 for _, tasks, _ in found),
    }
    assert {(status, tasks) for status, tasks, _ in found} == {("FINALISING", 1)}


def test_advancing_inside_the_transaction_would_leave_runs_open(
    database, web, worker_conn, figures
):
    runs = race(database, web, 20, inside=True)
    left_open = sum(status == "RUNNING" for status, _, _ in standing(worker_conn, runs))
    figures |= {"rounds": len(runs), "left_open": left_open}
    assert left_open > 0
