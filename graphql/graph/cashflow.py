"""The cash flows of a position under one scenario, projected again from pinned inputs."""

from __future__ import annotations

import datetime as dt
from typing import Self

import strawberry

from apps.cashflow import selectors as cashflows
from graph.context import Info
from graph.declare import at_most, graph_field, object_type
from graph.errors import BadInput
from graph.scalars import DecimalText

LONGEST_CURVE = 2
"""Nodes of the curve that one discount factor is interpolated from."""


@object_type()
class FlowNode:
    """A node of the discount curve and its weight in the zero rate of the flow's date."""

    date: dt.date
    weight: float


@object_type()
class CashFlows:
    """Flows as columns: row i is pv = amount x spreadFactor x discountFactor, in its currency.

    `buckets` are those of the run's maturity ladder. `values` are the present values in the run
    currency at the scenario's FX; `total` ties out with the position's PV. `sameEngine` tells
    whether this process computes with the engine of the run, `error` why there are no flows.
    """

    found: strawberry.Private[cashflows.PositionCashFlows]
    scenario: str
    currency: str
    total: DecimalText | None
    same_engine: bool
    error: str
    dates: list[dt.date]
    buckets: list[str]
    kinds: list[str]
    currencies: list[str]
    amounts: list[DecimalText]
    pvs: list[DecimalText]
    values: list[DecimalText]
    years: list[float]
    zero_rates: list[float]
    spreads: list[float]
    discount_factors: list[float]
    spread_factors: list[float]
    fx: list[float]
    curves: list[str]

    @graph_field(at_most(LONGEST_CURVE))
    def nodes(self, flow: int) -> list[FlowNode]:
        """The nodes behind the discount factor of one flow, counted from 0."""
        if not 0 <= flow < len(self.found.flows):
            raise BadInput(f"flow is {flow}; there are {len(self.found.flows)}, counted from 0")
        nodes = self.found.flows[flow].nodes
        return [FlowNode(date=node.date, weight=node.weight) for node in nodes]

    @classmethod
    def of(cls, found: cashflows.PositionCashFlows) -> Self:
        """Return the type of a position's flows."""
        flows = found.flows
        return cls(
            found=found,
            scenario=found.scenario,
            currency=found.currency,
            total=None if found.total is None else DecimalText(found.total),
            same_engine=found.same_engine,
            error=found.error,
            dates=[flow.date for flow in flows],
            buckets=[flow.bucket for flow in flows],
            kinds=[flow.kind for flow in flows],
            currencies=[flow.currency for flow in flows],
            amounts=[DecimalText(flow.amount) for flow in flows],
            pvs=[DecimalText(flow.pv) for flow in flows],
            values=[DecimalText(flow.value) for flow in flows],
            years=[flow.years for flow in flows],
            zero_rates=[flow.zero_rate for flow in flows],
            spreads=[flow.spread for flow in flows],
            discount_factors=[flow.discount_factor for flow in flows],
            spread_factors=[flow.spread_factor for flow in flows],
            fx=[flow.fx for flow in flows],
            curves=[flow.curve for flow in flows],
        )


def resolve(info: Info, run: int, tree: int, position: str, scenario: str) -> CashFlows:
    """Return the flows of a position that the user was shown already."""
    granted = info.context.sight.nodes(tree)
    try:
        return CashFlows.of(cashflows.cashflows(run, position, scenario=scenario, granted=granted))
    except (cashflows.UnknownScenario, cashflows.UnknownPosition) as error:
        raise BadInput(str(error)) from error
