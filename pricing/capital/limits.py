"""Figures of a whole legal entity: the output floor, capital ratios, large exposures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.capital.arrays import FloatArray, within
from pricing.capital.errors import CapitalError
from pricing.capital.rulebook import Rulebook

PARTS = ("credit", "market", "operational", "cva", "other")
LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class LargeExposure:
    """The share of Tier 1 of each group of connected clients, and which lines it is over."""

    rulebook: str
    share: FloatArray
    reported: npt.NDArray[np.bool_]
    over_limit: npt.NDArray[np.bool_]


def floored_rwa(rules: Rulebook, modelled: float, standardised: float) -> float:
    """Return max(modelled, share x standardised) of an entity's whole risk-weighted assets."""
    if not (0.0 <= modelled <= LARGEST and 0.0 <= standardised <= LARGEST):
        raise CapitalError("RWA_MISSING", rules.label, "both totals are needed, 0 or more")
    return max(modelled, rules.number("share") * standardised)


def capital_ratio(capital: float, assets: Mapping[str, float]) -> float:
    """Return capital over risk-weighted assets; each of PARTS is supplied, a zero said as zero."""
    for part in PARTS:
        if not 0.0 <= assets.get(part, np.nan) <= LARGEST:
            raise CapitalError("RWA_MISSING", f"assets.{part}", "is not supplied, or negative")
    total = sum(assets[part] for part in PARTS)
    if total <= 0.0 or not np.isfinite(capital):
        raise CapitalError("OUT_OF_RANGE", "assets", "a ratio needs assets and a finite capital")
    return capital / total


def large_exposures(
    rules: Rulebook, exposure: npt.ArrayLike, tier1: float, *, between_gsibs: npt.ArrayLike = False
) -> LargeExposure:
    """Return shares of Tier 1 of exposures after mitigation, by group of connected clients."""
    if not 0.0 < tier1 <= LARGEST:
        raise CapitalError("OUT_OF_RANGE", "tier1", "is not above 0")
    limits = rules.numbers("limits")
    share = within(exposure, "exposure", 0.0, LARGEST) / tier1
    strict = np.asarray(between_gsibs, dtype=bool)
    limit = np.where(strict, limits["gsib_to_gsib"], limits["limit"])
    return LargeExposure(rules.label, share, share >= limits["report"], share > limit)
