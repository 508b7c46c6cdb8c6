"""The seal of a published run."""

from __future__ import annotations

import datetime as dt
from typing import Self

import strawberry
from strawberry.scalars import JSON

from apps.publication.models import PublishedRun
from graph.batch import Batch
from graph.context import Context
from graph.declare import cost, graph_field, object_type
from graph.documents import document


@object_type(name="Publication")
class PublicationType:
    """Who published a run, when and why, under which hashes. It never changes."""

    published_by: str
    published_at: dt.datetime
    reason: str
    manifest_hash: str
    root_hash: str
    supersedes_run: strawberry.ID | None
    text: strawberry.Private[str]

    @graph_field(cost(50))
    def manifest(self) -> JSON:
        """What was sealed: inputs, engine, parameters, libraries and leaf hashes."""
        return document(self.text)

    @classmethod
    def of(cls, row: PublishedRun) -> Self:
        """Return the type of a row."""
        earlier = row.supersedes
        return cls(
            published_by=row.published_by,
            published_at=row.published_at,
            reason=row.reason,
            manifest_hash=bytes(row.manifest_hash).hex(),
            root_hash=bytes(row.root_hash).hex(),
            supersedes_run=strawberry.ID(str(earlier.run_id)) if earlier else None,
            text=row.manifest,
        )


def by_run(context: Context) -> Batch[int, PublicationType]:
    """Return the request's publications by run."""

    def load(keys: list[int]) -> dict[int, PublicationType]:
        rows = PublishedRun.objects.filter(run_id__in=keys).select_related("supersedes")
        return {row.run_id: PublicationType.of(row) for row in rows}

    return context.batches.of("publication", load)
