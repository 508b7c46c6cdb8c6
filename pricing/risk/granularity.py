"""What undiversified names add to capital that takes the book as infinitely fine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from pricing.risk import arrays
from pricing.risk.arrays import FloatArray
from pricing.risk.errors import RiskError

QUANTILE = 0.999
PRECISION = 0.25
"""xi of the gamma-distributed factor: mean 1, variance 1/xi. The calibration of the paper's base
case, with which delta is 4.83 at 99.9%."""
LGD_DISPERSION = 0.25
"""gamma of the variance of loss given default: VLGD^2 = gamma ELGD (1 - ELGD)."""


@dataclass(frozen=True, slots=True)
class Obligors:
    """One row per obligor (exposures to one obligor are one row), as fractions of exposure.

    `shares` of the book's exposure at default, summing to 1; `pd` one year; `lgd` expected;
    `capital` K, the requirement for unexpected loss without maturity adjustment, e.g. of the IRB
    formula (CRE31).
    """

    shares: FloatArray
    pd: FloatArray
    lgd: FloatArray
    capital: FloatArray


@dataclass(frozen=True, slots=True)
class Granularity:
    """The adjustment and the capital it is added to, as fractions of total exposure."""

    adjustment: float
    capital: float
    by_obligor: FloatArray


def regulatory_delta(quantile: float = QUANTILE, precision: float = PRECISION) -> float:
    """Return (a - 1) (xi + (1 - xi) / a), a the factor's quantile."""
    if not 0.0 < quantile < 1.0 or precision <= 0.0:
        raise RiskError("OUT_OF_RANGE", "factor", f"quantile {quantile}, precision {precision}")
    high = float(gammaincinv(precision, quantile)) / precision
    return (high - 1.0) * (precision + (1.0 - precision) / high)


def granularity_adjustment(
    obligors: Obligors,
    *,
    quantile: float = QUANTILE,
    precision: float = PRECISION,
    dispersion: float = LGD_DISPERSION,
) -> Granularity:
    """Return the simplified granularity adjustment of Gordy and Luetkebohmert.

    GA = 1/(2 K*) sum s^2 C (delta (K + R) - K), with R = PD ELGD, K* = sum s K and
    C = (VLGD^2 + ELGD^2) / ELGD: Gordy and Luetkebohmert, *Granularity adjustment for regulatory
    capital assessment*, Int. J. Central Banking 9 (2013), the form without terms of second order
    in PD. It is linear in s^2 terms, so that aggregate data of the small obligors bound it.
    """
    s, pd, lgd, capital = _checked(obligors)
    reserve = pd * lgd
    whole = float(s @ capital)
    if whole <= 0.0:
        raise RiskError("OUT_OF_RANGE", "capital", "sums to nothing")
    spread = (dispersion * lgd * (1.0 - lgd) + lgd**2) / lgd
    delta = regulatory_delta(quantile, precision)
    parts = s**2 * spread * (delta * (capital + reserve) - capital) / (2.0 * whole)
    return Granularity(float(parts.sum()), whole, parts)


def _checked(obligors: Obligors) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    columns = (obligors.shares, obligors.pd, obligors.lgd, obligors.capital)
    for name, column in zip(("shares", "pd", "lgd", "capital"), columns, strict=True):
        if column.shape != obligors.shares.shape or column.ndim != 1 or not len(column):
            raise RiskError("SHAPE", name, f"{column.shape} for {obligors.shares.shape}")
        arrays.finite(column, name)
        low_open = name == "lgd"
        wrong = (column < 0.0) | (column > 1.0) | (low_open & (column == 0.0))
        for at in np.flatnonzero(wrong):
            raise RiskError("OUT_OF_RANGE", f"{name}[{at}]", f"{column[at]} is no fraction")
    if abs(float(obligors.shares.sum()) - 1.0) > 1e-9:
        raise RiskError("OUT_OF_RANGE", "shares", f"sum to {float(obligors.shares.sum())}, not 1")
    return columns
