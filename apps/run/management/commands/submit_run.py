"""`manage.py submit_run`: ask for a run, and wait for it if told to."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from apps.run import selectors, services
from apps.run.request import CUTS, Submission, SubmitError

_LOOK_SECONDS = 0.25
_GOOD = ("COMPLETED", "COMPLETED_WITH_ERRORS", "PUBLISHED")


class Command(BaseCommand):
    """Submit a run; equal input returns the run that is there already."""

    help = "Submit a run of a position snapshot on a market under a scenario set."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        ids = (("positions", "position snapshot"), ("market", "market snapshot"))
        for name, title in (*ids, ("scenarios", "scenario set")):
            parser.add_argument(f"--{name}", type=int, required=True, metavar="ID", help=title)
        parser.add_argument(
            "--valuation-date", type=_date, metavar="D", help="YYYY-MM-DD (the snapshot's)"
        )
        parser.add_argument("--cut", choices=CUTS, default=CUTS[0])
        parser.add_argument("--allow-stale-days", type=int, default=0, metavar="N")
        parser.add_argument(
            "--measures", type=_list, default=(), metavar="A,B@SCENARIO", help="(the usual ones)"
        )
        parser.add_argument("--portfolio", metavar="NODE", help="code of a subtree (all)")
        parser.add_argument("--currency", default="USD")
        parser.add_argument("--key-rate-tenors", type=_list, default=(), metavar="3M,1Y")
        parser.add_argument("--rulebooks", type=_list, default=(), metavar="NAME@VERSION")
        parser.add_argument(
            "--cashflows", type=_list, default=(), metavar="SCENARIO",
            help="maturity ladder and duration bridge under these scenarios (none)",
        )  # fmt: skip
        parser.add_argument("--ladder-buckets", type=_list, default=(), metavar="1W,1M,1Y")
        parser.add_argument("--horizon", metavar="1Y", help="of the duration bridge (1Y)")
        parser.add_argument("--shards", type=int, metavar="N")
        parser.add_argument("--max-attempts", type=int, default=5, metavar="N")
        parser.add_argument("--force", action="store_true", help="a new run for equal input")
        parser.add_argument("--wait", action="store_true", help="until the run has ended")
        parser.add_argument("--json", action="store_true", help="one object on the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Submit, report, wait."""
        try:
            submitted = services.submit(_submission(options), submitted_by=getpass.getuser())
        except SubmitError as error:
            raise CommandError(f"{option(error.field)}: {error} [{error.code}]") from error
        made = "submitted" if submitted.created else "equal input, already submitted"
        self.stderr.write(
            f"run {submitted.run_id} {made}; snapshots {submitted.positions_age} and "
            f"{submitted.market_age} days older than the valuation date"
        )
        progress = selectors.progress(submitted.run_id)
        if options["wait"]:
            progress = watch(submitted.run_id)
        if options["json"]:
            report = {"created": submitted.created, **summary(progress)}
            self.stdout.write(json.dumps(report, sort_keys=True))
        else:
            self.stdout.write(f"run {progress.run_id} {progress.status}")
        if options["wait"] and progress.status not in _GOOD:
            sys.exit(1)


def watch(run_id: int) -> selectors.Progress:
    """Show a run's progress until it has ended; return where it stands then."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task(f"run {run_id}", total=None)
        while True:
            seen = selectors.progress(run_id)
            bar.update(
                shown,
                description=f"run {run_id} {seen.status} {seen.phase}",
                total=seen.positions,
                completed=seen.positions_done,
            )
            if seen.is_final:
                return seen
            time.sleep(_LOOK_SECONDS)


def summary(progress: selectors.Progress) -> dict[str, Any]:
    """Return a run's standing as plain values."""
    return {
        "run_id": progress.run_id,
        "status": progress.status,
        "phase": progress.phase,
        "positions": progress.positions,
        "positions_done": progress.positions_done,
        "tasks": {"total": progress.total}
        | {status.lower(): count for status, count in progress.tasks.items()},
    }


def _submission(options: dict[str, Any]) -> Submission:
    return Submission(
        positions=options["positions"],
        market=options["market"],
        scenarios=options["scenarios"],
        valuation_date=options["valuation_date"],
        cut=options["cut"],
        allow_stale_days=options["allow_stale_days"],
        measures=options["measures"],
        node=options["portfolio"],
        currency=options["currency"],
        key_rate_tenors=options["key_rate_tenors"],
        rulebooks=options["rulebooks"],
        cashflows=options["cashflows"],
        ladder_buckets=options["ladder_buckets"],
        horizon=options["horizon"],
        shards=options["shards"],
        max_attempts=options["max_attempts"],
        force=options["force"],
    )


def option(field: str) -> str:
    """Return the option that a field of the submission is given by."""
    return "--portfolio" if field == "node" else "--" + field.replace("_", "-")


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
