"""Runs: what was asked, how far it has come, and the way down to one position."""

from __future__ import annotations

from typing import Self, cast

import strawberry
import strawberry_django
from django.db.models import QuerySet
from strawberry import auto
from strawberry.scalars import JSON

from apps.portfolio import grants
from apps.risk.selectors import ConcentrationBy
from apps.run import selectors as runs
from apps.run.models import Run
from graph import (
    breaks,
    compare,
    concentration,
    cube,
    ladder,
    marketdata,
    node,
    position,
    publication,
    risk,
    scenario,
    snapshot,
    task,
    whole,
)
from graph.axis import AxisCell
from graph.batch import Batch
from graph.breaks import RunBreakType
from graph.compare import REVALUE, RunComparison
from graph.concentration import Concentration, ObligorAssumption
from graph.context import Context, Info
from graph.cube import Cube, CubeFilter
from graph.declare import (
    DEFAULT_PAGE,
    DRILL_DOWN,
    MAX_PAGE,
    READ,
    cost,
    graph_field,
    hex_field,
    model_type,
    root_field,
    root_type,
    sized,
)
from graph.documents import document
from graph.enums import Dimension, Phase, RunStatus, TaskStatus
from graph.federation import Representation
from graph.ladder import DurationBridge, Ladder
from graph.marketdata import MarketDataSnapshotType
from graph.node import TreeNode
from graph.paging import CONNECTION, After, Connection, First, number, page
from graph.position import PositionOrder, PositionPage, PositionWhere, RunPosition
from graph.progress import ProgressType, by_run
from graph.publication import PublicationType
from graph.risk import NodeRisk
from graph.scenario import ScenarioSetType
from graph.snapshot import PositionSnapshotType
from graph.task import RunTaskType

HIDDEN = "The reason is shown to those who see the whole of the run."


@model_type(Run, name="Run", keys=["id"])
class RunType:
    """One valuation of a position snapshot on a market under a scenario set.

    `inputHash` covers everything that can change a number, `resultHash` the integer cells of all
    positions in canonical order.
    """

    id: auto = strawberry_django.field(field_name="run_id")
    status: RunStatus
    phase: Phase
    input_hash: str = hex_field("input_hash")
    result_hash: str | None = hex_field("result_hash")
    forced: auto
    valuation_date: auto
    cut: auto
    currency: auto
    engine: auto
    profile: auto
    position_count: auto
    cell_count: auto
    valued_count: auto
    error_count: auto
    submitted_by: auto
    submitted_at: auto
    started_at: auto
    finished_at: auto

    @strawberry.field
    def error(self, info: Info, row: strawberry.Parent[Run]) -> str:
        """Why the run failed, in the words of its task; hidden unless the whole is granted."""
        if not row.error or whole.by_node(info.context).get((row.tree_id, row.node)):
            return row.error
        return HIDDEN

    @strawberry.field
    def request(self, row: strawberry.Parent[Run]) -> JSON:
        """The canonical text whose sha256 is the input hash, as JSON."""
        return document(row.request)

    @strawberry.field
    def progress(self, info: Info, row: strawberry.Parent[Run]) -> ProgressType:
        """The tasks by status, and the positions done in the current phase."""
        found = by_run(info.context).get(row.pk)
        assert found is not None
        return found

    @strawberry.field
    def node(self, info: Info, row: strawberry.Parent[Run]) -> TreeNode | None:
        """The portfolio that was valued, in the run's version of the tree."""
        return node.by_number(info.context).get((row.tree_id, row.node))

    @strawberry.field
    def position_snapshot(
        self, info: Info, row: strawberry.Parent[Run]
    ) -> PositionSnapshotType | None:
        """The book that was valued."""
        return snapshot.by_pk(info.context).get(row.position_snapshot_id)

    @strawberry.field
    def market_data_snapshot(
        self, info: Info, row: strawberry.Parent[Run]
    ) -> MarketDataSnapshotType | None:
        """The market it was valued on."""
        return marketdata.by_pk(info.context).get(row.marketdata_snapshot_id)

    @strawberry.field
    def scenario_set(self, info: Info, row: strawberry.Parent[Run]) -> ScenarioSetType | None:
        """The scenarios it was valued under."""
        return scenario.sets_by_pk(info.context).get(row.scenario_set_id)

    @graph_field(sized(), cost(READ))
    def axis(
        self, row: strawberry.Parent[Run], first: First = MAX_PAGE, offset: int = 0
    ) -> list[AxisCell]:
        """The cells of the run in order, from `offset` on."""
        return AxisCell.page(row.pk, first, offset)

    @graph_field(sized(), cost(DRILL_DOWN))
    def cube(
        self,
        info: Info,
        row: strawberry.Parent[Run],
        node: str | None = None,
        by: list[Dimension] | None = None,
        measures: list[str] | None = None,
        scenarios: list[str] | None = None,
        currency: str | None = None,
        where: list[CubeFilter] | None = None,
        first: First = MAX_PAGE,
        after: After = None,
    ) -> Cube:
        """Totals under a node (the run's own without one), split by dimensions.

        Without `by` one row, the total; by PORTFOLIO one row per child of the node. Without
        measures all that add, without scenarios all of the run.
        """
        return cube.resolve(
            info,
            row.pk,
            row.tree_id,
            node=node,
            by=by or [],
            measures=measures,
            scenarios=scenarios,
            currency=currency,
            where=where,
            first=first,
            after=after,
        )

    @graph_field(cost(REVALUE))
    def compare(
        self,
        info: Info,
        row: strawberry.Parent[Run],
        to: strawberry.ID,
        node: str | None = None,
        measures: list[str] | None = None,
    ) -> RunComparison:
        """What changed from this run to another: without measures PV and DV01, on BASE.

        Positions are valued again on the way: at most 5,000 under the node.
        """
        other = by_pk(info.context).get(number(to, "to"))
        return compare.resolve(info, row, cast("Run | None", other), node=node, measures=measures)

    @graph_field(sized(), cost(DRILL_DOWN))
    def positions(
        self,
        info: Info,
        row: strawberry.Parent[Run],
        node: str | None = None,
        where: PositionWhere | None = None,
        order_by: PositionOrder | None = None,
        measures: list[str] | None = None,
        scenarios: list[str] | None = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> PositionPage:
        """A page of the positions under a node. Without measures PV, without scenarios BASE."""
        return position.resolve_page(
            info,
            row.pk,
            row.tree_id,
            node=node,
            where=where,
            order_by=order_by,
            measures=measures,
            scenarios=scenarios,
            first=first,
            after=after,
        )

    @graph_field(cost(DRILL_DOWN))
    def risk(
        self,
        info: Info,
        row: strawberry.Parent[Run],
        node: str | None = None,
        level: int = 9_900,
        horizon: int | None = None,
    ) -> NodeRisk:
        """VaR and expected shortfall of a node (the run's own without one) and its ladders.

        `level` in basis points: 9500, 9750 or 9900; `horizon` in days of the history, the
        scenario set's own without one. The whole of the node must be granted.
        """
        return risk.resolve(info, row.pk, row.tree_id, node=node, level=level, horizon=horizon)

    @graph_field(sized("keys", "exposures", "shares"), cost(DRILL_DOWN))
    def concentration(
        self,
        info: Info,
        row: strawberry.Parent[Run],
        by: ConcentrationBy,
        node: str | None = None,
        measure: str = "PV",
        obligors: ObligorAssumption | None = None,
        first: First = DEFAULT_PAGE,
    ) -> Concentration:
        """How much of a measure at BASE stands with few, under a node, by one key.

        With `obligors` the granularity adjustment, where the keys are obligors or groups.
        """
        return concentration.resolve(
            info,
            row.pk,
            row.tree_id,
            by=by,
            node=node,
            measure=measure,
            first=first,
            obligors=obligors,
        )

    @graph_field(cost(DRILL_DOWN))
    def ladder(
        self,
        info: Info,
        row: strawberry.Parent[Run],
        node: str | None = None,
        scenario: str = "BASE",
    ) -> Ladder:
        """Cash flow by bucket under a node, in a run that was asked for `cashflows`."""
        return ladder.resolve(info, row.pk, row.tree_id, node=node, scenario=scenario)

    @graph_field(cost(DRILL_DOWN))
    def duration_bridge(
        self,
        info: Info,
        row: strawberry.Parent[Run],
        node: str | None = None,
        scenario: str = "BASE",
    ) -> DurationBridge:
        """From opening to closing duration over the run's horizon, if it was asked for one."""
        return ladder.resolve_bridge(info, row.pk, row.tree_id, node=node, scenario=scenario)

    @graph_field(cost(DRILL_DOWN))
    def position(self, info: Info, row: strawberry.Parent[Run], id: str) -> RunPosition | None:
        """One position by its id; null when there is none or it is not granted."""
        return position.resolve_one(info, row, id)

    @graph_field(CONNECTION, cost(READ))
    def tasks(
        self,
        info: Info,
        row: strawberry.Parent[Run],
        first: First = DEFAULT_PAGE,
        after: After = None,
        status: TaskStatus | None = None,
    ) -> Connection[RunTaskType]:
        """The tasks in the order they were made, when the whole of the run is granted."""
        return task.resolve(info, row, first=first, after=after, status=status)

    @graph_field(CONNECTION, cost(READ))
    def breaks(
        self,
        info: Info,
        row: strawberry.Parent[Run],
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[RunBreakType]:
        """Differences the run leaves to explain; those of the whole run need the whole granted."""
        return breaks.resolve(info, row, first=first, after=after)

    @strawberry.field
    def publication(self, info: Info, row: strawberry.Parent[Run]) -> PublicationType | None:
        """The seal, once the run is published."""
        return publication.by_run(info.context).get(row.pk)

    @classmethod
    def of(cls, row: Run, context: Context) -> Self:
        """Return a row as its type, and announce what its fields may ask for."""
        by_run(context).announce([row.pk])
        publication.by_run(context).announce([row.pk])
        node.by_number(context).announce([(row.tree_id, row.node)])
        whole.by_node(context).announce([(row.tree_id, row.node)])
        snapshot.by_pk(context).announce([row.position_snapshot_id])
        marketdata.by_pk(context).announce([row.marketdata_snapshot_id])
        scenario.sets_by_pk(context).announce([row.scenario_set_id])
        return cast("Self", row)

    @classmethod
    def references(cls, info: Info, representations: list[Representation]) -> list[Self | None]:
        """Return the entities a gateway names, in one statement."""
        ids = [number(str(each.get("id")), "id") for each in representations]
        rows = visible(info.context).filter(pk__in=ids)
        found = {row.pk: cls.of(row, info.context) for row in rows}
        return [found.get(each) for each in ids]


def visible(context: Context) -> QuerySet[Run]:
    """Return the runs in which the user may see something."""
    codes = context.sight.codes
    if codes is None:
        return runs.runs()
    return runs.runs().filter(grants.touches_a_grant(codes, tree="tree_id", node="node"))


def by_pk(context: Context) -> Batch[int, RunType]:
    """Return the request's visible runs by id."""

    def load(keys: list[int]) -> dict[int, RunType]:
        rows = visible(context).filter(pk__in=keys)
        return {row.pk: RunType.of(row, context) for row in rows}

    return context.batches.of("run", load)


@root_type
class RunQuery:
    """Runs and their results."""

    @root_field()
    def run(self, info: Info, id: strawberry.ID) -> RunType | None:
        """The run of this id; null when there is none or the user sees nothing of it."""
        return by_pk(info.context).get(number(id, "id"))

    @root_field(CONNECTION)
    def runs(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        status: RunStatus | None = None,
    ) -> Connection[RunType]:
        """Runs, the latest first."""
        rows = visible(info.context)
        if status is not None:
            rows = rows.filter(status=status)
        return page(
            rows,
            lambda row: RunType.of(row, info.context),
            key="run_id",
            first=first,
            after=after,
            descending=True,
        )
