"""Runs: what was asked, how far it has come, and the way down to one position."""

from __future__ import annotations

import datetime as dt
from typing import Self

import strawberry
from django.db.models import QuerySet
from strawberry.scalars import JSON

from apps.portfolio import grants
from apps.run import selectors as runs
from apps.run.models import Run
from graph import breaks, cube, marketdata, node, position, publication, scenario, snapshot, task
from graph.axis import AxisCell
from graph.batch import Batch
from graph.breaks import RunBreakType
from graph.context import Context, Info
from graph.cube import Cube, CubeFilter
from graph.declare import (
    DEFAULT_PAGE,
    MAX_PAGE,
    graph_field,
    object_type,
    root_field,
    root_type,
    sized,
)
from graph.documents import document
from graph.enums import Dimension, Phase, RunStatus, TaskStatus
from graph.federation import Representation
from graph.marketdata import MarketDataSnapshotType
from graph.node import TreeNode
from graph.paging import CONNECTION, After, Connection, First, number, page
from graph.position import PositionOrder, PositionPage, PositionWhere, RunPosition
from graph.progress import ProgressType, by_run
from graph.publication import PublicationType
from graph.scenario import ScenarioSetType
from graph.snapshot import PositionSnapshotType
from graph.task import RunTaskType


@object_type(keys=["id"], name="Run")
class RunType:
    """One valuation of a position snapshot on a market under a scenario set.

    `inputHash` covers everything that can change a number, `resultHash` the integer cells of all
    positions in canonical order.
    """

    row: strawberry.Private[Run]
    id: strawberry.ID
    status: RunStatus
    phase: Phase
    input_hash: str
    result_hash: str | None
    forced: bool
    valuation_date: dt.date
    cut: str
    currency: str
    engine: str
    profile: str
    position_count: int
    cell_count: int
    valued_count: int | None
    error_count: int | None
    submitted_by: str
    submitted_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    error: str

    @strawberry.field
    def request(self) -> JSON:
        """The canonical text whose sha256 is the input hash, as JSON."""
        return document(self.row.request)

    @strawberry.field
    def progress(self, info: Info) -> ProgressType:
        """The tasks by status, and the positions done in the current phase."""
        found = by_run(info.context).get(self.row.pk)
        assert found is not None
        return found

    @strawberry.field
    def node(self, info: Info) -> TreeNode | None:
        """The portfolio that was valued, in the run's version of the tree."""
        return node.by_number(info.context).get((self.row.tree_id, self.row.node))

    @strawberry.field
    def position_snapshot(self, info: Info) -> PositionSnapshotType | None:
        """The book that was valued."""
        return snapshot.by_pk(info.context).get(self.row.position_snapshot_id)

    @strawberry.field
    def market_data_snapshot(self, info: Info) -> MarketDataSnapshotType | None:
        """The market it was valued on."""
        return marketdata.by_pk(info.context).get(self.row.marketdata_snapshot_id)

    @strawberry.field
    def scenario_set(self, info: Info) -> ScenarioSetType | None:
        """The scenarios it was valued under."""
        return scenario.sets_by_pk(info.context).get(self.row.scenario_set_id)

    @graph_field(sized())
    def axis(self, first: First = MAX_PAGE, offset: int = 0) -> list[AxisCell]:
        """The cells of the run in order, from `offset` on."""
        return AxisCell.page(self.row.pk, first, offset)

    @graph_field(sized())
    def cube(
        self,
        info: Info,
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
            self.row.pk,
            self.row.tree_id,
            node=node,
            by=by or [],
            measures=measures,
            scenarios=scenarios,
            currency=currency,
            where=where,
            first=first,
            after=after,
        )

    @graph_field(sized())
    def positions(
        self,
        info: Info,
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
            self.row.pk,
            self.row.tree_id,
            node=node,
            where=where,
            order_by=order_by,
            measures=measures,
            scenarios=scenarios,
            first=first,
            after=after,
        )

    @strawberry.field
    def position(self, info: Info, id: str) -> RunPosition | None:
        """One position by its id; null when there is none or it is not granted."""
        return position.resolve_one(info, self.row, id)

    @graph_field(CONNECTION)
    def tasks(
        self,
        first: First = DEFAULT_PAGE,
        after: After = None,
        status: TaskStatus | None = None,
    ) -> Connection[RunTaskType]:
        """The tasks in the order they were made."""
        return task.resolve(self.row.pk, first=first, after=after, status=status)

    @graph_field(CONNECTION)
    def breaks(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[RunBreakType]:
        """Differences the run leaves to explain; those of the whole run need the whole granted."""
        return breaks.resolve(info, self.row, first=first, after=after)

    @strawberry.field
    def publication(self, info: Info) -> PublicationType | None:
        """The seal, once the run is published."""
        return publication.by_run(info.context).get(self.row.pk)

    @classmethod
    def of(cls, row: Run, context: Context) -> Self:
        """Return the type of a row, and announce what its fields may ask for."""
        by_run(context).announce([row.pk])
        publication.by_run(context).announce([row.pk])
        node.by_number(context).announce([(row.tree_id, row.node)])
        snapshot.by_pk(context).announce([row.position_snapshot_id])
        marketdata.by_pk(context).announce([row.marketdata_snapshot_id])
        scenario.sets_by_pk(context).announce([row.scenario_set_id])
        return cls(
            row=row,
            id=strawberry.ID(str(row.pk)),
            status=RunStatus(row.status),
            phase=Phase(row.phase),
            input_hash=bytes(row.input_hash).hex(),
            result_hash=bytes(row.result_hash).hex() if row.result_hash else None,
            forced=row.forced,
            valuation_date=row.valuation_date,
            cut=row.cut,
            currency=row.currency,
            engine=row.engine,
            profile=row.profile,
            position_count=row.position_count,
            cell_count=row.cell_count,
            valued_count=row.valued_count,
            error_count=row.error_count,
            submitted_by=row.submitted_by,
            submitted_at=row.submitted_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            error=row.error,
        )

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
