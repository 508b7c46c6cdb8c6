"""The embedded database server."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation import embedded


class Command(BaseCommand):
    """Start, stop, show or reset the embedded PostgreSQL server."""

    help = "Start, stop, show or reset the embedded PostgreSQL server."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """One verb; `reset` asks before it deletes."""
        parser.add_argument("verb", choices=["start", "stop", "status", "reset"])
        parser.add_argument("--no-input", action="store_true", help="reset without asking")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the verb says."""
        if settings.TIEOUT_DATABASE_IS_EXTERNAL:
            raise CommandError("DATABASE_URL names a server; the embedded one is not in use")
        server = embedded.configured()
        try:
            self._do(options["verb"], server, ask=not options["no_input"])
        except (embedded.NoBinaries, embedded.ServerError) as error:
            raise CommandError(str(error)) from error

    def _do(self, verb: str, server: embedded.EmbeddedPostgres, *, ask: bool) -> None:
        match verb:
            case "start":
                server.ensure(str(settings.DATABASES["default"]["NAME"]))
                self._show(server.status())
            case "stop":
                self.stdout.write("stopped" if server.stop() else "was not running")
            case "status":
                self._show(server.status())
            case "reset":
                self._reset(server, ask=ask)

    def _reset(self, server: embedded.EmbeddedPostgres, *, ask: bool) -> None:
        if ask:
            self.stdout.write(f"This deletes every database in {server.places.data}.")
            if input("Type 'reset' to go on: ") != "reset":
                raise CommandError("nothing was deleted")
        server.reset()
        self.stdout.write("deleted")

    def _show(self, status: embedded.Status) -> None:
        running = f"running, pid {status.pid}" if status.running else "not running"
        self.stdout.write(f"PostgreSQL {status.major}: {running}")
        self.stdout.write(f"data   {status.data}")
        self.stdout.write(f"socket {status.socket}")
