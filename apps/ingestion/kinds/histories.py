"""KIND histories: dated levels of market factors, which historical scenarios are made from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from apps.ingestion import asked, rows
from apps.ingestion.contracts.histories import HistoryRow
from apps.ingestion.kinds.positions import stem
from apps.ingestion.kinds.scenarios import code_of
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import records
from apps.marketdata import history
from apps.marketdata.adapters import MarketFault

Labels = tuple[tuple[str, str], ...]
_LABELS = ("name", "currency", "tenor", "rating", "sector", "base", "quote")


@dataclass(slots=True)
class Levels:
    """Levels by factor and day; None where a file says that a day has none."""

    code: str
    source: str
    by_factor: dict[Labels, dict[str, str | None]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the history: factors by name, days in order, a row of levels a day."""
        factors = sorted(self.by_factor)
        days = sorted({day for levels in self.by_factor.values() for day in levels})
        return {
            "format": "tieout.history/1",
            "factors": [dict(labels) for labels in factors],
            "days": days,
            "levels": [[self.by_factor[labels].get(day) for labels in factors] for day in days],
        }


def parse(request: Request, problems: Problems, progress: Progress) -> Levels:
    """Return the levels of the file; one that a day has twice is noted."""
    known, required = rows.columns(HistoryRow)
    read = records.read(request.source, problems, known=known, required=required, progress=progress)
    found = Levels(own_code(request), request.source.name)
    for line, row in rows.typed(read, HistoryRow, problems):
        values = row.present()
        labels: Labels = (("part", row.part), *((n, values[n]) for n in _LABELS if n in values))
        levels = found.by_factor.setdefault(labels, {})
        if row.date in levels:
            problems.add("DUPLICATE", "each factor once a day", row.date, line=line, field="date")
        levels[row.date] = row.value
    return found


def own_code(request: Request) -> str:
    """Return the code of a history: that of `--snapshot`, else after the name of its file."""
    if request.snapshot is not None:
        return asked.identifier(request.snapshot, "--snapshot")
    return code_of(stem(request.source.name))


def write(levels: Levels, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the history."""
    problems.refuse()
    document = levels.document()
    try:
        written = history.create_market_history(document, code=levels.code, source=levels.source)
    except MarketFault as fault:
        raise ImportRefused.because(
            "MARKET", fault.message, fault.found, field=fault.place
        ) from None
    outcome = Outcome("histories", 1, created=int(written.created))
    outcome.unchanged = 1 - outcome.created
    outcome.ids["history_id"] = written.history_id
    outcome.details.update(
        first_day=written.first_day.isoformat(),
        last_day=written.last_day.isoformat(),
        days=written.days,
        factors=written.factors,
        missing=written.missing,
        content_hash=written.content_hash.hex(),
    )
    absent = weekdays_without(document["days"])
    outcome.notes.append(
        f"{written.days:,} days from {written.first_day} to {written.last_day}, "
        f"{written.factors} factors, {written.missing:,} levels missing on these days, "
        f"{absent:,} weekdays between them without any level"
    )
    return outcome


def weekdays_without(days: list[str]) -> int:
    """Return how many Mondays to Fridays between the first and the last day are not there."""
    first, last = dt.date.fromisoformat(days[0]), dt.date.fromisoformat(days[-1])
    known = set(days)
    every = (first + dt.timedelta(days=at) for at in range((last - first).days + 1))
    return sum(day.weekday() < 5 and day.isoformat() not in known for day in every)
