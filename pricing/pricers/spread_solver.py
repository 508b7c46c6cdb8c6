"""Spreads at which rows are worth their price, where a value costs a lattice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pricing.pricers.own_spread import LIMIT

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Error = Callable[[FloatArray], FloatArray]
"""Values less prices (rows, trials) at spreads (rows, trials), decreasing in the spread."""

ITERATIONS = 60
SLOPE = 1e-6
"""The step of the difference that stands for the slope."""
CLOSE = 1e-13
"""A step of the spread below this ends the search."""


def solve(error: Error, scale: FloatArray, wanted: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Return the spread of each wanted row, and which of them has none within LIMIT.

    Newton's method inside a shrinking bracket; each row stops by itself, so that its bits do not
    depend on the others. `scale` (rows,) is what errors are small against.
    """
    rows = len(scale)
    low, high = np.full(rows, -LIMIT), np.full(rows, LIMIT)
    ends = error(np.column_stack([low, high]))
    active = wanted & (ends[:, 0] >= 0.0) & (ends[:, 1] <= 0.0)
    failed = wanted & ~active
    found = np.zeros(rows)
    miss = np.zeros(rows)
    for _ in range(ITERATIONS):
        if not active.any():
            break
        both = error(np.column_stack([found, found + SLOPE]))
        slope = (both[:, 1] - both[:, 0]) / SLOPE
        miss = np.where(active, both[:, 0], miss)
        low = np.where(active & (miss > 0.0), found, low)
        high = np.where(active & (miss <= 0.0), found, high)
        step = found - miss / np.where(slope == 0.0, -1.0, slope)
        following = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        met = miss == 0.0
        still = np.abs(following - found) <= CLOSE
        found = np.where(active & ~met, following, found)
        active &= ~(met | still)
    close = np.abs(miss) <= 1e-10 * np.maximum(scale, 1e-6)
    return found, failed | (wanted & ~close)
