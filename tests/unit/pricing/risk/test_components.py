"""Parts of VaR and shortfall: exact sums, and brute force."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from pricing.risk.apportionment import apportioned
from pricing.risk.components import (
    component_es,
    component_es_at,
    component_var,
    incremental_var,
    marginal_var,
)
from pricing.risk.errors import RiskError
from pricing.risk.levels import LEVELS_BP
from pricing.risk.tail import tail_risk

PARENTS = np.array([0, 0, 1, 2, 1, 0, 2, 2, 2, 1])


def tree(scenarios: int = 517, largest: int = 10**9) -> tuple[np.ndarray, np.ndarray]:
    """Ten children of three parents, and the parents' sums."""
    children = np.random.default_rng(3).integers(-largest, largest, (len(PARENTS), scenarios))
    parents = np.zeros((3, scenarios), dtype=np.int64)
    np.add.at(parents, PARENTS, children)
    return children, parents


def sums(components: np.ndarray) -> list[int]:
    return [int(components[np.equal(PARENTS, parent)].sum()) for parent in range(3)]


@pytest.mark.parametrize("level_bp", LEVELS_BP)
@pytest.mark.parametrize("largest", [10**9, 3])
def test_components_sum_to_their_parents_to_the_last_quantum(level_bp: int, largest: int) -> None:
    children, parents = tree(largest=largest)
    tail = tail_risk(parents, level_bp)
    assert sums(component_var(children, PARENTS, tail)) == tail.var.tolist()
    assert sums(component_es(children, PARENTS, tail)) == tail.es.tolist()
    assert sums(component_es_at(children, PARENTS, tail)) == tail.es_at.tolist()


def test_component_is_within_a_quantum_of_the_childs_own_mean() -> None:
    children, parents = tree()
    tail = tail_risk(parents, 9_750)
    found = component_es(children, PARENTS, tail)
    for child, parent in enumerate(PARENTS):
        losses = [-int(children[child, scenario]) for scenario in tail.tail[parent]]
        exact = Fraction(sum(losses), len(losses))
        assert abs(int(found[child]) - exact) < 1
    at = component_var(children, PARENTS, tail)
    assert at.tolist() == [-children[c, tail.tail[p][-1]] for c, p in enumerate(PARENTS)]


def test_largest_remainders_have_the_spare_quanta_and_ties_go_to_the_first() -> None:
    one = np.zeros(4, dtype=np.int64)
    shares = apportioned(np.array([10, 14, 13, 23]), 10, one, np.array([6]))
    assert shares.tolist() == [1, 2, 1, 2]
    assert apportioned(np.array([5, 5, 5, 5]), 10, one, np.array([2])).tolist() == [1, 1, 0, 0]
    assert apportioned(np.array([-5, -5, 1, 9]), 10, one, np.array([0])).tolist() == [0, -1, 0, 1]


def test_total_that_no_rounding_of_the_parts_reaches_is_refused() -> None:
    for total in (5, 9):
        with pytest.raises(RiskError, match="parent 0"):
            apportioned(np.array([10, 14, 13, 23]), 10, np.zeros(4, dtype=int), np.array([total]))


def test_child_left_out_is_seen() -> None:
    children, parents = tree()
    tail = tail_risk(parents, 9_900)
    for allocate in (component_var, component_es, component_es_at):
        with pytest.raises(RiskError) as refused:
            allocate(children[:-1], PARENTS[:-1], tail)
        assert refused.value.code == "CHILDREN_DO_NOT_SUM"
        assert refused.value.place == "parent 1"


def test_parent_without_children_is_left_alone() -> None:
    children, parents = tree()
    tail = tail_risk(np.vstack([parents, np.ones((1, 517), dtype=np.int64)]), 9_900)
    assert len(component_es(children, PARENTS, tail)) == len(PARENTS)


def test_incremental_var_is_the_difference_of_two_vars() -> None:
    children, parents = tree()
    found = incremental_var(children, PARENTS, parents, 9_900)
    for child, parent in enumerate(PARENTS):
        rest = [c for c, p in enumerate(PARENTS) if p == parent and c != child]
        losses = sorted(-children[rest].sum(axis=0))
        whole = sorted(-parents[parent])
        assert found[child] == whole[-6] - losses[-6]  # k = ceil(5.17)


def test_hedge_has_a_negative_incremental_var() -> None:
    one = np.random.default_rng(5).integers(-1_000, 1_000, (1, 200))
    children = np.vstack([3 * one, -one])
    found = incremental_var(children, np.array([0, 0]), 2 * one, 9_900)
    assert found[0] > 0 > found[1]


def test_marginal_var_is_the_slope_of_var_in_the_size_of_the_child() -> None:
    children, parents = tree()
    tail = tail_risk(parents, 9_900)
    values = np.full(len(children), 4 * 10**12)
    marginal = marginal_var(component_var(children, PARENTS, tail), values)
    step = 10**4  # one part in ten thousand, exactly: P&L is scaled up by it first
    for child, parent in enumerate(PARENTS):
        more = tail_risk(parents[[parent]] * step + children[[child]], 9_900)
        assert more.scenario_of_rank[0] == tail.scenario_of_rank[parent]
        slope = (int(more.var[0]) - step * int(tail.var[parent])) / 4e12
        assert marginal[child] == pytest.approx(slope, rel=1e-12)


def test_marginal_var_of_a_child_without_value_is_not_a_number() -> None:
    assert np.isnan(marginal_var(np.array([5, 6]), np.array([0, 2]))[0])


@pytest.mark.parametrize("parents", [[0, 3], [-1, 0]])
def test_parent_that_does_not_exist_is_refused(parents: list[int]) -> None:
    tail = tail_risk(tree()[1], 9_900)
    with pytest.raises(RiskError, match="parents"):
        component_var(tree()[0][:2], np.array(parents), tail)
    with pytest.raises(RiskError, match="children"):
        component_var(tree()[0][:2, :-1], np.array([0, 0]), tail)
