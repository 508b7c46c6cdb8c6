"""Position snapshots: the book of one day, sealed."""

from __future__ import annotations

import datetime as dt
from typing import Self, cast

import strawberry
from django.db.models import QuerySet
from strawberry import auto

from apps.portfolio.models import PositionSnapshot
from graph.batch import Batch
from graph.context import Context, Info
from graph.declare import DEFAULT_PAGE, hex_field, model_type, root_field, root_type
from graph.federation import Representation
from graph.paging import CONNECTION, After, Connection, First, number, page


@model_type(PositionSnapshot, name="PositionSnapshot", keys=["id"])
class PositionSnapshotType:
    """A book of positions as of one day, under the hash of its content."""

    id: auto
    name: auto
    as_of: auto
    content_hash: str = hex_field("content_hash")
    position_count: auto
    source: auto
    recorded_at: auto

    @classmethod
    def of(cls, row: PositionSnapshot) -> Self:
        """Return a row as its type."""
        return cast("Self", row)

    @classmethod
    def references(cls, info: Info, representations: list[Representation]) -> list[Self | None]:
        """Return the entities a gateway names, in one statement."""
        ids = [number(str(each.get("id")), "id") for each in representations]
        found = {row.pk: cls.of(row) for row in headers().filter(pk__in=ids)}
        return [found.get(each) for each in ids]


def headers() -> QuerySet[PositionSnapshot]:
    """Return the snapshots without their tables of names, which are large."""
    return PositionSnapshot.objects.defer("names", "dimensions", "control")


def by_pk(context: Context) -> Batch[int, PositionSnapshotType]:
    """Return the request's position snapshots by id."""

    def load(keys: list[int]) -> dict[int, PositionSnapshotType]:
        return {row.pk: PositionSnapshotType.of(row) for row in headers().filter(pk__in=keys)}

    return context.batches.of("position snapshot", load)


@root_type
class SnapshotQuery:
    """Position snapshots. Their positions are read through a run, under the user's grants."""

    @root_field()
    def position_snapshot(self, info: Info, id: strawberry.ID) -> PositionSnapshotType | None:
        """The position snapshot of this id."""
        return by_pk(info.context).get(number(id, "id"))

    @root_field(CONNECTION)
    def position_snapshots(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        as_of: dt.date | None = None,
    ) -> Connection[PositionSnapshotType]:
        """Position snapshots, the latest recorded first."""
        rows = headers()
        if as_of is not None:
            rows = rows.filter(as_of=as_of)
        return page(
            rows, PositionSnapshotType.of, key="id", first=first, after=after, descending=True
        )
