"""One step of the lattice: what a function of x at a later date is worth at the nodes before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.kernel import sequential

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]

REACH = 5.0
"""A sum runs over this many standard deviations of the step to both sides."""
NARROW = 0.95
"""Below this many spacings a standard deviation is too narrow for a sum over nodes."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A sparse matrix: row i x targets + j sums weights x values at nodes of row i, in order."""

    weights: FloatArray
    slots: Int32Array
    offsets: Int32Array

    def of(self, values: FloatArray) -> FloatArray:
        """Return the expectations (targets, states) of values (nodes, states)."""
        return sequential(self.weights, self.slots, self.offsets, values)


def transition(centre: FloatArray, width: FloatArray, factor: FloatArray, nodes: int) -> Transition:
    """Return the matrix of expectations of a Gaussian, times a factor of each target.

    `centre` (rows, targets) is the mean and `width` (rows,) the standard deviation in places of
    nodes, `factor` (rows, targets). Weights are the Gaussian density at the nodes, normed to 1; a
    width below NARROW takes the weights that give the first five moments of it. Beyond the ends a
    function is as at its end. A row's weights depend on no other row.
    """
    near = np.rint(centre)
    offset = centre - near
    own = np.ceil(REACH * width) + 1.0
    reach = int(own.max(initial=2.0))
    square = width * width
    ratio = np.exp(offset / square[:, None])
    inverse = 1.0 / ratio
    weights = np.zeros((*centre.shape, 2 * reach + 1))
    weights[:, :, reach] = 1.0
    total = np.ones(centre.shape)
    up, down = np.ones(centre.shape), np.ones(centre.shape)
    for k in range(1, reach + 1):
        # exp(-(k - d)^2 / 2w^2) without what the norm takes away: powers instead of exponentials.
        density = np.where(k <= own, np.exp(-0.5 * k * k / square), 0.0)[:, None]
        up *= ratio
        down *= inverse
        right, left = up * density, down * density
        weights[:, :, reach + k] = right
        weights[:, :, reach - k] = left
        total += right
        total += left
    weights *= (factor / total)[:, :, None]
    narrow = np.flatnonzero(width < NARROW)
    if len(narrow):
        weights[narrow] = 0.0
        weights[narrow, :, reach - 2 : reach + 3] = (
            _moments(offset[narrow], square[narrow, None]) * factor[narrow, :, None]
        )
    rows, targets = centre.shape
    begin = (np.arange(rows) * nodes)[:, None, None]
    slots = near.astype(np.int32)[:, :, None] + np.arange(-reach, reach + 1, dtype=np.int32)
    np.clip(slots, 0, nodes - 1, out=slots)
    places = np.add(slots, begin, dtype=np.int32, casting="unsafe")
    offsets = np.arange(rows * targets + 1, dtype=np.int32) * np.int32(2 * reach + 1)
    return Transition(np.ravel(weights), np.ravel(places), np.asarray(offsets))


def _moments(offset: FloatArray, square: FloatArray) -> FloatArray:
    """Return (..., 5): expectations of the Lagrange polynomials on -2..2 of a Gaussian."""
    first = offset
    second = offset**2 + square
    third = offset * (offset**2 + 3.0 * square)
    fourth = offset**4 + 6.0 * offset**2 * square + 3.0 * square**2
    return np.stack(
        [
            (fourth - 2.0 * third - second + 2.0 * first) / 24.0,
            -(fourth - third - 4.0 * second + 4.0 * first) / 6.0,
            (fourth - 5.0 * second + 4.0) / 4.0,
            -(fourth + third - 4.0 * second - 4.0 * first) / 6.0,
            (fourth + 2.0 * third - second - 2.0 * first) / 24.0,
        ],
        axis=-1,
    )
