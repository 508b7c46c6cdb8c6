"""Counterparties: the legal persons behind positions."""

from __future__ import annotations

from typing import Self, cast

import strawberry
from strawberry import auto

from apps.instrument.models import Counterparty
from graph.batch import Batch
from graph.context import Context, Info
from graph.declare import DEFAULT_PAGE, model_type, root_field, root_type
from graph.enums import CounterpartyKind
from graph.federation import Representation
from graph.paging import CONNECTION, After, Connection, First, page


@model_type(Counterparty, name="Counterparty", keys=["code"])
class CounterpartyType:
    """A legal person we deal with or hold a claim on."""

    code: auto
    legal_name: auto
    lei: auto
    kind: CounterpartyKind
    connected_group: auto
    country_of_risk: auto
    country_of_incorporation: auto
    sector_scheme: auto
    sector: auto
    rating: auto
    default_status: auto
    turnover: auto
    total_assets: auto

    @strawberry.field
    def parent(self, info: Info, row: strawberry.Parent[Counterparty]) -> CounterpartyType | None:
        """The counterparty that owns this one."""
        return None if row.parent_id is None else by_pk(info.context).get(row.parent_id)

    @classmethod
    def of(cls, row: Counterparty, context: Context) -> Self:
        """Return a row as its type, and announce what its fields may ask for."""
        if row.parent_id is not None:
            by_pk(context).announce([row.parent_id])
        return cast("Self", row)

    @classmethod
    def references(cls, info: Info, representations: list[Representation]) -> list[Self | None]:
        """Return the entities a gateway names, in one statement."""
        codes = [str(each.get("code")) for each in representations]
        rows = Counterparty.objects.filter(code__in=codes)
        found = {row.code: cls.of(row, info.context) for row in rows}
        return [found.get(code) for code in codes]


def by_pk(context: Context) -> Batch[int, CounterpartyType]:
    """Return the request's counterparties by primary key."""

    def load(keys: list[int]) -> dict[int, CounterpartyType]:
        rows = Counterparty.objects.filter(pk__in=keys)
        return {row.pk: CounterpartyType.of(row, context) for row in rows}

    return context.batches.of("counterparty", load)


def by_code(context: Context) -> Batch[str, CounterpartyType]:
    """Return the request's counterparties by code."""

    def load(keys: list[str]) -> dict[str, CounterpartyType]:
        rows = Counterparty.objects.filter(code__in=keys)
        return {row.code: CounterpartyType.of(row, context) for row in rows}

    return context.batches.of("counterparty by code", load)


@root_type
class CounterpartyQuery:
    """Counterparties of the reference data."""

    @root_field()
    def counterparty(self, info: Info, code: str) -> CounterpartyType | None:
        """The counterparty of this code as stewards know it today."""
        return by_code(info.context).get(code)

    @root_field(CONNECTION)
    def counterparties(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        kind: CounterpartyKind | None = None,
        connected_group: str | None = None,
    ) -> Connection[CounterpartyType]:
        """Counterparties in order of their codes."""
        rows = Counterparty.objects.all()
        if kind is not None:
            rows = rows.filter(kind=kind)
        if connected_group is not None:
            rows = rows.filter(connected_group=connected_group)
        return page(
            rows,
            lambda row: CounterpartyType.of(row, info.context),
            key="code",
            first=first,
            after=after,
        )
