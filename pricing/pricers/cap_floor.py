"""CAP_FLOOR: an option on the rate of every period, set before it or made in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.failure import Failure
from pricing.grouping import combine
from pricing.kernel import sequential
from pricing.market.indices import IndexKind
from pricing.market.volatility import Volatility, VolatilityKind
from pricing.pricers.derivative_group import MATURED, Group, LegMarket, Used, fx_used, leg_market
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.option_formulas import option_value
from pricing.pricers.projection import Component, Leg, project
from pricing.pricers.rate_options import times
from pricing.pricers.swap_legs import Legs
from pricing.pricers.volatility_of import note_undefined, volatility_of
from pricing.products.cap_floor import OPTIONS
from pricing.scenarios.market_states import StateSet, plain

FloatArray = npt.NDArray[np.float64]

CAP, FLOOR, COLLAR = (OPTIONS.index(name) for name in ("CAP", "FLOOR", "COLLAR"))
TOGETHER = 100_000
"""Options times states that are valued at once: what fits into the second-level cache."""


@dataclass(frozen=True, slots=True)
class Markets:
    """What options on rates are valued with."""

    leg: LegMarket
    surface: Volatility


def uses(group: Group) -> tuple[Markets, Used] | Failure:
    """Return leg and surface, and the market objects used, or why there is none."""
    found = leg_market(group, "receive", (IndexKind.TERM, IndexKind.OVERNIGHT))
    if isinstance(found, Failure):
        return found
    market, used = found
    surface = volatility_of(group, market.currency, VolatilityKind.CAP)
    if isinstance(surface, Failure):
        return surface
    fx = fx_used(group, (market.currency,))
    if isinstance(fx, Failure):
        return fx
    return Markets(market, surface[0]), (*used, *surface[1], *fx)


def value(group: Group, markets: Markets) -> None:
    """Write the cells of caps and floors."""
    legs = Legs.of(group, "receive", markets.leg)
    alive = np.zeros(len(group.rows), dtype=np.bool_)
    if legs is not None:
        alive[legs.places] = True
    if not alive.all():
        group.fail(np.flatnonzero(~alive), MATURED)
        group = group.take(group.rows[alive])
        if not len(group.rows):
            return
        legs = Legs.of(group, "receive", markets.leg)
    assert legs is not None
    held = legs
    held.note_missing()
    options = Options.of(group, held, markets.surface)

    def worth(states_of: StateSet) -> FloatArray:
        found = options.value(states_of)
        note_undefined(group, markets.surface, found)
        return found

    group.put((markets.leg.currency,), group.carried(markets.leg.curve, worth))
    group.fill_amount("NOTIONAL", markets.leg.currency, held.current_notional())


@dataclass(frozen=True, slots=True)
class Options:
    """The options of caps and floors: flow j is on period `place[j]` at `strike[j]`.

    `side` is 1 for a cap, -1 for a floor, `held` the notional times year fraction, negative where
    written; volatility is read at `read` years, and moves the rate of each period for `moving`.
    """

    legs: Legs
    surface: Volatility
    place: npt.NDArray[np.intp]
    strike: FloatArray
    side: FloatArray
    held: FloatArray
    offsets: npt.NDArray[np.int32]
    read: FloatArray
    moving: FloatArray

    @staticmethod
    def of(group: Group, legs: Legs, surface: Volatility) -> Options:
        """Return the options of the rows of a group, all of which have periods left."""
        periods = legs.periods
        option = group.integers("option")[periods.owner]
        omitted = (group.integers("omit")[periods.owner] == 1) & (periods.payment == 0)
        held = np.where(omitted, 0.0, legs.earning)
        strike, floor = group.floats("strike"), group.floats("floor_strike")
        # A collar is a cap and, right after it, a floor written on the same period.
        copies = np.where(option == COLLAR, 2, 1)
        flow = np.repeat(np.arange(len(option)), copies)
        second = np.zeros(len(flow), dtype=np.bool_)
        second[1:] = flow[1:] == flow[:-1]
        down = (option[flow] == FLOOR) | second
        owner = periods.owner[flow]
        counts = np.bincount(owner, minlength=len(group.rows))
        offsets = np.zeros(len(counts) + 1, dtype=np.int32)
        np.cumsum(counts, out=offsets[1:])
        index, how = legs.market.index, legs.market.how
        assert index is not None
        assert how is not None
        read, moving = times(index, how, periods.start, periods.end, legs.states)
        return Options(
            legs,
            surface,
            periods.place[flow],
            np.where(second, floor[owner], strike[owner]),
            np.where(down, -1.0, 1.0),
            np.where(second, -held[flow], held[flow]),
            offsets,
            read,
            moving,
        )

    def value(self, states_of: StateSet) -> FloatArray:
        """Return (rows, states): the value of all options of each row."""
        rates, discount = self.legs.rates(states_of), self.legs.discount(states_of)
        out = np.empty((len(self.offsets) - 1, len(states_of)))
        limit = max(TOGETHER // max(len(states_of), 1), 1)
        first = 0
        while first < len(out):
            begin = int(self.offsets[first])
            last = int(np.searchsorted(self.offsets, begin + limit, side="right")) - 1
            last = max(last, first + 1)
            flows = slice(begin, int(self.offsets[last]))
            worth, number = self.unit_values(flows, rates, discount, states_of)
            offsets = self.offsets[first : last + 1] - self.offsets[first]
            out[first:last] = sequential(self.held[flows], number, offsets, worth)
            first = last
        return out

    def unit_values(
        self, flows: slice, rates: FloatArray, discount: FloatArray, states_of: StateSet
    ) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """Return (options, states) of distinct options of a notional of 1, and each flow's one.

        `rates` and `discount` are of the periods (periods, states).
        """
        strikes, strike = np.unique(self.strike[flows], return_inverse=True)
        sample, number = combine(self.place[flows], strike, self.side[flows].astype(np.int64))
        place, level = self.place[flows][sample], strikes[strike[sample]]
        volatility = self.legs.states.state_volatility(
            self.surface.name, self.read[place], level, states_of
        )
        worth = option_value(
            self.surface, self.side[flows][sample][:, None], rates[place], level[:, None],
            volatility, self.moving[place][:, None],
        )  # fmt: skip
        worth *= discount[place]
        return worth, number.astype(np.int32)


def cashflows(group: Group, markets: Markets, scenario: str) -> list[ProjectedFlow]:
    """Return what each option of one cap is expected to pay."""
    legs = Legs.of(group, "receive", markets.leg)
    if legs is None:
        return []
    options = Options.of(group, legs, markets.surface)
    states_of = plain(markets.leg.currency, [group.states.places[scenario]])
    discount = legs.discount(states_of)
    every = slice(0, len(options.held))
    worth, number = options.unit_values(every, legs.rates(states_of), discount, states_of)
    amounts = options.held * (worth[number] / discount[options.place])[:, 0]
    days = legs.periods.paid[options.place] - group.states.day
    leg = Leg(markets.leg.currency, markets.leg.curve)
    return project(leg, [Component("OPTION", days, amounts)], group.states, scenario)
