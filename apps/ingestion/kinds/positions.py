"""KIND positions: a whole book as of one day becomes one immutable snapshot."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePath

from django.db import connection

from apps.ingestion import identity, rows
from apps.ingestion.contracts.fields import amounts
from apps.ingestion.contracts.positions import LINKS, PositionRow
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import records
from apps.instrument import adapters as money
from apps.instrument import selectors as instruments
from apps.portfolio import reference, services
from apps.portfolio.services import PositionContent

_AMOUNTS = amounts(PositionRow)
_NO_PRINCIPAL = frozenset({"FX_FWD", "DERIVATIVE"})

Lines = list[tuple[int, PositionContent]]


@dataclass(slots=True)
class Positions:
    """Positions with their lines, and the currency each row states, if it states one."""

    lines: Lines = field(default_factory=list)
    stated: dict[int, str] = field(default_factory=dict)

    def add(self, line: int, row: PositionRow) -> None:
        """Add a row: links apart, all that is present is its state."""
        if row.currency is not None:
            self.stated[line] = row.currency
        state = {name: value for name, value in row.present().items() if name not in LINKS}
        content = PositionContent(
            row.position_id, row.book, row.instrument, row.legal_entity, state, row.obligor,
            row.tag, row.facility,
        )  # fmt: skip
        self.lines.append((line, content))


def parse(request: Request, problems: Problems, progress: Progress) -> Positions:
    """Return the positions of the file."""
    if request.as_of is None:
        raise ImportRefused.because("REQUIRED", "--as-of: positions are those of one day")
    known, required = rows.columns(PositionRow)
    read = records.read(request.source, problems, known=known, required=required, progress=progress)
    found = Positions()
    for line, row in rows.typed(read, PositionRow, problems):
        found.add(line, row)
    return found


def check(found: Positions, problems: Problems) -> None:
    """Note repeated ids, references that do not exist, and amounts beyond integer money."""
    lines = found.lines
    identity.unique(lines, lambda row: row.position_id, problems, field="position_id")
    with connection.cursor() as cursor:
        facts = instruments.instrument_facts(cursor, {row.instrument for _, row in lines})
        named = {row.obligor for _, row in lines if row.obligor is not None}
        obligors = set(instruments.counterparty_codes_like(cursor, named).values())
        under = {row.facility for _, row in lines if row.facility is not None}
        facilities = set(instruments.facility_codes_like(cursor, under).values())
        books = {p.code for p in reference.places(cursor).values() if p.node_type == "BOOK"}
        entities = reference.legal_entity_parents(cursor)
    for line, row in lines:
        fact = facts.get(row.instrument)
        if row.book not in books:
            _missing(problems, line, "book", "a portfolio of type BOOK", row.book)
        if row.legal_entity not in entities:
            _missing(problems, line, "legal_entity", "a legal entity", row.legal_entity)
        if row.obligor is not None and row.obligor not in obligors:
            _missing(problems, line, "obligor", "a counterparty", row.obligor)
        if row.facility is not None and row.facility not in facilities:
            _missing(problems, line, "facility", "a facility", row.facility)
        if fact is None:
            _missing(problems, line, "instrument", "an instrument", row.instrument)
        else:
            _check_against(fact, line, row, found.stated.get(line), problems)


def _check_against(
    fact: instruments.InstrumentFacts,
    line: int,
    row: PositionContent,
    stated: str | None,
    problems: Problems,
) -> None:
    if row.obligor is None and fact.issuer is None and fact.product_type != "CASH":
        problems.add(
            "REQUIRED", "an obligor: the instrument has no issuer", line=line, field="obligor"
        )
    if stated is not None and stated != fact.currency:
        expected = f"{fact.currency}, the currency of {row.instrument}"
        problems.add("CONFLICT", expected, stated, line=line, field="currency")
    if "outstanding_principal" not in row.state and fact.product_type not in _NO_PRINCIPAL:
        problems.add("REQUIRED", "a value", line=line, field="outstanding_principal")
    largest = money.largest_amount(fact.currency)
    for name in _AMOUNTS:
        value = row.state.get(name)
        # Texts shorter than this are below any limit: no need to make a decimal of each.
        if value is not None and len(str(value)) > 11 and abs(Decimal(str(value))) >= largest:
            problems.add("OVERFLOW", f"an amount below {largest:,f}", value, line=line, field=name)


def _missing(problems: Problems, line: int, field: str, what: str, found: str) -> None:
    problems.add("REFERENCE", f"{what} that exists", found, line=line, field=field)


def write(found: Positions, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the snapshot once all rows have passed every check."""
    check(found, problems)
    problems.refuse()
    assert request.as_of is not None
    total = len(found.lines)
    written = services.create_position_snapshot(
        as_of=request.as_of,
        name=request.snapshot or stem(request.source.name),
        positions=[row for _, row in found.lines],
        source=request.source.name,
        progress=lambda step, done: progress(step, done, total),
    )
    return outcome_of(written)


def outcome_of(written: services.SnapshotWritten) -> Outcome:
    """Return the outcome of a written snapshot."""
    count = written.position_count
    outcome = Outcome("positions", count)
    if written.created:
        outcome.created = count
    else:
        outcome.unchanged = count
    outcome.ids.update(snapshot_id=written.snapshot_id, tree_id=written.tree_id)
    outcome.details.update(
        created_snapshot=written.created,
        content_hash=written.content_hash.hex(),
        control=written.control,
        unpriceable=written.refused,
    )
    if written.refused:
        outcome.notes.append(
            f"{written.refused:,} positions no pricer takes as they are:"
            " they are stored and become error rows of a run"
        )
    return outcome


def stem(name: str) -> str:
    """Return a file's name without its endings."""
    base = PurePath(name).name
    return base.split(".", 1)[0][:100] or "import"
