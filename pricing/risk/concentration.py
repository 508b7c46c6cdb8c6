"""How much of a book stands with few: shares, Herfindahl-Hirschman index, the largest names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from pricing.risk import arrays
from pricing.risk.arrays import FloatArray, IntArray
from pricing.risk.errors import RiskError

UNKNOWN = "UNKNOWN"
"""The key of exposures whose counterparty, group, sector, country or rating is not known; counted
as one name, so that what is missing reads as concentrated and not as spread."""


@dataclass(frozen=True, slots=True)
class Concentration:
    """Exposures summed by key, largest first; ties by key.

    `shares` of the total; `hhi` sum of squared shares, 1/names to 1; `effective_names` 1 / hhi.
    """

    keys: tuple[str, ...]
    exposures: IntArray
    shares: FloatArray
    total: int
    hhi: float
    effective_names: float

    def top(self, n: int) -> tuple[int, float]:
        """Return the exposure to the n largest keys and its share of the total."""
        if n < 1:
            raise RiskError("OUT_OF_RANGE", "top", f"{n} names")
        largest = sum(int(value) for value in self.exposures[:n])
        return largest, largest / self.total


def concentration(keys: Sequence[str], exposures: IntArray) -> Concentration:
    """Return the concentration of exposures by key: counterparty, group, sector, country, rating.

    Exposures are gross, in quanta: a negative sum of a key is refused with the key, as shares of a
    net total mean nothing. An empty key is UNKNOWN. The index is of exact integers, divided once
    (Herfindahl 1950; Hirschman 1964; as used in Gordy and Luetkebohmert 2013, section 1).
    """
    exposures = arrays.amounts(exposures, "exposures", 1)
    if len(keys) != len(exposures):
        raise RiskError("SHAPE", "exposures", f"{len(exposures)} for {len(keys)} keys")
    arrays.addable(exposures, len(exposures), "exposures")
    names, rows = np.unique([key or UNKNOWN for key in keys], return_inverse=True)
    sums = np.zeros(len(names), dtype=np.int64)
    np.add.at(sums, rows, exposures)
    for at in np.flatnonzero(sums < 0):
        raise RiskError("OUT_OF_RANGE", str(names[at]), f"has the negative exposure {sums[at]}")
    total = int(sums.sum())
    if total == 0:
        raise RiskError("OUT_OF_RANGE", "exposures", "sum to nothing")
    order = np.lexsort((names, -sums))
    squares = sum(int(value) ** 2 for value in sums)
    return Concentration(
        keys=tuple(str(name) for name in names[order]),
        exposures=sums[order],
        shares=sums[order] / total,
        total=total,
        hhi=float(Fraction(squares, total**2)),
        effective_names=float(Fraction(total**2, squares)),
    )
