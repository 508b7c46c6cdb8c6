"""Yields of loans: the rate at which what is projected is worth the price at settlement.

Compounded with the loan's own payments, on due dates counted in periods of its grid, then restated
for the compounding in the measure's name. Each cell is of its own scenario, price and payments.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.pricers import debt, loan_paths, own_spread, state_valued
from pricing.pricers.cells import Cells
from pricing.pricers.debt import DebtContext
from pricing.pricers.loan_chunk import Chunk
from pricing.pricers.loan_spread import Spreads
from pricing.pricers.yields import Yielding, restated
from pricing.products.loan import Path
from pricing.scenarios.market_states import plain
from pricing.scenarios.states import States
from pricing.yield_conventions import YIELD_CONVENTIONS, exponents

FloatArray = npt.NDArray[np.float64]
IntpArray = npt.NDArray[np.intp]

COMPOUNDED = {
    "YIELD_MONTHLY_MORTGAGE": 12.0,
    "YIELD_SEMI_BOND": 2.0,
    "YIELD_ANNUAL": 1.0,
    "YIELD_CONTINUOUS": 0.0,
}
"""Compounding periods a year by measure; 0: continuous."""
NOT_SOLVED = Failure("YIELD_NOT_SOLVED", "no yield reproduces the price at settlement")
SCENARIOS = 8
"""Scenarios worked on together."""
_COMPOUND = YIELD_CONVENTIONS.index("COMPOUND")


def fill(
    batch: Batch,
    rows: IntpArray,
    found: DebtContext,
    states: States,
    values: FloatArray,
    spreads: Spreads,
) -> None:
    """Write the yield cells of loans; their marks are solved already."""
    cells = states.axis.cells
    places = [place for place, cell in enumerate(cells) if cell.measure in COMPOUNDED]
    if not places:
        return
    codes = sorted({cells[place].scenario for place in places}, key=states.places.__getitem__)
    for chunk in loan_paths.chunks(batch, rows, Path.RECURSIVE, found, states, SCENARIOS):
        quoted = chunk.quoted()
        spread, weights = spreads.weights(chunk, quoted)
        growth = own_spread.to_settlement(spread, found, chunk.rows, chunk.settlement())
        face = np.where(quoted.face == 0.0, 1.0, quoted.face)
        for first in range(0, len(codes), SCENARIOS):
            strip = codes[first : first + SCENARIOS]
            scenarios = [states.places[code] for code in strip]
            rate, solved = _solve(chunk, weights, face, growth, scenarios)
            rate[quoted.face == 0.0] = 0.0
            failed = chunk.rows[~solved & (quoted.face != 0.0)]
            for row in failed.tolist():
                found.failures.setdefault(row, NOT_SOLVED)
            f = 12.0 / chunk.left.schedule.months
            part = Cells(states.axis, values, chunk.rows)
            for place in places:
                if cells[place].scenario in strip:
                    column = rate[:, [strip.index(cells[place].scenario)]]
                    shown = restated(column, f, COMPOUNDED[cells[place].measure])
                    part.values[part.rows, place] = shown[:, 0]


def _solve(
    chunk: Chunk,
    weights: FloatArray,
    face: FloatArray,
    growth: FloatArray,
    scenarios: list[int],
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return yields (rows, scenarios) and whether a row has all of them.

    `growth` undoes the own spread up to settlement in the price. A row of which nothing is paid
    after settlement has the yield 0.
    """
    states, placed = chunk.states, chunk.placed
    states_of = plain("", scenarios)
    cash = chunk.cash(states_of)
    price = np.empty((len(chunk.rows), len(scenarios)))
    for begin, end, pool in debt.pools(chunk.found, chunk.rows):
        flows = slice(int(placed.offsets[begin]), int(placed.offsets[end]))
        table = states.state_table(pool.curve, pool.spread_class, states_of)
        part = placed.part(begin, end)
        worth = cash[flows] * weights[flows][:, None] * table.take(part.slots, axis=0)
        price[begin:end] = state_valued.settled(part, worth, pool, states, states_of)
    waiting = chunk.settlement()
    cash[placed.days <= waiting[placed.owner]] = 0.0
    cash /= face[placed.owner][:, None]
    price *= (growth / face)[:, None]
    convention = np.full(len(chunk.rows), _COMPOUND)
    found = exponents(
        chunk.left.schedule, convention, np.zeros(len(chunk.rows), dtype=np.int64),
        states.day + waiting, placed.payment, placed.owner,
    )  # fmt: skip
    rates, solved = np.zeros_like(price), np.ones(len(price), dtype=np.bool_)
    nothing = ~state_valued.sums(placed, np.abs(cash)).any(axis=1)
    for column in range(len(scenarios)):
        yielding = Yielding(np.ascontiguousarray(cash[:, column]), placed.offsets, found)
        rate, met = yielding.rate(price[:, [column]])
        rates[:, column] = np.where(nothing, 0.0, rate[:, 0])
        solved &= met[:, 0] | nothing
    return rates, solved
