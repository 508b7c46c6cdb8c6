"""Counterparties, instruments and pricing models on the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest

from apps.access.desk import ReadOnly, Refused, Steward
from apps.instrument import adapters, selectors, services
from apps.instrument.models import (
    Counterparty,
    CounterpartyVersion,
    Facility,
    FacilityVersion,
    Instrument,
    InstrumentTerms,
    PricingModel,
)
from foundation.hashing import decimal_text

_AMOUNTS = ("turnover", "total_assets")
_FIELDS = (
    "code",
    "legal_name",
    "lei",
    "kind",
    "connected_group",
    "connected_basis",
    "country_of_risk",
    "country_of_incorporation",
    "sector_scheme",
    "sector",
    "rating",
    "scra_grade",
    "default_status",
)


@admin.register(Counterparty)
class CounterpartyAdmin(Steward):
    """Counterparties; each content that is saved becomes a sealed version."""

    list_display = ("code", "legal_name", "kind", "rating", "sector", "country_of_risk", "parent")
    list_filter = ("kind", "rating", "sector")
    list_select_related = ("parent",)
    search_fields = ("code", "legal_name", "lei")
    autocomplete_fields = ("parent",)

    def write(self, obj: Counterparty) -> None:
        """Hand the whole content to the service."""
        row: dict[str, Any] = {name: getattr(obj, name) or None for name in _FIELDS}
        for name in _AMOUNTS:
            amount = getattr(obj, name)
            row[name] = None if amount is None else decimal_text(amount)
        row["investment_grade"] = obj.investment_grade
        row["parent"] = obj.parent.code if obj.parent else None
        _check_circle(obj)
        services.write_counterparties(
            [{name: value for name, value in row.items() if value is not None}]
        )


@admin.register(CounterpartyVersion)
class CounterpartyVersionAdmin(ReadOnly):
    """What counterparties were; runs name these."""

    list_display = ("id", "counterparty", "hash", "recorded_at")
    list_select_related = ("counterparty",)
    search_fields = ("counterparty__code",)
    fields = ("counterparty", "hash", "document", "recorded_at")
    readonly_fields = ("hash",)

    @admin.display(description="sha256")
    def hash(self, obj: CounterpartyVersion) -> str:
        """The content hash in hexadecimal."""
        return bytes(obj.content_hash).hex()


_FACILITY_FIELDS = ("code", "name", "kind", "currency", "seniority")
_FACILITY_AMOUNTS = ("commitment", "total_facility_amount")
_FACILITY_DATES = ("agreement_date", "effective_date", "availability_end", "maturity_date")


@admin.register(Facility)
class FacilityAdmin(Steward):
    """Facilities; each content that is saved becomes a sealed version.

    Fees, rate options and what else has parts come in by file and are shown.
    """

    list_display = ("code", "obligor", "kind", "currency", "commitment", "maturity_date", "parent")
    list_filter = ("kind", "currency")
    list_select_related = ("obligor", "parent")
    search_fields = ("code", "name", "obligor__code", "obligor__legal_name")
    autocomplete_fields = ("obligor", "parent")
    readonly_fields = ("details",)
    fixed = ("code", "currency")

    def write(self, obj: Facility) -> None:
        """Hand the whole content to the service."""
        row: dict[str, Any] = {name: getattr(obj, name) or None for name in _FACILITY_FIELDS}
        for name in _FACILITY_AMOUNTS:
            amount = getattr(obj, name)
            row[name] = None if amount is None else decimal_text(amount)
        for name in _FACILITY_DATES:
            day = getattr(obj, name)
            row[name] = None if day is None else day.isoformat()
        row |= {
            "obligor": obj.obligor.code,
            "parent": obj.parent.code if obj.parent else None,
            "secured": obj.secured,
            "unconditionally_cancellable": obj.unconditionally_cancellable,
            **obj.details,
        }
        _check_facility(obj)
        services.write_facilities(
            [{name: value for name, value in row.items() if value is not None}]
        )


@admin.register(FacilityVersion)
class FacilityVersionAdmin(ReadOnly):
    """What facilities were; position snapshots pin these."""

    list_display = ("id", "facility", "hash", "recorded_at")
    list_select_related = ("facility",)
    search_fields = ("facility__code",)
    fields = ("facility", "hash", "document", "recorded_at")
    readonly_fields = ("hash",)

    @admin.display(description="sha256")
    def hash(self, obj: FacilityVersion) -> str:
        """The content hash in hexadecimal."""
        return bytes(obj.content_hash).hex()


@admin.register(Instrument)
class InstrumentAdmin(Steward):
    """Instruments. Terms come in by file; what stands beside them is edited here."""

    list_display = ("code", "name", "product_type", "currency", "isin", "issuer")
    list_filter = ("product_type", "currency")
    list_select_related = ("issuer",)
    search_fields = ("code", "name", "isin", "cusip")
    autocomplete_fields = ("issuer",)
    fixed = ("code", "product_type", "currency", "current_terms")
    fields = (
        "code",
        "product_type",
        "currency",
        "current_terms",
        "name",
        "isin",
        "cusip",
        "issuer",
        "reason",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An instrument without terms cannot be priced: it comes in by file."""
        return False

    def write(self, obj: Instrument) -> None:
        """Hand the instrument with its present terms to the service."""
        if obj.current_terms_id is None:
            raise Refused(f"{obj.code} has no terms")
        with connection.cursor() as cursor:
            (document,) = selectors.terms_documents(cursor, [obj.current_terms_id]).values()
        services.write_instruments(
            [
                services.InstrumentContent(
                    code=obj.code,
                    product_type=obj.product_type,
                    currency=obj.currency,
                    terms=document["terms"],
                    name=obj.name,
                    isin=obj.isin,
                    cusip=obj.cusip,
                    issuer=obj.issuer.code if obj.issuer else None,
                )
            ]
        )


@admin.register(InstrumentTerms)
class InstrumentTermsAdmin(ReadOnly):
    """What contracts said; runs name these."""

    list_display = ("id", "instrument", "hash", "recorded_at")
    list_select_related = ("instrument",)
    search_fields = ("instrument__code",)
    fields = ("instrument", "hash", "document", "recorded_at")
    readonly_fields = ("hash",)

    @admin.display(description="sha256")
    def hash(self, obj: InstrumentTerms) -> str:
        """The content hash in hexadecimal."""
        return bytes(obj.content_hash).hex()


@admin.register(PricingModel)
class PricingModelAdmin(Steward):
    """The inventory of models: what prices a product, who validated it, within which limits."""

    list_display = ("code", "version", "product_type", "status", "owner", "validated_on")
    list_filter = ("status", "product_type")
    search_fields = ("code", "owner")
    fixed = ("code", "version")


def _check_facility(obj: Facility) -> None:
    """Refuse what an import would refuse: a currency, dates, amounts or a parent that cannot be."""
    if not adapters.is_currency(obj.currency):
        raise Refused(f"{obj.currency} is no currency of ISO 4217")
    days = [day for name in _FACILITY_DATES if (day := getattr(obj, name)) is not None]
    if days != sorted(days):
        raise Refused("the dates of the facility are not in order")
    if obj.total_facility_amount is not None and obj.total_facility_amount < obj.commitment:
        raise Refused("the commitment is more than the whole facility")
    if obj.parent is None:
        return
    if obj.parent.currency == obj.currency and obj.commitment > obj.parent.commitment:
        raise Refused(f"the sublimit is more than the commitment of {obj.parent.code}")
    with connection.cursor() as cursor:
        facts = selectors.facility_facts(cursor)
    above: str | None = obj.parent.code
    seen: set[str] = set()
    while above is not None and above not in seen:
        if above == obj.code:
            raise Refused(f"{obj.code} would be its own parent")
        seen.add(above)
        above = facts[above].parent if above in facts else None


def _check_circle(obj: Counterparty) -> None:
    """Refuse a parent that has the counterparty above itself."""
    with connection.cursor() as cursor:
        parents = selectors.counterparty_parents(cursor)
    above = obj.parent.code if obj.parent else None
    seen: set[str] = set()
    while above is not None and above not in seen:
        if above == obj.code:
            raise Refused(f"{obj.code} would be its own parent")
        seen.add(above)
        above = parents.get(above)
