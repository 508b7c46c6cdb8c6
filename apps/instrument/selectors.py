"""Reads of reference data: what exists, and the versions that a snapshot pins."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from foundation import sqlfiles
from foundation.textcopy import Cursor

SQL = sqlfiles.load(Path(__file__).parent / "sql")


@dataclass(frozen=True, slots=True)
class PinnedTerms:
    """The current terms version of an instrument."""

    product_type: str
    currency: str
    issuer: str | None
    terms_id: int
    terms_hash: bytes


@dataclass(frozen=True, slots=True)
class PinnedCounterparty:
    """The current version of a counterparty, and what results are grouped by."""

    version_id: int
    version_hash: bytes
    rating: str
    sector: str
    country: str
    group: str


@dataclass(frozen=True, slots=True)
class InstrumentFacts:
    """What an import of positions must know of an instrument."""

    product_type: str
    currency: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class PinnedFacility:
    """The current version of a facility."""

    version_id: int
    version_hash: bytes


@dataclass(frozen=True, slots=True)
class FacilityFacts:
    """What an import of facilities must know of one that is stored."""

    currency: str
    commitment: Decimal
    parent: str | None


def facility_codes_like(cursor: Cursor, codes: Collection[str]) -> dict[str, str]:
    """Return the codes that equal one of `codes` but for case, by their lower case."""
    return _like(cursor, SQL["facility_like"], codes)


def facility_facts(cursor: Cursor) -> dict[str, FacilityFacts]:
    """Return the facts of every facility."""
    cursor.execute(SQL["facility_facts"])
    return {code: FacilityFacts(*facts) for code, *facts in cursor.fetchall()}


def pinned_facilities(cursor: Cursor, codes: Collection[str]) -> dict[str, PinnedFacility]:
    """Return the current version of the facilities among `codes`."""
    cursor.execute(SQL["facility_pinned"], {"codes": _joined(codes)})
    return {
        code: PinnedFacility(version_id, bytes(digest))
        for code, version_id, digest in cursor.fetchall()
    }


def counterparty_codes_like(cursor: Cursor, codes: Collection[str]) -> dict[str, str]:
    """Return the codes that equal one of `codes` but for case, by their lower case."""
    return _like(cursor, SQL["counterparty_like"], codes)


def instrument_codes_like(cursor: Cursor, codes: Collection[str]) -> dict[str, str]:
    """Return the codes that equal one of `codes` but for case, by their lower case."""
    return _like(cursor, SQL["instrument_like"], codes)


def _joined(codes: Iterable[str]) -> str:
    """Return texts as one parameter: an array of 100,000 costs ten times as much to send."""
    return "\x1f".join(codes)


def _like(cursor: Cursor, statement: Any, codes: Collection[str]) -> dict[str, str]:
    cursor.execute(statement, {"lowered": _joined({code.lower() for code in codes})})
    return {code.lower(): code for (code,) in cursor.fetchall()}


def counterparty_parents(cursor: Cursor) -> dict[str, str]:
    """Return the parent of every counterparty that has one."""
    cursor.execute(SQL["counterparty_parents"])
    return dict(cursor.fetchall())


def instrument_facts(cursor: Cursor, codes: Collection[str]) -> dict[str, InstrumentFacts]:
    """Return the facts of the instruments among `codes` that exist."""
    cursor.execute(SQL["instrument_facts"], {"codes": _joined(codes)})
    return {row[0]: InstrumentFacts(*row[1:]) for row in cursor.fetchall()}


def pinned_terms(cursor: Cursor, codes: Collection[str]) -> dict[str, PinnedTerms]:
    """Return the current terms version of the instruments among `codes`."""
    cursor.execute(SQL["instrument_pinned"], {"codes": _joined(codes)})
    return {
        code: PinnedTerms(product_type, currency, issuer, terms_id, bytes(digest))
        for code, product_type, currency, issuer, terms_id, digest in cursor.fetchall()
    }


def pinned_counterparties(cursor: Cursor, codes: Collection[str]) -> dict[str, PinnedCounterparty]:
    """Return the current version of the counterparties among `codes`."""
    cursor.execute(SQL["counterparty_pinned"], {"codes": _joined(codes)})
    return {
        code: PinnedCounterparty(version_id, bytes(digest), *facts)
        for code, version_id, digest, *facts in cursor.fetchall()
    }


def terms_documents(cursor: Cursor, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return the documents of terms versions."""
    cursor.execute(SQL["terms_documents"], {"ids": list(ids)})
    return {key: json.loads(text) for key, text in cursor.fetchall()}


def facility_documents(cursor: Cursor, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return the documents of facility versions."""
    if not ids:
        return {}
    cursor.execute(SQL["facility_documents"], {"ids": list(ids)})
    return {key: json.loads(text) for key, text in cursor.fetchall()}


def counterparty_documents(cursor: Cursor, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return the documents of counterparty versions."""
    cursor.execute(SQL["counterparty_documents"], {"ids": list(ids)})
    return {key: json.loads(text) for key, text in cursor.fetchall()}
