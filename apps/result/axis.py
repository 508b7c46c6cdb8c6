"""The axis of a run: which cells there are, and where each stands in the stored vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.run.contracts import CellSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_CELLS = 480
"""Cells of one stored vector at most: a row of 480 fills half a page, one of 1,010 leaves it."""

BASE = "BASE"


@dataclass(frozen=True, slots=True)
class Block:
    """The cells [start, stop) of an axis, stored as one vector per position."""

    number: int
    start: int
    stop: int

    @property
    def width(self) -> int:
        """The number of cells."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell stands: its block, and its ordinal there as SQL counts, from 1."""

    block: int
    ordinal: int


def blocks(cell_count: int) -> tuple[Block, ...]:
    """Cut an axis of `cell_count` cells into its blocks, all full but the last."""
    if cell_count < 1:
        raise ValueError("an axis has at least one cell")
    return tuple(
        Block(number, start, min(start + BLOCK_CELLS, cell_count))
        for number, start in enumerate(range(0, cell_count, BLOCK_CELLS))
    )


def place(index: int) -> Place:
    """Return where the cell `index`, counted from 0 along the axis, is stored."""
    return Place(index // BLOCK_CELLS, index % BLOCK_CELLS + 1)


def label(cell: CellSpec) -> str:
    """Name a cell as people write it: `KEY_RATE_DV01@BASE/USD/5Y`."""
    factor = f"/{cell.factor}" if cell.factor else ""
    return f"{cell.measure}@{cell.scenario}{factor}"


def quanta(axis: Sequence[CellSpec]) -> NDArray[np.int64]:
    """Return the decimal exponents of the cells: the value of a count q is q x 10**-quantum."""
    return np.array([cell.quantum for cell in axis], dtype=np.int64)


def additive(axis: Sequence[CellSpec]) -> NDArray[np.bool_]:
    """Return which cells are summed over positions; all others are zero in every roll-up."""
    return np.array([cell.kind == "SUM" for cell in axis], dtype=np.bool_)


def base_pv(axis: Sequence[CellSpec]) -> Place | None:
    """Return the place of (PV, BASE), the cell that positions are listed by; None without one."""
    for index, cell in enumerate(axis):
        if (cell.measure, cell.scenario, cell.factor) == ("PV", BASE, ""):
            return place(index)
    return None


def check(axis: Sequence[CellSpec]) -> None:
    """Refuse an axis that names a cell twice: its runs could not be compared by name."""
    seen: set[tuple[str, str, str]] = set()
    for cell in axis:
        name = (cell.measure, cell.scenario, cell.factor)
        if name in seen:
            raise ValueError(f"the cell {label(cell)} is declared twice")
        seen.add(name)
    blocks(len(axis))
