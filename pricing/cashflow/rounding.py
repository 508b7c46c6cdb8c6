"""A ladder rounded to integer quanta so that it sums exactly to what is outstanding.

Each bucket of a position is rounded half to even to a count of the quantum; what the counts then
lack of the rounded total is given, unit by unit, to the buckets that were rounded furthest the
other way (largest remainder), the first of equals first; buckets without an amount take no part.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

NOISE = 1e-12
"""Of the sum of absolute flows: what floating-point sums leave where nothing is missing."""

EXACT = 2.0**51
"""Counts below this are integers that a division by a power of ten and back restores."""


def without_noise(rest: FloatArray, size: FloatArray) -> FloatArray:
    """Return what flows leave of a total, 0 where it is no more than rounding of their sum."""
    return np.where(np.abs(rest) <= NOISE * size, 0.0, rest)


def exact_parts(parts: FloatArray, total: FloatArray, quantum: int) -> FloatArray:
    """Return parts (rows, buckets) as whole counts of 10**-quantum that sum to `total` (rows,).

    The total is rounded half to even as it is stored. Rows with a part of 2**51 quanta or more
    stay as they are (two billion units of a currency with cents): they are beyond what a float
    keeps of a quantum.
    """
    power = 10.0**quantum
    scaled = parts * power
    counts = np.rint(scaled)
    lacking = np.rint(total * power) - counts.sum(axis=1)
    used = parts != 0.0
    members = used.sum(axis=1)
    usable = np.isfinite(lacking) & (members > 0)
    usable &= np.abs(scaled).max(axis=1, initial=0.0) < EXACT
    usable &= np.abs(total * power) < EXACT
    lacking = np.where(usable, lacking, 0.0)
    direction = np.sign(lacking)[:, None]
    owed = np.where(used, (scaled - counts) * direction, -np.inf)
    rank = np.argsort(np.argsort(-owed, axis=1, kind="stable"), axis=1, kind="stable")
    count = np.where(members > 0, members, 1)
    each, over = np.divmod(np.abs(lacking), count)
    units = each[:, None] + (rank < over[:, None])
    counts += np.where(used, units, 0.0) * direction
    return np.where(usable[:, None], counts / power, parts)
