"""Backward induction over decision dates, for all rows and market states at once.

Between two decisions nothing is decided: payments are discounted in closed form and the value at
the later date by one Gaussian sum. So the lattice has a date for each decision and none besides.
Values are scaled by the discount factor of their date, P(0, t) x (value at t), which takes the
curve out of every formula: a state of the market enters through the present value of each payment
and through sigma alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pricing.hull_white.affine import bond_factor, decayed, deviation
from pricing.hull_white.exercise import capped, floored
from pricing.hull_white.grid import spacing, standard_nodes
from pricing.hull_white.transition import Transition, transition
from pricing.kernel import sequential

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Right:
    """One party's right at each decision, columns (decisions,).

    `held` says whether there is one. Who uses it at decision e pays and gets the payments up to
    place `until[e]` of the row's, and payment `price[e]` at last, in place of the rest.
    `make_whole[e]` > 0: no less than the later payments are worth at the curve plus a spread; the
    number scales them from today to the price's day.
    """

    held: BoolArray
    until: IntArray
    price: IntArray
    make_whole: BoolArray

    def take(self, index: IntpArray) -> Right:
        """Return the given decisions."""
        return Right(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of rows, row by row in order of time, those with most decisions first.

    Row i decides at `time[offsets[i]:offsets[i + 1]]`. Payments are places in a table of present
    values: a row's are contiguous and in order of `pay_time`; those from `begin[e]` to `end[e]`
    fall between decision e and the next. Prices stand in the same table after all payments.
    """

    offsets: IntArray
    time: FloatArray
    begin: IntArray
    end: IntArray
    finish: IntArray
    call: Right
    put: Right

    @property
    def count(self) -> IntArray:
        """Return the number of decisions of each row."""
        return np.diff(self.offsets)


@dataclass(frozen=True, slots=True)
class _Level:
    """What decision e of the first rows is made of, columns (rows,); `later` rows decide again."""

    rows: int
    later: int
    at: IntpArray
    time: FloatArray
    level: FloatArray
    variance: FloatArray
    step: Transition | None


class Lattice:
    """The lattice of rows that have the same number of nodes, for one sigma."""

    def __init__(
        self,
        decisions: Decisions,
        pay_time: FloatArray,
        nodes: int,
        reversion: float,
        sigma: float,
    ) -> None:
        self._decisions = decisions
        self._pay_time = pay_time
        self._nodes = nodes
        self._reversion = reversion
        self._sigma = sigma
        count = decisions.count
        self._levels = [
            self._level(e, int((count > e).sum()), int((count > e + 1).sum()))
            for e in range(int(count.max()))
        ]
        middle = np.full((len(count), 1), (nodes - 1) / 2.0)
        width = np.full(len(count), 1.0 / spacing(nodes))
        self._root = transition(middle, width, np.ones((len(count), 1)), nodes)

    def _level(self, e: int, rows: int, later: int) -> _Level:
        at = np.asarray(self._decisions.offsets[:rows] + e)
        time = self._decisions.time[at]
        width = deviation(self._reversion, time)
        level = self._sigma * width[:, None] * standard_nodes(self._nodes)
        variance = (self._sigma * width) ** 2
        step = None
        if later:
            after = self._decisions.time[at[:later] + 1]
            passed = after - time[:later]
            bond = decayed(self._reversion, passed)[:, None]
            decay = np.exp(passed * -self._reversion)[:, None]
            place = spacing(self._nodes) * deviation(self._reversion, after)
            # The mean of x in the forward measure, in units of sigma.
            q = width[:later, None]
            mean = decay * (q * standard_nodes(self._nodes) + bond * (self._sigma * (q * q)))
            centre = mean / place[:, None] + (self._nodes - 1) / 2.0
            factor = bond_factor(bond, level[:later], variance[:later, None])
            narrow = deviation(self._reversion, passed) / place
            step = transition(centre, narrow, factor, self._nodes)
        return _Level(rows, later, at, time, level, variance, step)

    def value(self, present: FloatArray, compared: FloatArray, scale: FloatArray) -> FloatArray:
        """Return (rows, states): today's value of all payments after the first decision.

        `present` (payments and prices, states) are present values. `compared` holds those that a
        make-whole price is made of, `scale` (decisions, states) what takes them to its day; both
        are empty where there is none.
        """
        values = np.empty((0, present.shape[1]))
        for level in reversed(self._levels):
            values = self._decide(
                level, self._hold(level, values, present), present, compared, scale
            )
        return self._root.of(values)

    def _hold(self, level: _Level, values: FloatArray, present: FloatArray) -> FloatArray:
        """Return (rows x nodes, states): the value if nobody uses a right."""
        begin, end = self._decisions.begin[level.at], self._decisions.end[level.at]
        parts: list[FloatArray] = []
        if level.step is not None:
            hold = level.step.of(values)
            hold += self._bonds(level, slice(0, level.later), begin, end, present)
            parts.append(hold)
        if level.rows > level.later:
            parts.append(self._bonds(level, slice(level.later, level.rows), begin, end, present))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _bonds(
        self,
        level: _Level,
        rows: slice | IntpArray,
        begin: IntArray,
        end: IntArray,
        present: FloatArray,
        last: IntArray | None = None,
    ) -> FloatArray:
        """Return (rows x nodes, states): payments from `begin` to `end` of rows, and `last`."""
        begin, end = begin[rows], end[rows]
        count = end - begin
        longest = int(count.max(initial=0))
        extra = 0 if last is None else 1
        nodes = self._nodes
        if longest + extra == 0:
            return np.zeros((len(begin) * nodes, present.shape[1]))
        place = begin[:, None] + np.arange(longest)
        inside = np.arange(longest) < count[:, None]
        place = np.where(inside, place, 0)
        if last is not None:
            place = np.concatenate([place, last[rows][:, None]], axis=1)
            inside = np.concatenate([inside, np.ones((len(begin), 1), dtype=bool)], axis=1)
        waiting = np.where(inside, self._pay_time[place] - level.time[rows][:, None], 0.0)
        bond = decayed(self._reversion, waiting)[:, None, :]
        drift = 0.5 * bond * level.variance[rows][:, None, None]
        # In the order of nodes and then payments, as the sums run.
        factor = np.empty((len(begin), nodes, place.shape[1]))
        np.add(level.level[rows][:, :, None], drift, out=factor)
        factor *= -bond
        np.exp(factor, out=factor)
        factor *= inside[:, None, :]
        slots = np.broadcast_to(place[:, None, :].astype(np.int32), factor.shape)
        offsets = np.arange(len(begin) * nodes + 1, dtype=np.int32) * np.int32(place.shape[1])
        return sequential(factor.ravel(), np.ascontiguousarray(slots).ravel(), offsets, present)

    def _decide(
        self,
        level: _Level,
        hold: FloatArray,
        present: FloatArray,
        compared: FloatArray,
        scale: FloatArray,
    ) -> FloatArray:
        """Return the value after the issuer's choice and then the holder's."""
        cube = hold.reshape(level.rows, self._nodes, present.shape[1])
        call = self._decisions.call.take(level.at)
        if call.held.any():
            cube = self._used(level, call, cube, capped, present, compared, scale)
        put = self._decisions.put.take(level.at)
        if put.held.any():
            cube = self._used(level, put, cube, floored, present, compared, scale)
        return cube.reshape(hold.shape)

    def _used(
        self,
        level: _Level,
        right: Right,
        hold: FloatArray,
        better: Callable[[FloatArray, FloatArray], FloatArray],
        present: FloatArray,
        compared: FloatArray,
        scale: FloatArray,
    ) -> FloatArray:
        rows = np.flatnonzero(right.held)
        begin = self._decisions.begin[level.at]
        strike = self._bonds(level, rows, begin, right.until, present, right.price)
        strike = strike.reshape(len(rows), *hold.shape[1:])
        whole = np.flatnonzero(right.make_whole[rows])
        if len(whole):
            self._make_whole(level, rows[whole], whole, right, strike, present, compared, scale)
        if len(rows) == level.rows:
            return better(hold, strike)
        hold[rows] = better(hold[rows], strike)
        return hold

    def _make_whole(
        self,
        level: _Level,
        rows: IntpArray,
        at: IntpArray,
        right: Right,
        strike: FloatArray,
        present: FloatArray,
        compared: FloatArray,
        scale: FloatArray,
    ) -> None:
        """Raise prices to what the later payments are worth at the curve plus a spread."""
        begin = self._decisions.begin[level.at]
        finish = self._decisions.finish[level.at]
        shape = (len(rows), *strike.shape[1:])
        worth = self._bonds(level, rows, right.until, finish, compared).reshape(shape)
        worth *= scale[level.at[rows]][:, None, :]
        worth += self._bonds(level, rows, begin, right.until, present).reshape(shape)
        strike[at] = np.maximum(strike[at], worth)
