"""The servers of the demo: the web on 8000 and the desk on 8001."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from apps.ingestion.demo import processes
from apps.ingestion.demo.processes import StepFailed
from foundation.roles import Role

HOST = "127.0.0.1"
WEB_PORT = 8000
DESK_PORT = 8001
READY_SECONDS = 60.0

Servers = list[subprocess.Popen[str]]


@contextmanager
def servers(web_port: int, desk_port: int) -> Iterator[Servers]:
    """Start web and desk; end them when the block is left."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(_server(Role.WEB, web_port)),
            stack.enter_context(_server(Role.DESK, desk_port)),
        ]


def ready(running: Servers, *ports: int) -> None:
    """Return once every port is answered; StepFailed when a server ends or takes too long."""
    until = time.monotonic() + READY_SECONDS
    for port in ports:
        while not is_taken(port):
            _refuse_ended(running)
            if time.monotonic() > until:
                raise StepFailed(f"manage.py serve on port {port}", 1)
            time.sleep(0.1)


def wait(running: Servers) -> None:
    """Return never but by Ctrl-C, or StepFailed when a server ends by itself."""
    while True:
        _refuse_ended(running)
        time.sleep(0.5)


def is_taken(port: int) -> bool:
    """Return whether somebody answers on a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def _refuse_ended(running: Servers) -> None:
    for server in running:
        if server.poll() is not None:
            raise StepFailed("manage.py serve", server.returncode or 1)


def _server(role: Role, port: int) -> AbstractContextManager[subprocess.Popen[str]]:
    arguments = ("serve", role.value, "--host", HOST, "--port", str(port))
    return processes.started(*arguments, role=role)
