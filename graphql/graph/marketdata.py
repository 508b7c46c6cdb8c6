"""Market snapshots: the curves, spreads and FX of one day, sealed."""

from __future__ import annotations

import datetime as dt
from typing import Self, cast

import strawberry
from django.db.models import QuerySet
from strawberry import auto
from strawberry.scalars import JSON

from apps.marketdata.models import MarketDataSnapshot
from graph.batch import Batch
from graph.context import Context, Info
from graph.declare import (
    DEFAULT_PAGE,
    cost,
    graph_field,
    hex_field,
    model_type,
    root_field,
    root_type,
)
from graph.documents import document
from graph.federation import Representation
from graph.paging import CONNECTION, After, Connection, First, number, page


@model_type(MarketDataSnapshot, name="MarketDataSnapshot", keys=["id"])
class MarketDataSnapshotType:
    """A market as of one day, under the hash of its content."""

    id: auto
    name: auto
    as_of: auto
    content_hash: str = hex_field("content_hash")
    source: auto
    recorded_at: auto

    @graph_field(cost(100))
    def document(self, info: Info, row: strawberry.Parent[MarketDataSnapshot]) -> JSON:
        """The whole market: the canonical text that was hashed, decimals as strings."""
        return document(_documents(info.context).get(row.pk) or "null")

    @classmethod
    def of(cls, row: MarketDataSnapshot, context: Context) -> Self:
        """Return a row as its type, and announce what its fields may ask for."""
        _documents(context).announce([row.pk])
        return cast("Self", row)

    @classmethod
    def references(cls, info: Info, representations: list[Representation]) -> list[Self | None]:
        """Return the entities a gateway names, in one statement."""
        ids = [number(str(each.get("id")), "id") for each in representations]
        found = {row.pk: cls.of(row, info.context) for row in headers().filter(pk__in=ids)}
        return [found.get(each) for each in ids]


def headers() -> QuerySet[MarketDataSnapshot]:
    """Return the snapshots without their documents, which are large."""
    return MarketDataSnapshot.objects.defer("document", "document_json")


def by_pk(context: Context) -> Batch[int, MarketDataSnapshotType]:
    """Return the request's market snapshots by id."""

    def load(keys: list[int]) -> dict[int, MarketDataSnapshotType]:
        rows = headers().filter(pk__in=keys)
        return {row.pk: MarketDataSnapshotType.of(row, context) for row in rows}

    return context.batches.of("market snapshot", load)


def _documents(context: Context) -> Batch[int, str]:
    def load(keys: list[int]) -> dict[int, str]:
        return dict(MarketDataSnapshot.objects.filter(pk__in=keys).values_list("pk", "document"))

    return context.batches.of("market document", load)


@root_type
class MarketDataQuery:
    """Market snapshots."""

    @root_field()
    def market_data_snapshot(self, info: Info, id: strawberry.ID) -> MarketDataSnapshotType | None:
        """The market snapshot of this id."""
        return by_pk(info.context).get(number(id, "id"))

    @root_field(CONNECTION)
    def market_data_snapshots(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        as_of: dt.date | None = None,
    ) -> Connection[MarketDataSnapshotType]:
        """Market snapshots, the latest recorded first."""
        rows = headers()
        if as_of is not None:
            rows = rows.filter(as_of=as_of)
        return page(
            rows,
            lambda row: MarketDataSnapshotType.of(row, info.context),
            key="id",
            first=first,
            after=after,
            descending=True,
        )
