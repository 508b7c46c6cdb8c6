"""A pool over paths of the Hull-White model, one path and one month at a time: the second oracle.

Random bits, transitions and means are written again from their sources with Python's integers and
floats and the quadrature of SciPy; only what names the numbers (counter, key, order of the two
normals) is shared with the library by its documentation.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad

from tests import scalar_pool
from tests.scalar_pool import Pool, Zero, add_months


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Return the block of a counter under a key."""
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (second >> 32) ^ counter[1] ^ key[0], second % 2**32,
            (first >> 32) ^ counter[3] ^ key[1], first % 2**32,
        ]  # fmt: skip
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return counter


def normals(key: int, month: int, number: int) -> tuple[float, float]:
    """Return the two normals of a month of a pair of paths."""
    words = philox([number, month, 0, 0], [key % 2**32, key // 2**32])
    one, two = (
        (((high << 32 | low) >> 11) + 0.5) / 2.0**53
        for high, low in (words[:2], words[2:])
    )  # fmt: skip
    radius = math.sqrt(-2.0 * math.log(one))
    return radius * math.cos(2.0 * math.pi * two), radius * math.sin(2.0 * math.pi * two)


@dataclass
class Paths:
    """Paths of a pool under dr = (theta - a r) dt + sigma dW."""

    pool: Pool
    as_of: dt.date
    zero: Zero
    reversion: float
    sigma: float
    count: int
    seed: int = 0

    def carried(self, t: float) -> float:
        """Return the integral of exp(-a s) up to t."""
        return (
            t if self.reversion == 0.0 else (1.0 - math.exp(-self.reversion * t)) / self.reversion
        )

    def law(self, step: float) -> tuple[float, float, float]:
        """Return the variances of level and integral over a step, and their covariance."""
        a = self.reversion
        level = quad(lambda s: math.exp(-2 * a * s), 0.0, step, epsrel=1e-13)[0]
        total = quad(lambda s: self.carried(s) ** 2, 0.0, step, epsabs=0.0, epsrel=1e-13)[0]
        both = quad(lambda s: math.exp(-a * s) * self.carried(s), 0.0, step, epsrel=1e-13)[0]
        return level, total, both

    def moves(self) -> list[tuple[list[float], list[float]]]:
        """Return what each path adds to rates, and the factors that discount beside the curve."""
        pool, sigma, carried = self.pool, self.sigma, self.carried
        text = f"{self.seed}/{(pool.start - dt.date(1970, 1, 1)).days}/{pool.wac}"
        text += f"/{pool.months}/{pool.age}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        key, tenor = int.from_bytes(digest), float(pool.prepayment.get("rate_tenor", 10))
        begins = [
            max((add_months(pool.start, k) - self.as_of).days, 0) / 365.0
            for k in range(pool.months)
        ]
        paid = [
            ((add_months(pool.start, k + 1) - self.as_of).days + pool.delay) / 365.0
            for k in range(pool.months)
        ]
        out = []
        for number in range(self.count // 2):
            for sign in (1.0, -1.0):
                level, total, before = 0.0, 0.0, 0.0
                rates, factors = [], []
                for k, (now, pay) in enumerate(zip(begins, paid, strict=True)):
                    step, before = now - before, now
                    total += level * carried(step)
                    level *= math.exp(-self.reversion * step)
                    if step > 0.0:
                        variance, of_total, both = self.law(step)
                        one, two = normals(key, k, number)
                        lean = both / math.sqrt(variance)
                        level += sign * sigma * math.sqrt(variance) * one
                        total += sign * sigma * lean * one
                        total += sign * sigma * math.sqrt(of_total - lean**2) * two
                    short, spread = sigma**2 * carried(now) ** 2 / 2, self.law(now)
                    x = level + short

                    def bond(b: float, x: float = x, v: float = sigma**2 * spread[0]) -> float:
                        return -b * x - b * b * v / 2

                    rates.append(-bond(carried(tenor)) / tenor)
                    account = -total - sigma**2 * spread[1] / 2
                    factors.append(math.exp(account + bond(carried(pay - now))))
                out.append((rates, factors))
        return out

    def value(self, spread: float, multiplier: float = 1.0) -> tuple[float, float]:
        """Return the mean over pairs of paths, controlled, and its standard error.

        Each half of the pairs is controlled with the slope of the other.
        """
        pool, worth, control = self.pool, [], []
        whole = Pool(
            pool.start, pool.balance, pool.wac, pool.coupon, pool.months, pool.age,
            pool.prepayment, pool.default, pool.delay, pool.amortisation,
        )  # fmt: skip
        static = [self._cash(paid) for paid in whole.run(self.as_of, self.zero)]
        for rates, factors in self.moves():
            months = pool.run(self.as_of, self.zero, multiplier, rates)
            worth.append(
                sum(
                    cash * factor * math.exp(-spread * t)
                    for (cash, t), factor in zip(map(self._cash, months), factors, strict=True)
                )
            )
            control.append(
                sum(cash * factor for (cash, _), factor in zip(static, factors, strict=True))
            )
        y, c = (np.array(values).reshape(-1, 2).mean(axis=1) for values in (worth, control))
        known = sum(cash for cash, _ in static)
        half = len(y) // 2
        parts = [(y[:half], c[:half]), (y[half:], c[half:])]
        mean, variance = 0.0, 0.0
        for (of, by), (other, control_of) in (parts, parts[::-1]):
            slope, _ = np.polyfit(control_of, other, 1)
            mean += (of.mean() - slope * (by.mean() - known)) / 2
            design = np.column_stack([np.ones(half), by])
            inverse = np.linalg.pinv(design)
            rest = (of - design @ (inverse @ of)) / (1.0 - np.diag(design @ inverse))
            weight = 1.0 / half - inverse[1] * (control_of.mean() - known)
            variance += float(np.sum((weight * rest) ** 2)) / 4
        return float(mean), math.sqrt(variance)

    def _cash(self, paid: scalar_pool.Paid) -> tuple[float, float]:
        """Return cash discounted on the curve, and its time."""
        t = (paid.date - self.as_of).days / 365.0
        cash = paid.interest + paid.principal + paid.prepaid + paid.recovered
        return cash * math.exp(-self.zero(t) * t), t
