"""The cells of some rows of a batch, written in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.axis import Axis

FloatArray = npt.NDArray[np.float64]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells made from neighbouring columns of a strip, times one scale.

    `factors` (cells,) convert each cell from the flows' currency, None where nothing converts.
    """

    cells: slice
    columns: slice
    scale: float
    factors: FloatArray | None

    def of(self, local: FloatArray) -> FloatArray:
        """Return the run's cells of rows from their columns."""
        part = local[:, self.columns]
        if self.scale != 1.0:
            part = part * self.scale
        return part if self.factors is None else part * self.factors


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of a batch's values: row i of a view is row rows[i] of `values` (batch, cells)."""

    axis: Axis
    values: FloatArray
    rows: IntpArray

    def part(self, first: int, last: int) -> Cells:
        """Return the view of its rows [first, last)."""
        return Cells(self.axis, self.values, self.rows[first:last])

    def put(self, runs: Sequence[Run], local: FloatArray) -> None:
        """Write the cells that runs make from columns, a few rows at a time while they are hot."""
        if len(runs) == 1:
            self.values[self.rows, runs[0].cells] = runs[0].of(local)
            return
        block = self.values.take(self.rows, axis=0)
        for run in runs:
            block[:, run.cells] = run.of(local)
        self.values[self.rows] = block

    def add(self, places: IntpArray, part: FloatArray) -> None:
        """Add a part (rows, places) to the cells at distinct places."""
        if len(places) and bool((np.diff(places) == 1).all()):
            # Neighbouring cells: a slice is added several times faster, to the same bits.
            self.values[self.rows, int(places[0]) : int(places[-1]) + 1] += part
            return
        self.values[self.rows[:, None], places] += part

    def _places(self, *codes: str) -> Iterator[int]:
        return (i for i, cell in enumerate(self.axis.cells) if cell.measure in codes)

    def needs(self, *codes: str) -> bool:
        """Return whether the axis has a cell of one of the measures."""
        return any(True for _ in self._places(*codes))

    def fill(self, code: str, column: FloatArray) -> None:
        """Write a column that depends on no scenario to every cell of a measure."""
        for place in self._places(code):
            self.values[self.rows, place] = column

    def subtract_accrued(self, accrued: FloatArray) -> None:
        """Turn the dirty values in CLEAN_PV cells into clean ones."""
        for place in self._places("CLEAN_PV"):
            self.values[self.rows, place] -= accrued

    def sign(self, sign: FloatArray) -> None:
        """Turn what is held short or owed to its sign."""
        turned = np.flatnonzero(sign < 0.0)
        if len(turned):
            self.values[self.rows[turned]] *= -1.0

    def per_hundred(self, face: FloatArray, accrued: FloatArray, growth: FloatArray) -> None:
        """Turn values from settlement in the price cells into prices per 100 of current face.

        `growth` undoes the own spread up to settlement; a row without face has price 0.
        """
        safe = np.where(face == 0.0, 1.0, face)
        for place in self._places("DIRTY_PRICE", "CLEAN_PRICE"):
            value = self.values[self.rows, place] * growth
            if self.axis.cells[place].measure == "CLEAN_PRICE":
                value = value - accrued
            self.values[self.rows, place] = np.where(face == 0.0, 0.0, value / safe * 100.0)
