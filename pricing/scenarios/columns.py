"""Which discount-factor columns the cells of an axis need, and how columns make cells.

A sensitivity is a column: with a factor exp(-z t) the central difference for a shift h of the
zero rate is exp(-z t) sinh(h t), exact and without cancellation. One column per (scenario,
operator) serves every cell that reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from pricing.axis import Axis, Cell, tenor_years

FloatArray = npt.NDArray[np.float64]
IntpArray = npt.NDArray[np.intp]

BP = 1e-4


class Operator(IntEnum):
    """What a column does to the discount factor at time t."""

    VALUE = 0
    SHIFT_1BP = 1
    SHIFT_25BP = 2
    KEY_RATE = 3
    CONVEXITY = 4
    SETTLED = 5
    PAR_1BP = 6
    ROLL = 7


@dataclass(frozen=True, slots=True)
class Column:
    """An operator under a scenario (its place in the run's scenarios).

    `tenor` is that of a key rate, or the days that a curve rolls; `currency` that of the quotes of
    a par shift, "" all of them.
    """

    scenario: int
    operator: Operator
    tenor: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """The columns that flows of one currency need, and the links from columns to cells.

    Cell `cells[j]` gains `scales[j]` x column `columns[j]`, converted from the flows' currency
    into the position's at scenario `scenarios[j]` where `converted[j]`.
    """

    order: tuple[Column, ...]
    cells: IntpArray
    columns: IntpArray
    scales: FloatArray
    converted: npt.NDArray[np.bool_]
    scenarios: IntpArray

    def place(self, column: Column) -> int:
        """Return the place of a column."""
        return self.order.index(column)


_PLAIN = {
    "PV": (Operator.VALUE, 1.0),
    "CLEAN_PV": (Operator.VALUE, 1.0),
    "CS01": (Operator.SHIFT_1BP, 1.0),
    "CS25": (Operator.SHIFT_25BP, 2.0),
    "CONVEXITY_AMOUNT": (Operator.CONVEXITY, 1.0),
    "DV25": (Operator.SHIFT_25BP, 2.0),
    # Grown to the horizon once they are in their cells (pricing/pricers/carry.py).
    "CARRY": (Operator.VALUE, 1.0),
}


def column_set(
    axis: Axis, scenarios: dict[str, int], currency: str, credit: bool, quoted: frozenset[str]
) -> ColumnSet:
    """Return the columns for flows in a currency; `credit` says whether spread measures apply.

    `quoted` are the currencies whose quotes move the curves of the flows' currency.
    """
    order: dict[Column, int] = {}
    links: list[tuple[int, int, float, bool, int]] = []
    for place, cell in enumerate(axis.cells):
        scenario = scenarios[cell.scenario]
        found = _link(axis, cell, currency, credit, quoted)
        if found is not None:
            operator, tenor, factor, scale, converted = found
            column = order.setdefault(Column(scenario, operator, tenor, factor), len(order))
            links.append((place, column, scale, converted, scenario))
    parts = list(zip(*links, strict=True)) if links else [(), (), (), (), ()]
    return ColumnSet(
        tuple(order),
        np.array(parts[0], dtype=np.intp),
        np.array(parts[1], dtype=np.intp),
        np.array(parts[2], dtype=np.float64),
        np.array(parts[3], dtype=np.bool_),
        np.array(parts[4], dtype=np.intp),
    )


def _link(
    axis: Axis, cell: Cell, currency: str, credit: bool, quoted: frozenset[str]
) -> tuple[Operator, int, str, float, bool] | None:
    code = cell.measure
    if code in _PLAIN:
        if code in ("CS01", "CS25") and not credit:
            return None
        operator, scale = _PLAIN[code]
        return operator, 0, "", scale, True
    if code == "ROLL_DOWN":
        return Operator.ROLL, axis.horizon(cell), "", 1.0, True
    if code == "DV01" and cell.factor in ("ALL", currency):
        return Operator.SHIFT_1BP, 0, "", 1.0, True
    if code == "DV01_PAR" and cell.factor in ("ALL", *quoted):
        return Operator.PAR_1BP, 0, "" if cell.factor == "ALL" else cell.factor, 1.0, True
    if code == "KEY_RATE_DV01" and cell.factor.partition("/")[0] == currency:
        tenor = axis.key_rate_tenors.index(cell.factor.partition("/")[2])
        return Operator.KEY_RATE, tenor, "", 1.0, True
    if code == "FX_EXPOSURE" and cell.factor == currency:
        return Operator.VALUE, 0, "", 1.0, False
    if code == "FX_DELTA" and cell.factor == currency:
        return Operator.VALUE, 0, "", 0.01, True
    if code in ("DIRTY_PRICE", "CLEAN_PRICE") and credit:
        return Operator.SETTLED, 0, "", 1.0, True
    return None


def central_shift(x: FloatArray) -> FloatArray:
    """Return sinh(x) = (exp(x) - exp(-x)) / 2 for |x| <= 0.5, to the last bit or two.

    The Taylor series to x^13: additions and multiplications only, so the same bits on every
    machine, and no difference of nearly equal numbers.
    """
    y = x * x
    series = 1.0 + y / 156.0
    for divisor in (110.0, 72.0, 42.0, 20.0, 6.0):
        series = 1.0 + y / divisor * series
    return np.asarray(x * series)


def key_rate_weights(times: FloatArray, tenors: tuple[str, ...]) -> FloatArray:
    """Return (times, tenors): triangles linear in time, flat beyond both ends, rows sum to 1."""
    years = np.array(tenor_years(tenors))
    weights = np.zeros((len(times), len(years)))
    rows = np.arange(len(times))
    if len(years) == 1:
        weights[:, 0] = 1.0
        return weights
    left = np.clip(np.searchsorted(years, times, side="right") - 1, 0, len(years) - 2)
    share = np.clip((times - years[left]) / (years[left + 1] - years[left]), 0.0, 1.0)
    weights[rows, left] = 1.0 - share
    weights[rows, left + 1] = share
    return weights
