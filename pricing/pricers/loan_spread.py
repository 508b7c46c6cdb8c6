"""Own spreads of loans: solved once on the flows of the terms, held wherever those are scaled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.pricers import debt, own_spread
from pricing.pricers.loan_chunk import Chunk
from pricing.pricers.own_spread import Quoted

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Spreads:
    """Spreads of a batch (rows,): `held` where a mark was solved already."""

    spread: FloatArray
    held: BoolArray

    @staticmethod
    def unknown(batch: Batch) -> Spreads:
        """Return spreads of which no mark is solved."""
        return Spreads(batch.floats("spread"), np.zeros(len(batch), dtype=np.bool_))

    def needs(self, batch: Batch, rows: IntpArray) -> bool:
        """Return whether a row has a mark that is not solved."""
        marked = batch.column("spread_source")[rows] == debt.MARK
        return bool((marked & ~self.held[rows]).any())

    def keep(self, rows: IntpArray, solved: FloatArray) -> None:
        """Hold the spreads of rows from now on."""
        self.spread[rows] = solved
        self.held[rows] = True

    def weights(self, chunk: Chunk, quoted: Quoted | None) -> tuple[FloatArray, FloatArray]:
        """Return own spreads (rows,), and the factor by which they discount each flow.

        Marks are solved on the payments of the market as it is.
        """
        batch, rows, placed = chunk.batch, chunk.rows, chunk.placed
        spread = self.spread[rows]
        years = placed.days / -365.0
        weights = np.exp(years * spread[placed.owner])
        flows = placed.flows(weights, chunk.lattices)
        own_spread.apply_matrix(flows, chunk.found, rows, chunk.states)
        if not self.needs(batch, rows) or quoted is None:
            return spread, weights
        cash = chunk.cash(chunk.base())[:, 0] * weights
        marked = placed.flows(cash, chunk.lattices)
        solved = spread.copy()
        failed = own_spread.apply_marks(
            batch, marked, chunk.found, rows, chunk.states, quoted, solved
        )
        for row in rows[failed].tolist():
            chunk.found.failures.setdefault(row, own_spread.NOT_SOLVED)
        by_mark = batch.column("spread_source")[rows] == debt.MARK
        factor = np.exp(years * solved[placed.owner])
        weights *= np.where(by_mark[placed.owner], factor, 1.0)
        spread = np.where(by_mark, solved, spread)
        self.keep(rows, spread)
        return spread, weights
