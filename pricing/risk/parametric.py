"""VaR from sensitivities and a covariance matrix, in closed form; losses positive, in currency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from pricing.risk import levels
from pricing.risk.arrays import BoolArray, FloatArray
from pricing.risk.covariance import Covariance
from pricing.risk.errors import RiskError
from pricing.risk.sensitivities import Sensitivities, cumulants


@dataclass(frozen=True, slots=True)
class CornishFisher:
    """VaR of each node by the expansion; NaN where it is outside the domain it is valid in."""

    var: FloatArray
    in_domain: BoolArray
    skewness: FloatArray
    excess_kurtosis: FloatArray


def tail_quantile(level_bp: int) -> float:
    """Return the normal quantile at 1 - p: negative above 50%."""
    if not 0 < level_bp < levels.ONE_BP:
        raise RiskError("OUT_OF_RANGE", f"level {level_bp}bp", "is not between 0 and 10000")
    return float(ndtri(levels.tail_probability(level_bp)))


def delta_normal_var(given: Sensitivities, covariance: Covariance, level_bp: int) -> FloatArray:
    """Return VaR with P&L = delta . x: -z sqrt(d'Cd), z the quantile at 1 - p; gamma is left out.

    Hull, *Options, Futures, and Other Derivatives*, VaR chapter, the model-building approach.
    """
    linear = Sensitivities(given.factors, given.delta)
    return -tail_quantile(level_bp) * np.sqrt(cumulants(linear, covariance).variance)


def delta_normal_es(given: Sensitivities, covariance: Covariance, level_bp: int) -> FloatArray:
    """Return expected shortfall with P&L = delta . x: phi(z) / (1 - p) sqrt(d'Cd)."""
    z = tail_quantile(level_bp)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    linear = Sensitivities(given.factors, given.delta)
    deviation = np.sqrt(cumulants(linear, covariance).variance)
    return np.asarray(density / levels.tail_probability(level_bp) * deviation)


def delta_normal_components(
    children: Sensitivities, covariance: Covariance, level_bp: int
) -> FloatArray:
    """Return what each child adds to the delta-normal VaR of their sum: -z d_c'Cd / sqrt(d'Cd).

    Euler's allocation; sums to the VaR up to rounding of floats. All 0 where the sum has no risk.
    """
    matrix = covariance.of(children.factors).matrix
    whole = children.delta.sum(axis=0)
    variance = float(whole @ matrix @ whole)
    if variance <= 0.0:
        return np.zeros(len(children.delta))
    shares = children.delta @ (matrix @ whole)
    return np.asarray(-tail_quantile(level_bp) * shares / np.sqrt(variance))


def delta_gamma_normal_var(
    given: Sensitivities, covariance: Covariance, level_bp: int
) -> FloatArray:
    """Return VaR with the first two cumulants of delta-gamma P&L: -(k1 + z sqrt(k2)).

    The distribution is taken as normal: what ORE calls DeltaGammaNormal. Misses the skew that
    gamma brings; see `cornish_fisher_var`.
    """
    found = cumulants(given, covariance)
    return -(found.mean + tail_quantile(level_bp) * np.sqrt(found.variance))


def cornish_fisher_var(
    given: Sensitivities, covariance: Covariance, level_bp: int
) -> CornishFisher:
    """Return VaR with the first four cumulants of delta-gamma P&L, by Cornish and Fisher (1937).

    VaR = -(k1 + sqrt(k2) w), w = z + (z^2-1) S/6 + (z^3-3z) K/24 - (2z^3-5z) S^2/36, S skewness,
    K excess kurtosis. Valid where w ascends in z everywhere: S^2/9 - 4 (K/8 - S^2/6)
    (1 - K/8 + 5 S^2/36) <= 0 (Maillard, *A User's Guide to the Cornish Fisher Expansion*, 2012,
    section 3). Outside, quantiles would cross: no figure is given.
    """
    found = cumulants(given, covariance)
    skew, kurtosis = found.skewness, found.excess_kurtosis
    z = tail_quantile(level_bp)
    bent = (
        z
        + (z**2 - 1.0) * skew / 6.0
        + (z**3 - 3.0 * z) * kurtosis / 24.0
        - (2.0 * z**3 - 5.0 * z) * skew**2 / 36.0
    )
    inside = ascends(skew, kurtosis)
    var = np.where(inside, -(found.mean + np.sqrt(found.variance) * bent), np.nan)
    return CornishFisher(var, inside, skew, kurtosis)


def ascends(skewness: FloatArray, excess_kurtosis: FloatArray) -> BoolArray:
    """Return where the expansion is a quantile function: its derivative nowhere negative."""
    curved = excess_kurtosis / 8.0 - skewness**2 / 6.0
    level = 1.0 - excess_kurtosis / 8.0 + 5.0 * skewness**2 / 36.0
    discriminant = skewness**2 / 9.0 - 4.0 * curved * level
    return np.asarray((curved >= 0.0) & (level >= 0.0) & (discriminant <= 1e-15))
