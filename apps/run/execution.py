"""One task from its claim to its commit: load, compute, encode, complete."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.run import leases, loading, selectors
from apps.run.contracts import CellSpec, Encoded, Final, Found, GroupRows, RunRequest, Shard
from apps.run.heartbeat import Heartbeat
from apps.run.leases import Attempt, Task
from apps.run.pipeline import Pipeline

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

_KEPT_RUNS = 4


@dataclass(frozen=True, slots=True)
class _Job:
    """A task in hand with what its run's tasks share."""

    connection: Connection[Any]
    attempt: Attempt
    request: RunRequest
    axis: list[CellSpec]

    @property
    def task(self) -> Task:
        return self.attempt.task


class Execution:
    """Runs tasks on one pipeline; keeps what the tasks of a run share.

    `interruptible` marks the parts that a signal to stop may end at any point: all but the
    copying transaction, which is nearly done when it begins.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        beat: Heartbeat,
        interruptible: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._pipeline = pipeline
        self._beat = beat
        self._interruptible = interruptible
        self._known: OrderedDict[int, tuple[RunRequest, list[CellSpec]]] = OrderedDict()

    def run(self, connection: Connection[Any], attempt: Attempt, *, crashed: str = "") -> None:
        """Do a task and commit it, or raise.

        `crashed` says why a single position is not computed once more: it gets its error row.
        """
        with self._interruptible():
            with _timed(attempt, "load"):
                request, axis = self._request(connection, attempt.task.run_id)
            job = _Job(connection, attempt, request, axis)
            if attempt.task.phase == "FINALISE":
                self._finalise(job)
                return
            encoded = self._encoded(job, crashed)
        self._beat.check()

        def copy(cursor: Cursor[Any]) -> None:
            with _timed(attempt, "copy"):
                self._pipeline.sink.copy(cursor, encoded)

        leases.complete(connection, attempt, encoded.leaf_hash, copy, crashed=crashed)

    def _request(
        self, connection: Connection[Any], run_id: int
    ) -> tuple[RunRequest, list[CellSpec]]:
        known = self._known.get(run_id)
        if known is None:
            with connection.cursor() as cursor:
                request = selectors.load_request(cursor, run_id)
            known = self._known[run_id] = request, self._pipeline.axis(request)
            while len(self._known) > _KEPT_RUNS:
                self._known.popitem(last=False)
        return known

    def _encoded(self, job: _Job, crashed: str) -> Encoded:
        if crashed:
            return self._pipeline.sink.encode_crashed(self._shard(job), job.axis, crashed)
        if job.task.phase == "CONTEXT":
            return self._context(job)
        if job.task.phase == "GROUP":
            return self._group(job)
        return self._value(job)

    def _shard(self, job: _Job) -> Shard:
        with _timed(job.attempt, "load"):
            context = job.task.phase == "VALUE" and bool(self._pipeline.context)
            return loading.load(
                job.connection, job.task, job.request, self._pipeline.sink, context=context
            )

    def _context(self, job: _Job) -> Encoded:
        shard = self._shard(job)
        facts = []
        for stage in self._pipeline.context:
            self._beat.check()
            with _timed(job.attempt, stage.name):
                facts.append(stage.compute(shard))
        with _timed(job.attempt, "encode"):
            return self._pipeline.sink.encode_context(shard, np.concatenate(facts, axis=1))

    def _value(self, job: _Job) -> Encoded:
        shard = self._shard(job)
        for stage in self._pipeline.value:
            self._beat.check()
            with _timed(job.attempt, stage.name):
                stage.compute(shard)
        self._beat.check()
        job.attempt.seconds.update(shard.columns.get("seconds", {}))
        with _timed(job.attempt, "encode"):
            return self._pipeline.sink.encode(shard, job.axis)

    def _group(self, job: _Job) -> Encoded:
        rows: list[Any] = []
        for stage in self._pipeline.group:
            self._beat.check()
            with _timed(job.attempt, stage.name):
                rows += stage.compute(job.connection, job.request, job.task.run_id).rows
        with _timed(job.attempt, "encode"):
            return self._pipeline.sink.encode_groups(
                job.task.run_id, job.task.task_id, GroupRows(rows)
            )

    def _finalise(self, job: _Job) -> None:
        run_id = job.task.run_id

        def finalise(cursor: Cursor[Any]) -> Final:
            stated: Final | None = None
            found = Found()
            for finaliser in self._pipeline.finalisers:
                self._beat.check()
                with _timed(job.attempt, type(finaliser).__name__):
                    stated = finaliser.finalise(cursor, run_id, job.request, found) or stated
            if stated is None:
                raise RuntimeError("no finaliser states the counts of the run")
            return stated

        def close(cursor: Cursor[Any]) -> None:
            self._pipeline.sink.close(cursor, run_id)

        leases.finish(job.connection, job.attempt, finalise, close)


@contextmanager
def _timed(attempt: Attempt, name: str) -> Iterator[None]:
    begun = time.perf_counter()
    try:
        yield
    finally:
        spent = time.perf_counter() - begun
        attempt.seconds[name] = attempt.seconds.get(name, 0.0) + spent
