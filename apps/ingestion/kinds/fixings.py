"""KIND fixings: what indices were fixed at, on top of a stored market, as a new snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from apps.ingestion import rows
from apps.ingestion.contracts.fixings import FixingRow
from apps.ingestion.kinds import marketdata
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import records
from apps.marketdata import selectors
from apps.marketdata.selectors import StoredMarket

Lines = list[tuple[int, FixingRow]]
Fixed = dict[str, dict[str, str]]
"""Rates by index and day."""


@dataclass(slots=True)
class Counts:
    """What became of the rows."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0


def parse(request: Request, problems: Problems, progress: Progress) -> Lines:
    """Return the rows of the file with their lines; which market they go into is asked for."""
    if request.snapshot is None or not request.snapshot.isdecimal():
        raise ImportRefused.because(
            "REQUIRED", "the id of a market snapshot to build on", request.snapshot or "",
            field="--snapshot",
        )  # fmt: skip
    known, required = rows.columns(FixingRow)
    read = records.read(request.source, problems, known=known, required=required, progress=progress)
    return list(rows.typed(read, FixingRow, problems))


def write(lines: Lines, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Store the market with the fixings in it, or refuse all of them; the one below stays."""
    below = _below(request)
    fixed = {
        index: {str(day): str(rate) for day, rate in pairs}
        for index, pairs in below.document.get("fixings", {}).items()
    }
    counts = _add(lines, fixed, below, problems)
    problems.refuse()
    document = dict(below.document)
    document["fixings"] = {
        index: [[day, rates[day]] for day in sorted(rates)] for index, rates in fixed.items()
    }
    market = marketdata.Market(document, _places(lines, document["fixings"]))
    stored = marketdata.outcome_of(marketdata.save(market, below.name))
    outcome = Outcome(
        "fixings", len(lines), counts.created, counts.changed, counts.unchanged, ids=stored.ids
    )
    outcome.details.update(
        as_of=stored.details["as_of"], content_hash=stored.details["content_hash"]
    )
    return outcome


def _below(request: Request) -> StoredMarket:
    snapshot_id = int(request.snapshot or 0)
    with connection.cursor() as cursor:
        below = selectors.market_document(cursor, snapshot_id)
    if below is None:
        raise ImportRefused.because(
            "REFERENCE", "the id of a market snapshot", snapshot_id, field="--snapshot"
        )
    if request.as_of is not None and request.as_of != below.as_of:
        raise ImportRefused.because(
            "CONFLICT", f"a day equal to that of snapshot {snapshot_id}", below.as_of,
            field="--as-of",
        )  # fmt: skip
    return below


def _places(lines: Lines, fixings: Mapping[str, list[list[str]]]) -> dict[str, int]:
    """Return the line of each place in the document that a row of the file stands at."""
    line_of = {(row.index, row.date): line for line, row in lines}
    return {
        f"fixings.{index}[{place}]": line_of[index, day]
        for index, pairs in fixings.items()
        for place, (day, _) in enumerate(pairs)
        if (index, day) in line_of
    }


def _add(lines: Lines, fixed: Fixed, below: StoredMarket, problems: Problems) -> Counts:
    indices: Mapping[str, Any] = below.document.get("indices", {})
    day_of_market = below.as_of.isoformat()
    counts = Counts()
    first: dict[tuple[str, str], int] = {}
    for line, row in lines:
        earlier = first.setdefault((row.index, row.date), line)
        if earlier != line:
            problems.add(
                "DUPLICATE", f"once: see line {earlier}", row.date, line=line, field="date"
            )
            continue
        if row.index not in indices:
            problems.add("REFERENCE", "an index of the market", row.index, line=line, field="index")
            continue
        if row.date > day_of_market:
            problems.add(
                "DATE_ORDER", f"a day not after {day_of_market}, the market's", row.date,
                line=line, field="date",
            )  # fmt: skip
            continue
        _set(line, row, fixed.setdefault(row.index, {}), counts, problems)
    return counts


def _set(
    line: int, row: FixingRow, rates: dict[str, str], counts: Counts, problems: Problems
) -> None:
    stands = rates.get(row.date)
    if stands is None:
        if row.corrects is not None:
            problems.add(
                "CONFLICT", "nothing: the day has no fixing yet", row.corrects, line=line,
                field="corrects",
            )  # fmt: skip
            return
        rates[row.date] = row.rate
        counts.created += 1
    elif Decimal(stands) == Decimal(row.rate):
        counts.unchanged += 1
    elif row.corrects is not None and Decimal(stands) == Decimal(row.corrects):
        rates[row.date] = row.rate
        counts.changed += 1
    else:
        field = "rate" if row.corrects is None else "corrects"
        found = row.rate if row.corrects is None else row.corrects
        problems.add("CONFLICT", f"{stands}, which stands", found, line=line, field=field)
