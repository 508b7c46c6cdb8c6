"""The arrays of the library, and what is asked of them before they are used."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.risk.errors import RiskError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
DayArray = npt.NDArray[np.datetime64]

LARGEST = 2**63 - 1


def amounts(values: npt.NDArray[np.integer], place: str, dimensions: int) -> IntArray:
    """Return integer amounts (counts of a quantum) of the number of dimensions asked for."""
    if values.dtype.kind != "i":
        raise RiskError("SHAPE", place, f"amounts are integers of a quantum, not {values.dtype}")
    if values.ndim != dimensions or values.shape[-1] == 0:
        raise RiskError(
            "SHAPE", place, f"has shape {values.shape}, not {dimensions} filled dimensions"
        )
    return values.astype(np.int64, copy=False)


def addable(values: IntArray, terms: int, place: str) -> IntArray:
    """Return the values, refused where a sum of `terms` of them could leave 64 bits."""
    largest = max(abs(int(values.max())), abs(int(values.min()))) if values.size else 0
    if largest * terms > LARGEST:
        raise RiskError("OUT_OF_RANGE", place, f"a sum of {terms} amounts like {largest} overflows")
    return values


def finite(values: FloatArray, place: str) -> FloatArray:
    """Return the values, refused where one is NaN or infinite."""
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        at = ", ".join(str(int(i)) for i in bad[0])
        raise RiskError("NOT_FINITE", f"{place}[{at}]", "is not a finite number")
    return values
