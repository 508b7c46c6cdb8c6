"""Covariance matrices of risk factors: from a history, and checked where one is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pricing.risk import arrays
from pricing.risk.arrays import FloatArray
from pricing.risk.errors import RiskError

TOLERANCE = 1e-10
"""Of the largest eigenvalue of the correlations: what rounding may take below zero."""


@dataclass(frozen=True, slots=True)
class Covariance:
    """A symmetric, positive semidefinite matrix over named factors, for one horizon.

    Units: the square of the factors' moves, in the units the sensitivities are per.
    """

    factors: tuple[str, ...]
    matrix: FloatArray

    def over(self, days: float) -> Covariance:
        """Return the matrix of a horizon `days` times as long, moves independent and alike.

        The square-root-of-time rule for standard deviations; wrong where moves revert or
        volatility clusters (Diebold et al., *Converting 1-day volatility to h-day volatility*,
        1998).
        """
        if not days > 0.0:
            raise RiskError("OUT_OF_RANGE", "days", f"{days} is not positive")
        return Covariance(self.factors, self.matrix * days)

    def of(self, factors: Sequence[str]) -> Covariance:
        """Return the matrix of some of the factors, in the order given."""
        at = {factor: i for i, factor in enumerate(self.factors)}
        for factor in factors:
            if factor not in at:
                raise RiskError("UNKNOWN_FACTOR", factor, "is not in the covariance matrix")
        rows = [at[factor] for factor in factors]
        return Covariance(tuple(factors), self.matrix[np.ix_(rows, rows)])


def estimated(moves: FloatArray, factors: Sequence[str], *, demeaned: bool) -> Covariance:
    """Return the covariance of a history of moves, (observations, factors), equal weights.

    De-meaned: X'X / (n - 1) of moves less their means; else X'X / n of the moves, whose mean over
    a day is less than its own error of estimation. Missing moves are not filled: NOT_FINITE names
    the observation and the factor.
    """
    if moves.ndim != 2 or moves.shape[1] != len(factors) or moves.shape[0] < 2:
        raise RiskError("SHAPE", "moves", f"{moves.shape} for {len(factors)} factors")
    bad = np.argwhere(~np.isfinite(moves))
    if len(bad):
        at, factor = int(bad[0][0]), factors[int(bad[0][1])]
        raise RiskError("NOT_FINITE", f"observation {at}, {factor}", "has no move")
    centred = moves - moves.mean(axis=0) if demeaned else moves
    weight = len(moves) - 1 if demeaned else len(moves)
    return Covariance(tuple(factors), centred.T @ centred / weight)


def checked(matrix: FloatArray, factors: Sequence[str]) -> Covariance:
    """Return a given matrix as a covariance matrix, or NOT_PSD with the first place that fails.

    In order: a negative variance; a pair that is not symmetric or correlated beyond one; else the
    factor with which the leading block first has a negative eigenvalue (of correlations, so that
    units do not matter; eigenvalues of leading blocks interlace, so the first is found by
    bisection).
    """
    n = len(factors)
    if matrix.shape != (n, n) or not n:
        raise RiskError("SHAPE", "covariance", f"{matrix.shape} for {n} factors")
    if len(set(factors)) != n:
        twice = next(factor for i, factor in enumerate(factors) if factor in factors[:i])
        raise RiskError("SHAPE", twice, "stands twice in the list of factors")
    arrays.finite(matrix, "covariance")
    for i in np.flatnonzero(np.diag(matrix) < 0.0):
        raise RiskError("NOT_PSD", factors[int(i)], f"its variance is {matrix[i, i]:g}")
    scale = np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))
    _refuse_pair(np.abs(matrix - matrix.T) > 1e-12 * scale, factors, "is not symmetric")
    beyond = np.abs(matrix) > scale * (1.0 + 1e-12)
    _refuse_pair(beyond, factors, "is correlated beyond one")
    correlations = np.divide(matrix, scale, out=np.zeros_like(matrix), where=scale > 0.0)
    if _indefinite(correlations):
        first = _first_indefinite(correlations)
        lowest = float(np.linalg.eigvalsh(correlations[: first + 1, : first + 1])[0])
        raise RiskError(
            "NOT_PSD",
            factors[first],
            f"with the factors before it, the lowest eigenvalue of correlations is {lowest:.3g}",
        )
    return Covariance(tuple(factors), 0.5 * (matrix + matrix.T))


def _refuse_pair(wrong: arrays.BoolArray, factors: Sequence[str], what: str) -> None:
    for i, j in np.argwhere(wrong):
        raise RiskError("NOT_PSD", f"{factors[i]} x {factors[j]}", what)


def _indefinite(correlations: FloatArray) -> bool:
    eigenvalues = np.linalg.eigvalsh(correlations)
    return bool(eigenvalues[0] < -TOLERANCE * max(1.0, float(eigenvalues[-1])))


def _first_indefinite(correlations: FloatArray) -> int:
    below, at = 0, len(correlations) - 1
    while below < at:
        middle = (below + at) // 2
        if _indefinite(correlations[: middle + 1, : middle + 1]):
            at = middle
        else:
            below = middle + 1
    return at
