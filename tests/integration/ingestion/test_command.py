"""`manage.py ingest` as a process: role, exit code, report, last line of JSON."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

GOOD = "code,legal_name,kind\nC1,First,BANK\nC2,Second,CORPORATE\n"
BAD = "code,legal_name,kind\nC1,First,BANK\nC 2,=cmd(),SHOP\n"


@pytest.fixture
def ingest(process_env, repository, tmp_path):
    def run(kind: str, text: str | None, *options: str, name: str = "file.csv"):
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        command = [sys.executable, "manage.py", "ingest", kind, str(path), *options]
        return subprocess.run(
            command, cwd=repository, env=process_env, capture_output=True, text=True, check=False
        )

    return run


def count(connection, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_a_file_is_imported_as_the_desk_and_again_is_unchanged(ingest, auditor):
    first = ingest("counterparties", GOOD)
    again = ingest("counterparties", GOOD, "--json")
    assert (first.returncode, first.stderr) == (0, "")
    assert "2 rows: 2 created, 0 changed, 0 unchanged" in first.stdout
    result = json.loads(again.stdout.splitlines()[-1])
    assert (result["ok"], result["unchanged"]) == (True, 2)
    assert count(auditor, "counterparty_version") == 2
    actor = auditor.execute("SELECT actor FROM audit_log").fetchall()
    assert len(actor) == 1
    assert actor[0][0].startswith(("os:", "uid:"))


def test_a_file_at_fault_exits_1_with_a_report_and_writes_nothing(ingest, auditor):
    found = ingest("counterparties", BAD)
    assert found.returncode == 1
    assert "IDENTIFIER" in found.stderr
    assert "2 problems, nothing was written" in found.stderr
    assert "Traceback" not in found.stderr
    assert count(auditor, "counterparty") == 0


def test_the_report_as_json_has_line_field_code_found_and_expected(ingest):
    found = ingest("counterparties", BAD, "--json")
    result = json.loads(found.stdout.splitlines()[-1])
    assert (found.returncode, result["ok"], result["problem_count"]) == (1, False, 2)
    assert result["file"].endswith("file.csv")
    assert result["problems"][1] == {
        "line": 3,
        "field": "kind",
        "code": "CHOICE",
        "found": "SHOP",
        "expected": result["problems"][1]["expected"],
    }
    assert "'CORPORATE'" in result["problems"][1]["expected"]


def test_a_dry_run_writes_nothing(ingest, auditor):
    found = ingest("counterparties", GOOD, "--dry-run", "--json")
    result = json.loads(found.stdout.splitlines()[-1])
    assert (result["ok"], result["dry_run"], result["created"]) == (True, True, 2)
    assert count(auditor, "counterparty") == 0


@pytest.mark.parametrize(
    ("kind", "text", "options", "code"),
    [
        ("counterparties", None, [], 1),
        ("weather", GOOD, [], 2),
        ("positions", GOOD, ["--as-of", "30.12.2022"], 2),
        ("tape", GOOD, [], 1),
        ("tape", GOOD, ["--profile", "nobody"], 1),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(ingest, kind, text, options, code):
    found = ingest(kind, text, *options)
    assert found.returncode == code
    assert "Traceback" not in found.stderr
    assert found.stderr.strip()


def test_an_interrupted_import_says_so_and_writes_nothing(
    process_env, repository, tmp_path, auditor
):
    path = tmp_path / "file.csv"
    path.write_text(GOOD)
    command = [sys.executable, "manage.py", "ingest", "counterparties", str(path)]
    with auditor_waits(auditor) as waits:
        running = subprocess.Popen(
            command, cwd=repository, env=process_env, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        waits()
        running.send_signal(signal.SIGINT)
        shown = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert "interrupted" in shown
    assert "Traceback" not in shown
    assert count(auditor, "counterparty") == 0


@contextmanager
def auditor_waits(auditor):
    """Hold the lock of imports; what is yielded returns when an import waits for it."""
    with auditor.transaction():
        auditor.execute("SELECT pg_advisory_xact_lock(hashtextextended('ingestion', 0))")

        def until_one_waits() -> None:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            for _ in range(600):
                if auditor.execute(waiting).fetchone()[0]:
                    return
                time.sleep(0.05)
            raise AssertionError("no import waits")

        yield until_one_waits


def test_a_database_that_does_not_answer_is_said_in_a_line(ingest, process_env):
    process_env["DATABASE_URL"] = "postgres://nobody@127.0.0.1:1/none"
    found = ingest("counterparties", GOOD)
    assert found.returncode == 1
    assert "the database: connection failed" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_report_that_nobody_looks_at_keeps_a_problem_on_a_line(ingest):
    found = ingest("counterparties", "code,legal_name,kind,parent\nC1,First,BANK,NOBODY\n")
    [line] = [line for line in found.stderr.splitlines() if "REFERENCE" in line]
    assert line.split()[:2] == ["2", "parent"]
    assert "a counterparty of the file or the database" in line
    assert "NOBODY" in line


def test_another_role_than_the_desk_imports_nothing(ingest, process_env):
    process_env["TIEOUT_ROLE"] = "web"
    found = ingest("counterparties", GOOD)
    assert found.returncode == 1
    assert "imports run as the desk, not as web" in found.stderr


def test_imports_of_one_file_at_once_are_one(process_env, repository, tmp_path, auditor):
    path = Path(tmp_path) / "file.csv"
    path.write_text(GOOD)
    command = [sys.executable, "manage.py", "ingest", "counterparties", str(path), "--json"]
    running = [
        subprocess.Popen(
            command, cwd=repository, env=process_env, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    results = [json.loads(p.communicate()[0].splitlines()[-1]) for p in running]
    assert sorted(r["created"] for r in results) == [0, 0, 0, 2]
    assert count(auditor, "counterparty") == 2
    assert count(auditor, "counterparty_version") == 2
