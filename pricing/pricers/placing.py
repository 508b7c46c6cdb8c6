"""The payments left of rows on lattices: when each is and how long it accrues."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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


@dataclass(frozen=True)
class Placed:
    """Flow j is payment `payment[j]` of row `owner[j]`, `days[j]` after the valuation date.

    Row i owns [offsets[i], offsets[i + 1]) and its first flow is payment `first[i]`; `slots` are
    places in the date grid, `fraction` the year fractions of the periods. What few products read
    is made when it is read.
    """

    offsets: Int32Array
    slots: Int32Array
    fraction: FloatArray
    first: IntArray
    calendar: PlacedDays

    @cached_property
    def days(self) -> IntArray:
        """Return the days from the valuation date to each flow."""
        return self.calendar.days()

    @cached_property
    def owner(self) -> IntpArray:
        """Return the row of each flow."""
        return np.repeat(np.arange(len(self.first)), np.diff(self.offsets))

    @cached_property
    def payment(self) -> IntArray:
        """Return the number of the payment that each flow is."""
        begin = self.offsets[:-1].astype(np.int64)
        flow = np.arange(int(self.offsets[-1]))
        return np.asarray(flow - np.repeat(begin - self.first, np.diff(self.offsets)))

    def discount(self, spread: FloatArray) -> FloatArray:
        """Return exp(-s x t) of each flow for the spreads of the rows."""
        years = self.calendar.negative_years()
        years *= np.repeat(spread, np.diff(self.offsets))
        return np.asarray(np.exp(years, out=years))

    def flows(self, amounts: FloatArray, lattices: Lattices) -> Flows:
        """Return amounts as flows at these places."""
        grid = lattices.grid[lattices.row]
        return Flows(amounts, self.slots, self.offsets, grid, lattices.regular)

    def part(self, begin: int, end: int) -> Placed:
        """Return the flows of rows [begin, end)."""
        first, last = int(self.offsets[begin]), int(self.offsets[end])
        return Placed(
            self.offsets[begin : end + 1] - self.offsets[begin],
            self.slots[first:last],
            self.fraction[first:last],
            self.first[begin:end],
            _each(self.days[first:last]),
        )


_NO_ROWS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class PlacedDays:
    """The day of flow j is table[at[j]], but last_days of the flows at the places `last`."""

    table: IntArray
    at: IntArray
    last: IntArray
    last_days: IntArray

    def days(self) -> IntArray:
        """Return the days from the valuation date to each flow."""
        days = self.table.take(self.at)
        days[self.last] = self.last_days
        return days

    def negative_years(self) -> FloatArray:
        """Return -t of each flow, Act/365F: one division a day of the table, not a flow."""
        years = (self.table / -365.0).take(self.at)
        years[self.last] = self.last_days / -365.0
        return years


def on_days(
    offsets: Int32Array, slots: Int32Array, days: IntArray, fraction: FloatArray, first: IntArray
) -> Placed:
    """Return flows with a day of their own each, `days` after the valuation date."""
    return Placed(offsets, slots, fraction, first, _each(days))


def _each(days: IntArray) -> PlacedDays:
    return PlacedDays(days, np.arange(len(days)), _NO_ROWS, _NO_ROWS)


def place(remaining: Remaining, lattices: Lattices, states: States) -> Placed:
    """Return the payments left of rows, in date order."""
    count = remaining.count
    payments, number = lattices.days.shape
    last_days = remaining.last_day - states.day
    table = np.ascontiguousarray(lattices.days.T).ravel()
    slots = states.grid.slots(np.concatenate([table, last_days]))
    offsets = offsets_of(count)
    begin, last = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64) - 1
    # The place of each flow in tables laid out lattice by lattice.
    at = np.arange(int(offsets[-1])) + np.repeat(lattices.row * payments - begin, count)
    fraction = np.ascontiguousarray(lattices.fraction.T).ravel().take(at)
    fraction[begin] = remaining.first_fraction
    fraction[last] = remaining.last_fraction
    flow_slots = slots[: payments * number].take(at)
    flow_slots[last] = slots[payments * number :]
    days = PlacedDays(table, at, last, last_days)
    return Placed(offsets, flow_slots, fraction, remaining.first, days)
