"""Speeds of pools that follow what refinancing saves, for all rows and market states at once.

The S-curve is a logistic function of the saving. Its exponential of a difference is a product of
one number of the row and one of (month, state), so that no power or exponential is left for an
element of (rows, states). The arctangent is of the CPR, as it was published, and costs a power.
Formulas in docs/methods/mbs_pool.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pricing.pricers.pool_rates import ARCTAN, S_CURVE, monthly
from pricing.pricers.pool_standing import Pools
from pricing.pricers.refinancing import today
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Monthly(Protocol):
    """Numbers of months, asked for in their order."""

    def at(self, k: int, rows: int) -> FloatArray:
        """Return (rows, states) of month k, or what broadcasts to it."""
        ...


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
    states: States, curve: str, begins: IntArray, rate_months: int, of: StateSet
) -> FloatArray:
    """Return (months, calendars, states): the forward rate at which each month could refinance.

    It is the continuous forward zero rate over `rate_months` from the month's start, `begins`
    (months, calendars) days after the valuation date; of today's where a month has begun.
    """
    tenor = rate_months / 12.0
    forward = np.empty((begins.size, len(of)))
    for part, places in of.by_horizon():
        start = np.maximum(begins.ravel(), today(states, part) - states.day) / 365.0
        near = states.state_zero_rates(curve, start, part)
        far = states.state_zero_rates(curve, start + tenor, part)
        forward[:, places] = (far * (start + tenor)[:, None] - near * start[:, None]) / tenor
    return forward.reshape(*begins.shape, -1)


@dataclass(frozen=True, slots=True)
class CurveSpeed:
    """SMM of S_CURVE rows: `growth` is exp(slope x rate), `multiplier` (states,) of speeds."""

    pools: Pools
    growth: Monthly
    multiplier: FloatArray

    def __call__(self, k: int, rows: int, share: FloatArray) -> FloatArray:
        """Return (rows, states): SMM of month k given the survival of the rows."""
        made = self.pools.assumptions
        ramp = made.ramp(k, rows)
        speed = made.factor[:rows, None] * self.growth.at(k, rows)
        speed += 1.0
        np.divide((made.width[:rows] * ramp)[:, None], speed, out=speed)
        speed += (made.low[:rows] * ramp)[:, None]
        _shock_and_burn(speed, self.pools, k, share, self.multiplier)
        return np.minimum(speed, 1.0, out=speed)


@dataclass(frozen=True, slots=True)
class ArctanSpeed:
    """SMM of ARCTAN rows: `rate` is that of refinancing, `multiplier` (states,) of speeds."""

    pools: Pools
    rate: Monthly
    multiplier: FloatArray

    def __call__(self, k: int, rows: int, share: FloatArray) -> FloatArray:
        """Return (rows, states): SMM of month k given the survival of the rows."""
        made = self.pools.assumptions
        ramp = made.ramp(k, rows)
        speed = made.saved[:rows, None] - self.rate.at(k, rows)
        speed *= made.slope[:rows, None]
        np.arctan(speed, out=speed)
        speed *= (made.width[:rows] * ramp / np.pi)[:, None]
        speed += ((made.low[:rows] + 0.5 * made.width[:rows]) * ramp)[:, None]
        _shock_and_burn(speed, self.pools, k, share, self.multiplier)
        return monthly(speed)


def _shock_and_burn(
    speed: FloatArray, pools: Pools, k: int, share: FloatArray, multiplier: FloatArray
) -> None:
    """Multiply speeds by shocks and by what burn-out leaves of them, in place."""
    made, rows = pools.assumptions, len(speed)
    if (multiplier != 1.0).any():
        speed *= multiplier
    burnout = made.burnout[:rows]
    if not burnout.any():
        return
    before = made.survival[:rows]
    if made.on_balance[:rows].any():
        before = np.where(made.on_balance[:rows] == 1, before * pools.scheduled(k, rows), before)
    left = share * (burnout * before)[:, None]
    left += (1.0 - burnout)[:, None]
    speed *= left


def on_rates(kind: IntArray) -> npt.NDArray[np.bool_]:
    """Return which rows have a speed that follows rates."""
    return np.asarray((kind == S_CURVE) | (kind == ARCTAN))


def curve_speed(pools: Pools, rates: Table, multiplier: FloatArray) -> CurveSpeed | ArctanSpeed:
    """Return the speed of rows of one kind, and of one slope if an S_CURVE."""
    made = pools.assumptions
    if made.kind[0] == ARCTAN:
        return ArctanSpeed(pools, rates, multiplier)
    growth = np.exp(float(made.slope[0]) * rates.numbers)
    return CurveSpeed(pools, Table(growth, rates.grid), multiplier)
