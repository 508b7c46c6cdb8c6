"""The maturity ladder and the duration bridge of a node: columns by bucket and by step."""

from __future__ import annotations

from typing import Self

import strawberry

from apps.cashflow import ladder as ladders
from apps.result import selectors as results
from graph import position
from graph.context import Info
from graph.declare import DEFAULT_PAGE, DRILL_DOWN, cost, graph_field, object_type, sized
from graph.errors import BadInput
from graph.paging import After, First
from graph.position import PositionOrder, PositionPage
from graph.refusals import reading
from graph.scalars import DecimalText

BY_BUCKET = "LADDER_PRINCIPAL"


def _texts(values: list[str]) -> list[DecimalText]:
    return [DecimalText(each) for each in values]


def _or_none(value: str | None) -> DecimalText | None:
    return None if value is None else DecimalText(value)


@object_type()
class Ladder:
    """Cash flow of a node by bucket as columns: row i of each is bucket `buckets[i]`.

    `contractual` is principal as the contract repays it, `principal` and `interest` as projected;
    `principal` and `contractual` each sum to `outstanding` with their part not projected, exactly.
    `inflows` less `outflows` is `gap`. `nodeYield` is the continuous rate at which the summed
    flows are worth `value`, null with a reason. Positions without a value are not in it: `covered`
    of `count`.
    """

    run: strawberry.Private[int]
    tree: strawberry.Private[int]
    asked_node: strawberry.Private[str | None]
    scenario: str
    currency: str
    count: int
    covered: int
    buckets: list[str]
    contractual: list[DecimalText]
    principal: list[DecimalText]
    interest: list[DecimalText]
    draws: list[DecimalText]
    inflows: list[DecimalText]
    outflows: list[DecimalText]
    gap: list[DecimalText]
    cumulative_gap: list[DecimalText]
    contractual_not_projected: DecimalText
    principal_not_projected: DecimalText
    outstanding: DecimalText
    value: DecimalText
    node_yield: DecimalText | None
    node_yield_reason: str

    @graph_field(sized(), cost(DRILL_DOWN))
    def positions(
        self,
        info: Info,
        bucket: str,
        measure: str = BY_BUCKET,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> PositionPage:
        """The positions behind a bucket, the largest amount of the ladder measure first."""
        return position.resolve_page(
            info,
            self.run,
            self.tree,
            node=self.asked_node,
            where=None,
            order_by=PositionOrder(measure=measure, scenario=self.scenario, factor=bucket),
            measures=[measure],
            scenarios=[self.scenario],
            first=first,
            after=after,
        )

    @classmethod
    def of(
        cls, run: int, tree: int, node: str | None, cube: results.Cube, made: ladders.Ladder
    ) -> Self:
        """Return the type of a node's ladder."""
        return cls(
            run=run,
            tree=tree,
            asked_node=node,
            scenario=made.scenario,
            currency=cube.currency,
            count=cube.count[0],
            covered=cube.covered[0],
            buckets=made.buckets,
            contractual=_texts(made.contractual),
            principal=_texts(made.principal),
            interest=_texts(made.interest),
            draws=_texts(made.draws),
            inflows=_texts(made.inflows),
            outflows=_texts(made.outflows),
            gap=_texts(made.gap),
            cumulative_gap=_texts(made.cumulative_gap),
            contractual_not_projected=DecimalText(made.contractual_not_projected),
            principal_not_projected=DecimalText(made.principal_not_projected),
            outstanding=DecimalText(made.outstanding),
            value=DecimalText(made.value),
            node_yield=_or_none(made.node_yield),
            node_yield_reason=made.node_yield_reason,
        )


@object_type()
class DurationBridge:
    """From a node's opening to its closing duration, in years.

    `steps` names the order; `values` and `times` are the node's sums after each, `durations` one
    over the other. `effects[i]` is the effect of `names[i]`, the residual last: opening + effects
    = closing to the last digit. Null with a reason where a value is not positive.
    """

    scenario: str
    currency: str
    count: int
    covered: int
    steps: list[str]
    values: list[DecimalText]
    times: list[DecimalText]
    durations: list[DecimalText | None]
    names: list[str]
    effects: list[DecimalText | None]
    opening: DecimalText | None
    closing: DecimalText | None
    reason: str

    @classmethod
    def of(cls, cube: results.Cube, made: ladders.Bridge) -> Self:
        """Return the type of a node's bridge."""
        return cls(
            scenario=made.scenario,
            currency=cube.currency,
            count=cube.count[0],
            covered=cube.covered[0],
            steps=made.steps,
            values=_texts(made.values),
            times=_texts(made.times),
            durations=[_or_none(each) for each in made.durations],
            names=made.names,
            effects=[_or_none(each) for each in made.effects],
            opening=_or_none(made.opening),
            closing=_or_none(made.closing),
            reason=made.reason,
        )


def _sums(
    info: Info, run: int, tree: int, node: str | None, measures: tuple[str, ...], scenario: str
) -> results.Cube:
    """Return the node's totals of measures in a scenario, one row."""
    with reading():
        return results.cube(
            run,
            node=node,
            measures=measures,
            scenarios=[scenario],
            granted=info.context.sight.nodes(tree),
        )


def resolve(info: Info, run: int, tree: int, *, node: str | None, scenario: str) -> Ladder:
    """Return the ladder of a node, of what the user may see under it."""
    measures = (*ladders.LADDER, ladders.PRINCIPAL, ladders.VALUE)
    cube = _sums(info, run, tree, node, measures, scenario)
    try:
        return Ladder.of(run, tree, node, cube, ladders.ladder(scenario, cube.columns))
    except ladders.NoLadder as error:
        raise BadInput(str(error)) from error


def resolve_bridge(
    info: Info, run: int, tree: int, *, node: str | None, scenario: str
) -> DurationBridge:
    """Return the duration bridge of a node, of what the user may see under it."""
    cube = _sums(info, run, tree, node, ladders.BRIDGE, scenario)
    try:
        return DurationBridge.of(cube, ladders.bridge(scenario, cube.columns))
    except ladders.NoLadder as error:
        raise BadInput(str(error)) from error
