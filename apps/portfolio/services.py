"""Writes of the portfolio, by what is written: reference data and trees, position snapshots."""

from __future__ import annotations

from apps.portfolio.documents import PositionContent
from apps.portfolio.reference import (
    TreeError,
    TreeWritten,
    Written,
    record_tree,
    write_legal_entities,
    write_portfolios,
)
from apps.portfolio.snapshot import SnapshotError, SnapshotWritten, create_position_snapshot

__all__ = [
    "PositionContent",
    "SnapshotError",
    "SnapshotWritten",
    "TreeError",
    "TreeWritten",
    "Written",
    "create_position_snapshot",
    "record_tree",
    "write_legal_entities",
    "write_portfolios",
]
