"""The demo as a newcomer meets it: one command, real processes, each in its own role."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

POSITIONS = 400
SECONDS = 240


def command(repository: Path, files: Path, *options: str) -> list[str]:
    common = ["--positions", str(POSITIONS), "--files", str(files)]
    return [sys.executable, str(repository / "manage.py"), "demo", *common, *options]


def _hears_interrupts() -> None:
    """A suite that a script runs in the background hands down an ignored SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def demo(
    repository: Path, environment: dict[str, str], files: Path, *options: str
) -> tuple[dict[str, Any], str]:
    """Run the demo to its end; return the object on its last line and what it showed."""
    done = subprocess.run(
        command(repository, files, "--no-serve", "--json", *options),
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def processes_on(database: str) -> list[str]:
    """Return the commands of all processes that were started on a database."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"TIEOUT_DATABASE={database}".encode() in variables and int(folder.name) != os.getpid():
            found.append(line)
    return [line for line in found if "manage.py" in line or "uvicorn" in line]


def test_the_demo_values_all_but_what_fails_by_design_and_does_it_once(
    repository: Path, process_env: dict[str, str], tmp_path: Path
) -> None:
    stand_beside_another_bank(repository, process_env, tmp_path)
    first, shown = demo(repository, process_env, tmp_path)
    assert first["status"] == "COMPLETED_WITH_ERRORS"
    assert (first["positions"], first["valued"], first["errors"]) == (POSITIONS, 380, 20)
    assert first["cells"] > 52
    assert re.fullmatch("[0-9a-f]{64}", first["result_hash"])
    assert {"setup", "generate", "ingest", "submit", "run", "summary", "total"} == set(
        first["seconds"]
    )
    for part in ("Present value", "STAGFLATION", "Key-rate DV01", "Sanity bands", "UNKNOWN_CURVE"):
        assert part in shown
    assert f"publish_run {first['run_id']}" in shown

    second, shown = demo(repository, process_env, tmp_path)
    assert "had been valued already" in shown
    differing = {name for name in first if first[name] != second[name]}
    assert differing <= {"seconds"}

    forced, _ = demo(
        repository, process_env, tmp_path, "--force", "--shards", "7", "--workers", "1"
    )
    assert forced["run_id"] != first["run_id"]
    assert forced["tasks"] == 8
    assert forced["result_hash"] == first["result_hash"]
    assert forced["total_pv"] == first["total_pv"]


def stand_beside_another_bank(repository: Path, environment: dict[str, str], folder: Path) -> None:
    """Load the top of another tree, as a tape of loans does."""
    other = folder / "other.csv"
    other.write_text("code,name,node_type\nOTHER,Another bank,FUND\n")
    load = [sys.executable, str(repository / "manage.py"), "ingest", "portfolios", str(other)]
    subprocess.run(load, env=environment, check=True, capture_output=True)


@pytest.fixture
def ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_demo_serves_until_told_to_end_and_leaves_nothing_running(
    repository: Path, process_env: dict[str, str], tmp_path: Path, ports: tuple[int, int]
) -> None:
    web, desk = ports
    options = ["--port", str(web), "--desk-port", str(desk)]
    with subprocess.Popen(
        command(repository, tmp_path, *options),
        env=process_env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_hears_interrupts,
    ) as running:
        try:
            shown = read_until(running, "Ctrl-C ends")
            assert re.search(r"User +demo +password +\S{12,}", shown)
            for port in ports:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                    assert answer.status == 200
            alive = processes_on(process_env["TIEOUT_DATABASE"])
            assert sum("uvicorn" in line for line in alive) == 2
            assert any("manage.py worker" in line for line in alive)
            running.send_signal(signal.SIGINT)
            assert running.wait(60) == 0
        finally:
            running.kill()
    assert processes_on(process_env["TIEOUT_DATABASE"]) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_interrupted_demo_ends_what_it_started(
    repository: Path, process_env: dict[str, str], tmp_path: Path
) -> None:
    with subprocess.Popen(
        command(repository, tmp_path, "--no-serve"),
        env=process_env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        until = time.monotonic() + SECONDS
        while not any("demo_load" in p for p in processes_on(process_env["TIEOUT_DATABASE"])):
            assert running.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 130
    assert processes_on(process_env["TIEOUT_DATABASE"]) == []


def read_until(running: subprocess.Popen[str], text: str) -> str:
    """Return what a process has written, up to the line that has the text."""
    assert running.stdout is not None
    shown = ""
    for line in running.stdout:
        shown += line
        if text in line:
            return shown
    raise AssertionError(f"the demo ended early:\n{shown}")


@pytest.mark.parametrize(
    ("option", "least"), [({"positions": 49}, "at least 50"), ({"workers": 0}, "at least 1")]
)
def test_a_demo_that_cannot_be_is_refused_at_once(option: dict[str, int], least: str) -> None:
    with pytest.raises(CommandError, match=least):
        call_command("demo", "--no-serve", **option)


def test_a_port_in_use_is_found_before_the_work() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"port {port} is in use; --port"):
            call_command("demo", port=port)
