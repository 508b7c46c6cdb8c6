"""Pools over paths of the Hull-White model: one recursion over months for rows, paths and states.

A pool stands as many times in a row as it has paths. What a path adds to the curve, to the rate
of refinancing and to discounting, is a number of (row, path, month) that all market states with
one volatility share, so that a state is a column here as it is on the forward curve. A month's
cash is known when the month begins and is discounted from its payment to there in closed form.
Formulas in docs/methods/mbs_pool.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pricing.hull_white.means import Means
from pricing.hull_white.paths import Course, Walk
from pricing.pricers import state_valued
from pricing.pricers.pool_flows import active, months
from pricing.pricers.pool_rates import ARCTAN
from pricing.pricers.pool_speeds import ArctanSpeed, CurveSpeed, Table
from pricing.pricers.pool_worth import worth
from pricing.pricers.refinancing import today
from pricing.scenarios.market_states import StateSet

if TYPE_CHECKING:
    from pricing.pricers.pool import Chunk

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ELEMENTS = 1 << 18
"""Elements (rows x paths x states) worked on together."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Means over paths (rows, states): values, their standard errors, and the part paid early."""

    value: FloatArray
    error: FloatArray
    soon: FloatArray


def rows_together(paths: int, states: int) -> int:
    """Return how many pools are worked on together."""
    return max(1, ELEMENTS // (paths * min(max(states, 1), _strip(paths))))


def _strip(paths: int) -> int:
    return max(1, ELEMENTS // paths)


def simulate(chunk: Chunk, states_of: StateSet, own: FloatArray, early: IntArray) -> Simulated:
    """Return the values of pools in market states, a strip of states at a time.

    `own` (rows, months) is the factor of the row's own spread. States at a horizon, up to which
    nothing is uncertain, walk by themselves.
    """
    shape = (len(chunk.rows), len(states_of))
    out = Simulated(np.empty(shape), np.empty(shape), np.empty(shape))
    for part, places in states_of.by_horizon():
        found = _simulated(chunk, part, own, early)
        out.value[:, places] = found.value
        out.error[:, places] = found.error
        out.soon[:, places] = found.soon
    return out


def _simulated(chunk: Chunk, states_of: StateSet, own: FloatArray, early: IntArray) -> Simulated:
    paths = chunk.paths
    pools = chunk.pools.repeated(paths)
    nothing = np.broadcast_to(1.0, (len(pools.rows), own.shape[1]))
    control = _control(chunk)
    strips: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for first in range(0, len(states_of), _strip(paths)):
        part = states_of.part(first, min(first + _strip(paths), len(states_of)))
        walk = _walk(chunk, part)
        discount = _Discount(chunk.discount(part), own, walk, control, walk.nothing())
        speed = _speed(chunk, walk, part)
        value, soon = worth(pools, speed, discount, nothing, np.repeat(early, paths), len(part))
        means = discount.means()
        strips.append((*means.with_error(value), means.of_values(soon)))
    return Simulated(*(np.concatenate(parts, axis=1) for parts in zip(*strips, strict=True)))


def expected(chunk: Chunk, state: StateSet) -> FloatArray:
    """Return what is received on average in one state (flows,), in the measure of its payment.

    It is the mean of cash times what its path discounts beside the curve, so that the curve and
    any spread of the row give its value.
    """
    paths, pools = chunk.paths, chunk.pools.repeated(chunk.paths)
    means = _means(chunk, state)
    walk = _walk(chunk, state)
    out = np.zeros(int(chunk.placed.offsets[-1]))
    position = chunk.placed.offsets[:-1].astype(np.int64)
    for k, month in enumerate(months(pools, _speed(chunk, walk, state), 1)):
        rows = month.rows
        cash = (month.principal + month.prepaid + month.recovered) * pools.principal[:rows, None]
        cash += month.interest * pools.interest[:rows, None]
        cash *= walk.discount(k, rows)
        count = rows // paths
        out[position[:count] + k] = means.first(count).of_values(cash)[:, 0]
    return out


def _control(chunk: Chunk) -> FloatArray:
    """Return (rows, months): present values at BASE of what a unit of the whole pool pays.

    What paths make of payments that are fixed has a known mean, their sum. It is of the whole
    pool on the forward curve, without its own spread, so that strips and sizes share it.
    """
    placed, base = chunk.placed, state_valued.base(chunk.states)
    out = np.zeros((len(chunk.rows), int(chunk.pools.months[0])))
    present = chunk.whole(base) * chunk.curve_factors(base)[:, 0]
    out[placed.owner, placed.payment] = present
    out /= np.where(chunk.pools.balance == 0.0, 1.0, chunk.pools.balance)[:, None]
    return out


def _means(chunk: Chunk, state: StateSet) -> Means:
    """Return the means over paths in a state, from a walk of their own."""
    walk, longest = _walk(chunk, state), int(chunk.pools.months[0])
    ones = np.ones((len(chunk.rows), longest))
    discount = _Discount(chunk.discount(state), ones, walk, _control(chunk), walk.nothing())
    for k, rows in enumerate(active(chunk.pools.months)):
        discount.at(k, rows * chunk.paths)
    return discount.means()


def _walk(chunk: Chunk, states_of: StateSet) -> Walk:
    reversion, sigma = chunk.states.state_hull_white(chunk.currency, states_of)
    begins, calendar = chunk.begins()
    tenor = float(chunk.pools.assumptions.rate_months[0]) / 12.0
    ahead = today(chunk.states, states_of) - chunk.states.day
    times = np.maximum(begins - ahead, 0) / 365.0
    paid = np.maximum(chunk.lattices.days - ahead, 0) / 365.0
    course = Course.of(reversion, times, np.maximum(paid, times), tenor)
    return Walk(course, calendar, chunk.pools.key, chunk.paths, sigma)


def _speed(chunk: Chunk, walk: Walk, states_of: StateSet) -> CurveSpeed | ArctanSpeed:
    pools, rates = chunk.pools.repeated(chunk.paths), chunk.refinancing(states_of)
    multiplier = chunk.multiplier(states_of)
    if pools.assumptions.kind[0] == ARCTAN:
        return ArctanSpeed(pools, _Rate(rates, walk), multiplier)
    slope = float(pools.assumptions.slope[0])
    growth = Table(np.exp(slope * rates.numbers), rates.grid)
    return CurveSpeed(pools, _Growth(growth, walk, slope), multiplier)


@dataclass(frozen=True, slots=True)
class _Rate:
    """The rate of refinancing on each path."""

    rates: Table
    walk: Walk

    def at(self, k: int, rows: int) -> FloatArray:
        """Return (rows x paths, states)."""
        moved = self.walk.rate(k, rows).reshape(-1, self.walk.paths, self.walk.columns)
        return _flat(_across(self.rates.at(k, len(moved))) + moved)


@dataclass(frozen=True, slots=True)
class _Growth:
    """exp(slope x rate of refinancing) on each path; `curve` has that of the forward curve."""

    curve: Table
    walk: Walk
    slope: float

    def at(self, k: int, rows: int) -> FloatArray:
        """Return (rows x paths, states)."""
        moved = np.exp(self.slope * self.walk.rate(k, rows))
        by_path = moved.reshape(-1, self.walk.paths, self.walk.columns)
        return _flat(_across(self.curve.at(k, len(by_path))) * by_path)


@dataclass(frozen=True, slots=True)
class _Discount:
    """Discount factors on each path, the row's own spread in them, and the control they make."""

    curve: Table
    own: FloatArray
    walk: Walk
    payments: FloatArray
    control: FloatArray

    def means(self) -> Means:
        """Return the means over paths once all months have been asked for."""
        known = np.add.accumulate(self.payments, axis=1)[:, -1]
        return Means.of(_flat(self.control), known, self.walk.paths)

    def at(self, k: int, rows: int) -> FloatArray:
        """Return (rows x paths, states)."""
        by_path = self.walk.discount(k, rows).reshape(-1, self.walk.paths, self.walk.columns)
        count = len(by_path)
        self.control[:count] += self.payments[:count, k][:, None, None] * by_path
        factor = self.own[:count, k][:, None] * self.curve.at(k, count)
        return _flat(_across(factor) * by_path)


def _across(numbers: FloatArray) -> FloatArray:
    """Return numbers (rows, states) or (states,) ready to meet those of paths."""
    return numbers[:, None, :] if numbers.ndim == 2 else numbers


def _flat(numbers: FloatArray) -> FloatArray:
    return numbers.reshape(-1, numbers.shape[-1])
