"""IRS, OIS, BASIS and XCCY: what is received less what is paid, in every market state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pricing.failure import Failure
from pricing.market.indices import IndexKind
from pricing.pricers import resetting
from pricing.pricers.derivative_group import (
    MATURED,
    Group,
    LegMarket,
    Used,
    fx_used,
    leg_market,
)
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.leg_flows import flows_of
from pricing.pricers.swap_legs import Legs
from pricing.products.derivative import KINDS
from pricing.products.swap import RESETTING
from pricing.scenarios.market_states import StateSet

FloatArray = npt.NDArray[np.float64]

OIS = KINDS.index("OIS")
_ANY_RATE = (IndexKind.OVERNIGHT, IndexKind.PRIME, IndexKind.TERM)
SIDES = (("receive", 1.0), ("pay", -1.0))
Markets = dict[str, LegMarket]


def uses(group: Group) -> tuple[Markets, Used] | Failure:
    """Return what both legs are valued with and the market objects used, or why there is none."""
    overnight = group.flag("kind") == OIS
    kinds = (IndexKind.OVERNIGHT,) if overnight else _ANY_RATE
    markets: Markets = {}
    used: Used = ()
    for side, _ in SIDES:
        found = leg_market(group, side, kinds)
        if isinstance(found, Failure):
            return found
        markets[side] = found[0]
        used = (*used, *found[1])
    fx = fx_used(group, tuple(market.currency for market in markets.values()))
    return fx if isinstance(fx, Failure) else (markets, (*used, *fx))


def value(group: Group, markets: Markets) -> None:
    """Write the cells of swaps."""
    group, legs = _living(group, markets)
    if not len(group.rows):
        return
    for leg in legs.values():
        leg.note_missing()
    if group.flag("resetting"):
        resetting.note_missing(group, legs)
    for currencies, worth in parts(group, legs, markets):
        group.put(currencies, worth)
    for side, sign in SIDES:
        if side not in legs:
            continue
        leg = legs[side]
        earned = resetting.accrued(group, legs, side) if _resets(group, side) else leg.accrued()
        group.fill_amount("ACCRUED", leg.market.currency, sign * leg.spread_rows(earned))
        group.fill_amount("CLEAN_PV", leg.market.currency, -sign * leg.spread_rows(earned))
    held = "receive" if "receive" in legs else "pay"
    if _resets(group, held):
        notional = resetting.current_notional(group, legs, held)
    else:
        notional = legs[held].current_notional()
    group.fill_amount("NOTIONAL", legs[held].market.currency, legs[held].spread_rows(notional))
    _par_rate(group, legs, markets)


def _living(group: Group, markets: Markets) -> tuple[Group, dict[str, Legs]]:
    """Return the rows that have a payment left, and their legs by side."""
    legs = {side: Legs.of(group, side, markets[side]) for side, _ in SIDES}
    alive = np.zeros(len(group.rows), dtype=np.bool_)
    for leg in legs.values():
        if leg is not None:
            alive[leg.places] = True
    if alive.all():
        return group, {side: leg for side, leg in legs.items() if leg is not None}
    group.fail(np.flatnonzero(~alive), MATURED)
    living = group.take(group.rows[alive])
    if not len(living.rows):
        return living, {}
    again = {side: Legs.of(living, side, markets[side]) for side, _ in SIDES}
    return living, {side: leg for side, leg in again.items() if leg is not None}


def _resets(group: Group, side: str) -> bool:
    return RESETTING[group.flag("resetting")] == side.upper()


Worth = Callable[[StateSet], FloatArray]


def parts(
    group: Group, legs: dict[str, Legs], markets: Markets
) -> list[tuple[tuple[str, ...], Worth]]:
    """Return the parts of a swap's value: (currencies, values in the first of them)."""
    if group.flag("resetting"):
        return resetting.parts(group, legs, markets)
    exchange = bool(group.flag("exchange"))
    found: list[tuple[tuple[str, ...], Worth]] = []
    for side, sign in SIDES:
        if side in legs:
            market = legs[side].market
            worth = group.carried(market.curve, _worth(legs[side], sign, exchange))
            found.append(((market.currency,), worth))
    if len(found) == 2 and found[0][0] == found[1][0]:
        (currencies, first), (_, second) = found
        return [(currencies, lambda states_of: first(states_of) + second(states_of))]
    return found


def _worth(leg: Legs, sign: float, exchange: bool) -> Worth:
    return lambda states_of: leg.spread_rows(sign * leg.value(states_of, exchange=exchange))


def _par_rate(group: Group, legs: dict[str, Legs], markets: Markets) -> None:
    """Write the fixed rate, else the spread of the paid leg, at which the swap is worth 0."""
    side = "pay"
    if "receive" in legs and legs["receive"].market.index is None:
        side = "receive"
    if side not in legs or _resets(group, side):
        side = "receive" if side == "pay" else "pay"
    if side not in legs or len(legs) < 2:
        return
    leg = legs[side]
    sign = dict(SIDES)[side]
    mine = group.states.fx_value(leg.market.currency)
    worth = parts(group, legs, markets)

    def par(states_of: StateSet) -> FloatArray:
        total = np.zeros((len(group.rows), len(states_of)))
        for currencies, part in worth:
            other = group.states.fx_value(currencies[0])
            assert other is not None
            assert mine is not None
            total += part(states_of) * (other / mine)[states_of.scenario_of]
        annuity = leg.spread_rows(leg.annuity(states_of))
        now = leg.spread_rows(leg.rate[leg.periods.offsets[:-1]])[:, None]
        safe = np.where(annuity == 0.0, 1.0, annuity)
        return np.where(annuity == 0.0, 0.0, now - sign * total / safe)

    group.fill_by_scenario("PAR_RATE", leg.market.currency, par)


def cashflows(group: Group, markets: Markets, scenario: str) -> list[ProjectedFlow]:
    """Return the projected flows of a group of one swap."""
    group, legs = _living(group, markets)
    if not len(group.rows):
        return []
    if group.flag("resetting"):
        return resetting.cashflows(group, legs, markets, scenario)
    exchange = bool(group.flag("exchange"))
    found: list[ProjectedFlow] = []
    for side, sign in SIDES:
        if side in legs:
            found += flows_of(legs[side], sign, exchange, scenario)
    return sorted(found, key=lambda flow: flow.date)
