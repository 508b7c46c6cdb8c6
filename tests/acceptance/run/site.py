"""A database, and the commands that are run on it as anybody would."""

import json
import subprocess
import sys

from foundation.roles import Role
from tests.databases import ROOT


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

    def last_line(self, *words, code=0):
        output, _ = self.run(*words, code=code)
        return json.loads(output.splitlines()[-1])

    def json(self, *words, code=0):
        return self.last_line(*words, "--json", code=code)

    def ingest(self, files, as_of):
        ids = {}
        for kind, path in files.items():
            found = self.json("ingest", kind, str(path), "--as-of", as_of.isoformat())
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
