"""Paths of the Hull-White model at the dates of rows, without an error of discretisation.

r(t) = f(0, t) + sigma y(t) + sigma^2 B(t)^2 / 2 with dy = -a y dt + dW, y(0) = 0. The pair of y
and its integral Y is Gaussian, and its step between two dates is drawn exactly. Source: Brigo and
Mercurio, "Interest Rate Models", 2nd ed., section 3.3; Glasserman, "Monte Carlo Methods in
Financial Engineering", section 3.3. Formulas: docs/methods/mbs_pool.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.hull_white.affine import decayed, deviation
from pricing.hull_white.philox import normals

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

SERIES = 12
"""Terms of a power series that is exact to the last digit for the arguments it is used for."""


def integrated(reversion: float, times: FloatArray) -> FloatArray:
    """Return W(t), the integral of B(s)^2 up to t: the variance of Y(t)."""
    z = reversion * times
    small = np.abs(z) < 0.1
    near = np.where(small, z, 0.0)
    # (1 - exp(-u))^2 = sum of (-1)^n (2^n - 2) u^n / n!, which does not cancel where u is small.
    series = np.zeros_like(z)
    for n in range(SERIES + 1, 1, -1):
        series = series * near + (-1.0) ** n * (2.0**n - 2.0) / math.factorial(n + 1)
    series *= times**3
    if small.all():
        return np.asarray(series)
    square = reversion * reversion
    closed = times - 2.0 * decayed(reversion, times) + decayed(2.0 * reversion, times)
    return np.where(small, series, closed / square)


@dataclass(frozen=True, slots=True)
class Course:
    """What moves y and Y to each date and what they say of rates there, (dates, calendars) each.

    A step is y' = decay y + noise z and Y' = Y + carry y + lean z + rest z2. With sigma s the zero
    rate over the tenor is the forward one and s rate y + s^2 rate_drift; a payment known at the
    date is discounted by the curve and exp(-s (Y + bond y) - s^2 bond_drift).
    """

    decay: FloatArray
    noise: FloatArray
    carry: FloatArray
    lean: FloatArray
    rest: FloatArray
    rate: float
    rate_drift: FloatArray
    bond: FloatArray
    bond_drift: FloatArray

    @staticmethod
    def of(reversion: float, times: FloatArray, paid: FloatArray, tenor: float) -> Course:
        """Return the course over `times`, not decreasing, of what is paid at `paid`; in years."""
        step = np.diff(times, axis=0, prepend=0.0)
        noise, carry = deviation(reversion, step), decayed(reversion, step)
        lean = 0.5 * carry * carry / np.where(noise == 0.0, 1.0, noise)
        rest = np.sqrt(np.maximum(integrated(reversion, step) - lean * lean, 0.0))
        spread, covariance = deviation(reversion, times) ** 2, 0.5 * decayed(reversion, times) ** 2
        ahead = float(decayed(reversion, np.array([tenor]))[0])
        bond = decayed(reversion, paid - times)
        return Course(
            np.exp(step * -reversion), noise, carry, lean, rest,
            ahead / tenor,
            (ahead * covariance + 0.5 * ahead * ahead * spread) / tenor,
            bond,
            0.5 * integrated(reversion, times) + bond * covariance + 0.5 * bond * bond * spread,
        )  # fmt: skip


class Walk:
    """Antithetic paths of rows, moved from date to date; each row has numbers of its own key.

    The second half of a row's paths mirrors the first. Results are (rows x paths, columns), path
    after path of a row, with one column where all states share a sigma.
    """

    def __init__(
        self, course: Course, calendar: IntpArray, key: IntArray, paths: int, sigma: FloatArray
    ) -> None:
        self._course = course
        self._calendar = calendar
        self._key = key
        self.paths = paths
        self._sigma, self._of_state = np.unique(sigma, return_inverse=True)
        self._level = np.zeros((len(key), paths))
        self._total = np.zeros((len(key), paths))
        self._date = -1
        self.columns = 1 if len(self._sigma) == 1 else len(sigma)

    def nothing(self) -> FloatArray:
        """Return zeros (rows, paths, columns) to add what paths make to."""
        return np.zeros((len(self._key), self.paths, self.columns))

    def rate(self, date: int, count: int) -> FloatArray:
        """Return what paths add to the forward zero rates of the first `count` rows x paths."""
        rows = self._to(date, count)
        drift = self._course.rate_drift[date].take(self._calendar[:rows])
        return self._spread(self._level[:rows] * self._course.rate, drift)

    def discount(self, date: int, count: int) -> FloatArray:
        """Return how paths discount, beside the curve, what is known at the date."""
        rows = self._to(date, count)
        at = self._calendar[:rows]
        moved = self._total[:rows] + self._course.bond[date].take(at)[:, None] * self._level[:rows]
        return np.exp(-self._spread(moved, self._course.bond_drift[date].take(at)))

    def _spread(self, linear: FloatArray, drift: FloatArray) -> FloatArray:
        """Return sigma x linear + sigma^2 x drift, (rows x paths, columns)."""
        sigma = self._sigma
        out = linear[:, :, None] * sigma + (drift[:, None] * (sigma * sigma))[:, None, :]
        flat = out.reshape(-1, len(sigma))
        return flat if len(sigma) == 1 else flat.take(self._of_state, axis=1)

    def _to(self, date: int, count: int) -> int:
        """Move to a date, in order of dates, and return the number of rows."""
        rows = count // self.paths
        while self._date < date:
            self._date += 1
            self._step(self._date, rows)
        return rows

    def _step(self, date: int, rows: int) -> None:
        course, at = self._course, self._calendar[:rows]
        noise, rest = course.noise[date].take(at), course.rest[date].take(at)
        level, total = self._level[:rows], self._total[:rows]
        total += course.carry[date].take(at)[:, None] * level
        level *= course.decay[date].take(at)[:, None]
        if not noise.any():
            return
        half = self.paths // 2
        one, two = normals(self._key[:rows], date, half)
        shock = noise[:, None] * one
        level[:, :half] += shock
        level[:, half:] -= shock
        shock = course.lean[date].take(at)[:, None] * one + rest[:, None] * two
        total[:, :half] += shock
        total[:, half:] -= shock
