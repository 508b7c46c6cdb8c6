"""The better of two functions of x on nodes, with its kink where it is and not at a node.

A sum over nodes of a function with a kink misses the integral by Euler-Maclaurin terms of the
place of the kink between its nodes (Abramowitz and Stegun 23.1.30). The four nodes around it take
these terms over, so that sums after them miss it by the sixth order of the spacing only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def capped(hold: FloatArray, strike: FloatArray) -> FloatArray:
    """Return min(hold, strike) (rows, nodes, states): what is called when it is worth more."""
    gain = hold - strike
    out = np.minimum(hold, strike)
    _smooth(out, gain, -1.0)
    return out


def floored(hold: FloatArray, strike: FloatArray) -> FloatArray:
    """Return max(hold, strike) (rows, nodes, states): what is put when it is worth less."""
    gain = strike - hold
    out = np.maximum(hold, strike)
    _smooth(out, gain, 1.0)
    return out


def _smooth(values: FloatArray, gain: FloatArray, sign: float) -> None:
    """Add the terms of sign x max(gain, 0) to the nodes around each change of sign, in place.

    The gain near a kink is its parabola through the four nodes. A kink in the outermost cells, five
    deviations out, is left alone.
    """
    positive = gain > 0.0
    _, nodes, states = values.shape
    crossing = np.flatnonzero(positive[:, 2:-1] != positive[:, 1:-2])
    if not len(crossing):
        return
    row, rest = np.divmod(crossing, (nodes - 3) * states)
    at = row * (nodes * states) + rest + states
    flat = gain.reshape(-1)
    before, start, end, after = (flat.take(at + k * states) for k in (-1, 0, 1, 2))
    bend = 0.5 * (before - start - end + after)
    rise = end - start
    place = start / (start - end)
    slope = rise + bend * (place - 0.5)
    place = place - 0.5 * bend * place * (place - 1.0) / slope
    place = np.minimum(np.maximum(place, 0.0), 1.0)
    slope = rise + bend * (place - 0.5)
    target = values.reshape(-1)
    # A node may stand around several kinks: one place of the four at a time none comes twice.
    for k, term in enumerate(_terms(place, np.abs(slope) * sign, 0.5 * bend / slope)):
        target[at + (k - 1) * states] += term


def _terms(place: FloatArray, jump: FloatArray, bend: FloatArray) -> tuple[FloatArray, ...]:
    """Return what the nodes -1, 0, 1, 2 take of a kink at `place` between 0 and 1.

    The kink is jump x (y + bend y^2) for y > 0, y the distance from it in nodes. Its terms act on
    y^p as jump x (b(p + 2) + bend x b(p + 3)), b(q) = B_q(1 - place) / q with the Bernoulli
    polynomials; they are carried by the nodes to the third power.
    """
    x = 1.0 - place
    square = x * x
    second = (square - x + 1.0 / 6.0) / 2.0
    third = x * (square - 1.5 * x + 0.5) / 3.0
    fourth = (square * (square - 2.0 * x + 1.0) - 1.0 / 30.0) / 4.0
    fifth = x * (square * (square - 2.5 * x + 5.0 / 3.0) - 1.0 / 6.0) / 5.0
    sixth = (square * (square * (square - 3.0 * x + 2.5) - 0.5) + 1.0 / 42.0) / 6.0
    zero = jump * (second + bend * third)
    one = jump * (third + bend * fourth)
    two = jump * (fourth + bend * fifth)
    three = jump * (fifth + bend * sixth)
    # The same powers about node 0.
    first = one + place * zero
    quadratic = two + place * (2.0 * one + place * zero)
    cubic = three + place * (3.0 * two + place * (3.0 * one + place * zero))
    return (
        (3.0 * quadratic - cubic - 2.0 * first) / 6.0,
        (cubic - 2.0 * quadratic - first) / 2.0 + zero,
        (quadratic - cubic + 2.0 * first) / 2.0,
        (cubic - first) / 6.0,
    )
