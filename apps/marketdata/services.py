"""Writes of market data: one immutable, content-addressed document per day and source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from apps.marketdata import adapters
from apps.marketdata.adapters import MarketFault
from foundation import hashing, sqlfiles

__all__ = ["MarketFault", "MarketWritten", "create_market_snapshot"]

SQL = sqlfiles.load(Path(__file__).parent / "sql")


@dataclass(frozen=True, slots=True)
class MarketWritten:
    """The snapshot that holds the market, and whether it is new."""

    snapshot_id: int
    created: bool
    content_hash: bytes
    as_of: dt.date
    curves: int
    spreads: int
    fx: int


@transaction.atomic
def create_market_snapshot(
    document: Mapping[str, Any], *, name: str = "", source: str = ""
) -> MarketWritten:
    """Store a market document, or return the snapshot that already holds it.

    `document` is of format `tieout.market/1`; curves may give par `quotes` instead of nodes. Its
    own name and source serve where none are given. MarketFault names what is wrong with it.
    """
    normal = adapters.normal_document(document)
    text = hashing.canonical(normal)
    digest = hashing.sha256(text)
    as_of = dt.date.fromisoformat(str(normal["as_of"]))
    with connection.cursor() as cursor:
        cursor.execute(SQL["snapshot_lock"], {"content_hash": digest.hex()})
        cursor.execute(SQL["snapshot_of_hash"], {"content_hash": digest})
        row = cursor.fetchone()
        created = row is None
        if created:
            cursor.execute(
                SQL["snapshot_insert"],
                {
                    "content_hash": digest,
                    "as_of": as_of,
                    "name": name or str(document.get("name") or f"Market of {as_of}"),
                    "document": text,
                    "source": source or str(normal.get("source", "")),
                },
            )
            row = cursor.fetchone()
    counts = (len(normal.get(part, ())) for part in ("curves", "spreads", "fx"))
    return MarketWritten(int(row[0]), created, digest, as_of, *counts)
