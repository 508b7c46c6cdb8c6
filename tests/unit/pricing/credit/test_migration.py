import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss

from pricing.credit import migration
from pricing.credit.errors import CreditError
from pricing.credit.matrix import rescaled, validated
from tests.unit.pricing.credit.jlt import ROWS, STATES

MATRIX, _ = rescaled(STATES, ROWS, 2e-4)


def test_conditional_matrices_average_to_the_matrix() -> None:
    nodes, weights = hermegauss(60)
    given = migration.conditional(MATRIX, nodes, 0.2)
    assert given.sum(axis=2) == pytest.approx(np.ones((60, 8)), abs=1e-12)
    mean = np.einsum("z,zij->ij", weights / weights.sum(), given)
    assert mean == pytest.approx(MATRIX.values, abs=1e-9)


def test_bad_year_moves_ratings_down() -> None:
    bad, good = migration.conditional(MATRIX, [-2.0, 2.0], 0.2)
    assert bool((bad[:-1, -1] >= good[:-1, -1]).all())
    assert migration.conditional(MATRIX, [-2.0], 0.0)[0] == pytest.approx(MATRIX.values, abs=1e-14)


def test_expected_distribution_keeps_the_exposure() -> None:
    book = np.array([10.0, 20, 30, 40, 30, 20, 5, 0])
    found = migration.expected_distribution(MATRIX, book)
    assert found.sum() == pytest.approx(book.sum(), abs=1e-12)
    with pytest.raises(CreditError, match=r"exposures\[2\]: -1 is below 0"):
        migration.expected_distribution(MATRIX, [1, 1, -1, 1, 1, 1, 1, 1])


def test_value_of_a_bbb_bond_has_the_mean_and_deviation_of_creditmetrics() -> None:
    """A 5-year BBB bond: CreditMetrics Technical Document (1997), chapter 1, from memory."""
    row = [0.0002, 0.0033, 0.0595, 0.8693, 0.0530, 0.0117, 0.0012, 0.0018]
    rows = [row if i == 3 else [float(i == j) for j in range(8)] for i in range(8)]
    values = [109.37, 109.19, 108.66, 107.55, 102.02, 98.10, 83.64, 51.13]
    *_, mean, deviation = migration.value_distribution(validated(STATES, rows), "BBB", values)
    assert mean == pytest.approx(107.09, abs=0.02)
    assert deviation == pytest.approx(2.99, abs=0.01)
