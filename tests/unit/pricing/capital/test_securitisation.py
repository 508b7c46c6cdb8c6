"""Securitisation weights: the formula integrates over tranches, the table interpolates."""

import numpy as np
import pytest

from pricing.capital import rulebook, securitisation
from pricing.capital.errors import CapitalError

RULES = {one.label: one for one in rulebook.bundled()}["basel3.sec@2023"]


def test_tranches_that_split_a_tranche_weigh_on_average_what_it_does() -> None:
    edges = np.linspace(0.0, 0.3, 7)
    parts = securitisation.standardised_weights(RULES, 0.08, edges[:-1], edges[1:])
    whole = securitisation.standardised_weights(RULES, 0.08, 0.0, 0.3)
    assert parts.mean() == pytest.approx(float(whole))
    assert np.all(np.diff(parts) <= 0)
    assert parts[0] == 12.5


def test_all_tranches_together_take_twice_the_capital_of_the_pool_at_p_of_one() -> None:
    # KA below it in full, and p x KA above it: the integral of the exponential.
    whole = securitisation.standardised_weights(RULES, 0.05, 0.0, 1.0)
    assert float(whole) == pytest.approx(12.5 * 0.05 * 2, rel=1e-6)


def test_senior_tranche_weighs_no_less_than_the_floor() -> None:
    found = securitisation.standardised_weights(RULES, 0.08, 0.9, 1.0)
    assert float(found) == 0.15
    simple = securitisation.standardised_weights(RULES, 0.08, 0.9, 1.0, "STC")
    assert float(simple) == 0.10


def test_delinquent_loans_raise_the_capital_of_the_pool() -> None:
    assert float(securitisation.pool_capital(RULES, 0.08, 0.1)) == pytest.approx(0.122)


def test_rated_weight_lies_between_those_of_one_and_five_years() -> None:
    found = securitisation.rated_weights(
        RULES, ["AAA", "AAA", "BBB", "BBB"], [1, 3, 5, 5], [1, 1, 0, 0], [1, 1, 0.1, 0.9]
    )
    assert found == pytest.approx([0.15, 0.175, 3.1 * 0.9, 3.1 * 0.5])


def test_unknown_rating_and_empty_tranche_are_refused() -> None:
    with pytest.raises(CapitalError, match="'NR'"):
        securitisation.rated_weights(RULES, ["NR"], [1], [1], [1])
    with pytest.raises(CapitalError, match="detachment"):
        securitisation.standardised_weights(RULES, 0.08, 0.2, 0.2)
