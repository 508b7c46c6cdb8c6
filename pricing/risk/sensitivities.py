"""First and second derivatives of nodes by risk factor, and the cumulants of their P&L."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pricing.risk import arrays
from pricing.risk.arrays import FloatArray
from pricing.risk.covariance import Covariance
from pricing.risk.errors import RiskError


@dataclass(frozen=True, slots=True)
class Sensitivities:
    """P&L = delta . x + x' gamma x / 2 for moves x of the factors.

    `delta` is (nodes, factors), per unit of move; `gamma` (nodes, factors, factors), symmetric,
    per unit squared, or None where P&L is linear. DV01 is the delta of a move of -1bp.
    """

    factors: tuple[str, ...]
    delta: FloatArray
    gamma: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Cumulants:
    """Mean, variance, third and fourth cumulant of each node's P&L, in powers of its currency."""

    mean: FloatArray
    variance: FloatArray
    third: FloatArray
    fourth: FloatArray

    @property
    def skewness(self) -> FloatArray:
        """Third cumulant over the deviation cubed; 0 where nothing moves."""
        return _over(self.third, self.variance**1.5)

    @property
    def excess_kurtosis(self) -> FloatArray:
        """Fourth cumulant over the variance squared; 0 where nothing moves."""
        return _over(self.fourth, self.variance**2)


def sensitivities(
    factors: Sequence[str], delta: FloatArray, gamma: FloatArray | None = None
) -> Sensitivities:
    """Return the derivatives of nodes, checked for shape, symmetry and finite numbers."""
    n = len(factors)
    if delta.ndim != 2 or delta.shape[1] != n or not n:
        raise RiskError("SHAPE", "delta", f"{delta.shape} for {n} factors")
    arrays.finite(delta, "delta")
    if gamma is not None:
        if gamma.shape != (len(delta), n, n):
            raise RiskError("SHAPE", "gamma", f"{gamma.shape}, not {(len(delta), n, n)}")
        arrays.finite(gamma, "gamma")
        uneven = np.argwhere(
            np.abs(gamma - gamma.swapaxes(1, 2)) > 1e-12 * np.abs(gamma).max(initial=0.0)
        )
        for node, i, j in uneven:
            raise RiskError("SHAPE", f"gamma[{node}] {factors[i]} x {factors[j]}", "not symmetric")
    return Sensitivities(tuple(factors), delta, gamma)


def cumulants(given: Sensitivities, covariance: Covariance) -> Cumulants:
    """Return the cumulants of P&L where moves are normal with mean 0.

    With A = gamma C: k1 = tr A / 2, k2 = d'Cd + tr A^2 / 2, k3 = 3 d'C A d + tr A^3 and
    k4 = 12 d'C A^2 d + 3 tr A^4: Mina and Ulmer, *Delta-Gamma Four Ways* (RiskMetrics, 1999);
    Jaschke, *The Cornish-Fisher expansion in the context of delta-gamma-normal approximations*,
    J. Risk 4 (2002).
    """
    matrix = covariance.of(given.factors).matrix
    spread = given.delta @ matrix
    linear = np.einsum("nf,nf->n", spread, given.delta)
    if given.gamma is None:
        none = np.zeros(len(linear))
        return Cumulants(none, linear, none.copy(), none.copy())
    curved = given.gamma @ matrix
    squared = curved @ curved
    bent = np.einsum("nij,nj->ni", given.gamma, spread)
    again = np.einsum("nij,nj->ni", given.gamma, bent @ matrix)
    return Cumulants(
        mean=0.5 * np.einsum("nii->n", curved),
        variance=linear + 0.5 * np.einsum("nii->n", squared),
        third=3.0 * np.einsum("nf,nf->n", spread, bent) + np.einsum("nij,nji->n", squared, curved),
        fourth=12.0 * np.einsum("nf,nf->n", spread, again)
        + 3.0 * np.einsum("nij,nji->n", squared, squared),
    )


def _over(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    answer = np.zeros_like(numerator)
    np.divide(numerator, denominator, out=answer, where=denominator > 0.0)
    return answer
