"""Pools whose prepayment depends on rates: one recursion over months for all rows and states.

The S-curve is a logistic function of what refinancing saves. Its exponential of a difference is
a product of one number of the row and one of (month, state), so that no power or exponential is
left for an element of (rows, states). Formulas in docs/methods/mbs_pool.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.pricers.pool_flows import active, months
from pricing.pricers.pool_rates import Assumptions
from pricing.pricers.pool_standing import Pools
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ELEMENTS = 1 << 16
"""Elements (rows x states) worked on together: a few arrays of them stay in the cache."""


GRIDS = 16
"""Calendars whose tables (months, calendars, states) are held at the same time."""


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers by month, calendar and state (months, calendars, states), each row on one of them."""

    numbers: FloatArray
    grid: npt.NDArray[np.intp]

    def at(self, k: int, rows: int) -> FloatArray:
        """Return (rows, states) of month k, or (states,) where all rows share a calendar."""
        if self.numbers.shape[1] == 1:
            return np.asarray(self.numbers[k, 0])
        return np.asarray(self.numbers[k].take(self.grid[:rows], axis=0))


def refinancing(
    states: States, curve: str, begins: IntArray, rate_months: int, slope: float, of: StateSet
) -> FloatArray:
    """Return (months, calendars, states): exp(slope x rate) of the forward rate of each month.

    It is the continuous forward zero rate over `rate_months` from the month's start, `begins`
    (months, calendars) days after the valuation date; of today's where a month has begun.
    """
    start = np.maximum(begins.ravel(), 0) / 365.0
    tenor = rate_months / 12.0
    near = states.state_zero_rates(curve, start, of)
    far = states.state_zero_rates(curve, start + tenor, of)
    forward = (far * (start + tenor)[:, None] - near * start[:, None]) / tenor
    return np.exp(slope * forward).reshape(*begins.shape, -1)


@dataclass(frozen=True, slots=True)
class CurveSpeed:
    """SMM of S-curve rows: `rates` as `refinancing`, and what multiplies speeds (states,)."""

    made: Assumptions
    rates: Table
    multiplier: FloatArray

    def __call__(self, k: int, rows: int, share: FloatArray) -> FloatArray:
        """Return (rows, states): SMM of month k given the survival of the rows."""
        made = self.made
        ramp = made.ramp(k, rows)
        speed = made.factor[:rows, None] * self.rates.at(k, rows)
        speed += 1.0
        np.divide((made.width[:rows] * ramp)[:, None], speed, out=speed)
        speed += (made.low[:rows] * ramp)[:, None]
        if (self.multiplier != 1.0).any():
            speed *= self.multiplier
        burnout = made.burnout[:rows]
        if burnout.any():
            left = share * (burnout * made.survival[:rows])[:, None]
            left += (1.0 - burnout)[:, None]
            speed *= left
        return np.minimum(speed, 1.0, out=speed)


def worth(
    pools: Pools, speed: CurveSpeed, discount: Table, own: FloatArray, early: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return (rows, states): values of pools, and the part paid in the first `early` months.

    `discount` are discount factors, `own` (rows, months) the factor of the row's own spread.
    """
    if pools.assumptions.default.any():
        return _after_defaults(pools, speed, discount, own, early)
    columns = discount.numbers.shape[2]
    value = np.zeros((len(pools.rows), columns))
    share = np.ones_like(value)
    soon = np.zeros_like(value)
    before = np.ones(len(pools.rows))
    last = int(early.max(initial=0))
    for k, rows in enumerate(active(pools.months)):
        after = pools.scheduled(k + 1, rows)
        first = before[:rows]
        weight = own[:rows, k] * pools.balance[:rows]
        fixed = pools.interest[:rows] * pools.coupon[:rows] * first
        fixed += pools.principal[:rows] * (first - after)
        q = share[:rows]
        smm = speed(k, rows, q)
        cash = smm * (weight * pools.principal[:rows] * after)[:, None]
        cash += (weight * fixed)[:, None]
        cash *= q
        cash *= discount.at(k, rows)
        value[:rows] += cash
        if k < last:
            soon[:rows] += cash * (early[:rows] > k)[:, None]
        np.subtract(1.0, smm, out=smm)
        q *= smm
        before = after
    return value, soon


def _after_defaults(
    pools: Pools, speed: CurveSpeed, discount: Table, own: FloatArray, early: IntArray
) -> tuple[FloatArray, FloatArray]:
    columns = discount.numbers.shape[2]
    value = np.zeros((len(pools.rows), columns))
    soon = np.zeros_like(value)
    for k, month in enumerate(months(pools, speed, columns)):
        rows = month.rows
        cash = month.principal + month.prepaid
        cash += month.recovered
        cash *= pools.principal[:rows, None]
        cash += month.interest * pools.interest[:rows, None]
        cash *= own[:rows, k][:, None]
        cash *= discount.at(k, rows)
        value[:rows] += cash
        soon[:rows] += cash * (early[:rows] > k)[:, None]
    return value, soon
