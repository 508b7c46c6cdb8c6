"""Yields of many bonds at once: price from yield, yield from price, and what follows from one.

Every function takes the flows of rows one after another (row i owns [offsets[i], offsets[i + 1]))
and works on (rows, columns): a column is a scenario, or a price asked about. docs/methods/yield.md
gives the formulas and their sources.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import kernel, roots
from pricing.yield_conventions import Exponents

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]

HIGHEST = 1000.0
"""No yield above 100,000% is looked for."""


@dataclass(frozen=True, slots=True)
class Yielding:
    """Amounts per unit of face still to be paid after settlement, and how yields discount them."""

    amounts: FloatArray
    offsets: Int32Array
    exponents: Exponents

    def _spread(self, rows: FloatArray) -> FloatArray:
        """Return (flows, columns) of what is given by row."""
        return np.repeat(rows, np.diff(self.offsets), axis=0)

    def _sum(self, flows: FloatArray) -> FloatArray:
        """Return (rows, columns): sums in the order of the flows."""
        slots = np.arange(len(self.amounts), dtype=np.int32)
        factors = np.ascontiguousarray(flows)
        return kernel.sequential(self.amounts, slots, self.offsets, factors)

    def _factors(self, rate: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return per flow the factor, and its logarithm's first and second derivative."""
        f = self.exponents.f[:, None]
        e, w = self.exponents.e[:, None], self.exponents.w[:, None]
        growth = 1.0 + rate / f
        per_period = self._spread(f * growth)
        simple = 1.0 + w * self._spread(rate)
        factor = np.exp(-e * self._spread(np.log(growth))) / simple
        first = e / per_period
        second = w / simple
        slope, curve = -(first + second), first / per_period + second * second
        if self.exponents.link.any():
            self._chain(rate, factor, slope, curve)
        return factor, slope, curve

    def _chain(
        self, rate: FloatArray, factor: FloatArray, slope: FloatArray, curve: FloatArray
    ) -> None:
        """Bring in simple interest from payment to payment, of rows that have it, in place."""
        counts = np.diff(self.offsets)
        owner = np.repeat(np.arange(len(counts)), counts)
        rows = np.unique(owner[self.exponents.link != 0.0])
        # A table (rows, payments, columns): products run along a row's own payments only.
        at = np.flatnonzero(np.isin(owner, rows))
        place = (np.searchsorted(rows, owner[at]), at - self.offsets[owner[at]])
        link = np.zeros((len(rows), int(counts[rows].max()), 1))
        link[*place, 0] = self.exponents.link[at]
        simple = 1.0 + link * rate[rows][:, None, :]
        step = link / simple
        factor[at] *= np.cumprod(1.0 / simple, axis=1)[place]
        slope[at] -= np.cumsum(step, axis=1)[place]
        curve[at] += np.cumsum(step * step, axis=1)[place]

    def price(self, rate: FloatArray) -> FloatArray:
        """Return the dirty price per unit of face at yields (rows, columns)."""
        return self._sum(self._factors(rate)[0])

    def rate(self, price: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Return the yield of each dirty price per unit of face, and whether there is one."""

        def value(rate: FloatArray) -> tuple[FloatArray, FloatArray]:
            factor, log_slope, _ = self._factors(rate)
            # The lowest rate grows without bound: nothing that is paid then stays nothing.
            factor[self.amounts == 0.0] = 0.0
            return self._sum(factor), self._sum(factor * log_slope)

        counts = np.diff(self.offsets)
        longest = np.zeros(len(counts))
        np.maximum.at(
            longest,
            np.repeat(np.arange(len(counts)), counts),
            np.maximum(self.exponents.w, self.exponents.link),
        )
        lowest = np.maximum(-0.999 * self.exponents.f, -0.999 / np.maximum(longest, 1e-12))
        low = np.broadcast_to(lowest[:, None], price.shape)
        high = np.full(price.shape, HIGHEST)
        return roots.decreasing(value, price, low, high, np.full(price.shape, 0.05))

    def durations(self, rate: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return modified and Macaulay duration (years) and convexity (years^2) at yields.

        Modified is -dP/dy / P, convexity d2P/dy2 / P, y at its own compounding; Macaulay is
        modified x (1 + y/f).
        """
        factor, log_slope, log_curve = self._factors(rate)
        price = self._sum(factor)
        safe = np.where(price == 0.0, 1.0, price)
        modified = -self._sum(factor * log_slope) / safe
        convexity = self._sum(factor * (log_slope * log_slope + log_curve)) / safe
        return modified, modified * (1.0 + rate / self.exponents.f[:, None]), convexity


def restated(rate: FloatArray, compounding: FloatArray, periods: float) -> FloatArray:
    """Return yields compounded `compounding` (rows,) times a year as ones of `periods` a year.

    `periods` 0 is continuous compounding.
    """
    f = compounding[:, None]
    growth = f * np.log1p(rate / f)
    if periods == 0.0:
        return np.asarray(growth)
    same = np.broadcast_to(f == periods, rate.shape)
    return np.where(same, rate, periods * np.expm1(growth / periods))


def to_worst(candidates: FloatArray, offsets: Int32Array) -> FloatArray:
    """Return (rows, columns): the lowest of each row's candidate yields (candidates, columns).

    A candidate is a date the bond may end on, with the price then paid: each call, and maturity.
    """
    return np.asarray(np.minimum.reduceat(candidates, offsets[:-1].astype(np.intp), axis=0))
