"""How far runs have come."""

from __future__ import annotations

from typing import Self

from apps.run import selectors as runs
from graph.batch import Batch
from graph.context import Context
from graph.declare import object_type
from graph.enums import Phase, RunStatus


@object_type(name="RunProgress")
class ProgressType:
    """The tasks of a run by status; tasks of later phases are not made yet."""

    status: RunStatus
    phase: Phase
    positions: int
    positions_done: int
    total: int
    queued: int
    running: int
    succeeded: int
    failed: int
    dead: int
    cancelled: int
    split: int

    @classmethod
    def of(cls, progress: runs.Progress) -> Self:
        """Return the type of a run's progress."""
        tasks = progress.tasks
        return cls(
            status=RunStatus(progress.status),
            phase=Phase(progress.phase),
            positions=progress.positions,
            positions_done=progress.positions_done,
            total=progress.total,
            queued=tasks["QUEUED"],
            running=tasks["RUNNING"],
            succeeded=tasks["SUCCEEDED"],
            failed=tasks["FAILED"],
            dead=tasks["DEAD"],
            cancelled=tasks["CANCELLED"],
            split=tasks["SPLIT"],
        )


def by_run(context: Context) -> Batch[int, ProgressType]:
    """Return the request's progress by run."""

    def load(keys: list[int]) -> dict[int, ProgressType]:
        return {run: ProgressType.of(each) for run, each in runs.progress_of(keys).items()}

    return context.batches.of("progress", load)
