"""Instruments and the versions of their terms."""

from __future__ import annotations

from typing import Self, cast

import strawberry
from strawberry import auto
from strawberry.scalars import JSON

from apps.instrument.models import Instrument, InstrumentTerms
from graph import counterparty
from graph.batch import Batch
from graph.context import Context, Info
from graph.counterparty import CounterpartyType
from graph.declare import DEFAULT_PAGE, hex_field, model_type, root_field, root_type
from graph.documents import document
from graph.enums import ProductType
from graph.federation import Representation
from graph.paging import CONNECTION, After, Connection, First, page


@model_type(InstrumentTerms, name="InstrumentTerms")
class InstrumentTermsType:
    """What a contract says, as amended up to some day: a sealed version."""

    content_hash: str = hex_field("content_hash")
    recorded_at: auto

    @strawberry.field
    def document(self, row: strawberry.Parent[InstrumentTerms]) -> JSON:
        """The terms: the canonical text that was hashed, as JSON with decimals as strings."""
        return document(row.document)

    @classmethod
    def of(cls, row: InstrumentTerms) -> Self:
        """Return a row as its type."""
        return cast("Self", row)


@model_type(Instrument, name="Instrument", keys=["code"])
class InstrumentType:
    """A contract that positions are held in."""

    code: auto
    name: auto
    product_type: ProductType
    currency: auto
    isin: auto
    cusip: auto

    @strawberry.field
    def issuer(self, info: Info, row: strawberry.Parent[Instrument]) -> CounterpartyType | None:
        """Who owes what the contract promises."""
        if row.issuer_id is None:
            return None
        return counterparty.by_pk(info.context).get(row.issuer_id)

    @strawberry.field
    def current_terms(
        self, info: Info, row: strawberry.Parent[Instrument]
    ) -> InstrumentTermsType | None:
        """The terms in force. A run names the version it used with each position."""
        if row.current_terms_id is None:
            return None
        return _terms(info.context).get(row.current_terms_id)

    @classmethod
    def of(cls, row: Instrument, context: Context) -> Self:
        """Return a row as its type, and announce what its fields may ask for."""
        if row.issuer_id is not None:
            counterparty.by_pk(context).announce([row.issuer_id])
        if row.current_terms_id is not None:
            _terms(context).announce([row.current_terms_id])
        return cast("Self", row)

    @classmethod
    def references(cls, info: Info, representations: list[Representation]) -> list[Self | None]:
        """Return the entities a gateway names, in one statement."""
        codes = [str(each.get("code")) for each in representations]
        rows = Instrument.objects.filter(code__in=codes)
        found = {row.code: cls.of(row, info.context) for row in rows}
        return [found.get(code) for code in codes]


def by_code(context: Context) -> Batch[str, InstrumentType]:
    """Return the request's instruments by code."""

    def load(keys: list[str]) -> dict[str, InstrumentType]:
        rows = Instrument.objects.filter(code__in=keys)
        return {row.code: InstrumentType.of(row, context) for row in rows}

    return context.batches.of("instrument", load)


def _terms(context: Context) -> Batch[int, InstrumentTermsType]:
    def load(keys: list[int]) -> dict[int, InstrumentTermsType]:
        rows = InstrumentTerms.objects.filter(pk__in=keys)
        return {row.pk: InstrumentTermsType.of(row) for row in rows}

    return context.batches.of("instrument terms", load)


@root_type
class InstrumentQuery:
    """Instruments of the reference data."""

    @root_field()
    def instrument(self, info: Info, code: str) -> InstrumentType | None:
        """The instrument of this code as stewards know it today."""
        return by_code(info.context).get(code)

    @root_field(CONNECTION)
    def instruments(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        product_type: ProductType | None = None,
        currency: str | None = None,
    ) -> Connection[InstrumentType]:
        """Instruments in order of their codes."""
        rows = Instrument.objects.all()
        if product_type is not None:
            rows = rows.filter(product_type=product_type)
        if currency is not None:
            rows = rows.filter(currency=currency)
        return page(
            rows,
            lambda row: InstrumentType.of(row, info.context),
            key="code",
            first=first,
            after=after,
        )
