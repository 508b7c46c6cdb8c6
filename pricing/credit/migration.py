"""Migration of a book between ratings, alone and together with one common factor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray
from pricing.credit.errors import CreditError
from pricing.credit.matrix import TransitionMatrix


def expected_distribution(matrix: TransitionMatrix, exposures: npt.ArrayLike) -> FloatArray:
    """Return the exposure expected in each state after the matrix's period."""
    found = arrays.amounts(exposures, "exposures")
    if found.shape != (len(matrix.states),):
        raise CreditError("SHAPE", "exposures", f"{len(matrix.states)} are expected, one a state")
    return found @ matrix.values


def thresholds(matrix: TransitionMatrix) -> FloatArray:
    """Return (from, to): the standard normal return at or below which a state or worse is reached.

    Gupton, Finger, Bhatia, *CreditMetrics Technical Document* (1997), chapter 8. States are ordered
    from the best to default; the first column is infinite.
    """
    worse = np.cumsum(matrix.values[:, ::-1], axis=1)[:, ::-1]
    found = ndtri(np.clip(worse, 0.0, 1.0))
    found[:, 0] = np.inf
    return np.asarray(found, dtype=np.float64)


def conditional(matrix: TransitionMatrix, factor: npt.ArrayLike, correlation: float) -> FloatArray:
    """Return (factors, from, to): the matrix given values of the common factor.

    Return = sqrt(correlation) x factor + sqrt(1 - correlation) x own; a low factor is a bad year.
    """
    if not 0.0 <= correlation < 1.0:
        raise CreditError("OUT_OF_RANGE", "correlation", f"{correlation} is not from 0 to below 1")
    given = arrays.within(factor, "factor", -np.inf).reshape(-1, 1, 1)
    levels = thresholds(matrix)[None]
    worse = ndtr((levels - np.sqrt(correlation) * given) / np.sqrt(1.0 - correlation))
    return np.asarray(-np.diff(worse, axis=2, append=0.0))


def value_distribution(
    matrix: TransitionMatrix, rating: str, values: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, float, float]:
    """Return values sorted with their probabilities, mean and deviation, of one position.

    `values` (states,) are its worth at the horizon in each state: forward values, and the recovered
    in default (CreditMetrics, chapter 2).
    """
    row = matrix.values[matrix.at([rating])[0]]
    worth = arrays.within(values, "values", -np.inf)
    if worth.shape != row.shape:
        raise CreditError("SHAPE", "values", f"{len(row)} are expected, one a state")
    order = np.argsort(worth, kind="stable")
    mean = float(row @ worth)
    return worth[order], row[order], mean, float(np.sqrt(row @ np.square(worth - mean)))
