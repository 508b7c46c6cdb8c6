"""Constant spreads of pools: over the forward curve, over paths, and what lies between them.

Both give the value at settlement that the row has at BASE: Z_SPREAD with the cash of the one
forward path, OAS with the mean of cash over paths. Their difference is the cost of the option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pricing.pricers import own_spread, state_valued
from pricing.pricers.cells import Cells

if TYPE_CHECKING:
    from pricing.pricers.pool import Chunk

FloatArray = npt.NDArray[np.float64]


def put(chunk: Chunk, static: FloatArray, spread: FloatArray, cells: Cells) -> None:
    """Write OAS, Z_SPREAD and OPTION_COST; `static` is the cash on the forward curve (flows,)."""
    if not cells.needs("OAS", "Z_SPREAD", "OPTION_COST"):
        return
    base = state_valued.base(chunk.states)
    factor = chunk.curve_factors(base)[:, 0]
    mean = chunk.cash(base)[:, 0] if chunk.paths else static
    _, weights = chunk.own_factors()
    price = _settled(chunk, mean * weights * factor)
    price *= own_spread.to_settlement(spread, chunk.found, chunk.rows, chunk.waiting())
    curved = chunk.found.spread_curve[chunk.rows] >= 0
    oas = spread.copy()
    if curved.any():
        oas = np.where(curved, _solved(chunk, mean * factor, price), spread)
    z_spread = _solved(chunk, static * factor, price) if chunk.paths else oas
    cells.fill("OAS", oas)
    cells.fill("Z_SPREAD", z_spread)
    cells.fill("OPTION_COST", z_spread - oas)


def _settled(chunk: Chunk, present: FloatArray) -> FloatArray:
    """Return (rows,): the sums of present values (flows,) of what is paid after settlement."""
    after = chunk.placed.days > chunk.waiting()[chunk.placed.owner]
    return state_valued.sums(chunk.placed, np.where(after, present, 0.0)[:, None])[:, 0]


def _solved(chunk: Chunk, present: FloatArray, price: FloatArray) -> FloatArray:
    """Return (rows,): the spreads from settlement at which present values make the price."""
    placed, waiting = chunk.placed, chunk.waiting()
    left = placed.days - waiting[placed.owner]
    amounts = np.where(left > 0, present, 0.0)
    years = np.maximum(left, 0) / 365.0
    solved, failed = own_spread.solve(amounts, years, placed.offsets, price)
    for row in chunk.rows[failed & (price != 0.0)].tolist():
        chunk.found.failures.setdefault(row, own_spread.NOT_SOLVED)
    return solved
