"""The arrays of the library, and what is asked of them before they are used."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.capital.errors import CapitalError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.str_]


def within(values: npt.ArrayLike, place: str, low: float, high: float) -> FloatArray:
    """Return numbers as an array; the first that is not from low to high is refused by place."""
    found = np.asarray(values, dtype=np.float64)
    bad = np.argwhere(~((found >= low) & (found <= high)))
    if len(bad):
        at = ", ".join(str(int(i)) for i in bad[0])
        number = found[tuple(bad[0])]
        raise CapitalError("OUT_OF_RANGE", f"{place}[{at}]", f"{number} is not in [{low}, {high}]")
    return found
