"""Generators of transition matrices: the logarithm, corrected to be one, and back.

Israel, Rosenthal, Wei, "Finding generators for Markov chains via empirical transition matrices,
with applications to credit ratings", Mathematical Finance 11 (2001) 245-265.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.linalg import expm, logm

from pricing.credit.arrays import FloatArray, amounts
from pricing.credit.errors import CreditError
from pricing.credit.matrix import TransitionMatrix, validated

NOISE = 1e-10
"""Imaginary parts and rows of a logarithm that arithmetic leaves, per year."""


class Adjustment(StrEnum):
    """How negative rates off the diagonal are removed."""

    DIAGONAL = "DIAGONAL"
    WEIGHTED = "WEIGHTED"


@dataclass(frozen=True, slots=True)
class Generator:
    """Rates (from, to) a year; `removed` is the largest sum of negative rates a row had.

    `distance` is the largest difference of the matrix over its own period from the one given.
    """

    states: tuple[str, ...]
    rates: FloatArray
    adjustment: Adjustment
    removed: float
    distance: float

    def matrix(self, years: float) -> TransitionMatrix:
        """Return the matrix over `years`: exp(years x rates)."""
        return validated(self.states, self._over(years), years)

    def default_probabilities(self, years: FloatArray) -> FloatArray:
        """Return (states, times): the probability of default by each time, in years."""
        columns = [self._over(float(t))[:, -1] for t in amounts(years, "years").ravel()]
        return np.stack(columns, axis=1)

    def _over(self, years: float) -> FloatArray:
        found = np.clip(np.asarray(expm(self.rates * years)), 0.0, 1.0)
        found /= found.sum(axis=1, keepdims=True)
        found[-1] = 0.0
        found[-1, -1] = 1.0
        return found


def generator(matrix: TransitionMatrix, adjustment: Adjustment) -> Generator:
    """Return the generator of a matrix; NO_GENERATOR where the logarithm is not real."""
    with np.errstate(all="ignore"):
        logarithm = np.asarray(logm(matrix.values))
    if not np.isfinite(logarithm).all() or np.abs(logarithm.imag).max() > NOISE:
        raise CreditError("NO_GENERATOR", "matrix", "its logarithm is not real")
    raw = logarithm.real / matrix.years
    raw[-1] = 0.0
    off = ~np.eye(len(raw), dtype=bool)
    negative = np.where(off & (raw < 0.0), -raw, 0.0).sum(axis=1)
    rates = _diagonal(raw) if adjustment is Adjustment.DIAGONAL else _weighted(raw)
    found = Generator(matrix.states, rates, adjustment, float(negative.max()), 0.0)
    distance = float(np.abs(found.matrix(matrix.years).values - matrix.values).max())
    return Generator(matrix.states, rates, adjustment, found.removed, distance)


def obstacle(matrix: TransitionMatrix) -> str | None:
    """Return why no generator can give the matrix exactly, None where no reason is known.

    Israel, Rosenthal and Wei, theorem 3.1: the determinant is not positive, it is above the product
    of the diagonal, or a state that can be reached in several steps has probability 0 in one.
    """
    determinant = float(np.linalg.det(matrix.values))
    if determinant <= 0.0:
        return "its determinant is not positive"
    if determinant > float(np.prod(np.diag(matrix.values))):
        return "its determinant is above the product of its diagonal"
    steps = matrix.values > 0.0
    reached = np.linalg.matrix_power(steps.astype(float), len(steps)) > 0.0
    if missing := np.argwhere(reached & ~steps).tolist():
        start, end = missing[0]
        return f"{matrix.states[end]} is reached from {matrix.states[start]} in some steps, not one"
    return None


def _diagonal(raw: FloatArray) -> FloatArray:
    """Return the rates with negative ones at 0 and the diagonal taking the difference."""
    found = np.where(np.eye(len(raw), dtype=bool), 0.0, np.maximum(raw, 0.0))
    np.fill_diagonal(found, -found.sum(axis=1))
    return found


def _weighted(raw: FloatArray) -> FloatArray:
    """Return the rates with negative ones at 0 and the others of the row sharing the difference."""
    own = np.eye(len(raw), dtype=bool)
    good = np.abs(np.diag(raw)) + np.where(own, 0.0, np.maximum(raw, 0.0)).sum(axis=1)
    bad = np.where(own, 0.0, np.maximum(-raw, 0.0)).sum(axis=1)
    share = np.divide(bad, good, out=np.zeros_like(bad), where=good > 0.0)
    # At most 1 where a row of the logarithm sums to zero, which rounding of tiny rates need not do.
    share = np.minimum(share, 1.0)
    kept = np.where(~own & (raw < 0.0), 0.0, raw - share[:, None] * np.abs(raw))
    # Rows sum to zero by the formula; the diagonal takes what rounding left.
    np.fill_diagonal(kept, -np.where(own, 0.0, kept).sum(axis=1))
    return kept
