"""Properties of the cube's arithmetic: exact, order-free, whatever the values and the cuts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apps.portfolio.dimensions import Dimension
from apps.result import encode, leaf, rollup
from apps.result.rollup import Partials
from apps.run.contracts import CellSpec
from foundation.exact import decimal_text

CELL = st.integers(-(10**15), 10**15)
ROW = st.tuples(
    st.integers(1, 4), st.integers(0, 3), st.integers(0, 5), st.lists(CELL, min_size=3, max_size=3)
)


def _partials(rows: list[Any]) -> Partials:
    count = len(rows)
    return rollup.partials(
        book=np.array([row[0] for row in rows]),
        dimensions={
            Dimension.SECTOR: np.array([row[1] for row in rows]),
            Dimension.RATING: np.array([row[2] for row in rows]),
        },
        valued=np.ones(count, dtype=np.bool_),
        notional=np.arange(count, dtype=np.int64),
        cells=np.array([row[3] for row in rows], dtype=np.int64),
        additive=np.ones(3, dtype=np.bool_),
    )


def _added(parts: list[Partials]) -> dict[tuple[int, int, int], list[int]]:
    total: dict[tuple[int, int, int], list[int]] = {}
    for part in parts:
        for row in range(len(part.node)):
            key = (int(part.node[row]), int(part.dimension[row]), int(part.member[row]))
            cells = [int(part.count[row]), *map(int, part.cells[row])]
            total[key] = [a + b for a, b in zip(total.get(key, [0] * 4), cells, strict=True)]
    return total


@given(st.lists(ROW, min_size=1, max_size=40), st.data())
def test_partial_sums_add_up_to_the_same_total_under_any_cut_and_order(
    rows: list[Any], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows)), max_size=5)) | {0, len(rows)})
    pieces = [shuffled[a:b] for a, b in itertools.pairwise(cuts)]
    assert _added([_partials(piece) for piece in pieces]) == _added([_partials(rows)])


@given(st.lists(ROW, min_size=1, max_size=40))
def test_the_members_of_every_dimension_add_up_to_the_book(rows: list[Any]) -> None:
    total = _added([_partials(rows)])
    for book in {row[0] for row in rows}:
        for dimension in (Dimension.SECTOR, Dimension.RATING):
            parts = [cells for key, cells in total.items() if key[:2] == (book, dimension)]
            whole = [sum(column) for column in zip(*parts, strict=True)]
            assert whole == total[(book, Dimension.PORTFOLIO, 0)]


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30), st.integers(0, 30))
def test_a_position_is_encoded_to_the_same_digest_wherever_it_stands(
    values: list[float], first: int
) -> None:
    axis = [CellSpec("PV", "BASE", "", "AMOUNT", "USD", 6, "SUM")]

    def digests(column: list[float], start: int, task: int) -> bytes:
        cells = encode.integer_cells([np.array(column)[:, None]], {}, axis)
        count = len(column)
        return encode.valuation_rows(
            run=task,
            task=task,
            first=start,
            book=np.ones(count, dtype=np.int64),
            input_hash=np.zeros((count, 32), dtype=np.uint8),
            cells=cells,
        ).digests

    whole = digests(values, first, 1)
    alone = b"".join(digests([value], first + row, 2) for row, value in enumerate(values))
    assert whole == alone
    assert len(whole) == leaf.DIGEST * len(values)


@given(st.integers(-(2**62), 2**62), st.integers(0, 10))
def test_a_decimal_text_reads_back_as_the_stored_count(count: int, exponent: int) -> None:
    text = decimal_text(count, exponent)
    assert int(text.replace(".", "")) == count
    assert len(text.partition(".")[2]) == exponent
