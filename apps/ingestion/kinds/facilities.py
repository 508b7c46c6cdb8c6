"""KIND facilities: credit agreements, their sublimits and what obligors may do under them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db import connection

from apps.ingestion import identity, rows
from apps.ingestion.contracts.facilities import FacilityRow
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import Problems
from apps.ingestion.readers import records
from apps.instrument import adapters as money
from apps.instrument import selectors, services
from apps.instrument.selectors import FacilityFacts
from apps.portfolio.tree import cyclic

Lines = list[tuple[int, FacilityRow]]


def parse(request: Request, problems: Problems, progress: Progress) -> Lines:
    """Return the rows of the file with their lines."""
    known, required = rows.columns(FacilityRow)
    read = records.read(request.source, problems, known=known, required=required, progress=progress)
    return list(rows.typed(read, FacilityRow, problems))


def check(lines: Lines, problems: Problems) -> None:
    """Note repeated codes, references that do not exist, circles, and sublimits above the whole."""
    identity.unique(lines, lambda row: row.code, problems)
    codes = {row.code for _, row in lines}
    with connection.cursor() as cursor:
        stored = selectors.facility_codes_like(cursor, codes)
        facts = selectors.facility_facts(cursor)
        named = {row.obligor for _, row in lines}
        obligors = set(selectors.counterparty_codes_like(cursor, named).values())
    identity.like_stored(lines, lambda row: row.code, stored, problems)
    for _, row in lines:
        facts[row.code] = FacilityFacts(row.currency, Decimal(row.commitment), row.parent)
    circles = set(cyclic({code: fact.parent for code, fact in facts.items() if fact.parent}))
    for line, row in lines:
        if row.obligor not in obligors:
            problems.add(
                "REFERENCE", "a counterparty that exists", row.obligor, line=line, field="obligor"
            )
        if row.code in circles:
            problems.add(
                "CYCLE", "a parent above, not below", row.parent, line=line, field="parent"
            )
        _check_amounts(line, row, facts, problems)


def _check_amounts(
    line: int, row: FacilityRow, facts: Mapping[str, FacilityFacts], problems: Problems
) -> None:
    largest = money.largest_amount(row.currency)
    for name in ("commitment", "total_facility_amount"):
        amount = getattr(row, name)
        if amount is not None and Decimal(amount) >= largest:
            problems.add("OVERFLOW", f"an amount below {largest:,f}", amount, line=line, field=name)
    if row.parent is None:
        return
    above = facts.get(row.parent)
    if above is None:
        problems.add(
            "REFERENCE", "a facility of the file or the database", row.parent, line=line,
            field="parent",
        )  # fmt: skip
    elif above.currency == row.currency and Decimal(row.commitment) > above.commitment:
        problems.add(
            "CONFLICT", f"at most the commitment of {row.parent}", row.commitment, line=line,
            field="commitment",
        )  # fmt: skip


def write(lines: Lines, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the rows once they have passed every check."""
    check(lines, problems)
    problems.refuse()
    written = services.write_facilities(row.content() for _, row in lines)
    return Outcome("facilities", len(lines), written.created, written.changed, written.unchanged)
