"""`manage.py demo_load FOLDER`: ingest the demo's files, as the desk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from apps.ingestion.demo import loading, stewards
from apps.ingestion.problems import ImportRefused


class Command(BaseCommand):
    """Load the files that `python -m fixtures FOLDER` wrote; print the ids as JSON."""

    help = "Ingest the demo's files from FOLDER; `demo` does this for you."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--steward",
            action="store_true",
            help="also make the user `demo` with a new password and a grant of the whole bank",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, and say what is where."""
        console = Console(file=sys.stderr)
        bar = Progress(
            TextColumn("[bold]ingesting {task.description}"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            TextColumn("{task.fields[step]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        shown: dict[str, TaskID] = {}

        def report(kind: str, step: str, done: int, total: int | None) -> None:
            if kind not in shown:
                shown[kind] = bar.add_task(kind.replace("_", " "), step=step, total=None)
            bar.update(shown[kind], completed=done, total=total, step=step)

        try:
            with bar:
                loaded = loading.load_here(options["folder"], report)
        except ImportRefused as refused:
            for problem in refused.problems:
                self.stderr.write(str(problem))
            raise CommandError(str(refused)) from None
        password = stewards.appoint() if options["steward"] else ""
        self.stdout.write(loading.answer(loaded, password))
