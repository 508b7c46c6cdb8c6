"""What holds for every matrix, book and schedule the library takes."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pricing.credit import lgd, migration
from pricing.credit.errors import CreditError
from pricing.credit.generator import Adjustment, generator
from pricing.credit.matrix import TransitionMatrix, rescaled
from pricing.credit.term_structure import of_hazards

STATES = ("A", "B", "C", "D")
SHARES = arrays(np.float64, (4, 4), elements=st.floats(0.0, 1.0))
FEW = settings(max_examples=60, deadline=None)


@st.composite
def matrices(draw: st.DrawFn) -> TransitionMatrix:
    """Return a matrix where most stay: 0.6 and more on the diagonal."""
    values = 0.12 * draw(SHARES) + np.diag(np.ones(4))
    values[-1] = [0.0, 0.0, 0.0, 1.0]
    return rescaled(STATES, values / values.sum(axis=1, keepdims=True), 1e-9)[0]


@FEW
@given(matrices(), st.sampled_from(list(Adjustment)))
def test_generator_has_no_negative_rate_and_its_years_are_matrices(
    matrix: TransitionMatrix, adjustment: Adjustment
) -> None:
    found = generator(matrix, adjustment)
    assert found.rates[~np.eye(4, dtype=bool)].min() >= 0.0
    assert found.rates.sum(axis=1) == pytest.approx(np.zeros(4), abs=1e-14)
    terms = found.default_probabilities(np.array([0.25, 1.0, 7.0, 30.0]))
    assert bool((np.diff(terms, axis=1) >= -1e-14).all())
    assert found.distance <= 2.0 * found.removed + 1e-12


@FEW
@given(matrices(), st.floats(0.0, 0.9), st.floats(-4.0, 4.0))
def test_matrix_of_a_year_is_a_matrix(
    matrix: TransitionMatrix, correlation: float, factor: float
) -> None:
    found = migration.conditional(matrix, [factor], correlation)[0]
    assert found.min() >= -1e-15
    assert found.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-12)


@FEW
@given(
    arrays(np.float64, 5, elements=st.floats(0.0, 1e9)),
    arrays(np.float64, 3, elements=st.floats(0.0, 1e9)),
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(1, 3), st.floats(0.0, 1e9)),
        min_size=1,
        max_size=12,
        unique_by=lambda row: row[:3],
    ),
)
def test_collateral_covers_no_more_than_exposures_or_itself(
    exposures: npt.NDArray[np.float64],
    net: npt.NDArray[np.float64],
    rows: list[tuple[int, int, int, float]],
) -> None:
    position, asset, rank, most = (np.array(column) for column in zip(*rows, strict=True))
    found = lgd.covered(exposures, net, lgd.Links(position, asset, rank, most))
    assert bool((found >= -1e-6).all())
    assert bool((found <= exposures + 1e-6).all())
    assert found.sum() <= net.sum() + 1e-5


@FEW
@given(arrays(np.float64, (3, 4), elements=st.floats(0.0, 5.0)))
def test_default_of_hazard_rates_never_falls_and_stays_below_one(
    hazards: npt.NDArray[np.float64],
) -> None:
    found = of_hazards([0.5, 1.0, 2.0, 4.0], hazards, [0.25, 1.0, 3.0, 9.0])
    assert bool((found.marginal >= 0.0).all())
    assert bool((found.cumulative <= 1.0).all())


@FEW
@given(matrices(), st.floats(1e-6, 0.5))
def test_row_off_by_more_than_allowed_is_refused(matrix: TransitionMatrix, off: float) -> None:
    values = matrix.values.copy()
    values[0, 0] -= min(off, 0.5 * values[0, 0])
    with pytest.raises(CreditError, match=r"matrix\[A\]"):
        rescaled(STATES, values, 1e-7)
