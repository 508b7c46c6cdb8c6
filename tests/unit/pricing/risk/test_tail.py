"""Historical VaR and expected shortfall against arithmetic of Python integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from pricing.risk.errors import RiskError
from pricing.risk.levels import LEVELS_BP, least_scenarios, rank
from pricing.risk.tail import TailRisk, tail_risk, worst_scenarios


def drawn(nodes: int, scenarios: int, seed: int = 1, largest: int = 10**12) -> np.ndarray:
    return np.random.default_rng(seed).integers(-largest, largest, (nodes, scenarios))


def by_hand(pnl: list[int], level_bp: int) -> tuple[int, int, int, list[int]]:
    """VaR, ES, ES_AT and tail of one node: the definitions, in fractions."""
    order = sorted(range(len(pnl)), key=lambda i: (pnl[i], i))
    mass = Fraction(len(pnl) * (10_000 - level_bp), 10_000)
    k = -(-mass.numerator // mass.denominator)
    mean = Fraction(-sum(pnl[i] for i in order[:k]), k)
    weights = [min(Fraction(1), mass - i) for i in range(k)]
    exact = -sum(w * pnl[i] for w, i in zip(weights, order, strict=False)) / mass
    return -pnl[order[k - 1]], round(mean), round(exact), order[:k]


@pytest.mark.parametrize("level_bp", [*LEVELS_BP, 500, 9_990, 9_873])
@pytest.mark.parametrize("scenarios", [1_000, 1_037])
def test_figures_are_those_of_the_definitions(level_bp: int, scenarios: int) -> None:
    pnl = drawn(7, scenarios)
    found = tail_risk(pnl, level_bp)
    for node, row in enumerate(pnl.tolist()):
        var, es, es_at, tail = by_hand(row, level_bp)
        assert (found.var[node], found.es[node], found.es_at[node]) == (var, es, es_at)
        assert found.tail[node].tolist() == tail


def test_rank_is_exact_where_floats_are_not() -> None:
    # 500 * (1 - 0.99) is 5.000000000000004 in floats: the ceiling would be 6.
    assert rank(500, 9_900) == 5
    assert [rank(n, 9_750) for n in (40, 41, 80, 81, 1_000)] == [1, 2, 2, 3, 25]
    assert all(rank(n, 9_500) == -(-n // 20) for n in range(20, 3_000))


def test_ties_are_in_the_order_of_the_scenarios() -> None:
    pnl = np.array([[0, -7, -7, 3, -7] + [1] * 35])
    found = tail_risk(pnl, 9_500)
    assert found.tail.tolist() == [[1, 2]]
    assert found.scenario_of_rank.tolist() == [2]


@pytest.mark.parametrize("largest", [1, 2, 10, 10**6])
@pytest.mark.parametrize("k", [1, 2, 7, 60])
def test_worst_scenarios_are_the_head_of_a_stable_sort_with_ties_or_without(
    largest: int, k: int
) -> None:
    pnl = drawn(300, 60, seed=k, largest=largest)
    expected = np.argsort(pnl, axis=1, kind="stable")[:, :k]
    assert (worst_scenarios(pnl, k) == expected).all()


def test_mean_is_rounded_half_to_even() -> None:
    for losses, expected in ((3, 2), (1, 0), (5, 2), (7, 4), (6, 3), (-3, -2), (-5, -2)):
        # Two scenarios in the tail; the loss is in the first one, the second loses nothing.
        low = [-losses, 0] if losses > 0 else [0, -losses]
        pnl = np.array([low + [10**6] * 38])
        assert tail_risk(pnl, 9_500).es.tolist() == [expected]


def test_acerbi_tasche_is_the_mean_where_the_tail_is_whole_and_above_it_elsewhere() -> None:
    whole, broken = tail_risk(drawn(50, 500), 9_900), tail_risk(drawn(50, 520), 9_900)
    assert (whole.es == whole.es_at).all()
    assert (broken.es_at > broken.es).all()


def losses_together(level_bp: int, seed: int) -> tuple[TailRisk, TailRisk]:
    parts = drawn(2, 130, seed, largest=1_000)
    return tail_risk(parts, level_bp), tail_risk(parts.sum(axis=0, keepdims=True), level_bp)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("level_bp", LEVELS_BP)
def test_shortfall_of_a_sum_is_no_more_than_the_sum_of_shortfalls(level_bp: int, seed: int) -> None:
    parts, whole = losses_together(level_bp, seed)
    # Three figures are rounded to a quantum.
    assert whole.es_at[0] <= parts.es_at.sum() + 1.5


def test_too_few_scenarios_for_the_level_are_refused() -> None:
    assert [least_scenarios(level) for level in LEVELS_BP] == [20, 40, 100]
    for level in LEVELS_BP:
        enough = least_scenarios(level)
        assert tail_risk(drawn(1, enough), level).rank == 1
        with pytest.raises(RiskError, match=f"level {level}bp: needs {enough}") as refused:
            tail_risk(drawn(1, enough - 1), level)
        assert refused.value.code == "TOO_FEW_SCENARIOS"


@pytest.mark.parametrize("level_bp", [0, 10_000, -5])
def test_level_outside_the_open_interval_is_refused(level_bp: int) -> None:
    with pytest.raises(RiskError, match="not between"):
        tail_risk(drawn(1, 500), level_bp)


def test_floats_empty_vectors_and_sums_beyond_64_bits_are_refused() -> None:
    with pytest.raises(RiskError, match="integers of a quantum"):
        tail_risk(np.zeros((1, 500)), 9_900)  # type: ignore[arg-type]
    with pytest.raises(RiskError, match="pnl"):
        tail_risk(np.zeros((1, 0), dtype=np.int64), 9_900)
    with pytest.raises(RiskError, match="overflows"):
        tail_risk(np.full((1, 500), -(2**62)), 9_900)
    assert tail_risk(np.full((1, 100), -(2**62)), 9_900).es_at.tolist() == [2**62]
