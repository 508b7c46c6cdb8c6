import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from scipy.integrate import quad
from scipy.stats import binom

from pricing.credit import granular, vasicek
from pricing.credit.errors import CreditError


def enumerated(count: int, pd: float, rho: float) -> np.ndarray:
    """Return the probability of 0 to `count` defaults: binomial given the factor, integrated."""
    nodes, weights = hermegauss(200)
    given = vasicek.conditional_pd(pd, rho, nodes)
    kept = weights / weights.sum()
    return np.array([kept @ binom.pmf(k, count, given) for k in range(count + 1)])


def test_quantile_and_distribution_are_inverse_and_the_mean_is_pd() -> None:
    rate = vasicek.quantile(0.02, 0.15, 0.999)
    assert vasicek.distribution(0.02, 0.15, rate) == pytest.approx(0.999, abs=1e-12)
    mean, _ = quad(lambda x: 1.0 - float(vasicek.distribution(0.02, 0.15, x)), 0.0, 1.0)
    assert mean == pytest.approx(0.02, abs=1e-8)


def test_shortfall_is_the_mean_of_the_quantiles_beyond() -> None:
    tail, _ = quad(lambda u: float(vasicek.quantile(0.02, 0.15, 1.0 - u)), 0.0, 0.01)
    assert vasicek.shortfall(0.02, 0.15, 0.99) == pytest.approx(tail / 0.01, abs=1e-7)


def test_capital_adds_up_and_is_nothing_without_correlation() -> None:
    pd, lgd, ead = np.array([0.01, 0.05]), np.array([0.4, 0.5]), np.array([100.0, 50.0])
    both = vasicek.economic_capital(pd, lgd, ead, 0.2, 0.999)
    one = vasicek.economic_capital(pd[:1], lgd[:1], ead[:1], 0.2, 0.999)
    assert both[0] == one[0]
    assert vasicek.economic_capital(pd, lgd, ead, 0.0, 0.999) == pytest.approx([0, 0], abs=1e-12)


def test_simulated_defaults_are_those_of_the_enumeration() -> None:
    count, pd, rho, draws = 10, 0.05, 0.2, 40_000
    book = np.full(count, pd), np.ones(count), np.ones(count), rho
    found = granular.simulated(*book, draws=draws, seed=7)
    exact = enumerated(count, pd, rho)
    share = np.bincount(found.losses.astype(int), minlength=count + 1) / draws
    # Four deviations of a share of independent draws; antithetic pairs are nearer.
    assert np.abs(share - exact).max() < 4.0 * np.sqrt(0.25 / draws)
    assert found.losses.mean() == pytest.approx(found.expected, abs=0.02)
    level = np.searchsorted(np.cumsum(exact), 0.99)
    assert found.value_at_risk(9_900) == pytest.approx(level, abs=1e-9)


def test_interval_of_the_sampling_holds_the_exact_quantile() -> None:
    exact = 2.25 * float(np.searchsorted(np.cumsum(enumerated(200, 0.02, 0.15)), 0.999))
    book = np.full(200, 0.02), np.full(200, 0.45), np.full(200, 5.0), 0.15
    for seed in (1, 2, 3):
        found = granular.simulated(*book, draws=10_000, seed=seed)
        low, high = found.interval(9_990)
        assert low <= found.value_at_risk(9_990) <= high
        assert low - 1e-9 <= exact <= high + 1e-9
        assert high - low < 0.4 * exact


def test_large_book_comes_to_the_closed_form() -> None:
    count = 1_000
    book = np.full(count, 0.02), np.full(count, 0.45), np.full(count, 1.0 / count), 0.15
    found = granular.simulated(*book, draws=4_000, seed=11)
    closed = 0.45 * float(vasicek.quantile(0.02, 0.15, 0.99))
    assert found.value_at_risk(9_900) == pytest.approx(closed, rel=0.08)
    assert found.economic_capital(9_900) == found.value_at_risk(9_900) - found.expected
    assert found.shortfall(9_900) > found.value_at_risk(9_900)


def test_seed_decides_every_draw_and_chunks_decide_none(monkeypatch: pytest.MonkeyPatch) -> None:
    book = np.full(5, 0.1), np.ones(5), np.arange(1.0, 6.0), 0.3
    whole = granular.simulated(*book, draws=100, seed=3)
    monkeypatch.setattr(granular, "CHUNK", 13)
    assert granular.simulated(*book, draws=100, seed=3).losses.tolist() == whole.losses.tolist()
    assert granular.simulated(*book, draws=100, seed=4).losses.tolist() != whole.losses.tolist()


@pytest.mark.parametrize(
    ("draws", "seed", "message"),
    [(3, 1, "draws: 3 is not an even number"), (2, -1, "seed: -1 is negative")],
)
def test_draws_that_are_no_pairs_are_refused(draws: int, seed: int, message: str) -> None:
    with pytest.raises(CreditError, match=message):
        granular.simulated([0.1], [1.0], [1.0], 0.2, draws=draws, seed=seed)


def test_correlation_of_one_has_no_distribution() -> None:
    with pytest.raises(CreditError, match="correlation: is not below 1"):
        vasicek.quantile(0.1, 1.0, 0.99)
