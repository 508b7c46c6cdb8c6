"""A real web or desk process on a test's database."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.databases import ROOT


class Server:
    """A server process and requests to it."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def open(self, path: str, body: Any = None, token: str = "", **headers: str) -> Any:
        """The open response; raises urllib's HTTPError when refused."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, headers=headers)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        return urllib.request.urlopen(request, timeout=30)

    def status(self, path: str, body: Any = None, token: str = "", **headers: str) -> int:
        """The status of a response."""
        try:
            with self.open(path, body, token, **headers) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code


@contextmanager
def served(environment: dict[str, str], process: str = "web") -> Iterator[Server]:
    """`manage.py serve`, ready to answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = subprocess.Popen(
        [sys.executable, "manage.py", "serve", process, "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONWARNINGS": "", "TIEOUT_ROLE": ""},
    )
    server = Server(port)
    try:
        _wait(server, started)
        yield server
    finally:
        started.terminate()
        started.wait(20)


def _wait(server: Server, started: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert started.poll() is None, "the server ended"
        try:
            if server.status("/readyz") == 200:
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError("the server does not answer")
