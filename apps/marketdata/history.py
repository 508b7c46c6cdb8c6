"""Histories of markets: sealed, content-addressed documents of dated levels per factor."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from apps.marketdata import adapters
from apps.marketdata.adapters import MarketFault
from foundation import hashing, sqlfiles

SQL = sqlfiles.load(Path(__file__).parent / "sql")

MOST_LEVELS = 5_000_000


@dataclass(frozen=True, slots=True)
class HistoryWritten:
    """The row that holds a history, and whether it is new."""

    history_id: int
    created: bool
    content_hash: bytes
    first_day: dt.date
    last_day: dt.date
    days: int
    factors: int
    missing: int


@transaction.atomic
def create_market_history(document: Mapping[str, Any], *, code: str, source: str) -> HistoryWritten:
    """Store a history document (`tieout.history/1`), or return the row that already holds it."""
    if not 0 < len(code) <= 64:
        raise MarketFault("code", "a code of 1 to 64 characters", code)
    normal = {**document, "code": code, "source": source}
    days, factors = list(normal["days"]), list(normal["factors"])
    if len(days) * len(factors) > MOST_LEVELS:
        raise MarketFault("levels", f"at most {MOST_LEVELS:,} levels", len(days) * len(factors))
    adapters.check_history(normal)
    text = hashing.canonical(normal)
    digest = hashing.sha256(text)
    first, last = (dt.date.fromisoformat(day) for day in (days[0], days[-1]))
    facts: dict[str, Any] = {
        "content_hash": digest, "code": code, "source": source, "first_day": first,
        "last_day": last, "day_count": len(days), "factor_count": len(factors), "document": text,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(SQL["history_lock"])
        cursor.execute(SQL["history_of_hash"], facts)
        row = cursor.fetchone()
        created = row is None
        if created:
            cursor.execute(SQL["history_insert"], facts)
            row = cursor.fetchone()
    missing = sum(level is None for levels in normal["levels"] for level in levels)
    return HistoryWritten(
        int(row[0]), created, digest, first, last, len(days), len(factors), missing
    )


@dataclass(frozen=True, slots=True)
class StoredHistory:
    """A stored history: its code, its hash and its document."""

    history_id: int
    code: str
    content_hash: bytes
    document: dict[str, Any]


def stored(ids: Sequence[int]) -> list[StoredHistory]:
    """Return the histories of these ids in their order; those that do not exist are left out."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["histories"], {"ids": list(ids)})
        rows = {row[0]: row for row in cursor.fetchall()}
    found = [rows[key] for key in ids if key in rows]
    return [StoredHistory(row[0], row[1], bytes(row[2]), json.loads(row[3])) for row in found]


def level(text: str, scale: Decimal = Decimal(1)) -> str:
    """Return a level as canonical decimal text."""
    return hashing.decimal_text(Decimal(text) * scale)
