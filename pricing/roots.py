"""Roots of decreasing functions, many at once: Newton's method inside a shrinking bracket."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ITERATIONS = 120


def decreasing(
    function: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    target: FloatArray,
    low: FloatArray,
    high: FloatArray,
    guess: FloatArray,
) -> tuple[FloatArray, BoolArray]:
    """Return where each function meets its target, and whether it does; arrays of one shape.

    `function` gives values and slopes. Each element stops by itself, so its bits do not depend on
    the others; one without a root inside [low, high] is False.
    """
    at_low, at_high = function(low)[0], function(high)[0]
    bracketed = (at_low >= target) & (at_high <= target)
    low, high = low.copy(), high.copy()
    found = np.clip(guess, low, high)
    active = bracketed.copy()
    for _ in range(ITERATIONS):
        if not active.any():
            break
        value, slope = function(found)
        error = value - target
        low = np.where(active & (error > 0.0), found, low)
        high = np.where(active & (error <= 0.0), found, high)
        step = found - error / np.where(slope == 0.0, -1.0, slope)
        inside = (step > low) & (step < high)
        following = np.where(inside, step, 0.5 * (low + high))
        met = np.abs(error) <= 1e-15 * np.abs(target)
        still = np.abs(following - found) <= 1e-15 * np.maximum(1.0, np.abs(found))
        found = np.where(active & ~met, following, found)
        active &= ~(met | still)
    error = function(found)[0] - target
    close = np.abs(error) <= 1e-11 * np.maximum(np.abs(target), 1e-9)
    return found, bracketed & close
