"""Writes of reference data: headers as they are now, and a sealed version of every content.

Sets are written by COPY and a handful of statements, never row by row. Callers open the
transaction and, with `pghistory.context`, say who changes what and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from foundation import hashing, sqlfiles
from foundation.textcopy import copy_text

SQL = sqlfiles.load(Path(__file__).parent / "sql")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the rows of an import."""

    created: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class InstrumentContent:
    """An instrument to be written; `terms` in the form that is hashed (adapters.normal_terms)."""

    code: str
    product_type: str
    currency: str
    terms: Mapping[str, Any]
    name: str = ""
    isin: str = ""
    cusip: str = ""
    issuer: str | None = None


_COUNTERPARTY_TEXTS = (
    "code",
    "legal_name",
    "lei",
    "kind",
    "parent",
    "connected_group",
    "connected_basis",
    "country_of_risk",
    "country_of_incorporation",
    "sector_scheme",
    "sector",
    "rating",
)


@transaction.atomic
def write_counterparties(rows: Iterable[Mapping[str, Any]]) -> Written:
    """Create or replace counterparties, a new version where the content is new.

    A row is the whole content: a field that it lacks is cleared. Parents stand among the rows or
    in the database; callers have checked that they exist and form no cycle.
    """
    return _write("counterparty", map(_counterparty_line, rows), "insert_version")


_FACILITY_DETAILS = (
    "fees",
    "rate_options",
    "elections",
    "borrowing_base",
    "interest_reserve",
    "prepayment",
    "extension_options",
    "covenants",
)
"""The parts of a facility that have parts."""


@transaction.atomic
def write_facilities(rows: Iterable[Mapping[str, Any]]) -> Written:
    """Create or replace facilities, a new version where the content is new.

    A row is the whole content: a field that it lacks is cleared. Obligors and parents exist, or
    parents stand among the rows; callers have checked that and that parents form no cycle.
    """
    return _write("facility", map(_facility_line, rows), "insert_version")


@transaction.atomic
def write_instruments(rows: Iterable[InstrumentContent]) -> Written:
    """Create or replace instruments, a new terms version where the terms are new."""
    return _write("instrument", map(_instrument_line, rows), "insert_terms")


def _write(entity: str, lines: Iterable[Sequence[Any]], insert_version: str) -> Written:
    with connection.cursor() as cursor:
        cursor.execute(SQL[f"{entity}_incoming"])
        cursor.execute(SQL[f"{entity}_empty"])
        count = copy_text(cursor, SQL[f"{entity}_copy"], lines)
        cursor.execute(SQL[f"{entity}_matched"])
        cursor.execute(SQL[f"{entity}_insert"])
        created = cursor.rowcount
        cursor.execute(SQL[f"{entity}_{insert_version}"])
        cursor.execute(SQL[f"{entity}_update"])
        changed = cursor.rowcount
        cursor.execute(SQL[f"{entity}_drop"])
    return Written(created, changed, count - created - changed)


def _counterparty_line(row: Mapping[str, Any]) -> Sequence[Any]:
    document = hashing.canonical(row)
    texts = [row.get(name) or "" for name in _COUNTERPARTY_TEXTS]
    return (
        *texts,
        row.get("turnover"),
        row.get("total_assets"),
        row.get("investment_grade"),
        row.get("scra_grade") or "",
        row.get("default_status") or "",
        document,
        hashing.sha256(document),
    )


def _facility_line(row: Mapping[str, Any]) -> Sequence[Any]:
    document = hashing.canonical(row)
    details = {name: row[name] for name in _FACILITY_DETAILS if name in row}
    return (
        row["code"],
        row.get("name") or "",
        row["obligor"],
        row["kind"],
        row.get("parent") or "",
        row["currency"],
        row["commitment"],
        row.get("total_facility_amount"),
        row.get("agreement_date"),
        row.get("effective_date"),
        row.get("availability_end"),
        row.get("maturity_date"),
        row.get("unconditionally_cancellable"),
        row.get("seniority") or "",
        row.get("secured"),
        hashing.canonical(details),
        document,
        hashing.sha256(document),
    )


def _instrument_line(row: InstrumentContent) -> Sequence[Any]:
    document = terms_document(row.product_type, row.currency, row.terms)
    return (
        row.code,
        row.product_type,
        row.name,
        row.currency,
        row.isin,
        row.cusip,
        row.issuer,
        document,
        hashing.sha256(document),
    )


def terms_document(product_type: str, currency: str, terms: Mapping[str, Any]) -> str:
    """Return the canonical text of terms: all that pricing takes from an instrument."""
    return hashing.canonical({"product_type": product_type, "currency": currency, "terms": terms})
