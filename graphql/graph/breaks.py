"""Breaks: differences a run leaves for a person to explain or mend."""

from __future__ import annotations

from typing import Self, cast

from django.db.models import Exists, OuterRef, QuerySet
from strawberry import auto

from apps.portfolio.models import PortfolioClosure, Position
from apps.run.models import Run, RunBreak
from graph import whole
from graph.context import Info
from graph.declare import model_type
from graph.enums import BreakStatus
from graph.paging import Connection, page


@model_type(RunBreak, name="RunBreak")
class RunBreakType:
    """A rule that did not hold, where, and what became of it."""

    id: auto
    rule: auto
    position: auto
    field: auto
    expected: auto
    found: auto
    status: BreakStatus
    owner: auto
    reason: auto
    raised_at: auto
    settled_at: auto

    @classmethod
    def of(cls, row: RunBreak) -> Self:
        """Return a row as its type."""
        return cast("Self", row)


def resolve(info: Info, run: Run, *, first: int, after: str | None) -> Connection[RunBreakType]:
    """Return a page of a run's breaks that the user may see."""
    return page(_visible(info, run), RunBreakType.of, key="id", first=first, after=after)


def _visible(info: Info, run: Run) -> QuerySet[RunBreak]:
    rows = RunBreak.objects.filter(run=run)
    granted = info.context.sight.nodes(run.tree_id)
    if granted is None or whole.by_node(info.context).get((run.tree_id, run.node)):
        return rows
    books = PortfolioClosure.objects.filter(tree_id=run.tree_id, ancestor__in=granted)
    return rows.filter(
        Exists(
            Position.objects.filter(
                snapshot_id=run.position_snapshot_id,
                ordinal=OuterRef("position"),
                book__in=books.values("descendant"),
            )
        )
    )
