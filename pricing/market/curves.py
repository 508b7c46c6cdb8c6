"""Zero curves: continuously compounded, Act/365F, interpolated between nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.market.interpolation import Interpolation, segments, zero_rates

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
    interpolation: Interpolation = Interpolation.LINEAR_ZERO

    def zero_rates(self, times: FloatArray) -> FloatArray:
        """Return the zero rate at each time in years."""
        return zero_rates(self.interpolation, times, self.times, self.zeros)

    def node_weights(self, time: float) -> list[tuple[int, float]]:
        """Return the nodes and weights that make up the zero rate at a time."""
        if self.interpolation is not Interpolation.LINEAR_ZERO:
            shares = self.weights(np.array([time]))[:, 0]
            return [(int(at), float(shares[at])) for at in np.flatnonzero(shares)]
        left, weight = segments(np.array([time]), self.times)
        at, share = int(left[0]), float(weight[0])
        if share == 0.0 or len(self.times) == 1:
            return [(at, 1.0)]
        if share == 1.0:
            return [(at + 1, 1.0)]
        return [(at, 1.0 - share), (at + 1, share)]

    def weights(self, times: FloatArray) -> FloatArray:
        """Return (nodes, times): the derivative of each zero rate by the rate of each node."""
        return zero_rates(self.interpolation, times, self.times, np.eye(len(self.times)))
