"""The seal of a published run."""

from __future__ import annotations

from typing import Self, cast

import strawberry
from strawberry import auto
from strawberry.scalars import JSON

from apps.publication.models import PublishedRun
from graph.batch import Batch
from graph.context import Context
from graph.declare import cost, graph_field, hex_field, model_type
from graph.documents import document


@model_type(PublishedRun, name="Publication")
class PublicationType:
    """Who published a run, when and why, under which hashes. It never changes."""

    published_by: auto
    published_at: auto
    reason: auto
    manifest_hash: str = hex_field("manifest_hash")
    root_hash: str = hex_field("root_hash")

    @strawberry.field
    def supersedes_run(self, row: strawberry.Parent[PublishedRun]) -> strawberry.ID | None:
        """The published run that this one replaces."""
        return strawberry.ID(str(row.supersedes.run_id)) if row.supersedes else None

    @graph_field(cost(50))
    def manifest(self, row: strawberry.Parent[PublishedRun]) -> JSON:
        """What was sealed: inputs, engine, parameters, libraries and leaf hashes."""
        return document(row.manifest)

    @classmethod
    def of(cls, row: PublishedRun) -> Self:
        """Return a row as its type."""
        return cast("Self", row)


def by_run(context: Context) -> Batch[int, PublicationType]:
    """Return the request's publications by run."""

    def load(keys: list[int]) -> dict[int, PublicationType]:
        rows = PublishedRun.objects.filter(run_id__in=keys).select_related("supersedes")
        return {row.run_id: PublicationType.of(row) for row in rows}

    return context.batches.of("publication", load)
