from __future__ import annotations

import pytest

from apps.result import axis
from apps.run.contracts import CellSpec


def test_blocks_are_full_but_the_last_and_ordinals_count_from_one() -> None:
    cut = axis.blocks(1_000)
    assert [(block.start, block.stop) for block in cut] == [(0, 480), (480, 960), (960, 1_000)]
    assert axis.place(0) == axis.Place(0, 1)
    assert axis.place(479) == axis.Place(0, 480)
    assert axis.place(480) == axis.Place(1, 1)


def test_an_axis_without_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one cell"):
        axis.blocks(0)


def test_a_cell_declared_twice_is_refused_by_its_name() -> None:
    cell = CellSpec("DV01", "BASE", "USD", "AMOUNT_PER_BP", "USD", 8, "SUM")
    with pytest.raises(ValueError, match="DV01@BASE/USD is declared twice"):
        axis.check([cell, cell])


def test_positions_are_listed_by_the_present_value_at_base() -> None:
    price = CellSpec("DIRTY_PRICE", "BASE", "", "PRICE", "", 8, "NONE")
    value = CellSpec("PV", "BASE", "", "AMOUNT", "USD", 6, "SUM")
    assert axis.base_pv([price, value]) == axis.Place(0, 2)
    assert axis.base_pv([price]) is None
