"""What rows with decisions left are worth in market states, by the lattices of their nodes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pricing.hull_white.rollback import Decisions, Lattice, Right
from pricing.kernel import sequential
from pricing.pricers.options import Options, Prices

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]

STRIP = 128
"""States worked on together: the values on the nodes of a row stay in the second-level cache."""


@dataclass(frozen=True, slots=True)
class Table:
    """Present values (payments, states) by which rows are valued.

    `pay` of each payment of 1 of the rows, own spread and all; `price` of 1 on the day of each
    decision's price, the call's before the put's; `bare` of each payment on the curve alone and
    `scale` (decisions, states) are of make-whole prices, empty where there are none.
    """

    pay: FloatArray
    price: FloatArray
    bare: FloatArray
    scale: FloatArray

    def states(self, index: npt.NDArray[np.intp]) -> Table:
        """Return the columns of some states, state by state in memory as sums read them."""
        return Table(*(getattr(self, f.name).take(index, axis=1) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class OptionalRows:
    """Rows of one number of nodes with their payments and decisions, most decisions first.

    Payments of row i are `amounts[offsets[i]:offsets[i + 1]]`, `days` after the valuation date.
    """

    offsets: Int32Array
    days: IntArray
    amounts: FloatArray
    options: Options
    nodes: int
    reversion: float
    horizon: int = 0
    """Days up to which nothing is uncertain, in states that are seen from there."""

    def lattices(self, sigmas: FloatArray) -> dict[float, Lattice]:
        """Return a lattice for each distinct sigma."""
        decisions, times = self._decisions()
        return {
            float(sigma): Lattice(decisions, times, self.nodes, self.reversion, float(sigma))
            for sigma in np.unique(sigmas)
        }

    @property
    def price_days(self) -> IntArray:
        """Return the days on which calls' prices and then puts' are paid."""
        return np.concatenate([self.options.call.day, self.options.put.day])

    def value(self, lattices: dict[float, Lattice], sigmas: FloatArray, table: Table) -> FloatArray:
        """Return (rows, states): the value today of the rows' payments and rights."""
        out = np.empty((len(self.offsets) - 1, len(sigmas)))
        early = self._early()
        prices = np.concatenate([self.options.call.amount, self.options.put.amount])
        for sigma, made in lattices.items():
            of_sigma = np.flatnonzero(sigmas == sigma)
            for first in range(0, len(of_sigma), STRIP):
                at = of_sigma[first : first + STRIP]
                part = table.states(at)
                pay = self.amounts[:, None] * part.pay
                values = sequential(early, *self._own(), pay)
                bare = self.amounts[:, None] * part.bare if len(part.bare) else part.bare
                present = np.concatenate([pay, prices[:, None] * part.price])
                values += made.value(present, bare, part.scale)
                out[:, at] = values
        return out

    def _own(self) -> tuple[Int32Array, Int32Array]:
        return np.arange(len(self.amounts), dtype=np.int32), self.offsets

    def _early(self) -> FloatArray:
        """Return 1 for payments up to the first decision, 0 for those after it."""
        begin = self.options.begin[self.options.offsets[:-1]]
        place = np.arange(len(self.amounts)) - np.repeat(self.offsets[:-1], np.diff(self.offsets))
        return (place < np.repeat(begin, np.diff(self.offsets))).astype(np.float64)

    def _decisions(self) -> tuple[Decisions, FloatArray]:
        options = self.options
        count = options.count
        owner = np.repeat(np.arange(len(count)), count)
        start = self.offsets[:-1].astype(np.int64)[owner]
        finish = self.offsets[1:].astype(np.int64)[owner]
        begin = start + options.begin
        end = finish.copy()
        inner = np.flatnonzero(owner[1:] == owner[:-1])
        end[inner] = begin[inner + 1]
        payments, decisions = len(self.amounts), len(options.day)
        made = Decisions(
            options.offsets,
            self._years(options.day),
            begin,
            end,
            finish,
            _right(options.call, start, payments),
            _right(options.put, start, payments + decisions),
        )
        return made, self._years(np.concatenate([self.days, self.price_days]))

    def _years(self, days: IntArray) -> FloatArray:
        """Return the years in which rates are uncertain up to each day.

        Decisions up to a horizon keep their order, and next to no uncertainty.
        """
        if not self.horizon:
            return days / 365.0
        early = days / (1000.0 * self.horizon)
        return np.where(days > self.horizon, days - self.horizon, early) / 365.0


def _right(prices: Prices, start: IntArray, first: int) -> Right:
    return Right(
        prices.held,
        start + prices.until,
        first + np.arange(len(prices.held)),
        prices.whole,
    )
