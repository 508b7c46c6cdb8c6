"""Facilities: the credit agreements that positions are drawn under."""

from __future__ import annotations

from typing import Self, cast

import strawberry
from strawberry import auto
from strawberry.scalars import JSON

from apps.instrument.models import Facility
from apps.portfolio.models import Position
from graph import counterparty
from graph.batch import Batch
from graph.context import Context, Info
from graph.counterparty import CounterpartyType
from graph.declare import DEFAULT_PAGE, model_type, root_field, root_type
from graph.enums import FacilityKind
from graph.federation import Representation
from graph.paging import CONNECTION, After, Connection, First, page


@model_type(Facility, name="Facility", keys=["code"])
class FacilityType:
    """A credit agreement with an obligor, or a sublimit of one; `commitment` is ours."""

    code: auto
    name: auto
    kind: FacilityKind
    currency: auto
    commitment: auto
    total_facility_amount: auto
    agreement_date: auto
    effective_date: auto
    availability_end: auto
    maturity_date: auto
    unconditionally_cancellable: auto
    seniority: auto
    secured: auto

    @strawberry.field
    def details(self, row: strawberry.Parent[Facility]) -> JSON:
        """Fees, rate options, elections, borrowing base and so on, as the file stated them."""
        return JSON(row.details)

    @strawberry.field
    def obligor(self, info: Info, row: strawberry.Parent[Facility]) -> CounterpartyType | None:
        """Who may draw."""
        return counterparty.by_pk(info.context).get(row.obligor_id)

    @strawberry.field
    def parent(self, info: Info, row: strawberry.Parent[Facility]) -> FacilityType | None:
        """The facility that this one is a sublimit of."""
        return None if row.parent_id is None else by_pk(info.context).get(row.parent_id)

    @classmethod
    def of(cls, row: Facility, context: Context) -> Self:
        """Return a row as its type, and announce what its fields may ask for."""
        counterparty.by_pk(context).announce([row.obligor_id])
        if row.parent_id is not None:
            by_pk(context).announce([row.parent_id])
        return cast("Self", row)

    @classmethod
    def references(cls, info: Info, representations: list[Representation]) -> list[Self | None]:
        """Return the entities a gateway names, in one statement."""
        codes = [str(each.get("code")) for each in representations]
        rows = Facility.objects.filter(code__in=codes)
        found = {row.code: cls.of(row, info.context) for row in rows}
        return [found.get(code) for code in codes]


def by_pk(context: Context) -> Batch[int, FacilityType]:
    """Return the request's facilities by primary key."""

    def load(keys: list[int]) -> dict[int, FacilityType]:
        rows = Facility.objects.filter(pk__in=keys)
        return {row.pk: FacilityType.of(row, context) for row in rows}

    return context.batches.of("facility", load)


def by_code(context: Context) -> Batch[str, FacilityType]:
    """Return the request's facilities by code."""

    def load(keys: list[str]) -> dict[str, FacilityType]:
        rows = Facility.objects.filter(code__in=keys)
        return {row.code: FacilityType.of(row, context) for row in rows}

    return context.batches.of("facility by code", load)


def drawn_under(info: Info, snapshot: int, ordinal: int) -> FacilityType | None:
    """Return the facility of a position that the user was shown already; None without one."""
    rows = Position.objects.filter(snapshot_id=snapshot, ordinal=ordinal)
    code = rows.values_list("facility", flat=True).first()
    return by_code(info.context).get(code) if code else None


@root_type
class FacilityQuery:
    """Facilities of the reference data."""

    @root_field()
    def facility(self, info: Info, code: str) -> FacilityType | None:
        """The facility of this code as stewards know it today."""
        return by_code(info.context).get(code)

    @root_field(CONNECTION)
    def facilities(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        kind: FacilityKind | None = None,
        obligor: str | None = None,
        parent: str | None = None,
    ) -> Connection[FacilityType]:
        """Facilities in order of their codes; of an obligor, or the sublimits of one, by code."""
        rows = Facility.objects.all()
        if kind is not None:
            rows = rows.filter(kind=kind)
        if obligor is not None:
            rows = rows.filter(obligor__code=obligor)
        if parent is not None:
            rows = rows.filter(parent__code=parent)
        return page(
            rows,
            lambda row: FacilityType.of(row, info.context),
            key="code",
            first=first,
            after=after,
        )
