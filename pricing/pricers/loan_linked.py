"""Floating loans whose balances no rate moves: two sparse products per market state.

value = sum Bal tau x (index rate x DF) + sum (principal + margin tau Bal) x DF, with tables of
both factors over the distinct periods that the loans of a chunk share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.kernel import sequential
from pricing.pricers import carry, debt
from pricing.pricers.cells import Cells
from pricing.pricers.debt import Pool
from pricing.pricers.index_periods import used_periods
from pricing.pricers.index_rates import NOT_MISSING
from pricing.pricers.loan_chunk import Chunk
from pricing.pricers.loan_recursion import EARNING, OF_PRINCIPAL
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import COLUMNS_PER_TABLE, States

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Amounts:
    """Per flow: what is paid per unit of index rate, and whatever the index rate is."""

    earning: FloatArray
    other: FloatArray

    @staticmethod
    def of(chunk: Chunk) -> Amounts:
        """Return the amounts of a chunk, those its strips take."""
        parts = chunk.balanced()
        owner, rates = chunk.placed.owner, chunk.rates
        interest = chunk.borrowers.of_interest[owner]
        principal = chunk.borrowers.of_principal[owner]
        earning = parts[EARNING] * interest
        other = np.where(rates.follows, rates.margin, rates.own) * earning
        other += parts["PENALTY"] * interest
        for name in OF_PRINCIPAL:
            other += parts[name] * principal
        return Amounts(np.where(rates.follows, earning, 0.0), other)

    def weighted(self, weights: FloatArray) -> Amounts:
        """Return the amounts times weights (flows,)."""
        return Amounts(self.earning * weights, self.other * weights)


def put(chunk: Chunk, amounts: Amounts, cells: Cells) -> None:
    """Write the cells that values in market states make; price cells before `per_hundred`."""
    states, placed = chunk.states, chunk.placed
    for begin, end, pool in debt.pools(chunk.found, chunk.rows):
        states_of = states.state_set((pool.currency,), pool.currency, credit=True)
        if not len(states_of):
            continue
        first, last = int(placed.offsets[begin]), int(placed.offsets[end])
        offsets = placed.offsets[begin : end + 1] - placed.offsets[begin]
        used, slots = used_periods(chunk.rates.period[first:last], len(chunk.rates.periods.start))
        part = Amounts(amounts.earning[first:last], amounts.other[first:last])
        rows = cells.part(begin, end)
        values = _values(chunk, part, used, slots, offsets, pool, states_of)
        held = placed.part(begin, end)
        for weight, some, at in carry.slides(chunk.found, rows.rows, held, states, states_of):
            slid = part.weighted(weight)
            values[:, at] += _values(chunk, slid, used, slots, offsets, pool, some)
        states_of.put(rows, values)
        if cells.needs("CLEAN_PRICE", "DIRTY_PRICE"):
            waiting = states.settlement_days(pool.currency)
            after = (placed.days[first:last] > waiting).astype(np.float64)
            if not after.all():
                later = part.weighted(after)
                values = _values(chunk, later, used, slots, offsets, pool, states_of)
            states_of.put_settled(rows, values / _at(states, waiting, pool, states_of))


def _at(states: States, waiting: int, pool: Pool, states_of: StateSet) -> FloatArray:
    times = np.array([waiting / 365.0])
    return states.state_discount(pool.curve, pool.spread_class, times, states_of)


def _values(
    chunk: Chunk,
    amounts: Amounts,
    used: IntpArray,
    slots: Int32Array,
    offsets: Int32Array,
    pool: Pool,
    states_of: StateSet,
) -> FloatArray:
    """Return (rows, states), a strip of states at a time."""
    out = np.empty((len(offsets) - 1, len(states_of)))
    periods = chunk.rates.periods.take(used)
    for first in range(0, len(states_of), COLUMNS_PER_TABLE):
        last = min(first + COLUMNS_PER_TABLE, len(states_of))
        strip = states_of.part(first, last)
        rates, missing = periods.rates(chunk.states, strip)
        if (missing != NOT_MISSING).any():
            chunk.note_missing(used, missing)
        discount = chunk.states.state_table(pool.curve, pool.spread_class, strip)
        factors = discount.take(periods.slot, axis=0)
        rates *= factors
        value = sequential(amounts.earning, slots, offsets, rates)
        value += sequential(amounts.other, slots, offsets, factors)
        out[:, first:last] = value
    return out
