"""Closed forms of parametric VaR against quadrature, known distributions and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pricing.risk import parametric
from pricing.risk.covariance import checked, estimated
from pricing.risk.errors import RiskError
from pricing.risk.monte_carlo import factor, monte_carlo_var
from pricing.risk.sensitivities import Sensitivities, cumulants, sensitivities

NAMES = ["USD.5Y", "USD.10Y"]
MATRIX = np.array([[0.04, 0.027], [0.027, 0.09]])
COVARIANCE = checked(MATRIX, NAMES)
DELTA = np.array([[3.0, -1.0], [0.5, 2.0], [0.0, 0.0]])
GAMMA = np.array([[[1.0, 0.2], [0.2, 0.5]], [[0.0, -0.4], [-0.4, 0.7]], [[0.0, 0.0], [0.0, 0.0]]])
GIVEN = sensitivities(NAMES, DELTA, GAMMA)


def moments_by_quadrature(node: int) -> list[float]:
    """Mean and central moments 2..4 of P&L, exact for polynomials: Gauss-Hermite, 12 x 12."""
    points, weights = np.polynomial.hermite_e.hermegauss(12)
    grid = np.stack(np.meshgrid(points, points), axis=-1).reshape(-1, 2)
    weight = np.outer(weights, weights).ravel() / (2.0 * np.pi)
    moves = grid @ np.linalg.cholesky(MATRIX).T
    pnl = moves @ DELTA[node] + 0.5 * np.einsum("pi,ij,pj->p", moves, GAMMA[node], moves)
    mean = float(weight @ pnl)
    return [mean, *(float(weight @ (pnl - mean) ** n) for n in (2, 3, 4))]


@pytest.mark.parametrize("node", [0, 1, 2])
def test_cumulants_are_those_of_the_quadratic_form(node: int) -> None:
    mean, second, third, fourth = moments_by_quadrature(node)
    found = cumulants(GIVEN, COVARIANCE)
    assert found.mean[node] == pytest.approx(mean, abs=1e-13)
    assert found.variance[node] == pytest.approx(second, rel=1e-12)
    assert found.third[node] == pytest.approx(third, rel=1e-11)
    assert found.fourth[node] == pytest.approx(fourth - 3.0 * second**2, rel=1e-11)


def test_pure_gamma_is_chi_square_and_outside_the_domain_of_the_expansion() -> None:
    one = sensitivities(["F"], np.zeros((1, 1)), np.full((1, 1, 1), -2.0))
    found = parametric.cornish_fisher_var(one, checked(np.array([[4.0]]), ["F"]), 9_900)
    assert found.skewness[0] == pytest.approx(-np.sqrt(8.0))
    assert found.excess_kurtosis[0] == pytest.approx(12.0)
    assert not found.in_domain[0]
    assert np.isnan(found.var[0])


def test_domain_is_where_quantiles_do_not_cross() -> None:
    skew, kurtosis = np.meshgrid(np.linspace(-3.0, 3.0, 41), np.linspace(-0.5, 12.0, 51))
    z = np.linspace(-40.0, 40.0, 1_601)[:, None]
    s, k = skew.ravel(), kurtosis.ravel()
    slope = 1 + z * s / 3 + (z**2 - 1) * k / 8 - (6 * z**2 - 5) * s**2 / 36
    ascending = (slope >= -1e-9).all(axis=0)
    found = parametric.ascends(s, k)
    # The grid in z is finite: it may miss a crossing, never see one that is not there.
    assert not (found & ~ascending).any()
    assert (found == ascending).mean() > 0.995
    assert parametric.ascends(np.zeros(1), np.zeros(1)).all()
    # Maillard 2012: |S| <= 6 (sqrt 2 - 1) whatever the kurtosis.
    assert not found[np.abs(s) > 6 * (np.sqrt(2) - 1)].any()


def test_delta_normal_is_the_quantile_of_the_normal_distribution() -> None:
    for level, z in ((9_500, 1.6448536269514722), (9_900, 2.3263478740408408)):
        found = parametric.delta_normal_var(GIVEN, COVARIANCE, level)
        deviation = np.sqrt(np.einsum("ni,ij,nj->n", DELTA, MATRIX, DELTA))
        assert found == pytest.approx(z * deviation, rel=1e-14)
        shortfall = parametric.delta_normal_es(GIVEN, COVARIANCE, level)
        tail = stats.norm.expect(lambda x: x, lb=z, conditional=True)
        assert shortfall == pytest.approx(tail * deviation, rel=1e-9)


def test_components_of_delta_normal_var_sum_and_are_its_slopes() -> None:
    components = parametric.delta_normal_components(GIVEN, COVARIANCE, 9_900)
    whole = Sensitivities(tuple(NAMES), DELTA.sum(axis=0, keepdims=True))
    var = parametric.delta_normal_var(whole, COVARIANCE, 9_900)[0]
    assert components.sum() == pytest.approx(var, rel=1e-14)
    for child in range(2):
        up, down = (
            Sensitivities(tuple(NAMES), whole.delta + sign * 1e-5 * DELTA[child])
            for sign in (1, -1)
        )
        slope = (
            parametric.delta_normal_var(up, COVARIANCE, 9_900)
            - parametric.delta_normal_var(down, COVARIANCE, 9_900)
        )[0] / 2e-5
        assert components[child] == pytest.approx(slope, rel=1e-8)
    hedged = sensitivities(NAMES, np.array([[1.0, 2.0], [-1.0, -2.0]]))
    assert parametric.delta_normal_components(hedged, COVARIANCE, 9_900).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("level", [9_500, 9_750, 9_900])
def test_expansion_is_nearer_to_the_simulated_quantile_than_the_normal(level: int) -> None:
    curved = sensitivities(NAMES, DELTA[:2], GAMMA[:2])
    expanded = parametric.cornish_fisher_var(curved, COVARIANCE, level)
    normal = parametric.delta_gamma_normal_var(curved, COVARIANCE, level)
    simulated = monte_carlo_var(curved, COVARIANCE, level, draws=200_000, seed=1)
    assert expanded.in_domain.all()
    far = np.abs(normal - simulated.var)
    near = np.abs(expanded.var - simulated.var)
    assert (near < far).all()
    assert expanded.var == pytest.approx(simulated.var, rel=0.01)


def test_without_gamma_every_method_is_delta_normal() -> None:
    linear = sensitivities(NAMES, DELTA)
    plain = parametric.delta_normal_var(linear, COVARIANCE, 9_900)
    assert parametric.delta_gamma_normal_var(linear, COVARIANCE, 9_900) == pytest.approx(plain)
    found = parametric.cornish_fisher_var(linear, COVARIANCE, 9_900)
    assert found.var == pytest.approx(plain)
    assert found.in_domain.all()
    simulated = monte_carlo_var(linear, COVARIANCE, 9_900, draws=50_000, seed=4)
    assert (simulated.low <= plain).all()
    assert (plain <= simulated.high).all()
    shortfall = parametric.delta_normal_es(linear, COVARIANCE, 9_900)
    assert simulated.es == pytest.approx(shortfall, rel=0.02)


def test_interval_of_a_simulation_covers_the_quantile_as_often_as_it_says() -> None:
    linear = sensitivities(["F"], np.ones((1, 1)))
    unit = checked(np.ones((1, 1)), ["F"])
    inside = 0
    for seed in range(400):
        found = monte_carlo_var(linear, unit, 9_500, draws=1_000, seed=seed)
        inside += bool(found.low[0] <= 1.6448536269514722 <= found.high[0])
    # 95% of 400 is 380; three deviations are 13.
    assert 367 <= inside <= 396


def test_same_seed_gives_the_same_figures_whatever_the_chunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = monte_carlo_var(GIVEN, COVARIANCE, 9_900, draws=9_000, seed=7)
    again = monte_carlo_var(GIVEN, COVARIANCE, 9_900, draws=9_000, seed=7)
    assert first.var.tolist() == again.var.tolist()
    other = monte_carlo_var(GIVEN, COVARIANCE, 9_900, draws=9_000, seed=8)
    assert first.var[0] != other.var[0]
    monkeypatch.setattr("pricing.risk.monte_carlo.CHUNK", 700)
    cut = monte_carlo_var(GIVEN, COVARIANCE, 9_900, draws=9_000, seed=7)
    assert cut.var == pytest.approx(first.var, rel=1e-12)


@pytest.mark.parametrize("days", [3, 4, 300])
def test_factor_gives_the_matrix_back_with_or_without_full_rank(days: int) -> None:
    history = np.random.default_rng(days).standard_normal((days, 6)) * 10.0 ** np.arange(-3, 3)
    history[:, 4] = 0.0
    covariance = estimated(history, list("ABCDEF"), demeaned=True)
    lower = factor(covariance)
    scale = np.sqrt(np.outer(np.diag(covariance.matrix), np.diag(covariance.matrix)))
    assert (np.abs(lower @ lower.T - covariance.matrix) <= 1e-12 * scale).all()


def test_simulated_moves_are_correlated_as_asked() -> None:
    apart = sensitivities(NAMES, np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]]))
    found = monte_carlo_var(apart, COVARIANCE, 9_500, draws=200_000, seed=3)
    exact = parametric.delta_normal_var(apart, COVARIANCE, 9_500)
    assert found.var == pytest.approx(exact, rel=0.01)


def test_bad_sensitivities_name_their_place() -> None:
    with pytest.raises(RiskError, match=r"delta\[0, 1\]"):
        sensitivities(NAMES, np.array([[1.0, np.nan]]))
    with pytest.raises(RiskError, match="delta"):
        sensitivities(NAMES, np.ones((2, 3)))
    with pytest.raises(RiskError, match="gamma"):
        sensitivities(NAMES, DELTA, GAMMA[:2])
    uneven = GAMMA.copy()
    uneven[1, 0, 1] = 9.0
    with pytest.raises(RiskError, match=r"gamma\[1\] USD.5Y x USD.10Y"):
        sensitivities(NAMES, DELTA, uneven)
    with pytest.raises(RiskError, match="EUR: is not in the covariance"):
        parametric.delta_normal_var(sensitivities(["EUR"], np.ones((1, 1))), COVARIANCE, 9_900)
    with pytest.raises(RiskError, match="not between"):
        parametric.delta_normal_var(GIVEN, COVARIANCE, 10_000)
    with pytest.raises(RiskError, match="seed"):
        monte_carlo_var(GIVEN, COVARIANCE, 9_900, draws=1_000, seed=-1)
    with pytest.raises(RiskError, match="needs 100 scenarios"):
        monte_carlo_var(GIVEN, COVARIANCE, 9_900, draws=99, seed=1)
