"""`manage.py backtest_run RUN`: a node's VaR against the scenarios of the run, in their order."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.risk import selectors


class Command(BaseCommand):
    """Count the scenarios that lose more than the VaR of those before, and test the count."""

    help = "Backtest the historical VaR of a node over the scenarios of a run."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("run", type=int)
        parser.add_argument("--node", help="code of a portfolio; the run's own without")
        parser.add_argument("--level", type=int, default=9_900, help="in basis points")
        parser.add_argument("--window", type=int, default=250, help="scenarios before each day")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the counts and the tests."""
        try:
            found = selectors.backtest(
                options["run"],
                node=options["node"],
                level_bp=options["level"],
                window=options["window"],
            )
        except LookupError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(dataclasses.asdict(found), sort_keys=True))
            return
        self.stdout.write(
            f"{found.node}: {len(found.exceptions)} exceptions in {found.days} days at "
            f"{found.level_bp} bp, each against the {found.window} before; zone {found.zone}"
        )
        self.stdout.write(
            f"p-values: Kupiec {found.kupiec:.4f}, independence {found.independence:.4f}, "
            f"conditional coverage {found.conditional_coverage:.4f}"
        )
        self.stdout.write("exceptions: " + (", ".join(found.exceptions) or "none"))
