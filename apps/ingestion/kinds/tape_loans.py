"""A tape of loans through a profile: entities, tree, obligors, instruments and positions."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from apps.ingestion import profile, rows
from apps.ingestion.contracts.counterparties import CounterpartyRow
from apps.ingestion.contracts.fields import Row
from apps.ingestion.contracts.instruments import InstrumentRow
from apps.ingestion.contracts.legal_entities import LegalEntityRow
from apps.ingestion.contracts.portfolios import PortfolioRow
from apps.ingestion.contracts.positions import PositionRow
from apps.ingestion.kinds import (
    counterparties,
    instruments,
    legal_entities,
    portfolios,
    positions,
)
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import ImportRefused, Problem, Problems, shown
from apps.ingestion.profile import Cells, LoanProfile, Template
from apps.ingestion.readers import csv_rows, records

CONTRACTS: Mapping[str, type[Row]] = {
    "legal_entities": LegalEntityRow,
    "portfolios": PortfolioRow,
    "counterparties": CounterpartyRow,
    "instruments": InstrumentRow,
    "positions": PositionRow,
}
Shared = dict[tuple[str, str], tuple[int, dict[str, Any], Row]]
"""Rows that many lines have in common: (kind, code) -> first line, fields, row."""

_SHARED = ("legal_entities", "portfolios", "counterparties")


@dataclass(slots=True)
class LoanTape:
    """The lines of a tape as typed rows, and the reasons of those that are refused."""

    as_of: dt.date
    title: str
    lines: dict[int, Cells] = field(default_factory=dict)
    rows: dict[int, list[tuple[str, Row]]] = field(default_factory=dict)
    instruments: instruments.Instruments = field(default_factory=instruments.Instruments)
    positions: positions.Positions = field(default_factory=positions.Positions)
    refused: dict[int, list[Problem]] = field(default_factory=dict)

    def refuse(self, found: Iterable[Problem]) -> None:
        """Note reasons by line; a problem without a line is one of the whole file."""
        whole = Problems()
        for problem in found:
            if problem.line is None:
                whole.append(problem)
            else:
                self.refused.setdefault(problem.line, []).append(problem)
        whole.refuse()

    def kept(self) -> Iterator[tuple[int, list[tuple[str, Row]]]]:
        """Yield the rows of the lines that are not refused."""
        for line, made in self.rows.items():
            if line not in self.refused:
                yield line, made


def parse(
    chosen: LoanProfile, request: Request, problems: Problems, progress: Progress
) -> LoanTape:
    """Return the typed rows of a tape; lines at fault are noted, and refused or rejected later."""
    as_of = dt.date.fromisoformat(chosen.as_of)
    if request.as_of not in (None, as_of):
        expected = f"{as_of}, the day profile {chosen.profile} gives its loans"
        raise ImportRefused.because("CONFLICT", expected, request.as_of, field="--as-of")
    tape = LoanTape(as_of, chosen.title)
    templates = [(record.kind, profile.template(record.fields)) for record in chosen.records]
    faults = Problems(keep=float("inf"))
    shared: Shared = {}
    read = records.followed(_lines(chosen, request.source.text), request.source, progress)
    for line, cells in read:
        tape.lines[line] = cells
        before = faults.count
        values = {
            name: column.read(cells[name], name, line, faults)
            for name, column in chosen.columns.items()
        }
        if faults.count == before:
            tape.rows[line] = list(_typed(templates, values, cells, line, shared, faults))
    _fill(tape, faults)
    tape.refuse(faults)
    if request.reject_file is None:
        _refuse_all(tape, problems)
    return tape


def _lines(chosen: LoanProfile, text: str) -> Iterator[tuple[int, Cells]]:
    known = {*chosen.columns, *chosen.ignored}
    first = True
    for line, cells in csv_rows.table(text):
        if first:
            _check_columns(chosen, known, set(cells))
            first = False
        yield line, cells
    if first:
        raise ImportRefused.because("FILE_EMPTY", "at least one row of data", "none")


def _check_columns(chosen: LoanProfile, known: set[str], header: set[str]) -> None:
    problems = Problems()
    for name in sorted(header - known):
        expected = f"a column of profile {chosen.profile}"
        problems.add("HEADER_UNKNOWN", expected, name, line=1, field="header")
    for name in sorted(set(chosen.columns) - header):
        problems.add("HEADER_MISSING", f"a column {name}", line=1, field="header")
    problems.refuse()


def _typed(
    templates: Iterable[tuple[str, Template]],
    values: Mapping[str, str | None],
    cells: Cells,
    line: int,
    shared: Shared,
    faults: Problems,
) -> Iterator[tuple[str, Row]]:
    for kind, fill in templates:
        fields: dict[str, Any] = fill(values, cells) or {}
        key = kind, str(fields.get("code", ""))
        if kind in _SHARED and key in shared:
            # Thousands of lines name the same book or obligor: read it once.
            first, known, row = shared[key]
            if known != fields:
                faults.add("CONFLICT", f"{key[1]} as on line {first}", line=line, field=kind)
            yield kind, row
            continue
        try:
            row = CONTRACTS[kind].model_validate(fields)
        except ValidationError as error:
            rows.note(error, line, faults)
            continue
        if kind in _SHARED:
            shared[key] = line, fields, row
        yield kind, row


def _fill(tape: LoanTape, faults: Problems) -> None:
    seen: dict[str, int] = {}
    for line, made in tape.rows.items():
        for _, row in made:
            if isinstance(row, InstrumentRow):
                instruments.add(tape.instruments, line, row, faults)
            elif isinstance(row, PositionRow):
                other = seen.setdefault(row.position_id, line)
                if other != line:
                    faults.add(
                        "DUPLICATE",
                        f"once: see line {other}",
                        row.position_id,
                        line=line,
                        field="position_id",
                    )
                tape.positions.add(line, row)
    instruments.check_terms(tape.instruments, faults)


def _refuse_all(tape: LoanTape, problems: Problems) -> None:
    for line in sorted(tape.refused):
        for problem in tape.refused[line]:
            problems.append(problem)


def write(tape: LoanTape, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write what the lines give in one transaction.

    Without `--reject-file` one line at fault refuses the tape. With it such lines are left out
    and written there with their reasons; every line is then either held or in that file.
    """
    outcome = Outcome("tape", len(tape.lines))
    chosen = _by_kind(tape)
    _check_positions_alone(tape)
    for part, lines in chosen.items():
        module: Any = _MODULES[part]
        outcome.parts.append(module.write(lines, request, problems, progress))
    tape.instruments.lines = [
        (line, row) for line, row in tape.instruments.lines if line not in tape.refused
    ]
    outcome.parts.append(instruments.write(tape.instruments, request, problems, progress))
    tape.positions.lines = [
        (line, row) for line, row in tape.positions.lines if line not in tape.refused
    ]
    dated = Request(
        kind=request.kind,
        source=request.source,
        as_of=tape.as_of,
        snapshot=request.snapshot,
        dry_run=request.dry_run,
    )
    held = positions.write(tape.positions, dated, problems, progress)
    outcome.parts.append(held)
    outcome.created, outcome.unchanged = held.created, held.unchanged
    outcome.rejected = len(tape.refused)
    outcome.ids.update(held.ids)
    outcome.details.update(as_of=tape.as_of.isoformat(), **held.details)
    outcome.notes.extend(note for part in outcome.parts for note in part.notes)
    if request.reject_file is not None and not request.dry_run:
        _write_rejects(tape, request)
    return outcome


_MODULES = {
    "legal_entities": legal_entities,
    "portfolios": portfolios,
    "counterparties": counterparties,
}


def _by_kind(tape: LoanTape) -> dict[str, list[tuple[int, Row]]]:
    """Return the rows that lines share, each once, of the lines that are kept."""
    found: dict[str, dict[str, tuple[int, Row]]] = {kind: {} for kind in _SHARED}
    for line, made in tape.kept():
        for kind, row in made:
            if kind in _SHARED:
                found[kind].setdefault(str(getattr(row, "code", "")), (line, row))
    return {kind: list(rows_.values()) for kind, rows_ in found.items()}


def _check_positions_alone(tape: LoanTape) -> None:
    if len(tape.refused) == len(tape.lines):
        raise ImportRefused.because("FILE_EMPTY", "a row that can be held", "all are refused")


def _write_rejects(tape: LoanTape, request: Request) -> None:
    assert request.reject_file is not None
    out = io.StringIO()
    header = list(next(iter(tape.lines.values())))
    writer = csv.writer(out)
    writer.writerow(["line", "field", "code", "expected", "found", *header])
    for line in sorted(tape.refused):
        for problem in tape.refused[line]:
            cells = [shown(cell) for cell in tape.lines[line].values()]
            reason = [problem.field, problem.code, problem.expected, problem.found]
            writer.writerow([line, *reason, *cells])
    try:
        request.reject_file.write_text(out.getvalue(), encoding="utf-8")
    except OSError as error:
        raise ImportRefused.because(
            "FILE_MISSING", "a file that can be written", error.strerror, field="--reject-file"
        ) from None
