"""Curves at a horizon, told as curves of today: what happens up to it, then the rest slides.

For a horizon of h years the exponent z(t) t of a discount factor becomes

    z(m) m + z(t - m) (t - m),    m = min(t, h):

forward rates are realised up to the horizon and from there the curve of today begins anew, with
its tenors. The value of flows on that curve, carried to the horizon by exp(z(h) h), is their value
at the horizon on a curve of unchanged tenors (docs/methods/carry.md).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def rolled(
    zero_rates: Callable[[FloatArray], FloatArray], times: FloatArray, days: int
) -> FloatArray:
    """Return zero rates (times, columns) of curves that slide after a number of days."""
    first = np.minimum(times, days / 365.0)
    rest = times - first
    early, late = zero_rates(first), zero_rates(rest)
    # Up to the horizon nothing moves: not a bit.
    moved = rest > 0.0
    exponent = early * first[:, None] + late * rest[:, None]
    return np.where(moved[:, None], exponent / np.where(moved, times, 1.0)[:, None], early)
