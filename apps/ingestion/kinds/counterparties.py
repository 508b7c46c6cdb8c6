"""KIND counterparties: legal persons, their parents and connected groups."""

from __future__ import annotations

from django.db import connection

from apps.ingestion import identity, rows
from apps.ingestion.contracts.counterparties import CounterpartyRow
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import Problems
from apps.ingestion.readers import records
from apps.instrument import selectors, services
from apps.portfolio.tree import cyclic

Lines = list[tuple[int, CounterpartyRow]]


def parse(request: Request, problems: Problems, progress: Progress) -> Lines:
    """Return the rows of the file with their lines."""
    known, required = rows.columns(CounterpartyRow)
    read = records.read(request.source, problems, known=known, required=required, progress=progress)
    return list(rows.typed(read, CounterpartyRow, problems))


def check(lines: Lines, problems: Problems) -> None:
    """Note repeated codes, parents that do not exist, and circles of parents."""
    identity.unique(lines, lambda row: row.code, problems)
    codes = {row.code for _, row in lines}
    named = {row.parent for _, row in lines if row.parent is not None}
    with connection.cursor() as cursor:
        stored = selectors.counterparty_codes_like(cursor, codes | named)
        parents = selectors.counterparty_parents(cursor) if named else {}
    identity.like_stored(lines, lambda row: row.code, stored, problems)
    existing = codes | set(stored.values())
    for line, row in lines:
        if row.parent is not None and row.parent not in existing:
            problems.add(
                "REFERENCE",
                "a counterparty of the file or the database",
                row.parent,
                line=line,
                field="parent",
            )
    for code in codes:
        parents.pop(code, None)
    parents.update({row.code: row.parent for _, row in lines if row.parent is not None})
    circles = set(cyclic(parents))
    for line, row in lines:
        if row.code in circles:
            problems.add(
                "CYCLE", "a parent above, not below", row.parent, line=line, field="parent"
            )


def write(lines: Lines, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the rows once they have passed every check."""
    check(lines, problems)
    problems.refuse()
    written = services.write_counterparties(row.present() for _, row in lines)
    return Outcome(
        "counterparties", len(lines), written.created, written.changed, written.unchanged
    )
