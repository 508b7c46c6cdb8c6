"""What an import is asked for, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.ingestion.readers.source import Source

Progress = Callable[[str, int, int | None], None]
"""Called with the step, the rows done and the rows there are (None while unknown)."""


def silent(step: str, done: int, total: int | None) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One import: `snapshot` names a new snapshot, or is the id of one to build on."""

    kind: str
    source: Source
    as_of: dt.date | None = None
    snapshot: str | None = None
    profile: str | None = None
    reject_file: Path | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Outcome:
    """Counts of rows by what became of them, the ids of what holds them, and notes for people.

    `rows` = `created` + `changed` + `unchanged` + `rejected`, whatever the kind.
    """

    kind: str
    rows: int
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    ids: dict[str, int] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    parts: list[Outcome] = field(default_factory=list)

    @property
    def wrote(self) -> bool:
        """Return whether anything is new."""
        own = bool(
            self.created
            or self.changed
            or self.details.get("tree_created")
            or self.details.get("sets_created")
        )
        return own or any(part.wrote for part in self.parts)

    def as_dict(self) -> Mapping[str, Any]:
        """Return the outcome for a JSON report."""
        counts = {
            name: getattr(self, name)
            for name in ("kind", "rows", "created", "changed", "unchanged", "rejected")
        }
        parts = {"parts": [part.as_dict() for part in self.parts]} if self.parts else {}
        return {**counts, **self.ids, **self.details, "notes": self.notes, **parts}
