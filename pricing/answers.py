"""A position's values as a reader sees them: decimals of the quantum they are stored in.

RATIO measures are divided here, from the rounded sums, as every reader of a run divides them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from pricing.axis import BASE, Axis, Cell, asked_cell
from pricing.failure import Failure
from pricing.measures import Kind, measure

STORED_LIMIT = 2**62
"""A run stores a cell as a 64-bit count of quanta and refuses one of this size or more."""

_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)
"""Wide enough for every float64 with the decimals of any quantum."""


@dataclass(frozen=True, slots=True)
class Error:
    """Why a position has no row of values."""

    code: str
    message: str
    cell: str = ""

    @staticmethod
    def of(failure: Failure) -> Error:
        """Return the error of a failure."""
        return Error(failure.code, failure.message, failure.cell)

    def as_json(self) -> dict[str, str]:
        """Return the error as an object, `cell` only where one cell failed."""
        cell = {"cell": self.cell} if self.cell else {}
        return {"code": self.code, "message": self.message, **cell}


@dataclass(frozen=True, slots=True)
class Answer:
    """Decimals by cell; a ratio that has no value is None and has its reason in `reasons`."""

    values: dict[str, str | None]
    reasons: dict[str, str]


def decimal(value: float, exponent: int) -> str:
    """Return a number with `exponent` decimals, rounded half to even."""
    return format(_rounded(value, exponent), "f")


def _rounded(value: float, exponent: int) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-exponent), context=_EXACT)


def ratios(asked: Iterable[str]) -> list[Cell]:
    """Return the RATIO measures among asked ones (`measure` or `measure@scenario`), as cells."""
    return [
        Cell(cell.measure, cell.scenario or BASE)
        for cell in map(asked_cell, asked)
        if measure(cell.measure).kind is Kind.RATIO
    ]


def answer(
    axis: Axis, row: Sequence[float], product_type: str, divided: Iterable[Cell]
) -> Answer | Error:
    """Return a row of values in axis currency as decimals, or that it cannot be stored."""
    rounded: dict[Cell, Decimal] = {}
    for cell, value in zip(axis.cells, row, strict=True):
        if not math.isfinite(value):
            return Error("NOT_FINITE", f"the value is {value}", str(cell))
        rounded[cell] = _rounded(float(value), axis.quantum(cell))
        if abs(rounded[cell]).scaleb(axis.quantum(cell), context=_EXACT) >= STORED_LIMIT:
            message = f"{value:.6g} does not fit into 64 bits"
            return Error("OVERFLOW", message, str(cell))
    for place, parts in axis.sums:
        total = Decimal(0)
        for part in parts:
            total = _EXACT.add(total, rounded[axis.cells[part]])
        rounded[axis.cells[place]] = total
    values: dict[str, str | None] = {str(cell): format(d, "f") for cell, d in rounded.items()}
    reasons: dict[str, str] = {}
    for cell in divided:
        found = _ratio(cell, rounded, product_type)
        values[str(cell)] = None if isinstance(found, str) else format(found, "f")
        if isinstance(found, str):
            reasons[str(cell)] = found
    return Answer(values, reasons)


def _ratio(cell: Cell, rounded: dict[Cell, Decimal], product_type: str) -> Decimal | str:
    """Return numerator / (denominator x scale), or why there is none."""
    definition = measure(cell.measure)
    if not definition.applies(product_type):
        return f"does not apply to {product_type}"
    numerator = rounded[Cell(definition.numerator, cell.scenario)]
    denominator = rounded[Cell(definition.denominator, cell.scenario)]
    if denominator <= 0:
        return f"{definition.denominator} is not positive"
    ratio = _EXACT.divide(numerator, denominator * Decimal(str(definition.scale)))
    return ratio.quantize(Decimal(1).scaleb(-definition.quantum()), context=_EXACT)
