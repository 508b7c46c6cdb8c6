"""Keeps a number of worker processes alive, and ends the leases of those that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import FrameType
from uuid import uuid4

import psycopg

from apps.run import connections, leases
from foundation import telemetry

LOG = telemetry.logger(__name__)

UNFIT = 78
"""Exit code of a worker that may not work here: the canary differs, say. It is not restarted."""

_LOOK_SECONDS = 0.05
_LONGEST_PAUSE = 10.0


@dataclass(slots=True)
class _Child:
    """A worker process, the name of its leases, and when it may be started (again)."""

    owner: str = ""
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    start_at: float = field(default_factory=time.monotonic)
    is_done: bool = False


class Supervisor:
    """Runs `processes` workers, each an interpreter of its own under the pinned environment.

    A process that a signal or a crash ends is replaced at once and its lease need not run out;
    one that ends with an error of Python waits longer each time.
    """

    def __init__(
        self, processes: int, arguments: list[str], *, drain: bool, stop_seconds: float
    ) -> None:
        self._children = [_Child() for _ in range(processes)]
        self._arguments = arguments
        self._drain = drain
        self._stop_seconds = stop_seconds
        self._stopping = False
        self._exit_code = 0

    def run(self) -> int:
        """Supervise until stopped or drained; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping and not all(child.is_done for child in self._children):
            for child in self._children:
                self._look_after(child)
            time.sleep(_LOOK_SECONDS)
        self._end()
        return self._exit_code

    def _look_after(self, child: _Child) -> None:
        if child.is_done:
            return
        if child.process is None:
            if time.monotonic() >= child.start_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is not None:
            self._ended(child, code)

    def _start(self, child: _Child) -> None:
        process_id = str(uuid4())
        child.owner = owner_name(process_id)
        child.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "django", "worker", "--process", process_id),
                # By the time it could ask who its parent is, that may have died already.
                *("--supervisor", str(os.getpid()), *self._arguments),
            ],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        LOG.info("worker started", owner=child.owner, pid=child.process.pid)

    def _ended(self, child: _Child, code: int) -> None:
        child.process = None
        if code == 0 and self._drain:
            child.is_done = True
            return
        if code == UNFIT:
            self._exit_code = UNFIT
            self._stopping = True
            return
        if code != 0:
            LOG.warning("worker ended", owner=child.owner, code=code)
            surrender(child.owner)
        child.failures = child.failures + 1 if code == 1 else 0
        pause = min(_LONGEST_PAUSE, 0.25 * 2**child.failures) if child.failures else 0.0
        child.start_at = time.monotonic() + pause

    def _end(self) -> None:
        running = [child for child in self._children if child.process is not None]
        for child in running:
            assert child.process is not None
            child.process.terminate()
        deadline = time.monotonic() + self._stop_seconds
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            if child.process.returncode != 0:
                surrender(child.owner)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True


def owner_name(process_id: str) -> str:
    """Return the name under which a process takes leases and connects."""
    return f"tieout:{process_id}"


def surrender(owner: str) -> None:
    """End the leases of a process that has ended; without a database they run out by themselves."""
    try:
        with connections.connect("tieout:supervisor") as connection:
            connection.execute(leases.SQL["surrender"], {"owner": owner})
            leases.notify(connection)
    except psycopg.Error as error:
        LOG.warning("leases not ended", owner=owner, error=str(error).strip())
