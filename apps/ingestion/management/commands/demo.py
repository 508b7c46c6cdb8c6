"""`manage.py demo`: a made-up bank from files to a valued, summed, browsable run."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from apps.ingestion.demo import (
    bands,
    loading,
    picture,
    processes,
    report,
    running,
    serving,
    stewards,
    summary,
)
from apps.ingestion.demo.loading import Loaded
from apps.ingestion.demo.processes import StepFailed
from apps.ingestion.demo.running import WorkersLeft
from apps.ingestion.demo.stopwatch import Stopwatch
from apps.run import selectors
from apps.run.models import Run, RunStatus
from apps.run.request import SubmitError
from apps.run.selectors import Progress
from apps.run.services import Submitted
from fixtures.book.bank import DEFAULT_SEED
from fixtures.book.plan import DEFAULT_POSITIONS, FEWEST
from fixtures.write import write
from foundation.roles import Role

INTERRUPTED = 130


class Command(BaseCommand):
    """Set up, load, value, sum up and serve; each part in a process of its own role."""

    help = "Value the demo book on worker processes, print a summary, and serve it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--positions", type=int, default=DEFAULT_POSITIONS)
        parser.add_argument("--workers", type=int, default=2, help="worker processes (2)")
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another book")
        parser.add_argument("--shards", type=int, help="cut the run into this many tasks")
        parser.add_argument("--force", action="store_true", help="a new run for the same input")
        parser.add_argument("--no-serve", action="store_true", help="end after the summary")
        parser.add_argument(
            "--port", type=int, default=serving.WEB_PORT, help="of the web (%(default)s)"
        )
        parser.add_argument(
            "--desk-port", type=int, default=serving.DESK_PORT, help="of the desk (%(default)s)"
        )
        parser.add_argument("--files", type=Path, help="where to write the book's files")
        parser.add_argument("--picture", type=Path, help="also write the summary as an SVG file")
        parser.add_argument("--json", action="store_true", help="one JSON object on the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the demo; Ctrl-C ends every process it started."""
        if options["positions"] < FEWEST:
            raise CommandError(f"--positions is at least {FEWEST}")
        if options["workers"] < 1:
            raise CommandError("--workers is at least 1")
        if not options["no_serve"]:
            for name in ("port", "desk_port"):
                _refuse_taken(name, options[name])
        # A demo that is told to end ends what it started, as with Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._demo(options)
        except KeyboardInterrupt:
            self.stderr.write("\nstopped; what was committed stays, `demo` again goes on from it")
            sys.exit(INTERRUPTED)
        except (StepFailed, SubmitError, WorkersLeft) as error:
            raise CommandError(str(error)) from None

    def _demo(self, options: dict[str, Any]) -> None:
        console = _console(sys.stderr if options["json"] else sys.stdout)
        clock = Stopwatch()
        serves = not options["no_serve"]
        loaded, password = self._prepare(options, clock, console, serves)
        with ExitStack() as stack:
            submitted, ended = self._value(options, loaded, clock, console, stack)
            run = Run.objects.get(pk=submitted.run_id)
            if run.result_hash is None:
                raise CommandError(f"run {run.run_id} ended as {run.status}: {run.error}")
            with clock.step("summary"):
                found = summary.collect(run.run_id)
                text = report.render(
                    found,
                    bands.bands(found),
                    status=run.status,
                    result_hash=bytes(run.result_hash).hex(),
                )
            console.print(text)
            if options["picture"]:
                picture.export(text, options["picture"], title="manage.py demo")
            console.print(_what_next(run, loaded, submitted), highlight=False)
            if options["json"]:
                self.stdout.write(_as_json(run, ended, found, clock))
                self.stdout.flush()
            if serves:
                ports = options["port"], options["desk_port"]
                servers = stack.enter_context(serving.servers(*ports))
                serving.ready(servers, *ports)
                console.print(_addresses(password, *ports), highlight=False)
                # Ctrl-C is how a served demo ends; before that it is an interruption.
                with suppress(KeyboardInterrupt):
                    serving.wait(servers)

    def _prepare(
        self, options: dict[str, Any], clock: Stopwatch, console: Console, serves: bool
    ) -> tuple[Loaded, str]:
        folder = options["files"] or _folder(options["positions"], options["seed"])
        migrate = ("migrate", "--no-input", "--verbosity", "0")
        # The book is made while the database starts.
        with (
            clock.step("setup"),
            console.status("database, migrations, book"),
            processes.started(*migrate, role=Role.OWNER) as migrating,
        ):
            with clock.step("generate"):
                write(folder, options["positions"], options["seed"])
            processes.finished(migrating, *migrate)
        with clock.step("ingest"):
            return loading.load(folder, password=serves)

    def _value(
        self,
        options: dict[str, Any],
        loaded: Loaded,
        clock: Stopwatch,
        console: Console,
        stack: ExitStack,
    ) -> tuple[Submitted, Progress]:
        """Submit and wait; the workers stay while the demo serves, for runs submitted there."""
        with clock.step("submit"):
            submitted = running.submit(loaded, shards=options["shards"], force=options["force"])
        if options["no_serve"] and submitted.status in selectors.FINAL:
            return submitted, selectors.progress(submitted.run_id)
        arguments = ["worker", "--processes", str(options["workers"])]
        arguments += ["--drain"] if options["no_serve"] else []
        with clock.step("run"):
            workers = stack.enter_context(processes.started(*arguments, role=Role.WORKER))
            return submitted, running.watch(submitted.run_id, workers, console)


def _refuse_taken(name: str, port: int) -> None:
    if serving.is_taken(port):
        option = name.replace("_", "-")
        raise CommandError(f"port {port} is in use; --{option} names another, --no-serve none")


def _console(file: TextIO) -> Console:
    """Return a console that is wide enough for two tables side by side when nobody looks on."""
    console = Console(file=file)
    return console if console.is_terminal else Console(file=file, width=picture.WIDTH)


def _folder(positions: int, seed: int) -> Path:
    return Path(settings.VAR_DIR) / "demo" / f"{positions}-{seed}"


def _what_next(run: Run, loaded: Loaded, submitted: Submitted) -> str:
    known = (
        ""
        if submitted.created
        else f"The same input had been valued already: this is run {run.run_id}. "
        "`--force` values it anew.\n"
    )
    where = (
        f"Position snapshot {loaded.positions}, market {loaded.market}, "
        f"scenario set {loaded.scenarios}.\n"
    )
    seal = f"Seal it:    python manage.py publish_run {run.run_id}\n"
    verify = f"Verify it:  python manage.py verify_run {run.run_id}"
    return known + where + ("" if run.status == RunStatus.PUBLISHED else seal) + verify


def _addresses(password: str, web: int, desk: int) -> str:
    return (
        f"\nWeb   http://{serving.HOST}:{web}/\n"
        f"Desk  http://{serving.HOST}:{desk}/\n"
        f"User  {stewards.NAME}   password  {password}\n"
        "Ctrl-C ends web, desk and workers; the database goes on (`manage.py db stop`)."
    )


def _as_json(run: Run, ended: Progress, found: summary.Summary, clock: Stopwatch) -> str:
    return json.dumps(
        {
            "run_id": run.run_id,
            "status": run.status,
            "positions": run.position_count,
            "valued": run.valued_count,
            "errors": run.error_count,
            "tasks": ended.total,
            "cells": run.cell_count,
            "total_pv": str(found.total.pv),
            "result_hash": bytes(run.result_hash or b"").hex(),
            "seconds": clock.seconds(),
        }
    )
