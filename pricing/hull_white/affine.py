"""Closed forms of the Hull-White model dr = (theta(t) - a r) dt + sigma dW.

x(t) = r(t) - f(0, t). Bonds are exponentials of x, whose variance is sigma^2 q(t)^2. Source: Brigo
and Mercurio, "Interest Rate Models", 2nd ed., section 3.3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def decayed(reversion: float, times: FloatArray) -> FloatArray:
    """Return B(t) = (1 - exp(-a t)) / a, t itself without mean reversion."""
    if reversion == 0.0:
        return times.copy()
    return np.asarray(np.expm1(times * -reversion) / -reversion)


def deviation(reversion: float, times: FloatArray) -> FloatArray:
    """Return q(t), the standard deviation of x after a time for sigma = 1."""
    return np.asarray(np.sqrt(np.maximum(decayed(2.0 * reversion, times), 0.0)))


def bond_factor(bond: FloatArray, level: FloatArray, variance: FloatArray) -> FloatArray:
    """Return P(t, T; x) P(0, t) / P(0, T) = exp(-B x - B^2 v(t) / 2), v the variance of x(t)."""
    return np.asarray(np.exp(-bond * (level + 0.5 * bond * variance)))
