"""Submitting the demo's run and watching workers value it."""

from __future__ import annotations

import subprocess
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from apps.ingestion.demo.loading import Loaded
from apps.ingestion.demo.processes import StepFailed
from apps.run import selectors, services
from apps.run.request import Submission
from apps.run.services import Submitted
from fixtures.book.tree import ROOT

MEASURES = (
    "PV",
    "CLEAN_PV",
    "ACCRUED",
    "DV01",
    "KEY_RATE_DV01",
    "CS01",
    "SPREAD_DURATION",
    "CONVEXITY",
    "FX_EXPOSURE",
    "FX_DELTA",
    "NOTIONAL",
    "PRINCIPAL",
    "WAL",
    "SPREAD",
)
"""What the demo asks for on BASE; PV stands on every scenario."""

_POLL_SECONDS = 0.2


class WorkersLeft(RuntimeError):
    """The workers drained and the run is not done: its tasks are not theirs."""


def submit(loaded: Loaded, *, shards: int | None = None, force: bool = False) -> Submitted:
    """Submit the run of the loaded book, or return the one its input has already."""
    return services.submit(
        Submission(
            positions=loaded.positions,
            market=loaded.market,
            scenarios=loaded.scenarios,
            # Named, for the database may hold the trees of other banks too.
            node=ROOT,
            measures=MEASURES,
            shards=shards,
            force=force,
        ),
        submitted_by="demo",
    )


def watch(run_id: int, workers: subprocess.Popen[str], console: Console) -> selectors.Progress:
    """Show how far the run is until nobody works on it any more; return where it ended."""
    bar = Progress(
        TextColumn("[bold]valuing"),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        shown = bar.add_task("valuing", total=None, detail="")
        while True:
            # Asked before the state is read: workers that drained may just have ended it.
            ended = workers.poll()
            found = selectors.progress(run_id)
            bar.update(
                shown,
                total=found.positions,
                completed=found.positions_done,
                detail=f"{found.phase.lower()}, {found.tasks['SUCCEEDED']}/{found.total} tasks",
            )
            if found.is_final:
                return found
            if ended == 0:
                raise WorkersLeft(
                    f"the workers found nothing left to do and run {run_id} is {found.status}:"
                    " it was submitted under another engine, so the code changed meanwhile"
                )
            if ended is not None:
                raise StepFailed("manage.py worker", ended)
            time.sleep(_POLL_SECONDS)
