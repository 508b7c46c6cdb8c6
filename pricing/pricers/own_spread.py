"""The position's own spread: from the spread matrix, or solved once at BASE from its mark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import kernel
from pricing.axis import BASE
from pricing.batch import Batch
from pricing.failure import Failure
from pricing.pricers.debt import MARK, DebtContext
from pricing.pricers.flows import Flows
from pricing.products.state import QUOTE_BASES
from pricing.scenarios.columns import Column, Operator
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
IntpArray = npt.NDArray[np.intp]

CLEAN = QUOTE_BASES.index("CLEAN")
LIMIT = 1.0
ITERATIONS = 80
NOT_SOLVED = Failure("SPREAD_NOT_SOLVED", "no spread within +/-100% reproduces the mark")


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a mark of each row refers to, columns (rows,): face, accrued at settlement (amounts)."""

    face: FloatArray
    accrued: FloatArray


def apply_matrix(flows: Flows, found: DebtContext, rows: IntpArray, states: States) -> None:
    """Discount the amounts of rows whose spread is a curve of the market, in place."""
    curves = found.spread_curve[rows]
    if not (curves >= 0).any():
        return
    times = states.grid.days / 365.0
    table = np.ones((len(found.spread_curves) + 1, len(times)))
    for place, curve in enumerate(found.spread_curves):
        table[place] = np.exp(-curve.at(times) * times)
    # Rows with a spread of their own read the last row of the table: ones.
    owner = np.repeat(curves, np.diff(flows.offsets))
    np.multiply(flows.amounts, table[owner, flows.slots], out=flows.amounts)


def to_settlement(
    spread: FloatArray, found: DebtContext, rows: IntpArray, days: IntArray
) -> FloatArray:
    """Return exp(s x t) of each row's own spread from the valuation date to settlement."""
    years = days / 365.0
    exponent = spread * years
    curves = found.spread_curve[rows]
    for place in np.unique(curves[curves >= 0]):
        at = np.flatnonzero(curves == place)
        exponent[at] += found.spread_curves[int(place)].at(years[at]) * years[at]
    return np.asarray(np.exp(exponent))


def slid(
    found: DebtContext,
    rows: IntpArray,
    owner: IntpArray,
    days: IntArray,
    place: npt.NDArray[np.integer],
    horizon: int,
) -> FloatArray | None:
    """Return by which factor flows grow (flows,) where spread curves slide after some days.

    A flow of row `owner[j]` is paid on `days[place[j]]`. Up to the horizon the spread that the
    curve implies is realised. None where no row is on a curve.
    """
    curves = found.spread_curve[rows]
    if not (curves >= 0).any():
        return None
    years = days / 365.0
    first = np.minimum(years, horizon / 365.0)
    rest = years - first
    table = np.ones((len(found.spread_curves) + 1, len(days)))
    for number in np.unique(curves[curves >= 0]).tolist():
        curve = found.spread_curves[number]
        exponent = curve.at(years) * years
        exponent -= curve.at(first) * first + curve.at(rest) * rest
        table[number] = np.exp(exponent)
    # Rows with a spread of their own read the last row of the table: ones.
    return np.asarray(table[curves[owner], place])


def apply_marks(
    batch: Batch,
    flows: Flows,
    found: DebtContext,
    rows: IntpArray,
    states: States,
    quoted: Quoted,
    spread: FloatArray,
) -> IntpArray:
    """Solve the residual spread of rows with a mark and discount their amounts by it, in place.

    `spread` (rows,) receives the solutions. Returns the places of rows that have none.
    """
    marked = np.flatnonzero(batch.column("spread_source")[rows] == MARK)
    if not len(marked):
        return marked
    owner = np.repeat(np.arange(len(rows)), np.diff(flows.offsets))
    inside = np.flatnonzero(np.isin(owner, marked))
    lengths = np.diff(flows.offsets)[marked].astype(np.int64)
    offsets = np.zeros(len(marked) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    slots = flows.slots[inside]
    years = states.grid.days.take(slots) / 365.0
    factors = _settled_factors(found, rows[marked], states, slots, offsets)
    price = batch.floats("mark_price")[rows[marked]] / 100.0
    face = quoted.face[marked]
    safe = np.where(face == 0.0, 1.0, face)
    clean = batch.column("mark_basis")[rows[marked]] == CLEAN
    target = price + np.where(clean, quoted.accrued[marked] / safe, 0.0)
    settlement = np.array(
        [states.settlement_days(found.pools[p].currency) for p in found.pool[rows[marked]]],
        dtype=np.int64,
    )
    # The market's part of the spread up to settlement is in the amounts: it is taken out again.
    target /= to_settlement(np.zeros(len(marked)), found, rows[marked], settlement)
    waiting = years - np.repeat(settlement / 365.0, lengths)
    each = flows.amounts[inside] * factors / np.repeat(safe, lengths)
    solved, failed = solve(each, waiting, offsets, target)
    solved[face == 0.0] = 0.0
    failed &= face != 0.0
    spread[marked] = solved
    flows.amounts[inside] *= np.exp(-np.repeat(solved, lengths) * years)
    return marked[failed]


def _settled_factors(
    found: DebtContext,
    rows: IntpArray,
    states: States,
    slots: Int32Array,
    offsets: Int32Array,
) -> FloatArray:
    """Return the BASE factor from settlement of each flow."""
    column = (Column(states.places[BASE], Operator.SETTLED),)
    pool = np.repeat(found.pool[rows], np.diff(offsets))
    out = np.empty(len(slots))
    for number in np.unique(pool):
        at = np.flatnonzero(pool == number)
        days = states.grid.days.take(slots[at])
        out[at] = states.factors(found.pools[int(number)].curve, 0, column, days)[:, 0]
    return out


def solve(
    amounts: FloatArray, years: FloatArray, offsets: Int32Array, target: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return per row the s with sum(amounts x exp(-s x years)) = target, and where there is none.

    Newton's method kept inside a shrinking bracket of [-1, 1]; each row stops by itself, so its
    bits do not depend on the others. Sums run in date order.
    """
    rows = len(target)
    low, high = np.full(rows, -LIMIT), np.full(rows, LIMIT)
    lengths = np.diff(offsets).astype(np.int64)
    at_low = _sum(amounts, years, low, offsets, lengths) - target
    at_high = _sum(amounts, years, high, offsets, lengths) - target
    bracketed = (at_low >= 0.0) & (at_high <= 0.0)
    guess = np.zeros(rows)
    active = bracketed.copy()
    for _ in range(ITERATIONS):
        if not active.any():
            break
        discounted = amounts * np.exp(-np.repeat(guess, lengths) * years)
        error = _total(discounted, offsets) - target
        slope = -_total(discounted * years, offsets)
        low = np.where(active & (error > 0.0), guess, low)
        high = np.where(active & (error <= 0.0), guess, high)
        step = guess - error / np.where(slope == 0.0, -1.0, slope)
        inside = (step > low) & (step < high)
        following = np.where(inside, step, 0.5 * (low + high))
        done = (np.abs(error) <= 1e-15 * np.abs(target)) | (np.abs(following - guess) <= 1e-15)
        guess = np.where(active & (np.abs(error) > 1e-15 * np.abs(target)), following, guess)
        active &= ~done
    final = _sum(amounts, years, guess, offsets, lengths) - target
    close = np.abs(final) <= 1e-11 * np.maximum(np.abs(target), 1e-6)
    return guess, ~(bracketed & close)


def _sum(
    amounts: FloatArray,
    years: FloatArray,
    spread: FloatArray,
    offsets: Int32Array,
    lengths: IntArray,
) -> FloatArray:
    return _total(amounts * np.exp(-np.repeat(spread, lengths) * years), offsets)


def _total(amounts: FloatArray, offsets: Int32Array) -> FloatArray:
    zeros = np.zeros(len(amounts), dtype=np.int32)
    return kernel.sequential(amounts, zeros, offsets, np.ones((1, 1)))[:, 0]
