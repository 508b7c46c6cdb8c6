"""What processes use: CPU of commands and of a whole PostgreSQL server, as Linux counts it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.databases import ROOT

_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _CUTIME, _CSTIME = 11, 12, 13, 14


@dataclass(frozen=True, slots=True)
class Used:
    """A command that has ended: what it printed, and what it and the server took meanwhile.

    `client` counts the processes that the command started and waited for, `server` everything
    PostgreSQL did in the time, its background processes included. Seconds; `peak_mb` is the
    largest resident set of one process.
    """

    output: str
    wall: float
    client: float
    server: float
    peak_mb: float

    @property
    def cores(self) -> float:
        """Core-seconds of both sides."""
        return self.client + self.server


def manage(environment: Mapping[str, str], postmaster: int, *arguments: str) -> Used:
    """Run a management command to its end; it fails the benchmark when it fails."""
    server, begun = server_cpu(postmaster), time.perf_counter()
    with tempfile.TemporaryFile() as output:
        started = subprocess.Popen(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, stdout=output
        )
        _, status, usage = os.wait4(started.pid, 0)
        wall = time.perf_counter() - begun
        started.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    assert started.returncode == 0, f"manage.py {' '.join(arguments)}: {text}"
    return Used(
        text,
        wall,
        usage.ru_utime + usage.ru_stime,
        server_cpu(postmaster) - server,
        usage.ru_maxrss / 1024,
    )


def server_cpu(postmaster: int) -> float:
    """Return the CPU seconds of a server so far: living processes and those that have ended."""
    # The postmaster waits for its backends, so their time is in its own account once they end.
    total = _ticks(postmaster, _UTIME, _STIME, _CUTIME, _CSTIME)
    for child in children(postmaster):
        try:
            total += _ticks(child, _UTIME, _STIME)
        except FileNotFoundError:
            continue
    return total / _TICKS


def process_cpu(pid: int) -> float:
    """Return the CPU seconds of a process and all its threads so far."""
    return _ticks(pid, _UTIME, _STIME) / _TICKS


def children(pid: int) -> list[int]:
    """Return the processes that the main thread of a process has started and that live."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def thread_cpu(pid: int) -> float:
    """Return the CPU seconds of a process's main thread, to the nanosecond while it waits."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _ticks(pid: int, *fields: int) -> int:
    # The name of the program may hold blanks and brackets: the fields begin behind the last one.
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(words[field]) for field in fields)
