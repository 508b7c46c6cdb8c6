"""How near a test comes to what it compares with: every comparison by `pytest.approx`, recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pytest


class Difference(NamedTuple):
    """The largest difference of one comparison, relative to what it may be."""

    difference: float
    tolerance: float

    @property
    def share(self) -> float:
        """Return the difference as a share of the tolerance."""
        return self.difference / self.tolerance if self.tolerance > 0.0 else 0.0


class Near:
    """What `pytest.approx` returns, telling a listener of each comparison."""

    __hash__ = None  # type: ignore[assignment]
    # NumPy leaves the comparison to us, as it does to pytest's own.
    __array_ufunc__ = None
    __array_priority__ = 100

    def __init__(self, listen: Callable[[Difference], None], expected: Any, **limits: Any) -> None:
        self._listen = listen
        self._expected = expected
        self._limits = limits
        self._inner = _APPROX(expected, **limits)

    def __repr__(self) -> str:
        return repr(self._inner)

    def __eq__(self, actual: object) -> bool:
        same = bool(actual == self._inner)
        for found, wanted in _pairs(actual, self._expected):
            limit = float(_APPROX(wanted, **self._limits).tolerance)
            self._listen(Difference(abs(found - wanted), limit))
        return same

    def __ne__(self, actual: object) -> bool:
        return not self == actual


_APPROX = pytest.approx


def _pairs(actual: Any, expected: Any) -> Iterator[tuple[float, float]]:
    """Return the numbers that are compared; none where the shapes are not alike."""
    if isinstance(expected, Mapping):
        if isinstance(actual, Mapping) and actual.keys() == expected.keys():
            for key in expected:
                yield from _pairs(actual[key], expected[key])
        return
    if expected is None or actual is None:
        return
    found, wanted = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    if found.shape == wanted.shape:
        yield from zip(found.ravel().tolist(), wanted.ravel().tolist(), strict=True)


@contextmanager
def recorded(patch: pytest.MonkeyPatch) -> Iterator[list[Difference]]:
    """Return what is compared while inside."""
    found: list[Difference] = []

    def approx(
        expected: Any,
        rel: Any = None,
        abs: Any = None,
        nan_ok: bool = False,
    ) -> Near:
        return Near(found.append, expected, rel=rel, abs=abs, nan_ok=nan_ok)

    patch.setattr(pytest, "approx", approx)
    yield found
    patch.setattr(pytest, "approx", _APPROX)
