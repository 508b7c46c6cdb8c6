"""Means over antithetic paths, and their standard errors, with a control whose mean is known.

The control is regressed on in two halves of the paths, each with the slope of the other:
mean(Y) - b' (mean(C) - E[C]), b' by least squares, is without bias as Y and b' are independent,
and linear in Y, so that parts add up to the whole. Sources: Glasserman, "Monte Carlo Methods in
Financial Engineering", sections 4.1 and 4.2; for errors MacKinnon and White, Journal of
Econometrics 29 (1985). Sums run in halves, in an order that depends on the number of paths alone,
so that the bits of a row do not depend on the rows beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LEAST = 1e-3
"""The least that a pair of paths leaves of its residual, however far out its control lies."""

FLAT = 1e-24
"""A control that varies by less, in its square against its mean's, is constant but for rounding."""


@dataclass(frozen=True, slots=True)
class Means:
    """Means over the paths of rows, in halves (rows x 2): a row's first pairs, and its last.

    `off` (halves, pairs, columns) is the control less its mean, `square` sums its squares, `miss`
    is by how much its mean misses the known one.
    """

    paths: int
    off: FloatArray
    square: FloatArray
    miss: FloatArray

    @staticmethod
    def of(control: FloatArray, known: FloatArray, paths: int) -> Means:
        """Return the means for a control (rows x paths, columns) of known mean (rows,).

        Paths are a multiple of four.
        """
        pair = _pairs(control, paths)
        mean = _sum(pair) / pair.shape[1]
        off = pair - mean[:, None, :]
        square = _sum(off * off)
        flat = square <= FLAT * mean * mean
        miss = mean - np.repeat(known, 2)[:, None]
        return Means(paths, off, np.where(flat, np.inf, square), miss)

    def first(self, rows: int) -> Means:
        """Return the means of the first rows."""
        halves = 2 * rows
        return Means(self.paths, self.off[:halves], self.square[:halves], self.miss[:halves])

    def of_values(self, values: FloatArray) -> FloatArray:
        """Return the means (rows, columns) of values (rows x paths, columns)."""
        pair = _pairs(values, self.paths)
        slope = _sum(pair * self.off) / self.square
        return _joined(_sum(pair) / pair.shape[1] - _swapped(slope) * self.miss)

    def with_error(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the means (rows, columns) and their standard errors.

        Mirrored paths are one draw. The mean is a weighted sum of pairs, and its error that of
        residuals over what their leverage leaves of them (HC3), which holds for few pairs too.
        """
        pair = _pairs(values, self.paths)
        count = pair.shape[1]
        mean, slope = _sum(pair) / count, _sum(pair * self.off) / self.square
        rest = pair - mean[:, None, :] - slope[:, None, :] * self.off
        share = self.off / self.square[:, None, :]
        left = np.maximum(1.0 - 1.0 / count - share * self.off, LEAST)
        rest *= (1.0 / count - share * _swapped(self.miss)[:, None, :]) / left
        variance = _joined(_sum(rest * rest))
        return _joined(mean - _swapped(slope) * self.miss), np.sqrt(0.5 * variance)


def _pairs(values: FloatArray, paths: int) -> FloatArray:
    """Return (halves, pairs, columns): the means of paths and their mirrors."""
    each = values.reshape(-1, paths, values.shape[1])
    half = paths // 2
    pair = 0.5 * (each[:, :half] + each[:, half:])
    return pair.reshape(-1, half // 2, values.shape[1])


def _swapped(halves: FloatArray) -> FloatArray:
    """Return for each half what its row's other half has."""
    return halves.reshape(-1, 2, halves.shape[1])[:, ::-1].reshape(halves.shape)


def _joined(halves: FloatArray) -> FloatArray:
    """Return (rows, columns): the means of two halves."""
    return np.asarray(0.5 * (halves[0::2] + halves[1::2]))


def _sum(values: FloatArray) -> FloatArray:
    while values.shape[1] > 1:
        half = values.shape[1] // 2
        folded = values[:, :half] + values[:, half : 2 * half]
        if values.shape[1] % 2:
            folded[:, 0] += values[:, -1]
        values = folded
    return values[:, 0]
