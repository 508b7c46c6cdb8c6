"""Counterparties: the legal persons behind positions."""

from __future__ import annotations

from typing import Self

import strawberry

from apps.instrument.models import Counterparty
from graph.batch import Batch
from graph.context import Context, Info
from graph.declare import DEFAULT_PAGE, object_type, root_field, root_type
from graph.enums import CounterpartyKind
from graph.federation import Representation
from graph.paging import CONNECTION, After, Connection, First, page
from graph.scalars import DecimalText


@object_type(keys=["code"], name="Counterparty")
class CounterpartyType:
    """A legal person we deal with or hold a claim on."""

    code: str
    legal_name: str
    lei: str
    kind: CounterpartyKind
    connected_group: str
    country_of_risk: str
    country_of_incorporation: str
    sector_scheme: str
    sector: str
    rating: str
    default_status: str
    turnover: DecimalText | None
    total_assets: DecimalText | None
    parent_pk: strawberry.Private[int | None]

    @strawberry.field
    def parent(self, info: Info) -> CounterpartyType | None:
        """The counterparty that owns this one."""
        if self.parent_pk is None:
            return None
        return by_pk(info.context).get(self.parent_pk)

    @classmethod
    def of(cls, row: Counterparty, context: Context) -> Self:
        """Return the type of a row, and announce what its fields may ask for."""
        if row.parent_id is not None:
            by_pk(context).announce([row.parent_id])
        return cls(
            code=row.code,
            legal_name=row.legal_name,
            lei=row.lei,
            kind=CounterpartyKind(row.kind),
            connected_group=row.connected_group,
            country_of_risk=row.country_of_risk,
            country_of_incorporation=row.country_of_incorporation,
            sector_scheme=row.sector_scheme,
            sector=row.sector,
            rating=row.rating,
            default_status=row.default_status,
            turnover=_amount(row.turnover),
            total_assets=_amount(row.total_assets),
            parent_pk=row.parent_id,
        )

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


def _amount(value: object) -> DecimalText | None:
    return None if value is None else DecimalText(format(value, "f"))
