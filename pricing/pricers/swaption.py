"""SWAPTION: Black's or Bachelier's formula on the forward swap rate, in every market state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.failure import Failure
from pricing.market.indices import IndexKind
from pricing.market.volatility import Volatility, VolatilityKind
from pricing.pricers.derivative_group import Group, LegMarket, Used, fx_used, leg_market
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.option_formulas import option_value
from pricing.pricers.projection import Component, Leg, project
from pricing.pricers.swap_legs import Legs
from pricing.pricers.volatility_of import note_undefined, volatility_of
from pricing.products.swaption import OPTIONS, SETTLEMENTS
from pricing.scenarios.market_states import StateSet, plain

FloatArray = npt.NDArray[np.float64]

EXPIRED = Failure("MATURED", "the right was exercised or has lapsed at the cut")
PAYER = OPTIONS.index("PAYER")
CASH = SETTLEMENTS.index("CASH_PAR_YIELD")


@dataclass(frozen=True, slots=True)
class Markets:
    """What swaptions are valued with."""

    fixed: LegMarket
    floating: LegMarket
    surface: Volatility


def uses(group: Group) -> tuple[Markets, Used] | Failure:
    """Return both legs and the surface, and the market objects used, or why there is none."""
    kinds = (IndexKind.TERM, IndexKind.OVERNIGHT)
    fixed = leg_market(group, "pay", kinds)
    if isinstance(fixed, Failure):
        return fixed
    floating = leg_market(group, "receive", kinds)
    if isinstance(floating, Failure):
        return floating
    surface = volatility_of(group, fixed[0].currency, VolatilityKind.SWAPTION)
    if isinstance(surface, Failure):
        return surface
    fx = fx_used(group, (fixed[0].currency,))
    if isinstance(fx, Failure):
        return fx
    used = (*fixed[1], *floating[1], *surface[1], *fx)
    return Markets(fixed[0], floating[0], surface[0]), used


def value(group: Group, markets: Markets) -> None:
    """Write the cells of swaptions."""
    living = _living(group)
    if not len(living.rows):
        return
    swaptions = Swaptions.of(living, markets)
    swaptions.floating.note_missing()

    def worth(states_of: StateSet) -> FloatArray:
        found = swaptions.value(states_of)
        note_undefined(living, markets.surface, found)
        return found

    living.put((markets.fixed.currency,), living.carried(markets.fixed.curve, worth))
    living.fill_amount("NOTIONAL", markets.fixed.currency, swaptions.fixed.current_notional())
    living.fill_by_scenario(
        "PAR_RATE", markets.fixed.currency, lambda states_of: swaptions.rates(states_of)[0]
    )


def _living(group: Group) -> Group:
    """Return the rows whose right has not been exercised or lapsed."""
    expiry, day = group.integers("expiry"), group.states.day
    over = expiry < day if group.states.inclusive else expiry <= day
    if not over.any():
        return group
    group.fail(np.flatnonzero(over), EXPIRED)
    return group.take(group.rows[~over])


@dataclass(frozen=True, slots=True)
class Swaptions:
    """Swaptions that have not expired; their legs begin on or after the expiry."""

    group: Group
    fixed: Legs
    floating: Legs
    surface: Volatility

    @staticmethod
    def of(group: Group, markets: Markets) -> Swaptions:
        """Return the swaptions of a group."""
        fixed = Legs.of(group, "pay", markets.fixed)
        floating = Legs.of(group, "receive", markets.floating)
        # A swap that begins after an expiry to come has payments left.
        assert fixed is not None
        assert floating is not None
        return Swaptions(group, fixed, floating, markets.surface)

    @property
    def years(self) -> FloatArray:
        """Return (rows,): years to expiry, Act/365F."""
        return (self.group.integers("expiry") - self.group.states.day) / 365.0

    @property
    def tenor(self) -> FloatArray:
        """Return (rows,): the length of the swap in years, to the whole month."""
        schedule = self.fixed.schedule
        months = np.rint((schedule.maturity - schedule.start) / 365.25 * 12.0)
        return np.maximum(months / 12.0, 1.0 / 12.0)

    def rates(self, states_of: StateSet) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return (rows, states): forward swap rate, strike and annuity of a notional held.

        The floating leg's spread is taken off the strike: the rate is of the index alone.
        """
        annuity = self.fixed.annuity(states_of)
        discount = self.fixed.discount(states_of)
        paid = self.fixed.sums(self.fixed.earning * self.fixed.rate, discount)
        if self.floating.rate.any():
            margin = self.floating.earning * self.floating.rate
            paid -= self.floating.sums(margin, self.floating.discount(states_of))
        safe = np.where(annuity == 0.0, 1.0, annuity)
        return self.floating.index_value(states_of) / safe, paid / safe, annuity

    def value(self, states_of: StateSet) -> FloatArray:
        """Return (rows, states): values of the rights."""
        forward, strike, annuity = self.rates(states_of)
        side = np.where(self.group.integers("option") == PAYER, 1.0, -1.0)[:, None]
        years = self.years
        volatility = self.group.states.state_volatility(
            self.surface.name, years, self.tenor, states_of
        )
        worth = option_value(self.surface, side, forward, strike, volatility, years[:, None])
        if self.group.flag("settlement") == CASH:
            annuity = self._cash_annuity(forward, states_of)
        # Nothing is held of a swap without an annuity, whatever its rate.
        return np.where(annuity == 0.0, 0.0, worth * annuity)

    def _cash_annuity(self, forward: FloatArray, states_of: StateSet) -> FloatArray:
        """Return (rows, states): the annuity at the swap rate itself, paid as the swap begins.

        Sum over periods of (1/m) / (1 + F/m)^k, m periods a year (ISDA 2006, section 18.2(f),
        par yield curve - unadjusted).
        """
        per_year = 12.0 / self.fixed.schedule.months[:, None]
        count = self.fixed.schedule.payments[:, None]
        period = forward / per_year
        tiny = np.abs(period) < 1e-10
        safe = np.where(tiny, 1.0, period)
        annuity = np.where(tiny, count, -np.expm1(-count * np.log1p(safe)) / safe) / per_year
        begin = (self.fixed.schedule.start - self.group.states.day) / 365.0
        factor = self.group.states.state_discount(self.fixed.market.curve, None, begin, states_of)
        return annuity * factor * self.fixed.current_notional()[:, None]


def cashflows(group: Group, markets: Markets, scenario: str) -> list[ProjectedFlow]:
    """Return one flow: what the right is expected to be worth as the swap begins."""
    group = _living(group)
    if not len(group.rows):
        return []
    swaptions = Swaptions.of(group, markets)
    states_of = plain(markets.fixed.currency, [group.states.places[scenario]])
    worth = swaptions.value(states_of)[:, 0]
    days = swaptions.fixed.schedule.start - group.states.day
    discount = group.states.state_discount(markets.fixed.curve, None, days / 365.0, states_of)
    leg = Leg(markets.fixed.currency, markets.fixed.curve)
    component = Component("OPTION", days, worth / discount[:, 0])
    return project(leg, [component], group.states, scenario)
