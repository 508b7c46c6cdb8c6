"""`manage.py cancel_run RUN`: end a run; nothing more of it is written."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.run import services


class Command(BaseCommand):
    """Cancel a run that is under way."""

    help = "Cancel a run: once this returns, nothing more of it is written."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the run."""
        parser.add_argument("run", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        """Cancel, or say why not."""
        try:
            done = services.cancel(options["run"])
        except services.RunError as error:
            raise CommandError(str(error)) from error
        if not done:
            raise CommandError(f"run {options['run']} has ended already")
        self.stdout.write(f"run {options['run']} CANCELLED")
