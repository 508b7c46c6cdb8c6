"""Reads of scenarios and sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from foundation import sqlfiles
from foundation.textcopy import Cursor

SQL = sqlfiles.load(Path(__file__).parent / "sql")


def set_documents(cursor: Cursor, scenario_set_id: int) -> list[dict[str, Any]]:
    """Return the documents of a set's scenarios in its order, BASE first."""
    cursor.execute(SQL["set_scenarios"], {"set": scenario_set_id})
    return [json.loads(row[3]) for row in cursor.fetchall()]
