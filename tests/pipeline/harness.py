"""Submits runs on the made-up book and works on them with real worker processes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from apps.run import pipeline, services
from apps.run.request import Submission
from foundation.roles import Role
from tests.databases import ROOT
from tests.pipeline import book

FAST = {
    "DJANGO_SETTINGS_MODULE": "tests.pipeline.settings",
    "TIEOUT_POLL_SECONDS": "0.1",
    "TIEOUT_BACKOFF_SECONDS": "0.1",
    "TIEOUT_LOG_LEVEL": "WARNING",
    "PYTHONWARNINGS": "",
}


@contextmanager
def made_up(settings, monkeypatch):
    """Submissions of this process use the made-up pipeline, as the workers' settings do."""
    from apps.portfolio import selectors
    from apps.run import request
    from tests.pipeline import settings as worker_settings
    from tests.pipeline.install import ENGINE

    for name in ("TIEOUT_STAGES", "TIEOUT_SINK", "TIEOUT_FINALISERS"):
        setattr(settings, name, getattr(worker_settings, name))
    monkeypatch.setattr(selectors, "shards", book.shards)
    monkeypatch.setattr(selectors, "load_shard", book.load_shard)
    monkeypatch.setattr(request, "engine", lambda: ENGINE)
    pipeline.configured.cache_clear()
    yield
    pipeline.configured.cache_clear()


@dataclass
class Yard:
    """A test's database with a book in it, and the processes that work there."""

    database: object
    inputs: book.Inputs
    processes: list = field(default_factory=list)

    def submit(self, **options) -> int:
        """The id of a run, under the role web."""
        given = {
            "positions": self.inputs.positions,
            "market": self.inputs.market,
            "scenarios": self.inputs.scenarios,
            "measures": ["PV"],
        }
        return services.submit(Submission(**given | options), submitted_by="test").run_id

    def start(
        self,
        processes=1,
        *,
        lease=2.0,
        drain=True,
        supervised=True,
        supervisor=None,
        **environment,
    ):
        """A supervisor with its workers, or one bare worker process."""
        arguments = ["--lease-seconds", str(lease)] + (["--drain"] if drain else [])
        if supervised:
            arguments += ["--processes", str(processes)]
        else:
            arguments += ["--process", str(uuid4())]
            arguments += ["--supervisor", str(supervisor)] if supervisor else []
        started = subprocess.Popen(
            [sys.executable, "manage.py", "worker", *arguments],
            cwd=ROOT,
            env=self.database.environment | FAST | {k: str(v) for k, v in environment.items()},
            start_new_session=True,
        )
        self.processes.append(started)
        return started

    def work(self, processes=1, *, seconds=120, **options) -> int:
        """Workers that run until nothing is left; their exit code."""
        return self.start(processes, **options).wait(seconds)

    def end(self):
        """Nothing of the test lives on."""
        for process in self.processes:
            if process.poll() is None:
                for pid in (*children(process.pid), process.pid):
                    send(pid, signal.SIGKILL)
                process.wait()

    def status(self, run) -> str:
        return self.one("SELECT status FROM run WHERE run_id = %s", run)

    def one(self, query, *values):
        with self.database.connect(Role.AUDITOR) as connection:
            row = connection.execute(query, values).fetchone()
        return row[0] if row else None

    def all(self, query, *values):
        with self.database.connect(Role.AUDITOR) as connection:
            return connection.execute(query, values).fetchall()

    def tasks(self, run) -> dict:
        """The number of tasks by status."""
        return dict(
            self.all("SELECT status, count(*) FROM run_task WHERE run_id = %s GROUP BY 1", run)
        )

    def outcomes(self, run) -> dict:
        """The number of attempts by outcome."""
        return dict(
            self.all(
                "SELECT outcome, count(*) FROM run_task_attempt WHERE run_id = %s GROUP BY 1", run
            )
        )

    def totals(self, run) -> list:
        """Result hash, counts and every final roll-up of a run, without what depends on its id."""
        head = self.all(
            "SELECT status, result_hash, valued_count, error_count FROM run WHERE run_id = %s", run
        )
        rollups = self.all(
            "SELECT node, dimension, member, block, count, covered, covered_notional,"
            " uncovered_notional, cells FROM rollup WHERE run = %s"
            " ORDER BY node, dimension, member, block",
            run,
        )
        groups = self.all(
            'SELECT kind, "group", cells FROM group_result WHERE run = %s ORDER BY 1, 2', run
        )
        return [head, rollups, groups]


def children(pid) -> list[int]:
    """The direct children of a process."""
    try:
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def send(pid, number) -> bool:
    """Send a signal; False when there is no such process any more."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def until(condition, seconds=30, what="it"):
    """Wait until a condition holds and return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} seconds"
        time.sleep(0.02)
    return value
