"""replay_run: compute a run's numbers again and compare them bit by bit."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.publication import replay


class Command(BaseCommand):
    """Compute the numbers of a run again from what it pinned, and compare them bit by bit."""

    help = "Compute the numbers of a run again from what it pinned, and compare them bit by bit."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the run."""
        parser.add_argument("run", type=int)
        parser.add_argument(
            "--any-engine",
            action="store_true",
            help="compare although this process has another engine or numeric profile",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay; exit code 1 when a bit differs."""
        try:
            found = replay.replay(options["run"], any_engine=options["any_engine"])
        except replay.NotReplayable as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            facts = {
                "run_id": found.run,
                "same": found.same,
                "tasks": found.tasks,
                "positions": found.positions,
                "crashed": found.crashed,
                "seconds": round(found.seconds, 3),
                "altered": found.altered,
                "differences": [str(difference) for difference in found.differences],
            }
            self.stdout.write(json.dumps(facts))
        else:
            for difference in (*found.altered, *found.differences):
                self.stdout.write(str(difference))
            count = len(found.altered) + len(found.differences)
            verdict = "the same bits" if found.same else f"{count} differences"
            self.stdout.write(
                f"run {found.run}: {verdict} in {found.positions} positions "
                f"of {found.tasks} tasks, {found.seconds:.1f} s"
            )
        if not found.same:
            sys.exit(1)
