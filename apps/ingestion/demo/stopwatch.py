"""Seconds of each step of the demo."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Measures named steps, in the order they are taken; `total` runs from its making."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._steps: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the block as step `name`."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._steps[name] = self._steps.get(name, 0.0) + time.monotonic() - start

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each step so far and of all since the start."""
        steps = {name: round(taken, 2) for name, taken in self._steps.items()}
        return steps | {"total": round(time.monotonic() - self._start, 2)}
