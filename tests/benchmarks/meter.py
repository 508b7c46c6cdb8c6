"""Counts the CPU seconds of each step of a task, in the worker and in its backend.

A run keeps wall seconds by step, which waiting for the other side, or for a core, makes longer.
Here `cpu STEP` and `server STEP` are added to what `run_task_attempt.seconds` holds. A step
inside another is counted once, in its own: the steps of an attempt add up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any

from apps.result import encode, leaf, rollup
from apps.run import execution
from apps.run.execution import Execution
from apps.run.leases import Attempt
from pricing.pricers import debt, loan
from tests.benchmarks.processes import thread_cpu

CLIENT, SERVER = "cpu ", "server "
FINALISERS = ("RollupFinaliser", "RiskFinaliser", "ClosingFinaliser")


class Meter:
    """The attempt in hand of this process, and the steps it is inside of."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._backend = 0
        self._steps: list[str] = []
        self._mark = (0.0, 0.0)

    def begin(self, attempt: Attempt, backend: int) -> None:
        """Count for this attempt from now on; `backend` is its server process."""
        self._seconds, self._backend = attempt.seconds, backend
        self._steps.clear()
        self._mark = self._now()

    @property
    def is_counting(self) -> bool:
        """Whether a step of a task is under way (the canary prices before the first one)."""
        return bool(self._steps)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what is inside as `name`."""
        self._lap()
        self._steps.append(name)
        try:
            yield
        finally:
            self._lap()
            self._steps.pop()

    def _now(self) -> tuple[float, float]:
        return time.thread_time(), thread_cpu(self._backend)

    def _lap(self) -> None:
        now = self._now()
        if self._steps:
            for side, after, before in zip((CLIENT, SERVER), now, self._mark, strict=True):
                key = side + self._steps[-1]
                self._seconds[key] = self._seconds.get(key, 0.0) + after - before
        self._mark = now


METER = Meter()


def install() -> None:
    """Put the meter around the steps of a task and the parts of pricing and encoding."""
    _around_steps()
    for module, name, step in (
        (loan, "generate", "generate"),
        (debt, "discounted", "kernel"),
        (rollup, "partials", "rollup"),
        (encode, "partial_rows", "rollup"),
        (leaf, "digests", "hash"),
        (leaf, "value_leaf", "hash"),
    ):
        setattr(module, name, _counted(getattr(module, name), step))


def _around_steps() -> None:
    run, timed = Execution.run, execution._timed

    def begin_and_run(
        self: Execution, connection: Any, attempt: Attempt, *, crashed: str = ""
    ) -> None:
        METER.begin(attempt, connection.info.backend_pid)
        run(self, connection, attempt, crashed=crashed)

    @contextmanager
    def counted(attempt: Attempt, name: str) -> Iterator[None]:
        step: AbstractContextManager[None] = METER.step("finalise" if name in FINALISERS else name)
        with timed(attempt, name), step:
            yield

    vars(execution)["_timed"] = counted
    Execution.run = begin_and_run  # type: ignore[method-assign]


def _counted(function: Callable[..., Any], step: str) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if not METER.is_counting:
            return function(*arguments, **named)
        with METER.step(step):
            return function(*arguments, **named)

    return call
