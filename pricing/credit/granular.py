"""The loss of a book as it is, obligor by obligor, by simulation of one common factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import binom

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray
from pricing.credit.errors import CreditError
from pricing.risk import levels

CHUNK = 2_000_000
"""Normals held at a time; the stream of numbers does not depend on it."""


@dataclass(frozen=True, slots=True)
class LossDistribution:
    """Losses of draws, ascending, and the expected loss in closed form: sum PD x LGD x exposure."""

    losses: FloatArray
    expected: float
    draws: int
    seed: int

    def value_at_risk(self, level_bp: int) -> float:
        """Return the loss of rank k from above, k = ceil(draws x (1 - level))."""
        return float(self.losses[-levels.rank(self.draws, level_bp)])

    def shortfall(self, level_bp: int) -> float:
        """Return the mean of the k largest losses."""
        return float(self.losses[-levels.rank(self.draws, level_bp) :].mean())

    def interval(self, level_bp: int) -> tuple[float, float]:
        """Return the 95% interval of value at risk that the sampling alone leaves.

        Between the losses whose ranks are the 2.5% and 97.5% quantiles of Binomial(draws, 1 - p).
        Draws of a pair are seldom both in the tail, so the interval is rather too wide.
        """
        levels.rank(self.draws, level_bp)
        above = levels.tail_probability(level_bp)
        outer, inner = (
            max(1, int(binom.ppf(share, self.draws, above))) for share in (0.025, 0.975)
        )
        return float(self.losses[-inner]), float(self.losses[-outer])

    def economic_capital(self, level_bp: int) -> float:
        """Return value at risk less the expected loss."""
        return self.value_at_risk(level_bp) - self.expected


def simulated(
    pd: npt.ArrayLike,
    lgd: npt.ArrayLike,
    exposures: npt.ArrayLike,
    correlation: npt.ArrayLike,
    *,
    draws: int,
    seed: int,
) -> LossDistribution:
    """Return the losses of an even number of draws, in antithetic pairs of a Philox stream.

    An obligor defaults where sqrt(rho) x factor + sqrt(1 - rho) x own <= Phi^-1(PD). The second of
    a pair has both with the other sign. One row an obligor: connected ones are summed before.
    """
    probability = arrays.probabilities(pd, "pd")
    loss = arrays.probabilities(lgd, "lgd") * arrays.amounts(exposures, "exposures")
    rho = np.broadcast_to(arrays.probabilities(correlation, "correlation"), probability.shape)
    if probability.ndim != 1 or loss.shape != probability.shape:
        raise CreditError("SHAPE", "lgd", f"losses are {loss.shape}, PDs {probability.shape}")
    if draws < 2 or draws % 2:
        raise CreditError("OUT_OF_RANGE", "draws", f"{draws} is not an even number above 0")
    if seed < 0:
        raise CreditError("OUT_OF_RANGE", "seed", f"{seed} is negative")
    threshold = ndtri(probability)
    stream = np.random.Generator(np.random.Philox(seed))
    pairs = draws // 2
    found = np.empty((pairs, 2))
    step = max(1, CHUNK // (len(loss) + 1))
    for start in range(0, pairs, step):
        end = min(pairs, start + step)
        normal = stream.standard_normal((end - start, len(loss) + 1))
        asset = np.sqrt(rho) * normal[:, :1] + np.sqrt(1.0 - rho) * normal[:, 1:]
        found[start:end, 0] = (asset <= threshold) @ loss
        found[start:end, 1] = (-asset <= threshold) @ loss
    return LossDistribution(np.sort(found.ravel()), float(probability @ loss), draws, seed)
