"""`manage.py run_status [RUN]`: where runs stand."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.run import selectors
from apps.run.management.commands.submit_run import summary, watch
from apps.run.models import Run

_SHOWN = 20


class Command(BaseCommand):
    """Show one run's progress, or the latest runs."""

    help = "Show where a run stands, or the latest runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("run", type=int, nargs="?")
        parser.add_argument("--watch", action="store_true", help="until the run has ended")
        parser.add_argument("--json", action="store_true", help="one object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line per run."""
        if options["run"] is None:
            found = [
                selectors.progress(key)
                for key in selectors.runs().values_list("run_id", flat=True)[:_SHOWN]
            ]
        else:
            found = [self._one(options["run"], watching=options["watch"])]
        for progress in found:
            self.stdout.write(
                json.dumps(summary(progress), sort_keys=True)
                if options["json"]
                else _line(progress)
            )

    def _one(self, run_id: int, *, watching: bool) -> selectors.Progress:
        try:
            return watch(run_id) if watching else selectors.progress(run_id)
        except Run.DoesNotExist as error:
            raise CommandError(f"there is no run {run_id}") from error


def _line(progress: selectors.Progress) -> str:
    tasks = ", ".join(
        f"{count} {status.lower()}" for status, count in progress.tasks.items() if count
    )
    return (
        f"run {progress.run_id} {progress.status} in {progress.phase}: "
        f"{progress.positions_done} of {progress.positions} positions, tasks {tasks}"
    )
