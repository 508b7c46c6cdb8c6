"""Reads of market snapshots."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation import sqlfiles
from foundation.textcopy import Cursor

SQL = sqlfiles.load(Path(__file__).parent / "sql")


@dataclass(frozen=True, slots=True)
class StoredMarket:
    """A stored market: its day, its name and its document."""

    as_of: dt.date
    name: str
    document: dict[str, Any]


def market_document(cursor: Cursor, snapshot_id: int) -> StoredMarket | None:
    """Return a stored market, None if there is no such snapshot."""
    cursor.execute(SQL["snapshot_document"], {"id": snapshot_id})
    row = cursor.fetchone()
    return None if row is None else StoredMarket(row[0], row[1], json.loads(row[2]))
