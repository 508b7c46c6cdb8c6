"""When and at what price each row may still be ended early, as arrays over decisions."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pricing import calendars
from pricing.batch import Batch
from pricing.pricers.bond_flows import Bonds
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Prices:
    """What one right pays at each decision, columns (decisions,).

    `until` of the row's payments left are paid all the same; then `amount` is, on `day` (days
    after the valuation date), at least the rest at `spread` over the curve where `whole`.
    """

    held: BoolArray
    until: IntArray
    day: IntArray
    amount: FloatArray
    whole: BoolArray
    spread: FloatArray

    def take(self, index: IntpArray) -> Prices:
        """Return the given decisions."""
        return Prices(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


@dataclass(frozen=True, slots=True)
class Options:
    """The decisions left of rows: row i's are [offsets[i], offsets[i + 1]), in order of `day`.

    `day` is days after the valuation date; `begin` of the row's payments left are paid by then.
    """

    offsets: IntArray
    day: IntArray
    begin: IntArray
    call: Prices
    put: Prices

    @property
    def count(self) -> IntArray:
        """Return the number of decisions left of each row."""
        return np.diff(self.offsets)

    def take(self, index: IntpArray) -> Options:
        """Return the given rows."""
        count = self.count[index]
        offsets = np.concatenate([[0], np.cumsum(count)])
        at = np.arange(int(offsets[-1])) + np.repeat(self.offsets[index] - offsets[:-1], count)
        return Options(offsets, self.day[at], self.begin[at], self.call.take(at), self.put.take(at))


def options(batch: Batch, bonds: Bonds, states: States) -> Options:
    """Return the decisions of bonds after the valuation date.

    A decision is its notice before the day on which the price is paid, which is moved to a
    business day as payments are. What is paid by the day of the decision is no part of it.
    """
    call, call_row, call_day = _right(batch, bonds, states, "call")
    put, put_row, put_day = _right(batch, bonds, states, "put")
    keys = np.concatenate([call_row, put_row]) * np.int64(2**20) + np.concatenate(
        [call_day, put_day]
    )
    distinct = np.unique(keys)
    row, day = distinct >> 20, distinct & (2**20 - 1)
    offsets = np.searchsorted(row, np.arange(len(bonds.rows) + 1))
    first = bonds.schedule.take(row).first_paid_from(day + states.day + 1)
    begin = np.minimum(first - bonds.remaining.first[row], bonds.remaining.count[row])
    begin = np.maximum(begin, 0)
    count = len(call_row)
    return Options(
        offsets,
        day,
        begin,
        _placed(call, keys[:count], distinct, begin),
        _placed(put, keys[count:], distinct, begin),
    )


def _right(
    batch: Batch, bonds: Bonds, states: States, name: str
) -> tuple[Prices, IntArray, IntArray]:
    """Return the prices of a right that is left, the row of each and the day of its decision."""
    rows = bonds.rows
    days, prices = batch.ragged(f"{name}_day").take(rows), batch.ragged(f"{name}_price").take(rows)
    owner = np.repeat(np.arange(len(rows)), np.diff(days.offsets))
    due = days.values.astype(np.int64)
    schedule = bonds.schedule
    paid = calendars.adjust(due, schedule.calendar[owner], schedule.roll[owner])
    decided = paid - batch.integers(f"{name}_notice")[rows][owner]
    left = (decided > states.day) & (paid < bonds.remaining.last_day[owner])
    at = np.flatnonzero(left)
    owner, due, paid, decided = owner[at], due[at], paid[at], decided[at]
    dated = schedule.take(owner)
    k = dated.first_due_from(due + 1)
    begin = dated.accrual(k - 1)
    end = np.minimum(np.maximum(due, begin), dated.accrual(k))
    accrued = np.where(end > begin, dated.fraction(k, begin, end), 0.0)
    accrued[batch.column(f"{name}_dirty")[rows][owner] == 1] = 0.0
    ended = bonds.take(owner)
    amount = ended.outstanding(k) * (
        prices.values.astype(np.float64)[at] / 100.0 + ended.coupon.at(k) * accrued
    )
    whole = np.zeros(len(at), dtype=bool)
    if name == "call":
        whole = batch.column("make_whole")[rows][owner] == 1
        whole &= due <= batch.integers("make_whole_end")[rows][owner]
    until = np.minimum(np.maximum(k - bonds.remaining.first[owner], 0), ended.remaining.count)
    made = Prices(
        np.ones(len(at), dtype=bool),
        until,
        paid - states.day,
        amount,
        whole,
        batch.floats("make_whole_spread")[rows][owner],
    )
    return made, owner.astype(np.int64), decided - states.day


def _placed(prices: Prices, keys: IntArray, distinct: IntArray, begin: IntArray) -> Prices:
    """Return prices at the decisions they belong to; decisions without one hold nothing.

    Where two exercise dates fall on one business day the first stands.
    """
    _, first = np.unique(keys, return_index=True)
    kept = prices.take(first)
    at = np.searchsorted(distinct, keys[first])
    out = Prices(
        np.zeros(len(distinct), dtype=bool),
        begin.copy(),
        np.zeros(len(distinct), dtype=np.int64),
        np.zeros(len(distinct)),
        np.zeros(len(distinct), dtype=bool),
        np.zeros(len(distinct)),
    )
    for f in fields(Prices):
        getattr(out, f.name)[at] = getattr(kept, f.name)
    # A payment that is paid early, on the day of the decision, is paid.
    np.maximum(out.until, begin, out=out.until)
    return out
