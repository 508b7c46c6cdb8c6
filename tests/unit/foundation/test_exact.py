from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from foundation import exact


def test_a_cell_is_rounded_half_to_even():
    cells, overflow = exact.quantise(np.array([[0.5, 1.5, 2.5, -0.5, -1.5]]), [0] * 5)
    assert cells.tolist() == [[0, 2, 2, 0, -2]]
    assert overflow.tolist() == [False]


def test_each_column_has_its_own_quantum():
    cells, _ = exact.quantise(np.array([[1.25, 1.25, 12.5]]), [6, 2, -1])
    assert cells.tolist() == [[1_250_000, 125, 1]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2.0**62, -(2.0**62), 1e300])
def test_a_row_that_does_not_fit_is_flagged_and_its_neighbours_are_not(bad):
    cells, overflow = exact.quantise(np.array([[1.0, 2.0], [bad, 3.0], [4.0, 5.0]]), [0, 0])
    assert overflow.tolist() == [False, True, False]
    assert cells.tolist() == [[1, 2], [0, 3], [4, 5]]


def test_the_largest_cell_fits():
    largest = np.nextafter(2.0**62, 0)
    cells, overflow = exact.quantise(np.array([[largest]]), [0])
    assert cells.tolist() == [[int(largest)]]
    assert not overflow.any()


def test_no_rows_are_no_cells():
    cells, overflow = exact.quantise(np.empty((0, 3)), [6, 6, 6])
    assert cells.shape == (0, 3)
    assert overflow.shape == (0,)


@pytest.mark.parametrize(
    ("count", "exponent", "text"),
    [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (123456, 2, "1234.56"),
        (7, 0, "7"),
        (-7, -2, "-700"),
        (2**62, 6, "4611686018427.387904"),
    ],
)
def test_decimal_text_shows_every_digit(count, exponent, text):
    assert exact.decimal_text(count, exponent) == text
    assert Decimal(text) == Decimal(count).scaleb(-exponent)


def test_a_sum_beyond_64_bits_is_an_error_and_never_wraps():
    cells = np.full((4, 1), 2**61, dtype=np.int64)
    with pytest.raises(OverflowError):
        exact.guarded_sum(cells)
    with pytest.raises(OverflowError):
        exact.guarded_sum(np.vstack([cells] * 2))  # wraps to zero


def test_a_sum_that_wraps_on_the_way_and_comes_back_is_right():
    cells = np.array([[2**62], [2**62], [-(2**62)]], dtype=np.int64)
    assert exact.guarded_sum(cells).tolist() == [2**62]


def test_segments_are_summed_each_on_its_own():
    cells = np.arange(10, dtype=np.int64).reshape(5, 2)
    assert exact.guarded_sum(cells, np.array([0, 2])).tolist() == [[2, 4], [18, 21]]


def test_an_overflow_in_one_segment_is_found():
    cells = np.array([[1], [2**62], [2**62]], dtype=np.int64)
    with pytest.raises(OverflowError):
        exact.guarded_sum(cells, np.array([0, 1]))


@pytest.mark.parametrize(
    ("_case", "total", "weights", "parts"),
    [
        ("even", 9, [1, 1, 1], [3, 3, 3]),
        ("first of equals first", 10, [1, 1, 1], [4, 3, 3]),
        ("negative total", -10, [1, 1, 1], [-4, -3, -3]),
        ("largest remainder", 10, [Decimal("0.14"), Decimal("0.26"), Decimal("0.6")], [1, 3, 6]),
        ("a zero weight gets nothing", 7, [0, 2], [0, 7]),
        ("nothing to split", 0, [0, 0], [0, 0]),
        ("thirds", 1, [Fraction(1, 3)] * 3, [1, 0, 0]),
    ],
)
def test_a_total_is_split_without_a_remainder(_case, total, weights, parts):
    assert exact.largest_remainder(total, weights) == parts


@pytest.mark.parametrize(("total", "weights"), [(1, [0, 0]), (1, []), (1, [2, -1])])
def test_a_total_that_belongs_nowhere_is_refused(total, weights):
    with pytest.raises(ValueError, match="weight"):
        exact.largest_remainder(total, weights)
