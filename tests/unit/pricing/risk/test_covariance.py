"""Covariance of a history, and what is no covariance."""

from __future__ import annotations

import numpy as np
import pytest

from pricing.risk.covariance import checked, estimated
from pricing.risk.errors import RiskError

NAMES = ["A", "B", "C", "D"]


def moves() -> np.ndarray:
    stream = np.random.default_rng(2)
    return stream.standard_normal((300, 4)) @ stream.standard_normal((4, 4)) + 0.3


def test_estimates_are_those_of_numpy_and_of_the_raw_products() -> None:
    history = moves()
    centred = estimated(history, NAMES, demeaned=True)
    assert centred.matrix == pytest.approx(np.cov(history.T), rel=1e-12)
    raw = estimated(history, NAMES, demeaned=False)
    mean = history.mean(axis=0)
    assert raw.matrix == pytest.approx(np.cov(history.T, bias=True) + np.outer(mean, mean))


def test_estimate_is_a_covariance_matrix_also_of_fewer_days_than_factors() -> None:
    few = estimated(moves()[:3], NAMES, demeaned=True)
    assert np.linalg.matrix_rank(few.matrix) == 2
    assert checked(few.matrix, NAMES).factors == tuple(NAMES)


def test_missing_move_names_day_and_factor() -> None:
    history = moves()
    history[17, 2] = np.nan
    with pytest.raises(RiskError, match="observation 17, C: has no move"):
        estimated(history, NAMES, demeaned=False)
    with pytest.raises(RiskError, match="factors"):
        estimated(moves()[:, :3], NAMES, demeaned=False)


def test_negative_variance_and_asymmetry_name_their_place() -> None:
    bad = np.eye(4)
    bad[2, 2] = -1.0
    with pytest.raises(RiskError, match="C: its variance is -1"):
        checked(bad, NAMES)
    uneven = np.eye(4)
    uneven[1, 3] = 0.5
    with pytest.raises(RiskError, match="B x D: is not symmetric"):
        checked(uneven, NAMES)
    beyond = np.eye(4)
    beyond[0, 2] = beyond[2, 0] = 1.1
    with pytest.raises(RiskError, match="A x C: is correlated beyond one"):
        checked(beyond, NAMES)


@pytest.mark.parametrize("last", [2, 3, 4])
def test_correlations_that_cannot_be_together_name_the_factor_that_breaks_them(last: int) -> None:
    # B with A and with the last one at 0.9, A with the last one at -0.9.
    matrix = np.eye(6)
    for i, j, correlation in ((0, 1, 0.9), (1, last, 0.9), (0, last, -0.9)):
        matrix[i, j] = matrix[j, i] = correlation
    scale = 10.0 ** np.arange(-3, 3)
    with pytest.raises(RiskError, match=f"{'ABCDEF'[last]}: with the factors before it") as seen:
        checked(matrix * np.outer(scale, scale), list("ABCDEF"))
    assert seen.value.code == "NOT_PSD"


def test_factor_that_does_not_move_is_allowed_unless_it_moves_with_another() -> None:
    still = np.diag([1.0, 0.0])
    assert checked(still, ["A", "B"]).matrix.tolist() == still.tolist()
    with pytest.raises(RiskError, match="A x B: is correlated beyond one"):
        checked(np.array([[1.0, 0.1], [0.1, 0.0]]), ["A", "B"])


def test_factors_are_picked_by_name() -> None:
    matrix = checked(np.diag([1.0, 2.0, 3.0]), ["A", "B", "C"])
    assert matrix.of(["C", "A"]).matrix.tolist() == [[3.0, 0.0], [0.0, 1.0]]
    assert matrix.over(10).matrix[1, 1] == 20.0
    with pytest.raises(RiskError, match="D: is not in"):
        matrix.of(["A", "D"])
    with pytest.raises(RiskError, match="A: stands twice"):
        checked(np.eye(2), ["A", "A"])
    with pytest.raises(RiskError, match="not positive"):
        matrix.over(0)
