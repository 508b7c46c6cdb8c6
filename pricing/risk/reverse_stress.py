"""Which size of a shock loses a given amount, found by full revaluation to a tenth of a bp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pricing.risk import arrays
from pricing.risk.arrays import BoolArray, IntArray
from pricing.risk.errors import RiskError

Losses = Callable[[IntArray], IntArray]
"""Losses of a node in quanta, one for each size of the shock in tenths of a basis point."""
PairLosses = Callable[[IntArray], IntArray]
"""The same of two shocks at once: sizes are (n, 2)."""

SECTIONS = 8
"""Sizes asked for at a time inside a bracket: fewer calls than halving, as one revaluation of
several scenarios costs little more than of one."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two neighbouring sizes, in tenths of a bp, between which the loss reaches the threshold.

    `within` is the one whose loss is below the threshold, `reached` the one at or above it.
    """

    within: int
    reached: int
    loss_within: int
    loss_reached: int

    @property
    def reached_bp(self) -> float:
        """The size that exhausts the threshold, in basis points."""
        return self.reached / 10.0


@dataclass(frozen=True, slots=True)
class ReverseStress:
    """All crossings seen from the lowest size to the highest; none is an empty tuple.

    `monotone` is whether losses on the grid ascend or descend throughout: then there is at most
    one crossing and it is the only one in the range. Where not, two crossings that lie between
    two neighbouring sizes of the grid are not seen: `grid` says how fine it was.
    """

    crossings: tuple[Crossing, ...]
    monotone: bool
    grid: IntArray
    losses: IntArray

    @property
    def least(self) -> Crossing | None:
        """The crossing whose reached size is nearest to no shock."""
        return min(self.crossings, key=lambda c: (abs(c.reached), c.reached), default=None)


def reverse_stress(losses: Losses, threshold: int, grid: IntArray) -> ReverseStress:
    """Return the sizes at which the loss reaches the threshold, each between neighbouring tenths.

    `grid` is ascending sizes in tenths of a bp, first and last the range searched. Each sign
    change on it is narrowed by revaluations at `SECTIONS` sizes a call. A size at which the loss
    equals the threshold reaches it; where a whole range does, its ends are the crossings.
    """
    grid = arrays.amounts(grid, "grid", 1)
    if len(grid) < 2 or (np.diff(grid) <= 0).any():
        raise RiskError("NOT_IN_ORDER", "grid", "is not two or more ascending sizes")
    found = _asked(losses, grid)
    steps = np.diff(found)
    monotone = bool((steps >= 0).all() or (steps <= 0).all())
    over: BoolArray = found >= threshold
    changes = np.flatnonzero(over[1:] != over[:-1])
    crossings = tuple(
        _narrowed(losses, threshold, grid[at : at + 2], found[at : at + 2]) for at in changes
    )
    return ReverseStress(crossings, monotone, grid, found)


def frontier(
    losses: PairLosses, threshold: int, first: IntArray, second: IntArray
) -> tuple[tuple[int, ReverseStress], ...]:
    """Return, for each size of the first shock, the sizes of the second that reach the threshold.

    `first` and `second` are grids in tenths of a bp; each row is a `reverse_stress` of its own.
    """
    first = arrays.amounts(first, "first", 1)

    def along(size: int) -> Losses:
        return lambda sizes: losses(np.stack([np.full_like(sizes, size), sizes], axis=1))

    return tuple((int(s), reverse_stress(along(int(s)), threshold, second)) for s in first)


def _asked(losses: Losses, sizes: IntArray) -> IntArray:
    found = arrays.amounts(losses(sizes), "losses", 1)
    if found.shape != sizes.shape:
        raise RiskError("SHAPE", "losses", f"{found.shape} for {sizes.shape} sizes")
    return found


def _narrowed(losses: Losses, threshold: int, ends: IntArray, found: IntArray) -> Crossing:
    while ends[1] - ends[0] > 1:
        inner = np.unique(np.linspace(ends[0], ends[1], SECTIONS + 2)[1:-1].astype(np.int64))
        inner = inner[(inner > ends[0]) & (inner < ends[1])]
        sizes = np.concatenate([ends[:1], inner, ends[1:]])
        values = np.concatenate([found[:1], _asked(losses, inner), found[1:]])
        over = values >= threshold
        at = int(np.flatnonzero(over[1:] != over[:-1])[0])
        ends, found = sizes[at : at + 2], values[at : at + 2]
    low, high = int(ends[0]), int(ends[1])
    at_low, at_high = int(found[0]), int(found[1])
    if at_high >= threshold:
        return Crossing(low, high, at_low, at_high)
    return Crossing(high, low, at_high, at_low)
