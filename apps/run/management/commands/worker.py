"""`manage.py worker`: value the tasks of runs on a number of processes."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.run.supervisor import Supervisor

_DAY = 86_400.0


class Command(BaseCommand):
    """Work on runs until stopped, or with --drain until none is left."""

    help = "Value the tasks of runs. Ends with 0 when drained or told to stop (SIGTERM)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--processes", type=int, default=1, help="worker processes (1)")
        parser.add_argument(
            "--drain", action="store_true", help="end when no run is left to work on"
        )
        parser.add_argument(
            "--lease-seconds",
            type=float,
            default=settings.TIEOUT_LEASE_SECONDS,
            help="how long a task is ours without a heartbeat (%(default)s)",
        )
        # One of the processes that the supervisor starts, under the name of its leases.
        parser.add_argument("--process", default="", help="internal: be this one process")
        parser.add_argument(
            "--supervisor", type=int, help="internal: the process without which it ends"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Supervise, or be one of the supervised."""
        if not 1 / 4 <= options["lease_seconds"] <= _DAY:
            raise CommandError("--lease-seconds is between 0.25 and 86400")
        if options["process"]:
            # The supervisor prices nothing: it does without NumPy and the pricing library.
            from apps.run.process import work

            work(
                options["process"],
                lease_seconds=options["lease_seconds"],
                drain=options["drain"],
                supervisor=options["supervisor"],
            )
            return
        if options["processes"] < 1:
            raise CommandError("--processes is at least 1")
        arguments = ["--lease-seconds", str(options["lease_seconds"])]
        arguments += ["--drain"] if options["drain"] else []
        supervisor = Supervisor(
            options["processes"],
            arguments,
            drain=options["drain"],
            stop_seconds=settings.TIEOUT_STOP_SECONDS,
        )
        code = supervisor.run()
        if code:
            sys.exit(code)
