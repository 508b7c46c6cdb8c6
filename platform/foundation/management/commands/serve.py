"""`manage.py serve web|desk`: one ASGI process under one database role."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from foundation.roles import ENVIRONMENT, Role

PORTS = {Role.WEB: 8000, Role.DESK: 8001}


class Command(BaseCommand):
    """Become uvicorn, in a fresh process: the role is chosen before anything connects."""

    help = "Serve the API (web, port 8000) or the admin (desk, port 8001)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("process", nargs="?", choices=[role.value for role in PORTS])
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, help="8000 for web, 8001 for desk")
        parser.add_argument("--workers", type=int, default=1, help="processes (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replace this process by the server."""
        role = Role(options["process"] or Role.WEB)
        port = options["port"] or PORTS[role]
        os.execve(
            sys.executable,
            command(options["host"], port, options["workers"]),
            {**os.environ, ENVIRONMENT: role.value},
        )


def command(host: str, port: int, workers: int = 1) -> list[str]:
    """The command line of the server, for whoever starts it."""
    application = settings.ASGI_APPLICATION.replace(".application", ":application")
    arguments = ["-m", "uvicorn", application, "--host", host, "--port", str(port)]
    arguments += ["--workers", str(workers), "--no-server-header", "--no-access-log"]
    return [sys.executable, *arguments, "--log-level", "warning"]
