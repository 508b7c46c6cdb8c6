import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from pricing.credit.errors import CreditError
from pricing.credit.generator import Adjustment, generator, obstacle
from pricing.credit.matrix import rescaled, validated
from tests.unit.pricing.credit.jlt import ROWS, STATES

SHARED = Path(__file__).parents[5] / "shared" / "data" / "ratings_transition"
RATES = np.array([[-0.11, 0.1, 0.01], [0.05, -0.25, 0.2], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("adjustment", Adjustment)
def test_generator_of_a_matrix_that_has_one_is_found_again(adjustment: Adjustment) -> None:
    matrix = validated(("A", "B", "D"), expm(2.0 * RATES), years=2.0)
    found = generator(matrix, adjustment)
    assert obstacle(matrix) is None
    assert found.rates == pytest.approx(RATES, abs=1e-14)
    assert found.matrix(2.0).values == pytest.approx(matrix.values, abs=1e-14)
    assert found.removed < 1e-14


def test_rate_of_two_states_is_the_logarithm_of_survival() -> None:
    found = generator(validated(("A", "D"), [[0.98, 0.02], [0.0, 1.0]]), Adjustment.DIAGONAL)
    assert found.rates[0, 1] == pytest.approx(-np.log(0.98), abs=1e-15)


@pytest.mark.parametrize("adjustment", Adjustment)
def test_adjusted_rates_are_a_generator_and_years_compose(adjustment: Adjustment) -> None:
    matrix, _ = rescaled(STATES, ROWS, 2e-4)
    found = generator(matrix, adjustment)
    off = found.rates[~np.eye(len(STATES), dtype=bool)]
    assert off.min() >= 0.0
    assert found.rates.sum(axis=1) == pytest.approx(np.zeros(len(STATES)), abs=1e-15)
    twice = found.matrix(1.5).values @ found.matrix(0.5).values
    assert twice == pytest.approx(found.matrix(2.0).values, abs=1e-14)
    assert obstacle(matrix) == "B is reached from AAA in some steps, not one"
    assert 0.0 < found.distance < 0.002


def test_weighted_adjustment_is_that_of_the_paper_element_by_element() -> None:
    """Israel, Rosenthal, Wei (2001), section 4: what is negative is shared by size."""
    from scipy.linalg import logm

    matrix, _ = rescaled(STATES, ROWS, 2e-4)
    raw = logm(matrix.values).real
    found = generator(matrix, Adjustment.WEIGHTED).rates
    for i in range(len(STATES) - 1):
        good = abs(raw[i, i]) + sum(max(raw[i, j], 0.0) for j in range(len(STATES)) if j != i)
        bad = sum(max(-raw[i, j], 0.0) for j in range(len(STATES)) if j != i)
        for j in range(len(STATES)):
            wanted = 0.0 if i != j and raw[i, j] < 0 else raw[i, j] - bad * abs(raw[i, j]) / good
            assert found[i, j] == pytest.approx(wanted, abs=1e-14)


def test_matrix_without_a_real_logarithm_has_no_generator() -> None:
    swap = validated(("A", "B", "D"), [[0.1, 0.9, 0.0], [0.8, 0.1, 0.1], [0.0, 0.0, 1.0]])
    assert obstacle(swap) == "its determinant is not positive"
    with pytest.raises(CreditError, match="its logarithm is not real"):
        generator(swap, Adjustment.WEIGHTED)


@pytest.mark.parametrize(
    ("rows", "code", "message"),
    [
        ([[0.9, 0.09], [0.0, 1.0]], "ROW_SUM", r"matrix\[A\]: sums to 0.99, not to 1"),
        ([[1.1, -0.1], [0.0, 1.0]], "OUT_OF_RANGE", r"matrix\[0, 0\]: 1.1 is not from 0 to 1"),
        ([[0.9, 0.1], [0.1, 0.9]], "NOT_ABSORBING", r"matrix\[D\]: stays with 0.9"),
        ([[0.9, 0.1]], "SHAPE", "not square over 2 distinct states"),
        ([[np.nan, 0.1], [0.0, 1.0]], "NOT_FINITE", r"matrix\[0, 0\]"),
    ],
)
def test_matrix_that_is_none_is_refused_by_its_row(rows: object, code: str, message: str) -> None:
    with pytest.raises(CreditError, match=message) as refused:
        validated(("A", "D"), rows)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_row_is_rescaled_only_as_far_as_is_allowed() -> None:
    matrix, correction = rescaled(STATES, ROWS, 2e-4)
    assert correction == pytest.approx(2e-4, abs=1e-12)
    assert matrix.values.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-15)
    with pytest.raises(CreditError, match=r"matrix\[A\]: sums to 0.9998"):
        rescaled(STATES, ROWS, 1.5e-4)


def test_unknown_rating_is_named_with_its_place() -> None:
    matrix, _ = rescaled(STATES, ROWS, 2e-4)
    with pytest.raises(CreditError, match=r"ratings\[1\]: 'Baa' is none of AAA, AA") as refused:
        matrix.at(["A", "Baa"])
    assert refused.value.code == "UNKNOWN_RATING"


TENORS = (1, 2, 3, 5, 7, 10, 15, 20)


@pytest.mark.skipif(not SHARED.exists(), reason="the rating data is not beside the project")
def test_published_matrices_go_through_a_generator_and_back() -> None:
    years = json.loads((SHARED / "sp_NR_adjusted.json").read_text())
    assert np.shape(years) == (len(TENORS), 8, 8)
    with (SHARED / "sp_2017.csv").open(encoding="utf-8") as lines:
        notched = list(csv.reader(lines))[:17]
    names = [*(line[0] for line in notched), "D"]
    cells = [[float(cell) / 100.0 for cell in line[1:]] for line in notched]
    # Withdrawn ratings are left out of this table: rows sum to 0.846 and more.
    matrices = [
        rescaled(STATES, ROWS, 2e-4)[0],
        rescaled(STATES, years[0], 2e-4)[0],
        rescaled(names, [*cells, [0.0] * 17 + [1.0]], 0.154)[0],
    ]
    measured = {Adjustment.DIAGONAL: (4.0e-4, 1.39e-4, 5.8e-4)}
    measured[Adjustment.WEIGHTED] = (3.5e-4, 1.39e-4, 2.9e-4)
    for adjustment, wanted in measured.items():
        found = [generator(matrix, adjustment).distance for matrix in matrices]
        # What a table of rounded zeros keeps every generator from giving back.
        assert found == pytest.approx(wanted, abs=1e-5)


@pytest.mark.skipif(not SHARED.exists(), reason="the rating data is not beside the project")
def test_default_rates_over_years_are_not_those_of_one_year_compounded() -> None:
    years = json.loads((SHARED / "sp_NR_adjusted.json").read_text())
    one = generator(rescaled(STATES, years[0], 2e-4)[0], Adjustment.WEIGHTED)
    off = [
        np.abs(one.matrix(t).values[:7, 7] - np.array(table)[:7, 7]).max()
        for t, table in zip(TENORS, years, strict=True)
    ]
    # The limit that docs/methods/migration.md states: the furthest rating at 1, 5, 10 years.
    assert [off[0], off[3], off[5]] == pytest.approx([0.0001, 0.075, 0.169], abs=1e-3)
