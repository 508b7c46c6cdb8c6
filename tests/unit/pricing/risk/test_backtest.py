"""Backtests against published tables and an independent likelihood ratio."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from pricing.risk import backtest
from pricing.risk.errors import RiskError
from pricing.risk.traffic_light import MULTIPLIERS, traffic_light

# Jorion, Value at Risk, 3rd ed., table 6-2, after Kupiec 1995: exceptions not rejected at 5%.
# For 99% and 255 days the table prints no lower bound.
NOT_REJECTED = [
    (9_900, 255, 1, 6),
    (9_900, 510, 2, 10),
    (9_900, 1_000, 5, 16),
    (9_750, 255, 3, 11),
    (9_750, 510, 7, 20),
    (9_750, 1_000, 16, 35),
    (9_500, 255, 7, 20),
    (9_500, 510, 17, 35),
    (9_500, 1_000, 38, 64),
    (9_250, 255, 12, 27),
    (9_250, 510, 28, 50),
    (9_250, 1_000, 60, 91),
    (9_000, 255, 17, 35),
    (9_000, 510, 39, 64),
    (9_000, 1_000, 82, 119),
]


@pytest.mark.parametrize(("level_bp", "days", "fewest", "most"), NOT_REJECTED)
def test_proportion_is_rejected_outside_the_published_regions(
    level_bp: int, days: int, fewest: int, most: int
) -> None:
    kept = [x for x in range(days) if backtest.kupiec(x, days, level_bp).p_value > 0.05]
    assert kept == list(range(fewest, most + 1))


def test_proportion_as_expected_has_the_statistic_0() -> None:
    found = backtest.kupiec(5, 500, 9_900)
    assert (found.statistic, found.p_value, found.degrees) == (0.0, 1.0, 1)
    none = backtest.kupiec(0, 250, 9_900)
    assert none.statistic == pytest.approx(-2.0 * 250 * np.log(0.99))


def clustered(days: int, seed: int) -> np.ndarray:
    stream = np.random.default_rng(seed)
    hits = stream.random(days) < 0.05
    hits[1:] |= hits[:-1] & (stream.random(days - 1) < 0.5)
    return np.asarray(hits)


@pytest.mark.parametrize("seed", range(5))
def test_independence_is_the_likelihood_ratio_of_the_two_by_two_table(seed: int) -> None:
    hits = clustered(600, seed)
    table = np.zeros((2, 2))
    for before, after in itertools.pairwise(hits):
        table[int(before), int(after)] += 1
    statistic, p_value, degrees, _ = stats.chi2_contingency(
        table, correction=False, lambda_="log-likelihood"
    )
    found = backtest.independence(hits)
    assert found.statistic == pytest.approx(statistic, rel=1e-10)
    assert found.p_value == pytest.approx(p_value, rel=1e-9)
    assert found.degrees == degrees
    counts = backtest.transitions(hits)
    assert [
        counts.calm_calm,
        counts.calm_hit,
        counts.hit_calm,
        counts.hit_hit,
    ] == table.ravel().tolist()


def test_conditional_coverage_is_the_likelihood_of_the_chain_against_the_level() -> None:
    hits = clustered(600, 11)
    counts = backtest.transitions(hits)
    rows = ((counts.calm_calm, counts.calm_hit), (counts.hit_calm, counts.hit_hit))
    chain = sum(stats.binom.logpmf(hit, calm + hit, hit / (calm + hit)) for calm, hit in rows)
    level = sum(stats.binom.logpmf(hit, calm + hit, 0.05) for calm, hit in rows)
    found = backtest.conditional_coverage(hits, 9_500)
    assert found.statistic == pytest.approx(2.0 * (chain - level), rel=1e-10)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 2))


def test_cluster_is_found_by_independence_and_not_by_the_count() -> None:
    hits = np.zeros(1_000, dtype=bool)
    hits[400:410] = True
    assert backtest.kupiec(10, 1_000, 9_900).p_value == 1.0
    assert backtest.independence(hits).p_value < 1e-10
    assert backtest.conditional_coverage(hits, 9_900).p_value < 1e-10


@pytest.mark.parametrize("hits", [np.zeros(250, dtype=bool), np.ones(250, dtype=bool)])
def test_days_that_are_all_alike_say_nothing_on_independence(hits: np.ndarray) -> None:
    assert backtest.independence(hits).statistic == 0.0


def test_exception_is_a_loss_above_var() -> None:
    pnl, var = np.array([-10, -11, 5, 0, -3]), np.array([10, 10, 10, 0, -4])
    # A VaR of -4 is a gain of 4 that was near certain: a loss of 3 is an exception.
    assert backtest.exceptions(pnl, var).tolist() == [False, True, False, False, True]
    assert backtest.exceptions(pnl, var - 1).tolist() == [True, True, False, True, True]
    with pytest.raises(RiskError, match="days of P&L"):
        backtest.exceptions(pnl, var[:-1])


def test_cumulative_probabilities_are_those_of_the_1996_framework() -> None:
    printed = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97, 99.99]
    found = [round(100 * traffic_light(hits).cumulative, 2) for hits in range(11)]
    assert found == printed


def test_zones_begin_at_five_and_ten_exceptions_with_the_published_multipliers() -> None:
    zones = [traffic_light(hits).zone for hits in range(12)]
    assert zones == ["GREEN"] * 5 + ["YELLOW"] * 5 + ["RED"] * 2
    new = [traffic_light(hits).multiplier for hits in range(13)]
    assert new == [1.5] * 5 + [1.7, 1.76, 1.83, 1.88, 1.92, 2.0, 2.0, 2.0]
    old = [traffic_light(hits, rulebook="BCBS_1996").multiplier for hits in range(11)]
    assert old == [3.0] * 5 + [3.4, 3.5, 3.65, 3.75, 3.85, 4.0]
    assert {len(row) for row in MULTIPLIERS.values()} == {11}


def test_multiplier_is_a_rule_for_250_days_at_99_only() -> None:
    assert traffic_light(3, 500).multiplier is None
    assert traffic_light(3, 250, 9_750).multiplier is None
    assert traffic_light(20, 500).zone == "RED"


@pytest.mark.parametrize(("hits", "days"), [(-1, 250), (251, 250), (0, 0)])
def test_counts_that_cannot_be_are_refused(hits: int, days: int) -> None:
    with pytest.raises(RiskError, match="exceptions"):
        traffic_light(hits, days)
    with pytest.raises(RiskError, match="exceptions"):
        backtest.kupiec(hits, days, 9_900)
    with pytest.raises(RiskError, match="rulebook"):
        traffic_light(0, rulebook="BCBS_2030")
    with pytest.raises(RiskError, match="consecutive"):
        backtest.independence(np.ones(1, dtype=bool))
