import numpy as np
import pytest

from pricing.credit import term_structure
from pricing.credit.errors import CreditError
from pricing.credit.generator import Adjustment, generator
from pricing.credit.matrix import rescaled
from pricing.credit.parameters import parse
from tests.unit.pricing.credit.jlt import ROWS, STATES

CARD = {
    "format": "tieout.credit/1",
    "kind": "SCORECARD",
    "name": "small-business",
    "version": "1",
    "effective_from": "2022-01-01",
    "citation": "constructed for this test",
    "values": {
        "bands": [
            {"from": "300", "annual_pd": "0.08", "rating": "B"},
            {"from": "620", "annual_pd": "0.02", "rating": "BB"},
            {"from": "740", "annual_pd": "0.004", "rating": "BBB"},
        ],
        "below": "851",
    },
}


def test_years_of_a_rating_are_the_powers_of_its_matrix() -> None:
    matrix, _ = rescaled(STATES, ROWS, 2e-4)
    rates = generator(matrix, Adjustment.WEIGHTED)
    found = term_structure.of_ratings(rates, ["BBB", "CCC"], [1.0, 2.0, 5.0])
    yearly = rates.matrix(1.0).values
    for column, years in enumerate((1, 2, 5)):
        wanted = np.linalg.matrix_power(yearly, years)[[3, 6], -1]
        assert found.cumulative[:, column] == pytest.approx(wanted, abs=1e-13)
    assert found.marginal.sum(axis=1) == pytest.approx(found.cumulative[:, -1], abs=1e-15)
    assert np.prod(1.0 - found.conditional, axis=1) == pytest.approx(found.survival[:, -1])
    with pytest.raises(CreditError, match=r"ratings\[0\]: 'NR' is none of"):
        term_structure.of_ratings(rates, ["NR"], [1.0])


def test_hazard_rates_are_integrated_knot_by_knot_and_flat_beyond() -> None:
    found = term_structure.of_hazards([1.0, 3.0], [[0.01, 0.03]], [0.5, 2.0, 5.0])
    integral = np.array([0.005, 0.01 + 0.03, 0.01 + 4 * 0.03])
    assert found.cumulative[0] == pytest.approx(1.0 - np.exp(-integral), abs=1e-15)


def test_score_maps_to_the_band_it_is_in() -> None:
    card = parse(CARD, "SCORECARD")
    found = term_structure.of_scores(card, [619.9, 620, 850], [1.0, 2.0])
    assert found.cumulative[:, 0] == pytest.approx([0.08, 0.02, 0.004], abs=1e-15)
    assert found.cumulative[0, 1] == pytest.approx(1 - 0.92**2, abs=1e-15)
    assert term_structure.ratings_of_scores(card, [300, 740]) == ("B", "BBB")
    with pytest.raises(CreditError, match=r"scores\[1\]: 851 is in no band of small-business@1"):
        term_structure.of_scores(card, [700, 851], [1.0])


@pytest.mark.parametrize("times", [[], [0.0, 1.0], [2.0, 1.0], [-1.0, 1.0]])
def test_times_that_do_not_ascend_are_refused(times: list[float]) -> None:
    with pytest.raises(CreditError, match="times"):
        term_structure.of_annual([0.01], times)
