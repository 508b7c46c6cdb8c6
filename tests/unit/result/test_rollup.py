from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from apps.portfolio.dimensions import Dimension
from apps.result import rollup


def _sum(cells: Any, **changes: Any) -> rollup.Partials:
    count = len(cells)
    given: dict[str, Any] = {
        "book": np.zeros(count, dtype=np.int64),
        "dimensions": {},
        "valued": np.ones(count, dtype=np.bool_),
        "notional": np.ones(count, dtype=np.int64),
        "cells": np.asarray(cells, dtype=np.int64),
        "additive": np.ones(np.shape(cells)[1], dtype=np.bool_),
    }
    return rollup.partials(**given | changes)


def test_every_row_is_the_sum_of_its_positions() -> None:
    sums = _sum(
        [[1, 10], [2, 20], [4, 40]],
        book=np.array([7, 7, 8]),
        dimensions={Dimension.SECTOR: np.array([1, 2, 1])},
    )
    rows = list(
        zip(sums.node, sums.dimension, sums.member, sums.count, sums.cells.tolist(), strict=True)
    )
    assert rows == [
        (7, 0, 0, 2, [3, 30]),
        (7, 3, 1, 1, [1, 10]),
        (7, 3, 2, 1, [2, 20]),
        (8, 0, 0, 1, [4, 40]),
        (8, 3, 1, 1, [4, 40]),
    ]


def test_errors_are_counted_with_their_notional_and_not_covered() -> None:
    sums = _sum(
        [[5], [0]], valued=np.array([True, False]), notional=np.array([300, 200], dtype=np.int64)
    )
    assert (sums.count[0], sums.covered[0]) == (2, 1)
    assert (sums.covered_notional[0], sums.uncovered_notional[0]) == (300, 200)


def test_cells_that_do_not_add_are_zero_in_every_sum() -> None:
    sums = _sum([[1, 100], [2, 99]], additive=np.array([True, False]))
    assert sums.cells.tolist() == [[3, 0]]


def test_a_sum_that_leaves_64_bits_names_its_cell() -> None:
    large = 2**62 - 1
    with pytest.raises(rollup.CellOverflow) as raised:
        _sum([[1, large]] * 3)
    assert raised.value.cell == 1


def test_large_cells_of_opposite_signs_add_up() -> None:
    large = 2**62 - 1
    assert _sum([[large], [large], [-large], [-large], [5]]).cells.tolist() == [[5]]


def test_what_is_no_sum_cannot_overflow() -> None:
    """A price of 4e10 per 100 is odd, but three of them are no reason to lose a run."""
    large = 2**62 - 1
    sums = _sum([[1, large]] * 3, additive=np.array([True, False]))
    assert sums.cells.tolist() == [[3, 0]]


@pytest.mark.parametrize("valued", [True, False])
def test_a_notional_that_leaves_64_bits_is_an_error(valued: bool) -> None:
    with pytest.raises(rollup.CubeOverflow, match="notional"):
        _sum(
            [[0]] * 3,
            valued=np.full(3, valued),
            notional=np.full(3, 2**62 - 1, dtype=np.int64),
        )


def test_a_notional_is_in_cents_and_a_slip_of_the_pen_counts_as_none() -> None:
    amounts = np.array([0.125, -2.5, 1e16, 1.0001e16, 1e30, np.nan, np.inf])
    assert rollup.notional_cents(amounts).tolist() == [12, -250, 10**18, 0, 0, 0, 0]
