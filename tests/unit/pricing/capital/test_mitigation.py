"""Collateral and guarantees: what they take from an exposure, and what they may not."""

import numpy as np
import pytest

from pricing.capital import mitigation, rulebook
from pricing.capital.errors import CapitalError

SA = {one.label: one for one in rulebook.bundled()}["basel3.sa@2023"]


def test_simple_approach_substitutes_weights_above_a_floor() -> None:
    found = mitigation.simple(SA, [100, 100, 100], [1.0, 1.0, 0.1], [60, 60, 60], [0.0, 0.5, 0.5])
    # A weight of zero counts 20%; protection that weighs more than the borrower is not taken.
    assert found == pytest.approx([60 * 0.2 + 40, 60 * 0.5 + 40, 10])
    free = mitigation.simple(SA, 100, 1.0, 60, 0.0, below_floor=True)
    assert float(free) == 40.0


def test_comprehensive_approach_subtracts_what_haircuts_leave() -> None:
    cut = mitigation.haircut(SA, "other_high", [0.5, 4.0, 30.0])
    assert cut == pytest.approx([0.01, 0.04, 0.12])
    fx = mitigation.haircut(SA, "fx", 0.0)
    found = mitigation.comprehensive(100.0, 80.0, collateral_haircut=cut, fx_haircut=fx)
    assert found == pytest.approx(100 - 80 * (1 - 0.08 - np.array([0.01, 0.04, 0.12])))
    assert float(mitigation.comprehensive(100.0, 500.0, collateral_haircut=0.1)) == 0.0


def test_haircut_is_scaled_by_the_root_of_holding_and_revaluation() -> None:
    daily = mitigation.haircut(SA, "main_index_equity", 0.0)
    month = mitigation.haircut(SA, "main_index_equity", 0.0, holding_days=20)
    weekly = mitigation.haircut(SA, "main_index_equity", 0.0, revaluation_days=5)
    assert month / daily == pytest.approx(np.sqrt(2))
    assert weekly / daily == pytest.approx(np.sqrt(1.4))


def test_protection_that_ends_early_counts_in_part_or_not_at_all() -> None:
    found = mitigation.after_mismatch(
        SA,
        100.0,
        residual=[5.0, 2.75, 0.2, 2.75, 3.0],
        exposure_maturity=[5.0, 5.25, 5.0, 5.25, 8.0],
        original=[5.0, 3.0, 3.0, 0.9, 3.0],
    )
    assert found == pytest.approx([100, 100 * 2.5 / 4.75, 0, 0, 100 * 2.75 / 4.75])


def test_guarantee_splits_an_exposure_and_counts_less_in_another_currency() -> None:
    covered, rest = mitigation.guaranteed(
        SA, [100.0, 100.0, 100.0], [60.0, 60.0, 500.0], other_currency=[False, True, True]
    )
    assert covered == pytest.approx([60.0, 55.2, 100.0])
    assert covered + rest == pytest.approx(100.0)


def test_negative_amount_is_refused_by_place() -> None:
    with pytest.raises(CapitalError, match=r"collateral\[1\]"):
        mitigation.comprehensive([1.0, 1.0], [1.0, -1.0], collateral_haircut=0.0)
