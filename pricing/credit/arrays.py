"""What is asked of numbers before they are used; every refusal names the array and the element."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.credit.errors import CreditError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def within(values: npt.ArrayLike, place: str, low: float, high: float = np.inf) -> FloatArray:
    """Return the values as floats, refused where one is not finite or outside [low, high]."""
    found = np.asarray(values, dtype=np.float64)
    if found.size == 0:
        raise CreditError("SHAPE", place, "is empty")
    _refuse(~np.isfinite(found), "NOT_FINITE", found, place, "is not a finite number")
    outside = f"is not from {low:g} to {high:g}" if np.isfinite(high) else f"is below {low:g}"
    _refuse((found < low) | (found > high), "OUT_OF_RANGE", found, place, outside)
    return found


def probabilities(values: npt.ArrayLike, place: str) -> FloatArray:
    """Return the values, each from 0 to 1."""
    return within(values, place, 0.0, 1.0)


def amounts(values: npt.ArrayLike, place: str) -> FloatArray:
    """Return the values, none of them negative."""
    return within(values, place, 0.0)


def times(values: npt.ArrayLike, place: str = "times") -> FloatArray:
    """Return ascending times in years, all after today."""
    found = amounts(values, place)
    if found.ndim != 1 or found[0] <= 0.0 or not bool(np.all(np.diff(found) > 0.0)):
        raise CreditError("GRID", place, f"{found.tolist()} does not ascend from above 0")
    return found


def integers(values: npt.ArrayLike, place: str) -> IntArray:
    """Return counts of a quantum in one dimension, refused where they are no integers."""
    found = np.asarray(values)
    if found.dtype.kind != "i" or found.ndim != 1 or found.size == 0:
        raise CreditError("SHAPE", place, "amounts are a filled row of integers of a quantum")
    return found.astype(np.int64, copy=False)


def marginal(cumulative: FloatArray, place: str = "cumulative") -> FloatArray:
    """Return the change of each period of cumulative probabilities, which must not fall."""
    found = np.diff(cumulative, axis=-1, prepend=0.0)
    _refuse(found < 0.0, "OUT_OF_RANGE", cumulative, place, "is less than the period before")
    return found


def _refuse(bad: BoolArray, code: str, values: FloatArray, place: str, message: str) -> None:
    if not bad.any():
        return
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    where = f"{place}[{', '.join(map(str, at))}]" if at else place
    raise CreditError(code, where, f"{values[at]:g} {message}")
