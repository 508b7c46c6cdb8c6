"""Risk weights by internal ratings: the formula of BCBS CRE31, its inputs floored as CRE32 says.

K = [LGD N((1-R)^-0.5 G(PD) + (R/(1-R))^0.5 G(0.999)) - PD LGD] (1 + (M-2.5) b) / (1 - 1.5 b),
the last factor not for retail; risk weight = 12.5 K. PD, LGD and weights are fractions, M years,
turnover EUR million.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from pricing.capital.arrays import FloatArray, within
from pricing.capital.errors import CapitalError
from pricing.capital.rulebook import Rulebook

RETAIL = ("residential_mortgage", "qualifying_revolving", "other_retail")
CLASSES = ("corporate", "bank", "sovereign", *RETAIL)


@dataclass(frozen=True, slots=True)
class InternalRating:
    """Weights of exposures of one class, with what went into them after floors."""

    rulebook: str
    paragraph: str
    weight: FloatArray
    pd: FloatArray
    correlation: FloatArray
    maturity: FloatArray


def floored_pd(
    rules: Rulebook, kind: str, pd: npt.ArrayLike, transactor: bool = False
) -> FloatArray:
    """Return PD not below the floor of the class; revolving retail has one for transactors."""
    name = f"{kind}_transactor" if transactor and kind == "qualifying_revolving" else kind
    return np.maximum(within(pd, "pd", 0.0, 1.0), rules.entry("pd_floor", name))


def correlation(rules: Rulebook, kind: str, pd: FloatArray) -> FloatArray:
    """Return the asset correlation: from high at PD 0 to low at PD 1, exponentially in PD."""
    figure = rules.numbers(f"{kind}.correlation")
    decay = figure["decay"]
    if decay == 0.0:
        return np.full_like(pd, figure["low"])
    share = np.expm1(-decay * pd) / np.expm1(-decay)
    return np.asarray(figure["low"] * share + figure["high"] * (1.0 - share))


def firm_size_reduction(rules: Rulebook, turnover: npt.ArrayLike) -> FloatArray:
    """Return what a firm's turnover (EUR million) takes from its correlation; NaN takes nothing."""
    size = rules.numbers("firm_size")
    sales = np.asarray(turnover, dtype=np.float64)
    if np.any(sales < 0.0):
        raise CapitalError("OUT_OF_RANGE", "turnover", "is negative")
    held = np.clip(np.nan_to_num(sales, nan=size["high"]), size["low"], size["high"])
    return np.asarray(
        size["reduction"] * (1.0 - (held - size["low"]) / (size["high"] - size["low"]))
    )


def maturity_factor(rules: Rulebook, pd: FloatArray, maturity: FloatArray) -> FloatArray:
    """Return (1 + (M-2.5) b) / (1 - 1.5 b), b = (0.11852 - 0.05478 ln PD)^2."""
    figure = rules.numbers("maturity_adjustment")
    b = np.square(figure["level"] - figure["slope"] * np.log(pd))
    return np.asarray((1.0 + (maturity - figure["centre"]) * b) / (1.0 - figure["scale"] * b))


def risk_weights(
    rules: Rulebook,
    kind: str,
    *,
    pd: npt.ArrayLike,
    lgd: npt.ArrayLike,
    maturity: npt.ArrayLike | None = None,
    turnover: npt.ArrayLike | None = None,
    large_financial: npt.ArrayLike = False,
    transactor: bool = False,
) -> InternalRating:
    """Return the risk weights of performing exposures of one class.

    Corporates, banks and sovereigns need a maturity; a turnover reduces the correlation of
    corporates only. `large_financial` marks those whose correlation is multiplied.
    """
    if kind not in CLASSES:
        raise CapitalError("UNKNOWN_NAME", "kind", f"{kind!r} is none of {', '.join(CLASSES)}")
    probability = floored_pd(rules, kind, pd, transactor)
    severity = within(lgd, "lgd", 0.0, 1.0)
    rho = correlation(rules, kind, probability)
    if turnover is not None and kind == "corporate":
        rho = rho - firm_size_reduction(rules, turnover)
    multiplier = rules.number("large_financial_multiplier")
    rho = rho * np.where(np.asarray(large_financial, dtype=bool), multiplier, 1.0)
    if np.any(rho >= 1.0):
        raise CapitalError("OUT_OF_RANGE", "correlation", "is not below 1")
    years = _maturity(rules, kind, maturity)
    capital = severity * (_stressed(probability, rho, rules.number("confidence")) - probability)
    if kind not in RETAIL:
        certain = (probability == 0.0) | (probability == 1.0)
        safe = np.where(certain, 0.5, probability)
        capital = np.where(certain, 0.0, capital * maturity_factor(rules, safe, years))
    scale = rules.number("rwa_per_capital") * rules.number("scaling_factor")
    return InternalRating(
        rules.label,
        rules.paragraph(f"{kind}.correlation"),
        np.asarray(scale * np.maximum(capital, 0.0)),
        probability,
        np.asarray(rho),
        years,
    )


def defaulted_weights(
    rules: Rulebook, *, lgd: npt.ArrayLike, best_estimate: npt.ArrayLike
) -> FloatArray:
    """Return the weights of defaulted exposures: 12.5 max(0, LGD - best estimate of loss)."""
    severity = within(lgd, "lgd", 0.0, 1.0)
    expected = within(best_estimate, "best_estimate", 0.0, 1.0)
    return np.asarray(rules.number("rwa_per_capital") * np.maximum(severity - expected, 0.0))


def _stressed(pd: FloatArray, rho: FloatArray, confidence: float) -> FloatArray:
    return np.asarray(ndtr((ndtri(pd) + np.sqrt(rho) * ndtri(confidence)) / np.sqrt(1.0 - rho)))


def _maturity(rules: Rulebook, kind: str, maturity: npt.ArrayLike | None) -> FloatArray:
    if kind in RETAIL:
        return np.asarray(np.nan)
    if maturity is None:
        raise CapitalError("OUT_OF_RANGE", "maturity", f"{kind} exposures need one")
    held = rules.numbers("maturity")
    return np.clip(within(maturity, "maturity", 0.0, 1_000.0), held["low"], held["high"])
