"""The nodes of a position's lattice: fixed by its own decision dates and the mean reversion.

At each decision date the lattice has `nodes` values of x, evenly spaced over DEVIATIONS standard
deviations to both sides. A step to the next date is a Gaussian sum over its nodes, which is exact
to 1e-8 where a standard deviation of the step is no less than the spacing: that is what picks the
number of nodes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.hull_white.affine import deviation

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DEVIATIONS = 5.0
NODES = (49, 65, 97, 129, 193, 257, 385)
"""The numbers of nodes there are; a lattice whose dates are too close for the last takes it."""


def node_counts(reversion: float, times: FloatArray, offsets: IntArray) -> IntArray:
    """Return how many nodes each row needs; row i's decisions are times[offsets[i]:offsets[i+1]].

    Every row has at least one decision.
    """
    widest = np.zeros(len(offsets) - 1)
    if len(times) > 1:
        step = deviation(reversion, np.maximum(np.diff(times), 1e-6))
        ratio = np.zeros(len(times))
        ratio[1:] = deviation(reversion, times[1:]) / step
        ratio[offsets[:-1]] = 0.0
        widest = np.maximum.reduceat(ratio, offsets[:-1])
    classes = np.array(NODES)
    wanted = 1.0 + 2.0 * DEVIATIONS * widest
    return classes[np.minimum(np.searchsorted(classes, wanted), len(classes) - 1)]


def spacing(nodes: int) -> float:
    """Return the distance of neighbouring nodes in standard deviations of x."""
    return 2.0 * DEVIATIONS / (nodes - 1)


def standard_nodes(nodes: int) -> FloatArray:
    """Return the nodes in standard deviations of x."""
    return np.asarray((np.arange(nodes) - (nodes - 1) / 2.0) * spacing(nodes))
