"""Floating payments without limits as two products: what earns an index rate, and what is certain.

No array has a column of market states for every flow: rates x discount factors are tabulated once
per distinct period.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.kernel import sequential
from pricing.pricers.placing import Placed

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TwoParts:
    """What notes without limits pay: amounts that earn an index rate, and certain ones (flows,).

    `paid` is the table of rate x discount factor that the first read at `period`, `factors` that
    of discount factors at the grid's days.
    """

    placed: Placed
    floating: FloatArray
    period: npt.NDArray[np.int32]
    paid: FloatArray
    certain: FloatArray
    factors: FloatArray

    def after(self, waiting: int) -> TwoParts:
        """Return the amounts paid more than some days after the valuation date."""
        left = self.placed.days > waiting
        return TwoParts(
            self.placed,
            self.floating * left,
            self.period,
            self.paid,
            self.certain * left,
            self.factors,
        )

    def weighted(self, weights: FloatArray, states: npt.NDArray[np.intp]) -> TwoParts:
        """Return the amounts times weights (flows,), in some of the states."""
        return TwoParts(
            self.placed,
            self.floating * weights,
            self.period,
            self.paid.take(states, axis=1),
            self.certain * weights,
            self.factors.take(states, axis=1),
        )

    def value(self) -> FloatArray:
        """Return (rows, states): the two products added."""
        offsets = self.placed.offsets
        value = sequential(self.floating, self.period, offsets, self.paid)
        value += sequential(self.certain, self.placed.slots, offsets, self.factors)
        return value
