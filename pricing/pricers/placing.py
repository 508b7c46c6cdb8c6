"""The payments left of rows on lattices: when each is and how long it accrues."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.lattice import Lattices
from pricing.pricers.flows import Flows, offsets_of
from pricing.scenarios.states import States
from pricing.schedule import Remaining

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Placed:
    """Flow j is payment `payment[j]` of row `owner[j]`, `days[j]` after the valuation date.

    Row i owns [offsets[i], offsets[i + 1]); `slots` are places in the date grid, `fraction` the
    year fractions of the periods.
    """

    offsets: Int32Array
    slots: Int32Array
    days: IntArray
    fraction: FloatArray
    payment: IntArray
    owner: IntpArray

    def flows(self, amounts: FloatArray, lattices: Lattices) -> Flows:
        """Return amounts as flows at these places."""
        grid = lattices.grid[lattices.row]
        return Flows(amounts, self.slots, self.offsets, grid, lattices.regular)


def place(remaining: Remaining, lattices: Lattices, states: States) -> Placed:
    """Return the payments left of rows, in date order."""
    count = remaining.count
    payments, number = lattices.days.shape
    last_days = remaining.last_day - states.day
    days_by_lattice = np.ascontiguousarray(lattices.days.T)
    slots = states.grid.slots(np.concatenate([days_by_lattice.ravel(), last_days]))
    offsets = offsets_of(count)
    begin, last = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64) - 1
    # The place of each flow in tables laid out lattice by lattice.
    at = np.arange(int(offsets[-1])) + np.repeat(lattices.row * payments - begin, count)
    fraction = np.ascontiguousarray(lattices.fraction.T).ravel().take(at)
    fraction[begin] = remaining.first_fraction
    fraction[last] = remaining.last_fraction
    days = days_by_lattice.ravel().take(at)
    days[last] = last_days
    flow_slots = slots[: payments * number].take(at)
    flow_slots[last] = slots[payments * number :]
    owner = np.repeat(np.arange(len(count)), count)
    payment = np.arange(int(offsets[-1])) - begin[owner] + remaining.first[owner]
    return Placed(offsets, flow_slots, days, fraction, payment, owner)
