"""VaR by simulation: normal moves of the factors through delta and gamma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.stats import binom

from pricing.risk import levels
from pricing.risk.arrays import FloatArray
from pricing.risk.covariance import Covariance
from pricing.risk.errors import RiskError
from pricing.risk.sensitivities import Sensitivities

CHUNK = 4_096
"""Draws at a time; the stream of numbers does not depend on it."""


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """VaR and ES of each node, and the 95% interval of VaR that the sampling alone leaves."""

    var: FloatArray
    es: FloatArray
    low: FloatArray
    high: FloatArray
    draws: int
    seed: int


def monte_carlo_var(
    given: Sensitivities, covariance: Covariance, level_bp: int, *, draws: int, seed: int
) -> MonteCarlo:
    """Return VaR of delta-gamma P&L from `draws` normal moves of a Philox stream of the seed.

    VaR and ES by the same rank as historical ones. The interval is between the order statistics
    whose ranks are the 2.5% and 97.5% quantiles of Binomial(draws, 1 - p): free of any
    distribution of P&L. The same seed gives the same figures on one build of NumPy and LAPACK.
    """
    if seed < 0:
        raise RiskError("OUT_OF_RANGE", "seed", f"{seed} is negative")
    k = levels.rank(draws, level_bp)
    worst = np.sort(_simulated(given, covariance, draws, seed), axis=1)
    ranks = np.asarray(binom.ppf((0.025, 0.975), draws, levels.tail_probability(level_bp)))
    outer, inner = np.clip(ranks, 1, draws).astype(int)
    return MonteCarlo(
        var=-worst[:, k - 1],
        es=-worst[:, :k].mean(axis=1),
        low=-worst[:, inner - 1],
        high=-worst[:, outer - 1],
        draws=draws,
        seed=seed,
    )


def factor(covariance: Covariance) -> FloatArray:
    """Return L with L L' = C, also of a matrix without full rank: (factors, rank).

    LAPACK's pivoted Cholesky factor of the correlations.
    """
    deviations = np.sqrt(np.diag(covariance.matrix))
    alive = np.flatnonzero(deviations > 0.0)
    lower = np.zeros((len(deviations), max(1, len(alive))))
    if len(alive):
        scale = deviations[alive]
        correlations = covariance.matrix[np.ix_(alive, alive)] / np.outer(scale, scale)
        packed, pivots, rank, _ = lapack.dpstrf(correlations, tol=1e-12, lower=1)
        lower[alive[pivots - 1], :rank] = np.tril(packed)[:, :rank]
        lower[alive] *= scale[:, None]
    return lower


def _simulated(given: Sensitivities, covariance: Covariance, draws: int, seed: int) -> FloatArray:
    lower = factor(covariance.of(given.factors))
    stream = np.random.Generator(np.random.Philox(seed))
    pnl = np.empty((len(given.delta), draws))
    for start in range(0, draws, CHUNK):
        end = min(draws, start + CHUNK)
        moves = stream.standard_normal((end - start, lower.shape[1])) @ lower.T
        pnl[:, start:end] = given.delta @ moves.T
        if given.gamma is not None:
            for node, gamma in enumerate(given.gamma):
                pnl[node, start:end] += 0.5 * np.einsum("df,df->d", moves @ gamma, moves)
    return pnl
