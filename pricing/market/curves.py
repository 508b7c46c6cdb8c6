"""Zero curves: continuously compounded, Act/365F, linear between nodes and flat beyond them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ZeroCurve:
    """A zero curve by name; `times` are years from the snapshot's day, `zeros` decimal rates.

    On a later valuation date the curve keeps its tenors: time runs from the valuation date.
    """

    name: str
    currency: str
    times: FloatArray
    zeros: FloatArray
    node_dates: tuple[int, ...]
    source: str = ""
    method: str = ""

    def zero_rates(self, times: FloatArray) -> FloatArray:
        """Return the zero rate at each time in years."""
        return piecewise_linear(times, self.times, self.zeros)

    def node_weights(self, time: float) -> list[tuple[int, float]]:
        """Return the nodes and weights that make up the zero rate at a time."""
        left, weight = segments(np.array([time]), self.times)
        at, share = int(left[0]), float(weight[0])
        if share == 0.0 or len(self.times) == 1:
            return [(at, 1.0)]
        if share == 1.0:
            return [(at + 1, 1.0)]
        return [(at, 1.0 - share), (at + 1, share)]


def segments(times: FloatArray, knots: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Return for each time its left knot and the weight of the right one, in [0, 1].

    Beyond the ends the weight is 0 or 1: flat. A single knot is its own neighbour.
    """
    if len(knots) == 1:
        return np.zeros(len(times), dtype=np.intp), np.zeros(len(times))
    left = np.clip(np.searchsorted(knots, times, side="right") - 1, 0, len(knots) - 2)
    weight = (times - knots[left]) / (knots[left + 1] - knots[left])
    return left, np.clip(weight, 0.0, 1.0)


def piecewise_linear(times: FloatArray, knots: FloatArray, values: FloatArray) -> FloatArray:
    """Return values (..., knots) interpolated at the times: (..., times)."""
    left, weight = segments(times, knots)
    right = np.minimum(left + 1, len(knots) - 1)
    start = values[..., left]
    return np.asarray(start + (values[..., right] - start) * weight)
