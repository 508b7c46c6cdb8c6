"""Breaks: differences a run leaves for a person to explain or mend."""

from __future__ import annotations

import datetime as dt
from typing import Self

import strawberry
from django.db.models import Exists, OuterRef, QuerySet

from apps.portfolio.models import PortfolioClosure, Position
from apps.run.models import Run, RunBreak
from graph.context import Info
from graph.declare import object_type
from graph.enums import BreakStatus
from graph.paging import Connection, page


@object_type(name="RunBreak")
class RunBreakType:
    """A rule that did not hold, where, and what became of it."""

    id: strawberry.ID
    rule: str
    position: int | None
    field: str
    expected: str
    found: str
    status: BreakStatus
    owner: str
    reason: str
    raised_at: dt.datetime
    settled_at: dt.datetime | None

    @classmethod
    def of(cls, row: RunBreak) -> Self:
        """Return the type of a row."""
        return cls(
            id=strawberry.ID(str(row.pk)),
            rule=row.rule,
            position=row.position,
            field=row.field,
            expected=row.expected,
            found=row.found,
            status=BreakStatus(row.status),
            owner=row.owner,
            reason=row.reason,
            raised_at=row.raised_at,
            settled_at=row.settled_at,
        )


def resolve(info: Info, run: Run, *, first: int, after: str | None) -> Connection[RunBreakType]:
    """Return a page of a run's breaks that the user may see."""
    return page(_visible(info, run), RunBreakType.of, key="id", first=first, after=after)


def _visible(info: Info, run: Run) -> QuerySet[RunBreak]:
    rows = RunBreak.objects.filter(run=run)
    granted = info.context.sight.nodes(run.tree_id)
    if granted is None or info.context.sight.covers(run.tree_id, run.node):
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
