"""Numbers of rows that change at given payments: stepped coupons, balances of sinking bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch, Ragged

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Stepped:
    """`first` (rows,) until a row's first step; from payment `payment[j]` on it is `value[j]`."""

    first: FloatArray
    payment: Ragged
    value: Ragged

    @staticmethod
    def of(batch: Batch, name: str, first: FloatArray, rows: IntpArray) -> Stepped:
        """Return the steps of rows from the batch columns `name`_payment and `name`_value."""
        payment, value = batch.ragged(f"{name}_payment"), batch.ragged(f"{name}_value")
        if not len(payment.values):
            nothing = np.zeros(len(rows) + 1, dtype=np.int32)
            payment = Ragged(nothing, payment.values)
            return Stepped(first, payment, Ragged(nothing, value.values))
        return Stepped(first, payment.take(rows), value.take(rows))

    def take(self, index: IntpArray) -> Stepped:
        """Return the given rows."""
        if not len(self.payment.values):
            nothing = np.zeros(len(index) + 1, dtype=np.int32)
            return Stepped(
                self.first[index],
                Ragged(nothing, self.payment.values),
                Ragged(nothing, self.value.values),
            )
        return Stepped(self.first[index], self.payment.take(index), self.value.take(index))

    @property
    def any(self) -> bool:
        """Return whether a row has a step."""
        return bool(len(self.payment.values))

    def has(self) -> npt.NDArray[np.bool_]:
        """Return whether each row has a step."""
        return np.diff(self.payment.offsets) > 0

    def _passed(self, k: IntArray) -> IntArray:
        """Return how many steps of each row are in force at its payment k."""
        owner = np.repeat(np.arange(len(k)), np.diff(self.payment.offsets))
        passed = self.payment.values.astype(np.int64) <= k[owner]
        return np.bincount(owner, weights=passed, minlength=len(k)).astype(np.int64)

    def _valued(self, passed: IntArray, row: IntpArray) -> FloatArray:
        place = np.maximum(self.value.offsets[:-1].astype(np.int64)[row] + passed - 1, 0)
        steps = self.value.values.astype(np.float64)
        return np.where(passed > 0, steps.take(place, mode="clip"), self.first[row])

    def at(self, k: IntArray) -> FloatArray:
        """Return the number at payment k of each row."""
        if not self.any:
            return self.first
        return self._valued(self._passed(k), np.arange(len(k)))

    def over(self, k: IntArray, offsets: Int32Array) -> FloatArray:
        """Return the number at each flow: row i's are payments k[i], k[i] + 1, ... in order."""
        counts = np.diff(offsets)
        if not self.any:
            return np.repeat(self.first, counts)
        row = np.repeat(np.arange(len(k)), counts)
        owner = np.repeat(np.arange(len(k)), np.diff(self.payment.offsets))
        later = self.payment.values.astype(np.int64) - k[owner]
        inside = (later > 0) & (later < counts[owner])
        # Counting steps flow by flow in whole numbers: no rounding crosses from row to row.
        steps = np.zeros(int(offsets[-1]) + 1, dtype=np.int64)
        np.add.at(steps, offsets[:-1][owner[inside]] + later[inside], 1)
        running = np.cumsum(steps[:-1])
        begin = offsets[:-1].astype(np.int64)
        before = running[np.minimum(begin, max(len(running) - 1, 0))] if len(running) else running
        return self._valued(running - np.repeat(before - self._passed(k), counts), row)
