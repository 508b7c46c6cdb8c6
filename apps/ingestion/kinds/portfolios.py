"""KIND portfolios: nodes of the tree; a file that changes the tree makes a new version of it."""

from __future__ import annotations

from django.db import connection

from apps.ingestion import identity, rows
from apps.ingestion.contracts.portfolios import PortfolioRow
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import Problems
from apps.ingestion.readers import records
from apps.portfolio import reference, services, tree

Lines = list[tuple[int, PortfolioRow]]


def parse(request: Request, problems: Problems, progress: Progress) -> Lines:
    """Return the rows of the file with their lines."""
    known, required = rows.columns(PortfolioRow)
    read = records.read(request.source, problems, known=known, required=required, progress=progress)
    return list(rows.typed(read, PortfolioRow, problems))


def check(lines: Lines, problems: Problems) -> None:
    """Note what keeps the portfolios of file and database together from being a tree."""
    identity.unique(lines, lambda row: row.code, problems)
    with connection.cursor() as cursor:
        places = reference.places(cursor)
    stored = {code.lower(): code for code in places}
    identity.like_stored(lines, lambda row: row.code, stored, problems)
    line_of = {row.code: line for line, row in lines}
    places.update(
        {row.code: tree.Place(row.code, row.name, row.node_type, row.parent) for _, row in lines}
    )
    for fault in tree.faults(places):
        # A portfolio that is not in the file breaks because of one that is.
        line = line_of.get(fault.code)
        field = "parent" if line else fault.code
        problems.add(fault.kind, fault.expected, fault.found, line=line, field=field)


def write(lines: Lines, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the rows once they have passed every check, and the tree they make."""
    check(lines, problems)
    problems.refuse()
    written, version = services.write_portfolios(row.present() for _, row in lines)
    outcome = Outcome("portfolios", len(lines), written.created, written.changed, written.unchanged)
    outcome.ids["tree_id"] = version.tree_id
    outcome.details.update(tree_created=version.created, tree_nodes=version.node_count)
    return outcome
