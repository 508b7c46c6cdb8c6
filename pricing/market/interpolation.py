"""Interpolation between knots: of zero rates, or of the logarithm of discount factors.

Every choice is linear in the values at the knots, so that the weight of a node in a rate is a
number of its own (`ZeroCurve.node_weights`). Only additions, multiplications and divisions: the
same bits on every machine.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class Interpolation(StrEnum):
    """What is interpolated between the nodes of a zero curve.

    LINEAR_ZERO: the zero rate, linear, flat beyond both ends. LOG_LINEAR_DISCOUNT: the logarithm
    of the discount factor, linear: forwards are constant between nodes and beyond the last.
    LOG_CUBIC_DISCOUNT: the same by a natural cubic spline; the forward is constant beyond.
    """

    LINEAR_ZERO = "LINEAR_ZERO"
    LOG_LINEAR_DISCOUNT = "LOG_LINEAR_DISCOUNT"
    LOG_CUBIC_DISCOUNT = "LOG_CUBIC_DISCOUNT"


def segments(times: FloatArray, knots: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Return for each time its left knot and the weight of the right one, in [0, 1].

    Beyond the ends the weight is 0 or 1: flat. A single knot is its own neighbour.
    """
    if len(knots) == 1:
        return np.zeros(len(times), dtype=np.intp), np.zeros(len(times))
    left = np.clip(np.searchsorted(knots, times, side="right") - 1, 0, len(knots) - 2)
    weight = (times - knots[left]) / (knots[left + 1] - knots[left])
    return left, np.clip(weight, 0.0, 1.0)


def piecewise_linear(times: FloatArray, knots: FloatArray, values: FloatArray) -> FloatArray:
    """Return values (..., knots) interpolated at the times: (..., times)."""
    left, weight = segments(times, knots)
    right = np.minimum(left + 1, len(knots) - 1)
    start = values[..., left]
    return np.asarray(start + (values[..., right] - start) * weight)


def zero_rates(
    kind: Interpolation, times: FloatArray, knots: FloatArray, zeros: FloatArray
) -> FloatArray:
    """Return the zero rates (..., times) of nodes with zero rates (..., knots)."""
    if kind is Interpolation.LINEAR_ZERO:
        return piecewise_linear(times, knots, zeros)
    # The exponent z(t) t of the discount factor, which is 0 today.
    grid = np.concatenate([[0.0], knots])
    exponents = np.concatenate([np.zeros((*zeros.shape[:-1], 1)), zeros * knots], axis=-1)
    curvature = np.zeros_like(exponents)
    if kind is Interpolation.LOG_CUBIC_DISCOUNT:
        curvature = natural_curvature(grid, exponents)
    today = times <= 0.0
    asked = np.where(today, 0.0, times)
    exponent, slope = _spline(asked, grid, exponents, curvature)
    return np.where(today, slope, exponent / np.where(today, 1.0, asked))


def natural_curvature(knots: FloatArray, values: FloatArray) -> FloatArray:
    """Return the second derivatives (..., knots) of the natural cubic spline through values.

    The tridiagonal system is solved by elimination, knot by knot.
    """
    count = len(knots)
    out = np.zeros_like(values)
    if count < 3:
        return out
    width = np.diff(knots)
    slope = np.diff(values, axis=-1) / width
    pivot = np.zeros(count)
    right = np.zeros_like(values)
    for k in range(1, count - 1):
        below = width[k - 1] / pivot[k - 1] if k > 1 else 0.0
        pivot[k] = 2.0 * (width[k - 1] + width[k]) - below * width[k - 1]
        right[..., k] = 6.0 * (slope[..., k] - slope[..., k - 1]) - below * right[..., k - 1]
    for k in range(count - 2, 0, -1):
        out[..., k] = (right[..., k] - width[k] * out[..., k + 1]) / pivot[k]
    return out


def _spline(
    times: FloatArray, knots: FloatArray, values: FloatArray, curvature: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return a spline and its derivative (..., times); beyond the last knot a straight line."""
    left = np.clip(np.searchsorted(knots, times, side="right") - 1, 0, len(knots) - 2)
    width = knots[left + 1] - knots[left]
    share = np.minimum((times - knots[left]) / width, 1.0)
    other = 1.0 - share
    start, end = values[..., left], values[..., left + 1]
    bend, bend_end = curvature[..., left], curvature[..., left + 1]
    rise = (end - start) / width
    level = start + (end - start) * share
    level = level + width * width / 6.0 * (
        (other * other * other - other) * bend + (share * share * share - share) * bend_end
    )
    slope = rise + width / 6.0 * (
        (1.0 - 3.0 * other * other) * bend + (3.0 * share * share - 1.0) * bend_end
    )
    beyond = np.maximum(times - knots[-1], 0.0)
    return level + slope * beyond, slope
