"""Flows of positions: flat and ragged for the kernel, one by one for people."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Flows:
    """The flows of rows in date order: row i owns [offsets[i], offsets[i + 1]).

    `amounts` carry the position's own spread discount, `slots` are places in the date grid.
    `grid` numbers the grids of shared pay dates and `regular` says whether all dates of a row
    are on its grid (then the dense product may value it).
    """

    amounts: FloatArray
    slots: Int32Array
    offsets: Int32Array
    grid: npt.NDArray[np.intp]
    regular: npt.NDArray[np.bool_]

    def rows(self, first: int, last: int) -> Flows:
        """Return the flows of rows [first, last)."""
        begin, end = int(self.offsets[first]), int(self.offsets[last])
        return Flows(
            self.amounts[begin:end],
            self.slots[begin:end],
            self.offsets[first : last + 1] - self.offsets[first],
            self.grid[first:last],
            self.regular[first:last],
        )


@dataclass(frozen=True, slots=True)
class ProjectedFlow:
    """One projected flow under one scenario, in its own currency.

    pv = amount x spread_factor x discount_factor; `nodes` are the curve nodes whose zero rates
    make the discount factor, each with its weight; `zero_rate` includes the scenario's shocks.
    """

    date: dt.date
    kind: str
    currency: str
    amount: float
    years: float
    zero_rate: float
    spread: float
    discount_factor: float
    spread_factor: float
    pv: float
    curve: str
    nodes: tuple[tuple[dt.date, float], ...]


def offsets_of(counts: IntArray) -> Int32Array:
    """Return int32 offsets (rows + 1) of rows with these numbers of flows."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=offsets[1:])
    return offsets
