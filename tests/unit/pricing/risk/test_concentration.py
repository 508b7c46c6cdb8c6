"""Concentration against plain arithmetic; the granularity adjustment against exact portfolios."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from pricing.risk.concentration import concentration
from pricing.risk.errors import RiskError
from pricing.risk.granularity import Obligors, granularity_adjustment, regulatory_delta


def test_exposures_are_summed_by_key_largest_first() -> None:
    found = concentration(["US", "DE", "", "US", "FR", ""], np.array([5, 7, 4, 6, 7, 1]))
    assert found.keys == ("US", "DE", "FR", "UNKNOWN")
    assert found.exposures.tolist() == [11, 7, 7, 5]
    assert found.total == 30
    assert found.shares.sum() == pytest.approx(1.0)
    assert found.hhi == float(Fraction(11**2 + 7**2 + 7**2 + 5**2, 30**2))
    assert found.effective_names == pytest.approx(1.0 / found.hhi)
    assert found.top(2) == (18, 0.6)
    assert found.top(99) == (30, 1.0)


def test_index_of_equal_names_is_one_over_their_number_and_of_one_name_is_1() -> None:
    names = [str(i) for i in range(250)]
    assert concentration(names, np.full(250, 10**15)).hhi == 0.004
    assert concentration(["A"] * 250, np.full(250, 10**15)).hhi == 1.0


def test_index_does_not_rise_when_a_name_is_split_and_does_not_fall_when_two_merge() -> None:
    exposures = np.random.default_rng(1).integers(1, 10**9, 60)
    apart = concentration([f"N{i}" for i in range(60)], exposures)
    joined = concentration(["G" if i in (3, 8) else f"N{i}" for i in range(60)], exposures)
    squares = 2 * int(exposures[3]) * int(exposures[8]) / apart.total**2
    assert joined.hhi - apart.hhi == pytest.approx(squares, rel=1e-9)


def test_negative_and_empty_books_are_refused_by_name() -> None:
    with pytest.raises(RiskError, match="ACME: has the negative exposure -3"):
        concentration(["ACME", "B"], np.array([-3, 9]))
    assert concentration(["ACME", "ACME"], np.array([-3, 9])).total == 6
    with pytest.raises(RiskError, match="sum to nothing"):
        concentration(["A"], np.array([0]))
    with pytest.raises(RiskError, match="keys"):
        concentration(["A"], np.array([1, 2]))
    with pytest.raises(RiskError, match="0 names"):
        concentration(["A"], np.array([1])).top(0)


def test_delta_is_the_papers() -> None:
    assert regulatory_delta() == pytest.approx(4.83, abs=0.005)


def homogeneous(names: int, pd: float, quantile: float, precision: float) -> Obligors:
    """A CreditRisk+ book of equal names, all weight on one gamma factor, everything lost."""
    high = stats.gamma.ppf(quantile, precision, scale=1.0 / precision)
    one = np.ones(names)
    return Obligors(one / names, pd * one, one, pd * (high - 1.0) * one)


@pytest.mark.parametrize(("precision", "quantile"), [(0.25, 0.999), (1.0, 0.99), (2.0, 0.995)])
def test_adjustment_of_equal_names_is_the_closed_form(precision: float, quantile: float) -> None:
    # CreditRisk+: -1/(2 n h) d/dx (x h(x)) at the quantile a, h the gamma density.
    book = homogeneous(400, 0.01, quantile, precision)
    high = stats.gamma.ppf(quantile, precision, scale=1.0 / precision)
    found = granularity_adjustment(book, quantile=quantile, precision=precision)
    assert found.adjustment == pytest.approx(precision * (high - 1.0) / 800, rel=1e-12)
    assert found.by_obligor.sum() == pytest.approx(found.adjustment)
    assert found.capital == pytest.approx(0.01 * (high - 1.0))


@pytest.mark.parametrize(("names", "pd"), [(2_000, 0.02), (5_000, 0.01)])
def test_capital_with_the_adjustment_is_the_quantile_of_the_exact_loss(
    names: int, pd: float
) -> None:
    # Losses of such a book are negative binomial; the discrete quantile is within half a name.
    quantile, precision = 0.999, 1.0
    book = homogeneous(names, pd, quantile, precision)
    found = granularity_adjustment(book, quantile=quantile, precision=precision)
    spread = precision / (precision + names * pd)
    losses = np.arange(3 * names)
    cumulative = stats.nbinom.cdf(losses, precision, spread)
    exact = (np.interp(quantile, cumulative, losses) + 0.5) / names
    asymptotic = found.capital + pd
    assert abs(asymptotic + found.adjustment - exact) < 0.1 * abs(asymptotic - exact)


def test_adjustment_falls_as_one_over_the_number_of_names() -> None:
    small, large = (
        granularity_adjustment(homogeneous(n, 0.01, 0.999, 0.25)).adjustment for n in (100, 1_000)
    )
    assert small == pytest.approx(10.0 * large)


def test_bad_obligors_name_their_place() -> None:
    one = np.full(4, 0.25)
    with pytest.raises(RiskError, match=r"lgd\[2\]"):
        granularity_adjustment(Obligors(one, one, np.array([0.4, 0.4, 0.0, 0.4]), one))
    with pytest.raises(RiskError, match=r"pd\[0\]"):
        granularity_adjustment(Obligors(one, np.array([1.2, 0.0, 0.0, 0.0]), one, one))
    with pytest.raises(RiskError, match=r"shares: sum to 0\.8"):
        granularity_adjustment(Obligors(np.full(4, 0.2), one, one, one))
    with pytest.raises(RiskError, match="capital: sums to nothing"):
        granularity_adjustment(Obligors(one, one, one, np.zeros(4)))
    with pytest.raises(RiskError, match="pd"):
        granularity_adjustment(Obligors(one, one[:2], one, one))
    with pytest.raises(RiskError, match="factor"):
        regulatory_delta(1.0)
