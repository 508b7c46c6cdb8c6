"""Sizes of shocks that exhaust a loss, by revaluation of books whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from pricing.risk.errors import RiskError
from pricing.risk.reverse_stress import SECTIONS, frontier, reverse_stress

GRID = np.arange(-4_000, 4_001, 500)
"""-400bp to +400bp in tenths, 50bp apart."""
FACE = 10**12


def zero_coupon(sizes: np.ndarray, spread: np.ndarray | int = 0) -> np.ndarray:
    """Loss of a 10-year zero at 4% continuous under a parallel and a spread shock, in quanta."""
    shock = (np.asarray(sizes) + spread) * 1e-5
    return np.rint(FACE * np.exp(-0.4) * (1.0 - np.exp(-10.0 * shock))).astype(np.int64)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, -0.1])
def test_one_size_on_a_monotone_bracket_is_found_to_a_tenth(share: float) -> None:
    threshold = round(share * FACE * np.exp(-0.4))
    found = reverse_stress(zero_coupon, threshold, GRID)
    (crossing,) = found.crossings
    exact = -np.log(1.0 - share) / 10.0 * 1e5
    assert found.monotone
    assert crossing.within < exact <= crossing.reached
    assert crossing.reached - crossing.within == 1
    assert crossing.loss_within < threshold <= crossing.loss_reached
    # Checked by a direct run at that shock.
    assert zero_coupon(np.array([crossing.reached]))[0] == crossing.loss_reached
    assert crossing.reached_bp == crossing.reached / 10


def test_few_revaluations_are_asked_for() -> None:
    asked: list[int] = []

    def counted(sizes: np.ndarray) -> np.ndarray:
        asked.append(len(sizes))
        return zero_coupon(sizes)

    reverse_stress(counted, FACE // 20, GRID)
    assert len(asked) <= 4
    assert sum(asked) <= len(GRID) + 3 * SECTIONS


def test_loss_that_is_not_reached_has_no_size() -> None:
    found = reverse_stress(zero_coupon, FACE, GRID)
    assert (found.crossings, found.least, found.monotone) == ((), None, True)
    always = reverse_stress(zero_coupon, -FACE, GRID)
    assert always.crossings == ()
    assert (always.losses >= -FACE).all()


def straddle(sizes: np.ndarray) -> np.ndarray:
    """Short an option both ways: loses size^2 less a premium of 1,000,000."""
    return np.asarray(sizes, dtype=np.int64) ** 2 - 1_000_000


def test_all_sizes_are_found_where_losses_turn() -> None:
    found = reverse_stress(straddle, 0, GRID)
    assert not found.monotone
    assert [(c.within, c.reached) for c in found.crossings] == [(-999, -1000), (999, 1000)]
    # Equal distances: the lower size.
    assert found.least is not None
    assert found.least.reached == -1000


def test_wave_has_every_crossing_on_a_grid_fine_enough() -> None:
    def wave(sizes: np.ndarray) -> np.ndarray:
        return np.rint(1e9 * np.sin(np.asarray(sizes) * 1e-3)).astype(np.int64)

    found = reverse_stress(wave, 500_000_000, np.arange(-4_000, 4_001, 100))
    roots = [np.pi / 6 - 2 * np.pi, 5 * np.pi / 6 - 2 * np.pi, np.pi / 6, 5 * np.pi / 6]
    exact = [root * 1e3 for root in roots if abs(root) <= 4.0]
    assert len(found.crossings) == len(exact)
    for crossing, root in zip(found.crossings, exact, strict=True):
        low, high = sorted((crossing.within, crossing.reached))
        assert low <= root <= high
        assert high - low == 1


def test_size_with_exactly_the_threshold_reaches_it() -> None:
    found = reverse_stress(lambda sizes: np.asarray(sizes), 500, GRID)
    assert [(c.within, c.reached) for c in found.crossings] == [(499, 500)]


def test_pair_of_shocks_lies_on_the_frontier() -> None:
    threshold = round(0.1 * FACE * np.exp(-0.4))
    # A spread move loses as a rate move does: the sizes add up.
    exact = -np.log(0.9) / 10.0 * 1e5
    rows = frontier(
        lambda pairs: zero_coupon(pairs[:, 0], pairs[:, 1]),
        threshold,
        np.arange(0, 1_001, 250),
        GRID,
    )
    assert [first for first, _ in rows] == [0, 250, 500, 750, 1_000]
    for first, found in rows:
        (crossing,) = found.crossings
        assert crossing.within < exact - first <= crossing.reached


def test_bad_grids_and_answers_are_refused() -> None:
    with pytest.raises(RiskError, match="grid: is not two or more ascending"):
        reverse_stress(zero_coupon, 1, np.array([0, 10, 10]))
    with pytest.raises(RiskError, match="grid"):
        reverse_stress(zero_coupon, 1, np.array([0]))
    with pytest.raises(RiskError, match="losses"):
        reverse_stress(lambda sizes: zero_coupon(sizes)[:-1], 1, GRID)
    with pytest.raises(RiskError, match="integers of a quantum"):
        reverse_stress(lambda sizes: np.asarray(sizes) * 1.0, 1, GRID)  # type: ignore[arg-type, return-value]
