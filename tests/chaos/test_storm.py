"""The same storm of kills and stops over two protocols: with the token check, and without it.

The database's own guard (an ended task never changes) is taken away in both, so that it is the
token alone that is on trial; rows go into a table without a key.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

from foundation.roles import Role
from tests.chaos.storm_worker import ROWS
from tests.databases import ROOT
from tests.pipeline import queue
from tests.pipeline.harness import send

LEASE = 0.6
WORKERS = 4


class Storm:
    """Workers that are killed and stopped at random until no task is left."""

    def __init__(self, database, protocol, seed):
        parameters = database.databases.server.parameters(Role.WORKER, database.name)
        self._arguments = [json.dumps(parameters), str(LEASE), protocol]
        self._rng = random.Random(seed)
        self._workers = [self._start() for _ in range(WORKERS)]
        self._stopped: dict[int, float] = {}
        self.kills = self.stops = 0

    def _start(self):
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.chaos.storm_worker", *self._arguments),
                str(self._rng.randrange(10**8)),
            ],
            cwd=ROOT,
            env=_environment(),
        )

    def rage(self, is_over, faults):
        """One fault after the other; no more than `faults`, then only wakings."""
        deadline = time.monotonic() + 240
        while not is_over():
            assert time.monotonic() < deadline, "tasks are left over"
            time.sleep(self._rng.random() * 0.1)
            self._wake()
            if self.kills + self.stops < faults:
                self._fault(self._rng.randrange(WORKERS))
            for number, worker in enumerate(self._workers):
                if worker.poll() is not None:
                    self._workers[number] = self._start()

    def _fault(self, number):
        worker = self._workers[number]
        if worker.pid in self._stopped or worker.poll() is not None:
            return
        if self._rng.random() < 0.3:
            worker.kill()
            worker.wait()
            self.kills += 1
        elif send(worker.pid, signal.SIGSTOP):
            self._stopped[worker.pid] = time.monotonic() + LEASE * self._rng.uniform(1.5, 4)
            self.stops += 1

    def _wake(self):
        for pid, at in list(self._stopped.items()):
            if time.monotonic() > at:
                send(pid, signal.SIGCONT)
                del self._stopped[pid]

    def end(self):
        """Let zombies write what they still can, then end all."""
        for pid in self._stopped:
            send(pid, signal.SIGCONT)
        time.sleep(1)
        for worker in self._workers:
            worker.kill()
            worker.wait()


def _environment():
    roots = [str(ROOT), str(ROOT / "platform"), str(ROOT / "graphql")]
    return dict(os.environ) | {"PYTHONPATH": ":".join(roots)}


def weather(database, web, owner, worker_conn, protocol, tasks, faults):
    owner.execute("CREATE TABLE storm_row (task int, token uuid, number int)")
    owner.execute("GRANT SELECT, INSERT ON storm_row TO tieout_worker")
    owner.execute("ALTER TABLE run_task DISABLE TRIGGER zz_state_machine_status")
    queue.make_run(web, tasks, max_attempts=1000)
    storm = Storm(database, protocol, seed=7)

    def is_over():
        row = worker_conn.execute(
            "SELECT NOT EXISTS (SELECT FROM run_task WHERE status <> 'SUCCEEDED')"
        ).fetchone()
        return row[0]

    try:
        storm.rage(is_over, faults)
    finally:
        storm.end()
    written = worker_conn.execute(
        "SELECT count(DISTINCT task), count(*) FILTER (WHERE tokens > 1),"
        " count(*) FILTER (WHERE rows <> %s) FROM"
        " (SELECT task, count(DISTINCT token) AS tokens, count(*) AS rows FROM storm_row"
        "  GROUP BY task) AS by_task",
        (ROWS,),
    ).fetchone()
    refused = worker_conn.execute(
        "SELECT count(*) FROM run_task_attempt WHERE outcome = 'FENCED'"
    ).fetchone()[0]
    return {
        "tasks": tasks,
        "kills": storm.kills,
        "stops": storm.stops,
        "written": written[0],
        "written_twice": written[1],
        "wrong_number_of_rows": written[2],
        "refused": refused,
    }


def test_with_the_token_nothing_is_written_twice_and_nothing_is_missing(
    database, web, owner, worker_conn, scale, figures
):
    tasks, faults = scale((400, 60), (2000, 400))
    figures |= weather(database, web, owner, worker_conn, "fenced", tasks, faults)
    assert figures["written"] == tasks
    assert figures["written_twice"] == figures["wrong_number_of_rows"] == 0
    assert figures["refused"] > 0


def test_without_the_token_the_same_storm_finds_double_writes(
    database, web, owner, worker_conn, scale, figures
):
    tasks, faults = scale((400, 60), (2000, 400))
    figures |= weather(database, web, owner, worker_conn, "unfenced", tasks, faults)
    assert figures["written_twice"] > 0
