"""The database is killed in the middle of a run, and started again."""

import json
import os
import shutil
import subprocess
import sys
import time

import psycopg
import pytest
from django.conf import settings

from foundation import roles
from foundation.embedded import EmbeddedPostgres
from foundation.roles import Role
from tests.databases import ROOT, discard, environment
from tests.pipeline import book
from tests.pipeline.harness import FAST

DATABASE = "tieout"


class Site:
    """A server of its own, which may be killed, and the commands that work on it."""

    def __init__(self, server):
        self.server = server
        kept = {key: value for key, value in environment().items() if key != roles.ENVIRONMENT}
        self._environment = kept | FAST
        self._environment |= {
            "TIEOUT_EMBEDDED_HOME": str(server.places.home),
            "TIEOUT_EMBEDDED_DURABLE": "1",
            "TIEOUT_DATABASE": DATABASE,
        }

    def start(self, *words, **more):
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self._environment | more,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *words, **more):
        process = self.start(*words, **more)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        return output

    def submit(self, inputs, *more):
        words = [
            *("--positions", str(inputs.positions), "--market", str(inputs.market)),
            *("--scenarios", str(inputs.scenarios), "--measures", "PV", "--json"),
        ]
        return json.loads(self.run("submit_run", *words, *more).splitlines()[-1])["run_id"]

    def crash(self):
        """Kill the server as a power cut does, and start it again."""
        data = str(self.server.places.data)
        self.server._run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        self.server.ensure()

    def rows(self, query, *values):
        with self.server.superuser(DATABASE) as connection:
            return connection.execute(query, values).fetchall()


@pytest.fixture
def site():
    home = ROOT / "var" / "chaos" / str(os.getpid())
    home.mkdir(parents=True, mode=0o755)
    server = EmbeddedPostgres(
        home,
        provision_sql=ROOT / "deploy",
        major=settings.TIEOUT_EMBEDDED_MAJOR,
        binaries=settings.TIEOUT_EMBEDDED_BINARIES,
        durable=True,
    )
    try:
        server.ensure(DATABASE)
        found = Site(server)
        found.run(
            "migrate", "--no-input", "--verbosity", "0", DJANGO_SETTINGS_MODULE="config.settings"
        )
        yield found
    finally:
        discard(server)
        shutil.rmtree(home)


def _connect(server, role):
    return psycopg.connect(**server.parameters(role, DATABASE), autocommit=True)


def test_a_run_outlives_the_crashes_of_its_database(site, scale, figures):
    with _connect(site.server, Role.DESK) as desk:
        inputs = book.store(desk, 320)
    clean = site.submit(inputs, "--shards", "4")
    site.run("worker", "--drain")

    run = site.submit(inputs, "--shards", "32", "--force", "--max-attempts", "20")
    worker = site.start(
        "worker", "--processes", "2", "--drain", TIEOUT_TEST_SECONDS=scale("0.5", "2")
    )
    crashes = 0
    time.sleep(5)
    while worker.poll() is None and crashes < scale(2, 10):
        site.crash()
        crashes += 1
        time.sleep(2)
    worker.communicate(timeout=200)
    assert worker.returncode == 0
    outcomes = site.rows(
        "SELECT outcome, count(*) FROM run_task_attempt WHERE run_id = %s GROUP BY 1", run
    )
    figures |= {"crashes": crashes, "attempts": dict(outcomes)}
    assert crashes == scale(2, 10)
    results = "SELECT status, result_hash, valued_count, error_count FROM run WHERE run_id = %s"
    assert site.rows(results, run) == site.rows(results, clean)
    doubles = site.rows(
        "SELECT task_id FROM run_task_attempt WHERE outcome = 'SUCCEEDED'"
        " GROUP BY task_id HAVING count(*) > 1"
    )
    assert doubles == []
