"""The trinomial tree of Hull and White on a time grid, arrays over bonds x market states.

The reference that the lattice is checked against: with the grid of QuantLib's tree it gives
QuantLib's value. Source: Hull and White, "Numerical procedures for implementing term structure
models I", Journal of Derivatives 2 (1994); branching as in QuantLib's TrinomialTree.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.hull_white.affine import deviation

FloatArray = npt.NDArray[np.float64]


def value(
    grid: FloatArray,
    discount: FloatArray,
    reversion: float,
    sigma: float,
    paid: FloatArray,
    calls: FloatArray,
    puts: FloatArray,
    spread: FloatArray | float = 0.0,
) -> FloatArray:
    """Return the values today (bonds, states) of payments that may be called and put.

    `grid` (times,) begins at 0; `discount` (times, states) are the curve's factors on it, to which
    the tree is fitted; `paid` (times, bonds) what is paid at each time whatever is decided at it;
    `calls` and `puts` (times, bonds) the prices at which the rest is called or put, +inf and -inf
    where it is not. `spread` (bonds,) is added to every short rate.
    """
    steps = np.diff(grid)
    trees = [_Branching(reversion, sigma, step) for step in steps]
    sizes = [(0, 0)]
    for place, tree in enumerate(trees):
        low, high = sizes[-1]
        spacing = 0.0 if place == 0 else trees[place - 1].spacing
        down = tree.middle(np.array([low * spacing]))[0] - 1
        up = tree.middle(np.array([high * spacing]))[0] + 1
        sizes.append((int(down), int(up)))
    levels: list[FloatArray] = [np.zeros(1)]
    levels += [
        np.asarray(np.arange(low, high + 1) * tree.spacing, dtype=np.float64)
        for (low, high), tree in zip(sizes[1:], trees, strict=True)
    ]
    shifts = _fitted(trees, levels, sizes, steps, discount)
    bonds, states = paid.shape[1], discount.shape[1]
    values = np.zeros((len(levels[-1]), bonds, states)) + paid[-1][:, None]
    for place in range(len(trees) - 1, -1, -1):
        middle, chance = trees[place].branches(levels[place])
        at = middle - sizes[place + 1][0]
        held = sum(chance[branch][:, None, None] * values[at + branch - 1] for branch in range(3))
        rate = levels[place][:, None, None] + shifts[place] + np.reshape(spread, (-1, 1))
        held = held * np.exp(-rate * steps[place])
        held = np.maximum(np.minimum(held, calls[place][:, None]), puts[place][:, None])
        values = held + paid[place][:, None]
    return np.asarray(values[0])


class _Branching:
    """The three branches of a step: to the nearest node of the mean and its neighbours."""

    def __init__(self, reversion: float, sigma: float, step: float) -> None:
        self._decay = float(np.exp(-reversion * step))
        self._deviation = sigma * float(deviation(reversion, np.array([step]))[0])
        self.spacing = self._deviation * float(np.sqrt(3.0))

    def middle(self, level: FloatArray) -> npt.NDArray[np.int64]:
        """Return the nodes nearest to the means of x."""
        return np.floor(level * self._decay / self.spacing + 0.5).astype(np.int64)

    def branches(self, level: FloatArray) -> tuple[npt.NDArray[np.int64], list[FloatArray]]:
        """Return the middle nodes and the probabilities of down, middle and up."""
        middle = self.middle(level)
        off = (level * self._decay - middle * self.spacing) / self._deviation
        root = off * np.sqrt(3.0)
        square = off * off
        return middle, [
            (1.0 + square - root) / 6.0,
            (2.0 - square) / 3.0,
            (1.0 + square + root) / 6.0,
        ]


def _fitted(
    trees: list[_Branching],
    levels: list[FloatArray],
    sizes: list[tuple[int, int]],
    steps: FloatArray,
    discount: FloatArray,
) -> list[FloatArray]:
    """Return the shift of the short rate (states,) of each step that meets the curve exactly."""
    prices = np.ones((1, discount.shape[1]))
    shifts: list[FloatArray] = []
    for place, tree in enumerate(trees):
        step = steps[place]
        discounted = prices * np.exp(-levels[place] * step)[:, None]
        total = discounted.sum(axis=0)
        shifts.append(np.log(total / discount[place + 1]) / step)
        discounted = discounted * (discount[place + 1] / total)
        middle, chance = tree.branches(levels[place])
        low, high = sizes[place + 1]
        following = np.zeros((high - low + 1, discount.shape[1]))
        for branch in range(3):
            np.add.at(following, middle - low + branch - 1, chance[branch][:, None] * discounted)
        prices = following
    return shifts
