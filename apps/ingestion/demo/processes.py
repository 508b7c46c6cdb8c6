"""Processes the demo starts: each one management command under one database role."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.conf import settings

from foundation import roles
from foundation.roles import Role

STOP_SECONDS = 15.0
"""How long a process has to end after SIGTERM before it is killed."""


LOG_LEVEL = "TIEOUT_LOG_LEVEL"
"""Processes log into the same terminal: by default only what went wrong."""


class StepFailed(RuntimeError):
    """A process of the demo ended with an error; what it said is on the terminal already."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"`{command}` ended with code {code}")
        self.code = code


def run(*arguments: str, role: Role) -> str:
    """Run a management command to its end under a role; return what it wrote to stdout.

    Its stderr is ours, so that progress bars and errors reach the terminal.
    """
    with started(*arguments, role=role, stdout=subprocess.PIPE) as running:
        output, _ = running.communicate()
        finished(running, *arguments)
    return str(output)


def finished(running: subprocess.Popen[str], *arguments: str) -> None:
    """Wait for the end of a command; StepFailed unless it was a good one."""
    if running.wait():
        raise StepFailed(f"manage.py {' '.join(arguments)}", running.returncode)


@contextmanager
def started(
    *arguments: str, role: Role, stdout: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start a management command under a role; end it when the block is left, however it is."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    with process(command, {roles.ENVIRONMENT: role.value}, stdout=stdout) as running:
        yield running


@contextmanager
def process(
    command: Sequence[str], environment: Mapping[str, str], stdout: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start a process in a session of its own, so that Ctrl-C reaches it through us alone."""
    running = subprocess.Popen(
        command,
        env={**os.environ, LOG_LEVEL: os.environ.get(LOG_LEVEL, "WARNING"), **environment},
        stdout=stdout,
        text=True,
        start_new_session=True,
    )
    try:
        yield running
    finally:
        stop(running)
        if running.stdout is not None:
            running.stdout.close()


def stop(running: subprocess.Popen[str]) -> None:
    """End a process: SIGTERM, time to hand back its work, and SIGKILL for one that does not."""
    if running.poll() is not None:
        return
    running.send_signal(signal.SIGTERM)
    try:
        running.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
