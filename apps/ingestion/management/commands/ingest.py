"""`manage.py ingest KIND FILE`: load a file, all of it or nothing, and say what came of it."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from apps.ingestion import profile, services
from apps.ingestion.outcome import Outcome, Request, silent
from apps.ingestion.outcome import Progress as Report
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import source
from foundation import roles

INTERRUPTED = 130
_WIDTH = 240
"""Columns of a report that goes to a file or a log, where a line is better kept whole."""

SHOWN = 20
"""Problems printed of each file; the count is of all, and --json has the first thousand."""


class Command(BaseCommand):
    """Import reference data, positions, markets, scenarios or a foreign tape from one file."""

    help = (
        "Import one file: all of it, or nothing and a report by line, field and code. "
        "CSV, JSON or JSON lines, each also .gz. See docs/guides/ingestion.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument("kind", choices=list(services.KINDS), metavar="KIND", help=_kinds())
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--as-of", type=_date, metavar="DATE", help="the day, YYYY-MM-DD")
        parser.add_argument(
            "--snapshot",
            metavar="NAME",
            help="name of the new snapshot; for market tapes and fixings the id of one to build on",
        )
        parser.add_argument("--profile", help=f"for tape: {', '.join(profile.names())}")
        parser.add_argument(
            "--reject-file",
            type=Path,
            metavar="CSV",
            help="for tapes of loans: write refused lines here and import the others",
        )
        parser.add_argument("--dry-run", action="store_true", help="do all but commit")
        parser.add_argument("--json", action="store_true", help="one JSON object as the last line")

    def handle(self, **options: Any) -> None:
        """Import the file."""
        if roles.current() is not roles.Role.DESK:
            raise CommandError(f"imports run as the desk, not as {roles.current()}: TIEOUT_ROLE")
        try:
            request = Request(
                kind=options["kind"],
                source=source.read(options["file"]),
                as_of=options["as_of"],
                snapshot=options["snapshot"],
                profile=options["profile"],
                reject_file=options["reject_file"],
                dry_run=options["dry_run"],
            )
            _refuse_same(options["file"], options["reject_file"])
            with _progress() as report:
                outcome = services.ingest(request, actor=actor(), progress=report)
        except KeyboardInterrupt:
            self.stderr.write(f"{options['file']}: interrupted before its end, nothing was written")
            sys.exit(INTERRUPTED)
        except (OperationalError, InterfaceError) as error:
            reason = str(error).strip().split("\n", 1)[0]
            raise CommandError(f"{options['file']}: the database: {reason}") from None
        except ImportRefused as refused:
            self._report_problems(refused.problems, options)
            raise CommandError(
                f"{options['file']}: {_count(refused.problems.count)}, nothing was written",
                returncode=1,
            ) from None
        self._report(outcome, options)

    def _report(self, outcome: Outcome, options: dict[str, Any]) -> None:
        if options["json"]:
            result = {"ok": True, "dry_run": options["dry_run"], **outcome.as_dict()}
            self.stdout.write(json.dumps(result, default=str))
            return
        for part in [*outcome.parts, outcome]:
            self.stdout.write(_sentence(part, dry=options["dry_run"]))
        for note in outcome.notes:
            self.stdout.write(f"  {note}")

    def _report_problems(self, problems: Problems, options: dict[str, Any]) -> None:
        if options["json"]:
            result = {
                "ok": False,
                "kind": options["kind"],
                "file": str(options["file"]),
                "problem_count": problems.count,
                "problems": [problem.as_dict() for problem in problems],
            }
            self.stdout.write(json.dumps(result))
            return
        table = Table("line", "field", "code", "expected", "found", box=None, pad_edge=False)
        for problem, _ in zip(problems, range(SHOWN), strict=False):
            line = "" if problem.line is None else str(problem.line)
            table.add_row(line, problem.field, problem.code, problem.expected, problem.found)
        console = Console(stderr=True, markup=False, highlight=False)
        if not console.is_terminal:
            console.width = _WIDTH
        console.print(table)
        if problems.count > SHOWN:
            console.print(f"... and {problems.count - SHOWN:,} more")


def _refuse_same(file: Path, reject_file: Path | None) -> None:
    if reject_file is not None and reject_file.exists() and reject_file.samefile(file):
        raise ImportRefused.because(
            "CONFLICT", "another file than the tape", reject_file, field="--reject-file"
        )


def actor() -> str:
    """Return who runs the command, as far as the operating system knows."""
    try:
        return f"os:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"uid:{os.getuid()}"


def _count(problems: int) -> str:
    return "1 problem" if problems == 1 else f"{problems:,} problems"


def _kinds() -> str:
    return "one of " + ", ".join(services.KINDS)


def _date(text: str) -> dt.date:
    try:
        if len(text) != len("YYYY-MM-DD"):
            raise ValueError
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date as YYYY-MM-DD") from None


def _sentence(outcome: Outcome, *, dry: bool) -> str:
    counts = f"{outcome.created:,} created, {outcome.changed:,} changed, "
    counts += f"{outcome.unchanged:,} unchanged"
    if outcome.rejected:
        counts += f", {outcome.rejected:,} rejected"
    ids = "".join(f", {name} {number}" for name, number in outcome.ids.items())
    tail = " (dry run: nothing was written)" if dry else ids
    return f"{outcome.kind}: {outcome.rows:,} rows: {counts}{tail}"


@contextmanager
def _progress() -> Iterator[Report]:
    if not sys.stderr.isatty():
        yield silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def report(step: str, done: int, total: int | None) -> None:
            bar.update(task, description=step, completed=done, total=total)

        yield report
