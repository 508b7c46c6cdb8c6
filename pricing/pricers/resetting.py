"""Cross-currency swaps with one leg's notional reset to the value of the other's every period.

The notional of a period that has not begun is N x X(t) Pc(t)/Pr(t): the constant leg's notional
at the forward FX rate of the period's start, without a spot lag. Valued in the currency of the
constant leg the spot rate X drops out, so that exposures to both currencies are exact.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pricing.failure import Failure
from pricing.pricers.derivative_group import Group, LegMarket
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.leg_flows import flows_of
from pricing.pricers.projection import Component, Leg, project
from pricing.pricers.swap_legs import Legs
from pricing.products.swap import RESETTING
from pricing.scenarios.market_states import StateSet, plain

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SIGN = {"receive": 1.0, "pay": -1.0}
Worth = Callable[[StateSet], FloatArray]


def _sides(group: Group) -> tuple[str, str]:
    """Return the side that resets and the constant one."""
    resets = RESETTING[group.flag("resetting")].lower()
    return resets, "pay" if resets == "receive" else "receive"


def _begun(legs: Legs) -> BoolArray:
    """Return whether the period of each flow has begun, so that its notional is fixed."""
    start = legs.periods.start[legs.periods.place]
    day = legs.states.day
    return start < day if legs.states.inclusive else start <= day


def note_missing(group: Group, legs: dict[str, Legs]) -> None:
    """Fail the rows whose current period has begun and whose notional is not stated."""
    resets, _ = _sides(group)
    if resets not in legs:
        return
    leg = legs[resets]
    begun = _begun(leg)[leg.periods.offsets[:-1]]
    unknown = begun & (group.floats("resetting_notional")[leg.places] == 0.0)
    group.fail(
        leg.places[unknown],
        Failure("FIXING_MISSING", "state.resetting_notional: the current period has begun"),
    )


def current_notional(group: Group, legs: dict[str, Legs], side: str) -> FloatArray:
    """Return (legs,): the notional of the current period, 0 before the first one."""
    return group.floats("resetting_notional")[legs[side].places]


def accrued(group: Group, legs: dict[str, Legs], side: str) -> FloatArray:
    """Return (legs,): interest earned on the current notional; `legs` have a notional of 0."""
    leg = legs[side]
    unit = np.where(_begun(leg), 1.0, 0.0)
    one = Legs(
        leg.group, leg.market, leg.places, leg.schedule, leg.pay_lag, leg.first, leg.periods,
        unit, leg.rate,
    )  # fmt: skip
    return one.accrued() * current_notional(group, legs, side)


def parts(
    group: Group, legs: dict[str, Legs], markets: dict[str, LegMarket]
) -> list[tuple[tuple[str, ...], Worth]]:
    """Return the constant leg, the periods to come and the current one of the resetting leg."""
    resets, constant = _sides(group)
    found: list[tuple[tuple[str, ...], Worth]] = []
    if constant in legs:
        fixed = legs[constant]
        sign = SIGN[constant]
        found.append(
            (
                (fixed.market.currency,),
                group.carried(
                    fixed.market.curve,
                    lambda states_of: fixed.spread_rows(
                        sign * fixed.value(states_of, exchange=True)
                    ),
                ),
            )
        )
    if resets in legs:
        leg = legs[resets]
        other = markets[constant]
        found.append(
            (
                (other.currency, leg.market.currency),
                group.carried(
                    other.curve,
                    lambda states_of: leg.spread_rows(
                        SIGN[resets] * _to_come(group, leg, other, states_of)
                    ),
                ),
            )
        )
        found.append(
            (
                (leg.market.currency,),
                group.carried(
                    leg.market.curve,
                    lambda states_of: leg.spread_rows(
                        SIGN[resets] * _current(group, leg, states_of)
                    ),
                ),
            )
        )
    return found


def _to_come(group: Group, leg: Legs, other: LegMarket, states_of: StateSet) -> FloatArray:
    """Return (legs, states): periods that have not begun, in the constant leg's currency."""
    _, constant = _sides(group)
    face = group.floats(f"{constant}_notional")[leg.places][leg.periods.owner]
    face = np.where(_begun(leg), 0.0, face)
    start = np.maximum(leg.periods.start - leg.states.day, 0) / 365.0
    begins = leg.states.state_discount(other.curve, None, start, states_of)
    own = leg.states.state_discount(leg.market.curve, None, start, states_of)
    grown = begins / own * leg.discount(states_of)
    earning = face * leg.periods.fraction
    out = leg.sums(face + earning * leg.rate, grown)
    if leg.market.index is not None:
        out += leg.sums(earning, leg.rates(states_of) * grown)
    return out - leg.sums(face, begins)


def _current(group: Group, leg: Legs, states_of: StateSet) -> FloatArray:
    """Return (legs, states): the period that has begun, in the resetting leg's currency."""
    face = group.floats("resetting_notional")[leg.places][leg.periods.owner]
    face = np.where(_begun(leg), face, 0.0)
    discount = leg.discount(states_of)
    earning = face * leg.periods.fraction
    out = leg.sums(face + earning * leg.rate, discount)
    if leg.market.index is not None:
        out += leg.sums(earning, leg.rates(states_of) * discount)
    return out


def cashflows(
    group: Group, legs: dict[str, Legs], markets: dict[str, LegMarket], scenario: str
) -> list[ProjectedFlow]:
    """Return the projected flows of one swap: resetting notionals at their forward values."""
    resets, constant = _sides(group)
    found: list[ProjectedFlow] = []
    if constant in legs:
        found += flows_of(legs[constant], SIGN[constant], True, scenario)
    if resets not in legs:
        return found
    leg = legs[resets]
    states = leg.states
    place = states.places[scenario]
    states_of = plain(leg.market.currency, [place])
    begun = _begun(leg)
    start = leg.periods.start[leg.periods.place] - states.day
    times = np.maximum(start, 0) / 365.0
    other = markets[constant]
    ratio = states.state_discount(other.curve, None, times, states_of)[:, 0]
    ratio = ratio / states.state_discount(leg.market.curve, None, times, states_of)[:, 0]
    worth = states.fx_value(other.currency)
    own = states.fx_value(leg.market.currency)
    assert worth is not None
    assert own is not None
    face = group.floats(f"{constant}_notional")[leg.places][leg.periods.owner]
    face = face * ratio * (worth / own)[place]
    fixed = group.floats("resetting_notional")[leg.places][leg.periods.owner]
    face = np.where(begun, fixed, face) * SIGN[resets]
    rate = leg.rate
    if leg.market.index is not None:
        rate = rate + leg.rates(states_of)[leg.periods.place, 0]
    days = leg.periods.paid[leg.periods.place] - states.day
    components = [
        Component("INTEREST", days, face * leg.periods.fraction * rate),
        Component("PRINCIPAL", days, face),
        Component("PRINCIPAL", start[~begun], -face[~begun]),
    ]
    found += project(Leg(leg.market.currency, leg.market.curve), components, states, scenario)
    return sorted(found, key=lambda flow: flow.date)
