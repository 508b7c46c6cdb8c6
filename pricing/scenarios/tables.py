"""Discount-factor tables over the dates a batch uses, kept between batches within a budget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]

MAX_DAYS = 146_100
"""Days after the valuation date that a slot can stand for: 400 years."""


class DateGrid:
    """The distinct pay days met so far; a slot is the row of a day in every table.

    New days are appended in the order they are first met, so days of one lattice stay together.
    """

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._slot_of = np.full(MAX_DAYS, -1, dtype=np.int32)
        self.days: IntArray = np.empty(0, dtype=np.int64)
        self.generation = 0

    def slots(self, days: IntArray) -> Int32Array:
        """Return the slots of days after the valuation date, in the shape given."""
        found = self._slot_of.take(days)
        missing = days[found < 0]
        if len(missing):
            _, first = np.unique(missing, return_index=True)
            new = missing[np.sort(first)]
            if len(self.days) + len(new) > self._limit and len(self.days):
                self._forget()
                return self.slots(days)
            self._slot_of[new] = np.arange(
                len(self.days), len(self.days) + len(new), dtype=np.int32
            )
            self.days = np.concatenate([self.days, new])
            found = self._slot_of.take(days)
        return found

    def _forget(self) -> None:
        """Start over: tables of an earlier generation no longer fit."""
        self._slot_of[self.days] = -1
        self.days = np.empty(0, dtype=np.int64)
        self.generation += 1


class TableCache:
    """Tables (slots, columns) by key, extended as the grid grows, the least used dropped first.

    A dropped table is computed again when it is needed: the budget costs time, never a number.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._tables: OrderedDict[tuple[object, ...], FloatArray] = OrderedDict()
        self._generation = 0

    def get(
        self,
        key: tuple[object, ...],
        grid: DateGrid,
        compute: Callable[[IntArray], FloatArray],
    ) -> FloatArray:
        """Return the table of a key for all days of the grid; `compute` gives rows of days."""
        if grid.generation != self._generation:
            self._tables.clear()
            self._generation = grid.generation
        table = self._tables.pop(key, None)
        known = 0 if table is None else len(table)
        if known < len(grid.days):
            added = compute(grid.days[known:])
            table = added if table is None else np.concatenate([table, added])
        assert table is not None
        self._tables[key] = table
        held = sum(other.nbytes for other in self._tables.values())
        while held > self._budget and len(self._tables) > 1:
            held -= self._tables.popitem(last=False)[1].nbytes
        return table
