"""Credit spread curves by currency, rating and sector: zero spreads, continuous, Act/365F."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.market.interpolation import piecewise_linear

FloatArray = npt.NDArray[np.float64]

ANY_SECTOR = "ALL"
"""The sector of a curve that serves every sector without one of its own."""


@dataclass(frozen=True, slots=True)
class SpreadCurve:
    """Zero spreads over the discount curve by tenor; `times` in years, flat beyond the ends."""

    currency: str
    rating: str
    sector: str
    times: FloatArray
    spreads: FloatArray

    @property
    def name(self) -> str:
        """Return the name of the curve in the market: `spread/USD/BBB/CORPORATE`."""
        return f"spread/{self.currency}/{self.rating}/{self.sector}"

    def at(self, times: FloatArray) -> FloatArray:
        """Return the spread at each time in years."""
        return piecewise_linear(times, self.times, self.spreads)


@dataclass(frozen=True, slots=True)
class SpreadMatrix:
    """The spread curves of a market, looked up by (currency, rating, sector)."""

    curves: Mapping[tuple[str, str, str], SpreadCurve]

    def find(self, currency: str, rating: str, sector: str) -> SpreadCurve | None:
        """Return the curve of the combination, else of the rating for ALL sectors, else None."""
        found = self.curves.get((currency, rating, sector))
        return found or self.curves.get((currency, rating, ANY_SECTOR))
