"""The bands of external ratings that tables of weights are printed by (S&P's scale, as CRE20)."""

from __future__ import annotations

import numpy as np

from pricing.capital.arrays import TextArray

SCALE = (
    "AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-",
    "B+", "B", "B-", "CCC+", "CCC", "CCC-", "CC", "C", "D",
)  # fmt: skip
_ORDER = {rating: i for i, rating in enumerate(SCALE)}


def band_of(rating: str, bands: tuple[str, ...]) -> str:
    """Return the band a rating falls in, of bands like `A+:A-` and `BELOW_B-`; empty if none."""
    if rating == "UNRATED":
        return rating if rating in bands else ""
    if rating not in _ORDER:
        return ""
    place = _ORDER[rating]
    for band in bands:
        best, found, worst = band.partition(":")
        if found and _ORDER[best] <= place <= _ORDER[worst]:
            return band
        if band.startswith("BELOW_") and place > _ORDER[band.removeprefix("BELOW_")]:
            return band
    return ""


def bands_of(ratings: TextArray, bands: tuple[str, ...]) -> TextArray:
    """Return the band of each rating; empty where a rating is unknown or has no band."""
    distinct, at = np.unique(ratings, return_inverse=True)
    found = np.array([band_of(rating, bands) for rating in distinct.tolist()], dtype=np.str_)
    return found[at]
