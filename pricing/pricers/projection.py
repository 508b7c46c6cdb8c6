"""Single flows for people: each with its discounting and the curve nodes behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.dates import date_of
from pricing.market.spreads import SpreadCurve
from pricing.pricers.flows import ProjectedFlow
from pricing.scenarios.columns import Column, Operator
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Leg:
    """How the flows of one currency are discounted."""

    currency: str
    curve: str
    spread_class: int = 0
    spread: float = 0.0
    spread_curve: SpreadCurve | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """Flows of one kind: days after the valuation date and amounts, (flows,) each."""

    kind: str
    days: IntArray
    amounts: FloatArray


def project(
    leg: Leg, components: Sequence[Component], states: States, scenario: str
) -> list[ProjectedFlow]:
    """Return the flows of a leg that are not zero, under a scenario, by date and kind."""
    place = states.places[scenario]
    curve = states.market.curves[leg.curve]
    column = (Column(place, Operator.VALUE),)
    flows: list[ProjectedFlow] = []
    for component in components:
        days = component.days
        years = days / 365.0
        factor = states.factors(leg.curve, 0, column, days)[:, 0]
        zero = states.zero_rates(leg.curve, years, place)
        spread = np.full(len(days), leg.spread)
        if leg.spread_curve is not None:
            spread += leg.spread_curve.at(years)
        spread += states.spread_classes.vector(leg.spread_class)[place]
        discount = np.exp(-spread * years)
        value = component.amounts * discount * factor
        for at in np.flatnonzero(component.amounts != 0.0):
            nodes = tuple(
                (date_of(curve.node_dates[node]), weight)
                for node, weight in curve.node_weights(float(years[at]))
            )
            flows.append(
                ProjectedFlow(
                    date_of(states.day + int(days[at])), component.kind, leg.currency,
                    float(component.amounts[at]), float(years[at]), float(zero[at]),
                    float(spread[at]), float(factor[at]), float(discount[at]),
                    float(value[at]), leg.curve, nodes,
                )
            )  # fmt: skip
    return sorted(flows, key=lambda flow: flow.date)
