"""KIND legal_entities: the entities that report and hold capital."""

from __future__ import annotations

from django.db import connection

from apps.ingestion import identity, rows
from apps.ingestion.contracts.legal_entities import LegalEntityRow
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import Problems
from apps.ingestion.readers import records
from apps.portfolio import reference, services
from apps.portfolio.tree import cyclic

Lines = list[tuple[int, LegalEntityRow]]


def parse(request: Request, problems: Problems, progress: Progress) -> Lines:
    """Return the rows of the file with their lines."""
    known, required = rows.columns(LegalEntityRow)
    read = records.read(request.source, problems, known=known, required=required, progress=progress)
    return list(rows.typed(read, LegalEntityRow, problems))


def check(lines: Lines, problems: Problems) -> None:
    """Note repeated codes, parents that do not exist, and circles of parents."""
    identity.unique(lines, lambda row: row.code, problems)
    with connection.cursor() as cursor:
        parents = reference.legal_entity_parents(cursor)
    stored = {code.lower(): code for code in parents}
    identity.like_stored(lines, lambda row: row.code, stored, problems)
    parents.update({row.code: row.parent for _, row in lines})
    circles = set(cyclic({code: parent for code, parent in parents.items() if parent}))
    for line, row in lines:
        if row.parent is not None and row.parent not in parents:
            problems.add(
                "REFERENCE",
                "a legal entity of the file or the database",
                row.parent,
                line=line,
                field="parent",
            )
        elif row.code in circles:
            problems.add(
                "CYCLE", "a parent above, not below", row.parent, line=line, field="parent"
            )


def write(lines: Lines, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the rows once they have passed every check."""
    check(lines, problems)
    problems.refuse()
    written = services.write_legal_entities(row.present() for _, row in lines)
    return Outcome(
        "legal_entities", len(lines), written.created, written.changed, written.unchanged
    )
