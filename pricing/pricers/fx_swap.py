"""FX_SWAP: four flows on two dates, each discounted on its currency's curve."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from pricing import calendars
from pricing.failure import Failure
from pricing.kernel import sequential
from pricing.pricers.derivative_group import MATURED, Group, LegMarket, Used, curve_of, fx_used
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.projection import Component, Leg, project
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Markets = dict[str, LegMarket]
SIDES = (("receive", "bought", 1.0), ("pay", "sold", -1.0))


def uses(group: Group) -> tuple[Markets, Used] | Failure:
    """Return the curves of both currencies and the market objects used, or why there is none."""
    markets: Markets = {}
    used: Used = ()
    for side, _, _ in SIDES:
        currency = group.text(f"{side}_currency")
        found = curve_of(
            group.states, currency, group.text(f"{side}_curve"), group.text("collateral")
        )
        if isinstance(found, Failure):
            return found
        markets[side] = LegMarket(currency, found[0], None, None)
        used = (*used, *found[1])
    fx = fx_used(group, tuple(market.currency for market in markets.values()))
    return fx if isinstance(fx, Failure) else (markets, (*used, *fx))


def _days(group: Group) -> IntArray:
    """Return (rows, 2): days to the near and the far date."""
    calendar, roll = group.integers("fx_calendar"), group.integers("fx_roll")
    paid = [calendars.adjust(group.integers(name), calendar, roll) for name in ("near", "far")]
    return np.stack(paid, axis=1) - group.states.day


def _amounts(group: Group, days: IntArray, name: str, sign: float) -> FloatArray:
    """Return (rows, 2): what is received of one currency on both dates, 0 where settled."""
    near, far = group.floats(f"near_{name}"), group.floats(f"far_{name}")
    amounts = np.stack([sign * near, -sign * far], axis=1)
    settled = days < 0 if group.states.inclusive else days <= 0
    return np.where(settled, 0.0, amounts)


def value(group: Group, markets: Markets) -> None:
    """Write the cells of FX swaps."""
    days = _days(group)
    over = days[:, 1] < 0 if group.states.inclusive else days[:, 1] <= 0
    if over.any():
        group.fail(np.flatnonzero(over), MATURED)
        group = group.take(group.rows[~over])
        if not len(group.rows):
            return
        days = days[~over]
    for side, name, sign in SIDES:
        amounts = _amounts(group, days, name, sign)
        worth = partial(_worth, days, amounts, markets[side].curve, group.states)
        group.put((markets[side].currency,), group.carried(markets[side].curve, worth))
    group.fill_amount("NOTIONAL", markets["receive"].currency, group.floats("notional"))


def _worth(
    days: IntArray, amounts: FloatArray, curve: str, states: States, states_of: StateSet
) -> FloatArray:
    """Return (rows, states): the value of both flows in one currency."""
    slots = states.grid.slots(np.maximum(days, 0)).ravel()
    table = states.state_table(curve, None, states_of)
    offsets = np.arange(0, 2 * len(days) + 1, 2, dtype=np.int32)
    return sequential(amounts.ravel(), slots, offsets, table)


def cashflows(group: Group, markets: Markets, scenario: str) -> list[ProjectedFlow]:
    """Return the flows of a group of one FX swap."""
    days = _days(group)
    found: list[ProjectedFlow] = []
    for side, name, sign in SIDES:
        amounts = _amounts(group, days, name, sign)[0]
        component = Component(name.upper(), np.maximum(days[0], 0), amounts)
        leg = Leg(markets[side].currency, markets[side].curve)
        found += project(leg, [component], group.states, scenario)
    return sorted(found, key=lambda flow: flow.date)
