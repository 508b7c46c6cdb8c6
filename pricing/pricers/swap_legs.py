"""Values of swap legs in every market state: amounts x factors, a column for each state.

A fixed flow's factor is a discount factor, a floating one's the rate of its period times it; legs
share the table of both, and a leg's value is a sequential product of its amounts and its factors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.axis import BASE
from pricing.dates import date_of
from pricing.failure import Failure
from pricing.kernel import sequential
from pricing.pricers.derivative_group import Group, LegMarket
from pricing.pricers.index_rates import NOT_MISSING, period_rates
from pricing.pricers.leg_periods import LegPeriods, first_left, periods_left
from pricing.pricers.stepped import Stepped
from pricing.scenarios.market_states import StateSet, plain
from pricing.scenarios.states import States
from pricing.schedule import COLUMNS as SCHEDULE_COLUMNS
from pricing.schedule import Schedule

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]


def _schedule_of(group: Group, side: str, places: IntpArray) -> Schedule:
    columns = {name: group.integers(f"{side}_{name}")[places] for name in SCHEDULE_COLUMNS}
    return Schedule(**columns)


@dataclass(frozen=True, slots=True)
class Legs:
    """Legs with payments left, of the rows at `places` of a group.

    `notional` and `rate` are of each flow; `rate` is fixed, or the spread over the index.
    """

    group: Group
    market: LegMarket
    places: IntpArray
    schedule: Schedule
    pay_lag: IntArray
    first: IntArray
    periods: LegPeriods
    notional: FloatArray
    rate: FloatArray

    @staticmethod
    def of(group: Group, side: str, market: LegMarket) -> Legs | None:
        """Return the legs of one side of a group, None where none has a payment left."""
        states = group.states
        every = np.arange(len(group.rows))
        schedule = _schedule_of(group, side, every)
        pay_lag = group.integers(f"{side}_pay_lag")
        first = first_left(schedule, pay_lag, states.day, states.inclusive)
        left = np.flatnonzero(first < schedule.payments)
        if not len(left):
            return None
        schedule, pay_lag, first = schedule.take(left), pay_lag[left], first[left]
        periods = periods_left(schedule, pay_lag, first)
        rows = group.rows[left]
        notional = Stepped.of(
            group.batch, f"{side}_notional", group.floats(f"{side}_notional")[left], rows
        )
        rate = Stepped.of(group.batch, f"{side}_rate", group.floats(f"{side}_rate")[left], rows)
        return Legs(
            group,
            market,
            left,
            schedule,
            pay_lag,
            first,
            periods,
            notional.over(first, periods.offsets),
            rate.over(first, periods.offsets),
        )

    @property
    def states(self) -> States:
        """Return the market states."""
        return self.group.states

    @property
    def earning(self) -> FloatArray:
        """Return (flows,): notional x year fraction."""
        return self.notional * self.periods.fraction

    def spread_rows(self, values: FloatArray) -> FloatArray:
        """Return values of the legs (legs, ...) as values of the group's rows, zeros elsewhere."""
        if len(self.places) == len(self.group.rows):
            return values
        out = np.zeros((len(self.group.rows), *values.shape[1:]))
        out[self.places] = values
        return out

    def discount(self, states_of: StateSet) -> FloatArray:
        """Return (periods, states): discount factors to the pay days."""
        slots = self.states.grid.slots(self.periods.paid - self.states.day)
        table = self.states.state_table(self.market.curve, None, states_of)
        return table.take(slots, axis=0)

    def rates(self, states_of: StateSet) -> FloatArray:
        """Return (periods, states): index rates."""
        assert self.market.index is not None
        assert self.market.how is not None
        found = period_rates(
            self.market.index, self.market.how, self.periods.start, self.periods.end,
            self.states, states_of,
        )  # fmt: skip
        return found.rates

    def note_missing(self) -> None:
        """Fail the rows whose index has no fixing that is needed."""
        if self.market.index is None:
            return
        assert self.market.how is not None
        found = period_rates(
            self.market.index, self.market.how, self.periods.start, self.periods.end,
            self.states, base(self.states),
        )  # fmt: skip
        missing = found.missing[self.periods.place]
        for flow in np.flatnonzero(missing != NOT_MISSING).tolist():
            place = self.places[self.periods.owner[flow]]
            day = date_of(int(missing[flow]))
            failure = Failure("FIXING_MISSING", f"{self.market.index.name} has no fixing for {day}")
            self.group.fail(np.array([place]), failure)

    def sums(self, amounts: FloatArray, factors: FloatArray) -> FloatArray:
        """Return (legs, states): amounts of flows x factors of their periods, added in order."""
        slots = self.periods.place.astype(np.int32)
        return sequential(amounts, slots, self.periods.offsets, np.ascontiguousarray(factors))

    def _certain(self, amounts: FloatArray, discount: FloatArray) -> FloatArray:
        """Return (legs, states): the value of amounts that no index moves, 0 of legs without any.

        A leg on an index alone has none; whether others of its group have does not touch its bits.
        """
        some = np.logical_or.reduceat(amounts != 0.0, self.periods.offsets[:-1])
        if not some.any():
            return np.zeros((len(some), discount.shape[1]))
        out = self.sums(amounts, discount)
        out[~some] = 0.0
        return out

    def annuity(self, states_of: StateSet) -> FloatArray:
        """Return (legs, states): what a rate of 1 on the leg is worth."""
        return self.sums(self.earning, self.discount(states_of))

    def index_value(self, states_of: StateSet) -> FloatArray:
        """Return (legs, states): what the index is worth, without its spread."""
        return self.sums(self.earning, self.rates(states_of) * self.discount(states_of))

    def value(self, states_of: StateSet, *, exchange: bool = False) -> FloatArray:
        """Return (legs, states): the value received, with the exchange of notionals if asked."""
        discount = self.discount(states_of)
        earning = self.earning
        fixed = earning * self.rate
        if exchange:
            fixed = fixed + self.repaid()
        out = self._certain(fixed, discount)
        if self.market.index is not None:
            out += self.sums(earning, self.rates(states_of) * discount)
        if exchange:
            out -= self._paid_in(states_of)
        return out

    def repaid(self) -> FloatArray:
        """Return (flows,): the part of the notional that ends with each period."""
        following = np.append(self.notional[1:], 0.0)
        following[self.periods.offsets[1:] - 1] = 0.0
        return np.asarray(self.notional - following)

    def begins_later(self) -> BoolArray:
        """Return whether each leg's notional has still to be paid in."""
        start = self.schedule.start
        day = self.states.day
        later = start >= day if self.states.inclusive else start > day
        return np.asarray(later & (self.first == 0))

    def _paid_in(self, states_of: StateSet) -> FloatArray:
        """Return (legs, states): the notional paid in at a start after the cut."""
        later = self.begins_later()
        start = np.where(later, self.schedule.start, self.states.day)
        times = (start - self.states.day) / 365.0
        factor = self.states.state_discount(self.market.curve, None, times, states_of)
        first = self.notional[self.periods.offsets[:-1]]
        return np.asarray(np.where(later, first, 0.0)[:, None] * factor)

    def current_notional(self) -> FloatArray:
        """Return (legs,): the notional of the first period left."""
        return self.notional[self.periods.offsets[:-1]]

    def accrued(self) -> FloatArray:
        """Return (legs,): interest of the current period earned up to the valuation day."""
        day = self.states.day
        begin = self.periods.offsets[:-1].astype(np.int64)
        payment = self.periods.payment[begin]
        start, end = self.schedule.accrual(payment - 1), self.schedule.accrual(payment)
        until = np.minimum(np.maximum(day, start), end)
        out = np.zeros(len(begin))
        started = np.flatnonzero(until > start)
        if not len(started):
            return out
        part = self.schedule.take(started)
        fraction = part.fraction(payment[started], start[started], until[started])
        rate = self.rate[begin][started]
        if self.market.index is not None:
            assert self.market.how is not None
            stop = until if self.market.index.months == 0 else end
            found = period_rates(
                self.market.index, self.market.how, start[started], stop[started], self.states,
                base(self.states),
            )  # fmt: skip
            rate = rate + found.rates[:, 0]
        out[started] = self.notional[begin][started] * rate * fraction
        return out


def base(states: States) -> StateSet:
    """Return the state of the market as it is."""
    return plain("", [states.places[BASE]])
