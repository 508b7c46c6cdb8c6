"""Integer money: rounded once, added exactly, split without a remainder."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

LIMIT = 2**62
"""A cell of this size or more is an overflow: half of int64, so that a sum of two still fits."""

_WRAP = float(2**62)


def quantise(
    values: NDArray[np.float64], exponents: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The cells `values[n, c]` as counts of 10**-exponents[c], and the rows that do not fit.

    Rounded half to even, once. A cell that is NaN, infinite or at least 2**62 quanta is 0 in the
    counts and marks its row.
    """
    powers = np.asarray(exponents, dtype=np.int64)
    # A power of ten is exact as a float up to 10**22; its inverse never is: divide instead.
    with np.errstate(over="ignore"):  # what becomes infinite is flagged below
        scaled = np.multiply(values, 10.0 ** np.maximum(powers, 0))
    if (powers < 0).any():
        scaled /= 10.0 ** np.maximum(-powers, 0)
    np.rint(scaled, out=scaled)
    fits = np.abs(scaled) < LIMIT
    rows: NDArray[np.bool_] = np.logical_not(fits.all(axis=1))
    if rows.any():
        scaled[~fits] = 0.0
    return scaled.astype(np.int64), rows


def decimal_text(count: int, exponent: int) -> str:
    """The amount `count` * 10**-exponent with all its digits: 5 and 2 give `0.05`."""
    if exponent <= 0:
        return str(count * 10**-exponent)
    digits = str(abs(count)).rjust(exponent + 1, "0")
    sign = "-" if count < 0 else ""
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def guarded_sum(
    cells: NDArray[np.int64], starts: NDArray[np.intp] | None = None
) -> NDArray[np.int64]:
    """The sums of `cells[n, c]` over rows: one row, or one per segment that begins at `starts`.

    Addition of integers is the same in any order. A sum that leaves int64 raises OverflowError:
    it wraps by 2**64, which a float sum beside it does not.
    """
    if starts is None:
        total: NDArray[np.int64] = np.add.reduce(cells, axis=0, dtype=np.int64)
        shadow = np.add.reduce(cells, axis=0, dtype=np.float64)
    else:
        total = np.add.reduceat(cells, starts, axis=0, dtype=np.int64)
        shadow = np.add.reduceat(cells, starts, axis=0, dtype=np.float64)
    if not (np.abs(shadow - total) < _WRAP).all():
        raise OverflowError("a total does not fit into 64 bits")
    return total


def largest_remainder(total: int, weights: Sequence[int | float | Decimal | Fraction]) -> list[int]:
    """`total` split in proportion to `weights`, in integers whose sum is `total`.

    Each part is rounded towards zero; the units left over go to the largest remainders, the
    first of equals first (Hamilton's method). Weights are not negative and not all zero.
    """
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact, Fraction(0))
    if any(weight < 0 for weight in exact):
        raise ValueError("a weight is negative")
    if whole == 0:
        if total == 0:
            return [0] * len(exact)
        raise ValueError("all weights are zero: nothing says where the total belongs")
    shares = [abs(total) * weight / whole for weight in exact]
    parts = [int(share) for share in shares]
    left = abs(total) - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for index in by_remainder[:left]:
        parts[index] += 1
    return [-part for part in parts] if total < 0 else parts
