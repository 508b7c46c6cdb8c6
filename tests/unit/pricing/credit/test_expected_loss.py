import numpy as np
import pytest

from pricing.credit.errors import CreditError
from pricing.credit.expected_loss import expected_loss
from pricing.credit.term_structure import of_annual

TIMES = [0.5, 1.0, 2.0]


def test_loss_is_the_sum_of_what_is_lost_in_each_period() -> None:
    cumulative = [[0.01, 0.02, 0.05]]
    found = expected_loss(TIMES, cumulative, [[0.4]], [[100.0, 90.0, 80.0]])
    parts = [0.01 * 0.4 * 100, 0.01 * 0.4 * 90, 0.03 * 0.4 * 80]
    assert found.periods[0] == pytest.approx(parts, abs=1e-15)
    assert found.twelve_months == pytest.approx([sum(parts[:2])], abs=1e-15)
    assert found.lifetime == pytest.approx([sum(parts)], abs=1e-15)
    assert not found.discounted
    half = expected_loss(TIMES, cumulative, [[0.4]], [[100.0, 90.0, 80.0]], np.full(3, 0.5))
    assert half.lifetime == pytest.approx([sum(parts) / 2], abs=1e-15)
    assert half.discounted


def test_scenarios_are_leading_axes_and_book_is_the_sum_of_its_positions() -> None:
    term = of_annual([0.01, 0.03], TIMES).cumulative
    stressed = np.stack([term, np.minimum(1.0, 2.0 * term)])
    exposures = np.array([[100.0, 90.0, 80.0], [50.0, 50.0, 0.0]])
    found = expected_loss(TIMES, stressed, [[0.4], [0.6]], exposures)
    assert found.lifetime.shape == (2, 2)
    assert found.lifetime[1] == pytest.approx(2.0 * found.lifetime[0], abs=1e-14)
    alone = expected_loss(TIMES, term[1:], [[0.6]], exposures[1:])
    assert found.lifetime[0, 1] == pytest.approx(alone.lifetime[0], abs=1e-15)
    # Position 2 matures after a year: nothing is lost later.
    assert found.lifetime[0, 1] == found.twelve_months[0, 1]


@pytest.mark.parametrize(
    ("times", "cumulative", "exposures", "message"),
    [
        ([0.5, 2.0], [[0.1, 0.2]], [[1.0, 1.0]], "one year is not the end of a period"),
        (
            [1.0, 2.0],
            [[0.2, 0.1]],
            [[1.0, 1.0]],
            r"cumulative\[0, 1\]: 0.1 is less than the period",
        ),
        ([1.0, 2.0], [[0.1, 1.2]], [[1.0, 1.0]], r"cumulative\[0, 1\]: 1.2 is not from 0 to 1"),
        ([1.0, 2.0], [[0.1, 0.2]], [[1.0, -1.0]], r"exposures\[0, 1\]: -1 is below 0"),
        ([1.0, 2.0], [[0.1]], [[1.0, 1.0]], "cumulative: is"),
    ],
)
def test_bad_input_is_refused_by_place(
    times: list[float], cumulative: list[list[float]], exposures: list[list[float]], message: str
) -> None:
    with pytest.raises(CreditError, match=message):
        expected_loss(times, cumulative, [[0.4]], exposures)
