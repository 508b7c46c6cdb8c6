"""Runs of a real book through the commands, with the real pricing: files in, one hash out."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from foundation.roles import Role
from tests.benchmarks import loan_book
from tests.databases import ROOT
from tests.pipeline.harness import children, send

POSITIONS, SCENARIOS = 1200, 12
FULL = os.environ.get("TIEOUT_CHAOS") == "full"


class Site:
    """A database and the commands that are run on it."""

    def __init__(self, connect, environment):
        self._connect = connect
        self._environment = environment | {
            "TIEOUT_LOG_LEVEL": "WARNING",
            "TIEOUT_POLL_SECONDS": "0.2",
            "PYTHONWARNINGS": "",
        }

    def start(self, *words):
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words, code=0):
        process = self.start(*words)
        output, errors = process.communicate(timeout=300)
        assert process.returncode == code, errors
        return output, errors

    def json(self, *words, code=0):
        output, _ = self.run(*words, "--json", code=code)
        return json.loads(output.splitlines()[-1])

    def ingest(self, files):
        ids = {}
        for kind, path in files.items():
            found = self.json("ingest", kind, str(path), "--as-of", loan_book.AS_OF.isoformat())
            ids[kind] = found.get("scenario_set_id") or found.get("snapshot_id")
        return [
            *("--positions", str(ids["positions"])),
            *("--market", str(ids["marketdata"])),
            *("--scenarios", str(ids["scenarios"])),
        ]

    def submit(self, inputs, *more):
        return self.json("submit_run", *inputs, *more)["run_id"]

    def rows(self, query, *values):
        with self._connect(Role.AUDITOR) as connection:
            return connection.execute(query, values).fetchall()

    def totals(self, run):
        head = "SELECT status, result_hash, valued_count, error_count FROM run WHERE run_id = %s"
        sums = (
            "SELECT node, dimension, member, block, count, covered, covered_notional,"
            " uncovered_notional, cells FROM rollup WHERE run = %s"
            " ORDER BY node, dimension, member, block"
        )
        return self.rows(head, run), self.rows(sums, run)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return loan_book.write(tmp_path_factory.mktemp("book"), POSITIONS, SCENARIOS)


@pytest.fixture
def site(database):
    return Site(database.connect, database.environment)


def test_a_book_goes_from_files_to_a_completed_run_by_commands_alone(site, files):
    inputs = site.ingest(files)
    first = site.json("submit_run", *inputs)
    assert (first["created"], first["status"]) == (True, "QUEUED")
    assert site.json("submit_run", *inputs)["created"] is False

    site.run("worker", "--processes", "2", "--drain")
    standing = site.json("run_status", str(first["run_id"]))
    assert standing["status"] == "COMPLETED"
    assert standing["positions_done"] == POSITIONS
    assert site.json("submit_run", *inputs, "--wait") == {
        **standing,
        "created": False,
    }

    _, errors = site.run("submit_run", *inputs, "--measures", "WISDOM", code=1)
    assert "MEASURE_UNKNOWN" in errors
    _, errors = site.run("cancel_run", str(first["run_id"]), code=1)
    assert "ended already" in errors
    _, errors = site.run("retry_run", str(first["run_id"]), code=1)
    assert "only a failed run" in errors

    # Its workers have ended, so this one waits until somebody cancels it.
    waiting = site.start("submit_run", *inputs, "--force", "--wait", "--json")
    while not site.rows("SELECT 1 FROM run WHERE forced"):
        time.sleep(0.1)
    ((forced,),) = site.rows("SELECT run_id FROM run WHERE forced")
    site.run("cancel_run", str(forced))
    output, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 1
    assert json.loads(output.splitlines()[-1])["status"] == "CANCELLED"


def _shuffled(files, folder):
    """The same files with their lines in another order."""
    found = {}
    for kind, path in files.items():
        lines = path.read_text().splitlines(keepends=True)
        if path.suffix == ".jsonl" and kind != "portfolios":
            random.Random(3).shuffle(lines)
        found[kind] = folder / path.name
        found[kind].write_text("".join(lines))
    return found


def _kill_now_and_then(supervisor, wanted, rng):
    kills = 0
    while supervisor.poll() is None:
        time.sleep(rng.random())
        workers = children(supervisor.pid)
        if kills < wanted and workers:
            kills += send(rng.choice(workers), signal.SIGKILL)
    return kills


def test_workers_shards_order_of_lines_and_kills_change_no_number(
    site, files, tmp_path, databases, template, database
):
    inputs = site.ingest(files)
    runs = [site.submit(inputs, "--shards", "1", "--force")]
    site.run("worker", "--drain")
    expected = site.totals(runs[0])
    assert expected[0][0][0] == "COMPLETED"

    workers = (1, 2, 4) if FULL else (2,)
    for processes in workers:
        runs = [site.submit(inputs, "--shards", str(n), "--force") for n in (1, 7, 64)]
        site.run("worker", "--processes", str(processes), "--drain")
        assert [site.totals(run) for run in runs] == [expected] * 3

    run = site.submit(inputs, "--shards", "64", "--force", "--max-attempts", "50")
    supervisor = site.start("worker", "--processes", "2", "--drain", "--lease-seconds", "4")
    kills = _kill_now_and_then(supervisor, 50 if FULL else 3, random.Random(5))
    supervisor.communicate(timeout=60)
    assert supervisor.returncode == 0
    assert kills > 0
    assert site.totals(run) == expected

    name = databases.clone(template, "shuffled")
    try:
        other = Site(
            lambda role: _connect(databases, name, role),
            database.environment | {"TIEOUT_DATABASE": name},
        )
        run = other.submit(other.ingest(_shuffled(files, tmp_path)))
        other.run("worker", "--drain")
        assert other.totals(run) == expected
    finally:
        databases.server.drop_database(name)


def _connect(databases, name, role):
    return psycopg.connect(**databases.server.parameters(role, name), autocommit=True)
