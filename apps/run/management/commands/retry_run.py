"""`manage.py retry_run RUN`: go on with a failed run where it stopped."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.run import services


class Command(BaseCommand):
    """Queue the tasks of a failed run that ended without rows."""

    help = "Go on with a failed run: its failed tasks are queued again, the others are kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the run, or one of its tasks."""
        parser.add_argument("run", type=int)
        parser.add_argument("--task", type=int, help="only this task of the run")

    def handle(self, *args: Any, **options: Any) -> None:
        """Retry, or say why not."""
        try:
            count = services.retry_run(options["run"], task_id=options["task"])
        except services.RunError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"run {options['run']} goes on with {count} tasks")
