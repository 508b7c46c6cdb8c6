"""Quotients of integers as integers: one rule, half to even, in exact arithmetic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.risk.arrays import IntArray


def quotient(numerator: int, denominator: int) -> int:
    """Return numerator / denominator, a half to the even neighbour; the denominator positive."""
    whole, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
        return whole + 1
    return whole


def quotients(numerators: npt.NDArray[np.object_] | IntArray, denominator: int) -> IntArray:
    """Return the quotient of each Python integer by the one denominator."""
    exact = [quotient(int(value), denominator) for value in numerators]
    return np.array(exact, dtype=np.int64)
