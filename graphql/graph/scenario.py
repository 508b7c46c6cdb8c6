"""Scenarios and ordered sets of them, sealed."""

from __future__ import annotations

from collections import defaultdict
from typing import Self, cast

import strawberry
from django.db.models import QuerySet
from strawberry import auto
from strawberry.scalars import JSON

from apps.scenario.models import Scenario, ScenarioSet, ScenarioSetMember
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
    sized,
)
from graph.documents import document
from graph.federation import Representation
from graph.paging import CONNECTION, After, Connection, First, check_first, number, page


@model_type(Scenario, name="Scenario", keys=["id"])
class ScenarioType:
    """A declared change of the market. A code may have several versions; a run pins one."""

    id: auto
    code: auto
    name: auto
    kind: auto
    content_hash: str = hex_field("content_hash")
    recorded_at: auto

    @graph_field(cost(5))
    def document(self, info: Info, row: strawberry.Parent[Scenario]) -> JSON:
        """The shocks: the canonical text that was hashed, decimals as strings."""
        return document(_documents(info.context).get(row.pk) or "null")

    @classmethod
    def of(cls, row: Scenario, context: Context) -> Self:
        """Return a row as its type, and announce what its fields may ask for."""
        _documents(context).announce([row.pk])
        return cast("Self", row)

    @classmethod
    def references(cls, info: Info, representations: list[Representation]) -> list[Self | None]:
        """Return the entities a gateway names, in one statement."""
        ids = [number(str(each.get("id")), "id") for each in representations]
        found = {row.pk: cls.of(row, info.context) for row in headers().filter(pk__in=ids)}
        return [found.get(each) for each in ids]


@model_type(ScenarioSet, name="ScenarioSet", keys=["id"])
class ScenarioSetType:
    """An ordered set of scenarios, BASE first."""

    id: auto
    code: auto
    name: auto
    content_hash: str = hex_field("content_hash")
    scenario_count: auto
    recorded_at: auto

    @graph_field(sized())
    def scenarios(
        self, info: Info, row: strawberry.Parent[ScenarioSet], first: First = DEFAULT_PAGE
    ) -> list[ScenarioType]:
        """The first scenarios of the set, in its order."""
        check_first(first)
        found = _members(info.context).get(row.pk) or []
        return found[:first]

    @classmethod
    def of(cls, row: ScenarioSet, context: Context) -> Self:
        """Return a row as its type, and announce what its fields may ask for."""
        _members(context).announce([row.pk])
        return cast("Self", row)

    @classmethod
    def references(cls, info: Info, representations: list[Representation]) -> list[Self | None]:
        """Return the entities a gateway names, in one statement."""
        ids = [number(str(each.get("id")), "id") for each in representations]
        rows = ScenarioSet.objects.filter(pk__in=ids)
        found = {row.pk: cls.of(row, info.context) for row in rows}
        return [found.get(each) for each in ids]


def headers() -> QuerySet[Scenario]:
    """Return the scenarios without their documents."""
    return Scenario.objects.defer("document", "document_json")


def sets_by_pk(context: Context) -> Batch[int, ScenarioSetType]:
    """Return the request's scenario sets by id."""

    def load(keys: list[int]) -> dict[int, ScenarioSetType]:
        rows = ScenarioSet.objects.filter(pk__in=keys)
        return {row.pk: ScenarioSetType.of(row, context) for row in rows}

    return context.batches.of("scenario set", load)


def _members(context: Context) -> Batch[int, list[ScenarioType]]:
    def load(keys: list[int]) -> dict[int, list[ScenarioType]]:
        found: dict[int, list[ScenarioType]] = defaultdict(list)
        rows = (
            ScenarioSetMember.objects.filter(scenario_set_id__in=keys)
            .select_related("scenario")
            .defer("scenario__document", "scenario__document_json")
            .order_by("scenario_set_id", "ordinal")
        )
        for row in rows:
            found[row.scenario_set_id].append(ScenarioType.of(row.scenario, context))
        return found

    return context.batches.of("scenario set members", load)


def _documents(context: Context) -> Batch[int, str]:
    def load(keys: list[int]) -> dict[int, str]:
        return dict(Scenario.objects.filter(pk__in=keys).values_list("pk", "document"))

    return context.batches.of("scenario document", load)


@root_type
class ScenarioQuery:
    """Scenarios and scenario sets."""

    @root_field()
    def scenario(self, info: Info, id: strawberry.ID) -> ScenarioType | None:
        """The scenario of this id."""
        row = headers().filter(pk=number(id, "id")).first()
        return ScenarioType.of(row, info.context) if row else None

    @root_field(CONNECTION)
    def scenarios(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None, code: str | None = None
    ) -> Connection[ScenarioType]:
        """Scenarios in all their versions, the latest recorded first."""
        rows = headers()
        if code is not None:
            rows = rows.filter(code=code)
        return page(
            rows,
            lambda row: ScenarioType.of(row, info.context),
            key="id",
            first=first,
            after=after,
            descending=True,
        )

    @root_field()
    def scenario_set(self, info: Info, id: strawberry.ID) -> ScenarioSetType | None:
        """The scenario set of this id."""
        return sets_by_pk(info.context).get(number(id, "id"))

    @root_field(CONNECTION)
    def scenario_sets(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None, code: str | None = None
    ) -> Connection[ScenarioSetType]:
        """Scenario sets in all their versions, the latest recorded first."""
        rows = ScenarioSet.objects.all()
        if code is not None:
            rows = rows.filter(code=code)
        return page(
            rows,
            lambda row: ScenarioSetType.of(row, info.context),
            key="id",
            first=first,
            after=after,
            descending=True,
        )
