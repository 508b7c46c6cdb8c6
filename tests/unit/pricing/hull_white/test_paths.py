"""Paths of rates against known answers, closed forms of the model and what must hold of means."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest, norm

from pricing.hull_white.means import Means
from pricing.hull_white.paths import Course, Walk, integrated
from pricing.hull_white.philox import key_of, normals, philox

A, SIGMA = 0.05, 0.012


@pytest.mark.parametrize(
    ("counter", "key", "block"),
    [
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)  # fmt: skip
def test_blocks_are_the_known_answers_of_random123(
    counter: tuple[int, ...], key: tuple[int, ...], block: tuple[int, ...]
) -> None:
    words = [np.array([word], dtype=np.uint64) for word in (*counter, *key)]
    found = philox((words[0], words[1], words[2], words[3]), (words[4], words[5]))
    assert tuple(int(word[0]) for word in found) == block


def test_normals_are_normal_and_those_of_a_key_do_not_depend_on_other_keys_or_their_count() -> None:
    keys = np.array([key_of("a"), key_of("b"), -1], dtype=np.int64)
    one, two = normals(keys, 7, 4096)
    assert kstest(np.concatenate([one, two], axis=None), "norm").pvalue > 0.01
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.03
    alone, _ = normals(keys[1:2], 7, 100)
    assert np.array_equal(alone[0], one[1, :100])
    assert not np.array_equal(normals(keys, 8, 4096)[0], one)


@pytest.mark.parametrize("reversion", [0.0, 1e-9, 0.03, -0.08, 2.0])
def test_variance_of_the_integral_is_that_of_the_quadrature(reversion: float) -> None:
    times = np.array([0.0, 1 / 365, 1 / 12, 0.9, 3.4, 30.0])
    found = integrated(reversion, times)

    def square(s: float) -> float:
        return s * s if reversion == 0.0 else float(np.expm1(-reversion * s) / reversion) ** 2

    wanted = [quad(square, 0.0, t, epsabs=0.0, epsrel=1e-13)[0] if t else 0.0 for t in times]
    assert found == pytest.approx(wanted, rel=1e-12)


def test_steps_add_up_to_the_law_of_the_last_date() -> None:
    """Variances and covariance of (y, Y) carried step by step are those from 0 to the end."""
    times = np.array([0.0, 0.02, 0.1, 1.3, 1.3, 7.0])[:, None]
    course = Course.of(A, times, times, 10.0)
    law = np.zeros((2, 2))
    for k in range(len(times)):
        move = np.array([[course.decay[k, 0], 0.0], [course.carry[k, 0], 1.0]])
        root = np.array([[course.noise[k, 0], 0.0], [course.lean[k, 0], course.rest[k, 0]]])
        law = move @ law @ move.T + root @ root.T
    carried = -math.expm1(-A * 7.0) / A
    assert law[0, 0] == pytest.approx(-math.expm1(-2 * A * 7.0) / (2 * A), rel=1e-12)
    assert law[0, 1] == pytest.approx(carried**2 / 2, rel=1e-12)
    assert law[1, 1] == pytest.approx(integrated(A, np.array([7.0]))[0], rel=1e-12)


def walk(years: list[float], lag: float, tenor: float, keys: int, paths: int) -> Walk:
    times = np.array(years)[:, None]
    course = Course.of(A, times, times + lag, tenor)
    rows = np.zeros(keys, dtype=np.intp)
    return Walk(course, rows, np.arange(keys) * 104729, paths, np.array([SIGMA, 2 * SIGMA]))


def test_discount_on_paths_averages_to_the_discount_factor() -> None:
    """What is paid with a delay included: the martingale that no-arbitrage is."""
    keys, paths = 64, 512
    moved = walk([0.0, 1.0, 5.0, 15.0, 29.9], 0.15, 10.0, keys, paths)
    for date in range(5):
        factor = moved.discount(date, keys * paths).reshape(keys * paths // 2, 2, -1)
        mean, error = factor.mean(axis=(0, 1)), factor.std(axis=(0, 1))
        assert np.all(np.abs(mean - 1.0) <= 4 * error / math.sqrt(keys * paths / 2))
    assert np.all(error > 0.1)


def test_call_on_a_bond_on_the_paths_of_pools_is_the_closed_form() -> None:
    """Jamshidian 1989: on the model's own bond at the date at which pools read their rate."""
    expiry, tenor, flat, keys, paths = 4.0, 10.0, 0.04, 256, 1024
    moved = walk([2.0, expiry], 0.0, tenor, keys, paths)
    rate = moved.rate(1, keys * paths) + flat
    bond = np.exp(-rate * tenor)
    spot, strike = math.exp(-flat * (expiry + tenor)), math.exp(-flat * tenor)
    factor = moved.discount(1, keys * paths) * math.exp(-flat * expiry)
    worth = (factor * np.maximum(bond - strike, 0.0)).reshape(keys, paths, 2).mean(axis=1)
    for column, sigma in enumerate((SIGMA, 2 * SIGMA)):
        deviation = (
            sigma * math.sqrt(-math.expm1(-2 * A * expiry) / (2 * A)) * -math.expm1(-A * tenor) / A
        )
        paid = math.exp(-flat * expiry) * strike
        d = math.log(spot / paid) / deviation + deviation / 2
        wanted = spot * norm.cdf(d) - paid * norm.cdf(d - deviation)
        error = worth[:, column].std(ddof=1) / math.sqrt(keys)
        assert abs(worth[:, column].mean() - wanted) < 4 * error
        assert error < 0.01 * wanted


def test_control_takes_its_own_error_out_and_leaves_means_linear() -> None:
    rng = np.random.default_rng(3)
    control = rng.normal(5.0, 1.0, (3 * 64, 1))
    noise = rng.normal(0.0, 0.1, (3 * 64, 2))
    means = Means.of(control, np.full(3, 5.0), 64)
    exact, error = means.with_error(2.0 * control - 1.0)
    assert exact == pytest.approx(np.full((3, 1), 9.0), rel=1e-12)
    assert error == pytest.approx(np.zeros((3, 1)), abs=1e-13)
    parts = means.of_values(control * noise) + means.of_values(noise)
    assert parts == pytest.approx(means.of_values(control * noise + noise), rel=1e-12)


def test_control_that_stands_still_changes_nothing() -> None:
    values = np.arange(32.0)[:, None]
    flat = Means.of(np.full((32, 1), 0.3), np.array([0.3000001]), 32)
    assert flat.of_values(values) == pytest.approx(15.5, rel=1e-15)


def test_means_of_a_row_have_the_same_bits_alone() -> None:
    rng = np.random.default_rng(4)
    for paths in (16, 20, 252):
        values, control = rng.normal(size=(2, 5 * paths, 3))
        known = np.zeros(5)
        whole, _ = Means.of(control, known, paths).with_error(values)
        for row, (begin, end) in enumerate(pairwise(range(0, 5 * paths + 1, paths))):
            alone, _ = Means.of(control[begin:end], known[:1], paths).with_error(values[begin:end])
            assert np.array_equal(alone[0], whole[row])
