"""The loss of a book of infinitely many small loans with one common factor, in closed form.

Vasicek, "Loan portfolio value", Risk (December 2002). The common factor is standard normal; given
it, the share that defaults is Phi((Phi^-1(PD) - sqrt(rho) factor) / sqrt(1 - rho)).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from scipy.stats import multivariate_normal

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray
from pricing.credit.errors import CreditError


def conditional_pd(
    pd: npt.ArrayLike, correlation: npt.ArrayLike, factor: npt.ArrayLike
) -> FloatArray:
    """Return the probability of default given the common factor; a low factor is a bad year."""
    unconditional, rho = arrays.probabilities(pd, "pd"), _correlation(correlation)
    given = np.asarray(factor, dtype=np.float64)
    return np.asarray(ndtr((ndtri(unconditional) - np.sqrt(rho) * given) / np.sqrt(1.0 - rho)))


def quantile(pd: npt.ArrayLike, correlation: npt.ArrayLike, level: float) -> FloatArray:
    """Return the default rate that is not exceeded with probability `level`."""
    return conditional_pd(pd, correlation, -float(ndtri(_level(level))))


def distribution(pd: float, correlation: float, rate: npt.ArrayLike) -> FloatArray:
    """Return the probability that the default rate is at most `rate`."""
    rho = _correlation(correlation)
    given = ndtri(arrays.probabilities(rate, "rate"))
    return np.asarray(ndtr((np.sqrt(1.0 - rho) * given - ndtri(pd)) / np.sqrt(rho)))


def shortfall(pd: float, correlation: float, level: float) -> float:
    """Return the mean default rate beyond the quantile.

    Phi2(Phi^-1(PD), Phi^-1(1 - level); sqrt(rho)) / (1 - level), Phi2 the bivariate normal.
    """
    tail = 1.0 - _level(level)
    rho = float(np.sqrt(_correlation(correlation)))
    both = multivariate_normal(mean=[0.0, 0.0], cov=[[1.0, rho], [rho, 1.0]])
    return float(both.cdf([ndtri(pd), ndtri(tail)]) / tail)


def economic_capital(
    pd: npt.ArrayLike,
    lgd: npt.ArrayLike,
    exposures: npt.ArrayLike,
    correlation: npt.ArrayLike,
    level: float,
) -> FloatArray:
    """Return (quantile - PD) x LGD x exposure of each position; they add up.

    Gordy, "A risk-factor model foundation for ratings-based bank capital rules", J. Financial
    Intermediation 12 (2003): contributions do not depend on the rest of a fine-grained book.
    """
    loss = arrays.probabilities(lgd, "lgd") * arrays.amounts(exposures, "exposures")
    return (quantile(pd, correlation, level) - np.asarray(pd, dtype=np.float64)) * loss


def _correlation(value: npt.ArrayLike) -> FloatArray:
    found = arrays.probabilities(value, "correlation")
    if bool((found >= 1.0).any()):
        raise CreditError("OUT_OF_RANGE", "correlation", "is not below 1")
    return found


def _level(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise CreditError("OUT_OF_RANGE", "level", f"{level} is not between 0 and 1")
    return level
