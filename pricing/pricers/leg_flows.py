"""The flows of one swap leg for people."""

from __future__ import annotations

from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.projection import Component, Leg, project
from pricing.pricers.swap_legs import Legs
from pricing.scenarios.market_states import plain


def flows_of(legs: Legs, sign: float, exchange: bool, scenario: str) -> list[ProjectedFlow]:
    """Return the projected flows of the only leg, `sign` 1 where it is received."""
    states = legs.states
    states_of = plain(legs.market.currency, [states.places[scenario]])
    rate = legs.rate
    if legs.market.index is not None:
        rate = rate + legs.rates(states_of)[legs.periods.place, 0]
    days = legs.periods.paid[legs.periods.place] - states.day
    components = [Component("INTEREST", days, sign * legs.earning * rate)]
    if exchange:
        components.append(Component("PRINCIPAL", days, sign * legs.repaid()))
        if legs.begins_later()[0]:
            start = legs.schedule.start - states.day
            components.append(Component("PRINCIPAL", start, -sign * legs.current_notional()))
    return project(Leg(legs.market.currency, legs.market.curve), components, states, scenario)
