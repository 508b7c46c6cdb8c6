"""Market risk of a node: VaR and expected shortfall, the parts of its children, ladders."""

from __future__ import annotations

from typing import Self

import strawberry

from apps.risk import selectors as risks
from graph.context import Info
from graph.declare import at_most, object_type
from graph.refusals import reading
from graph.scalars import DecimalText

FIGURES = 6
LADDERS = 6


@object_type()
class RiskFigure:
    """A loss as a positive amount of the run currency, or null and the reason why.

    `scenario` is the one of rank k, whose loss is the VaR; `method` the canonical text that is
    sealed with the value: n, k, window, horizon, rule for missing days, overlap.
    """

    measure: str
    value: DecimalText | None
    reason: str
    scenario: str
    scenario_name: str
    method: str


@object_type()
class RiskParts:
    """What each child has of a figure, as columns: the values sum to it to the last digit."""

    measure: str
    node_codes: list[str]
    node_names: list[str]
    values: list[DecimalText]


@object_type()
class RiskLadder:
    """A sensitivity of the node at BASE by factor, as columns."""

    measure: str
    unit: str
    currency: str
    factors: list[str]
    values: list[DecimalText]


@object_type()
class NodeRisk:
    """The figures of one node at a level and horizon, from its summed P&L over `scenarios`.

    `counts` counts positions, `covered` the valued ones: only these are in the figures, and the
    notionals say how much stands outside.
    """

    node_code: str
    node_name: str
    currency: str
    level: int
    horizon: int
    scenarios: int
    counts: int
    covered: int
    covered_notional: DecimalText
    uncovered_notional: DecimalText
    figures: list[RiskFigure] = strawberry.field(directives=[at_most(FIGURES)])
    components: list[RiskParts] = strawberry.field(directives=[at_most(FIGURES)])
    ladders: list[RiskLadder] = strawberry.field(directives=[at_most(LADDERS)])

    @classmethod
    def of(cls, found: risks.NodeRisk) -> Self:
        """Return the type of a node's figures."""
        return cls(
            node_code=found.node.code,
            node_name=found.node.name,
            currency=found.currency,
            level=found.level_bp,
            horizon=found.horizon_days,
            scenarios=found.scenarios,
            counts=found.count,
            covered=found.covered,
            covered_notional=DecimalText(found.covered_notional),
            uncovered_notional=DecimalText(found.uncovered_notional),
            figures=[
                RiskFigure(
                    measure=each.measure,
                    value=None if each.value is None else DecimalText(each.value),
                    reason=each.reason,
                    scenario=each.scenario,
                    scenario_name=each.scenario_name,
                    method=each.method,
                )
                for each in found.figures
            ],
            components=[
                RiskParts(
                    measure=each.measure,
                    node_codes=each.nodes,
                    node_names=each.names,
                    values=[DecimalText(value) for value in each.values],
                )
                for each in found.parts
            ],
            ladders=[
                RiskLadder(
                    measure=each.measure,
                    unit=each.unit,
                    currency=each.currency,
                    factors=each.factors,
                    values=[DecimalText(value) for value in each.values],
                )
                for each in found.ladders
            ],
        )


def resolve(
    info: Info, run: int, tree: int, *, node: str | None, level: int, horizon: int | None
) -> NodeRisk:
    """Return the figures of a node that the user sees the whole of."""
    with reading():
        return NodeRisk.of(
            risks.risk(
                run,
                node=node,
                level_bp=level,
                horizon_days=horizon,
                granted=info.context.sight.nodes(tree),
            )
        )
