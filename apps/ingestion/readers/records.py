"""The rows of a file, whatever its layout: field names and texts, each with its line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from apps.ingestion.outcome import Progress, silent
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import csv_rows, json_rows
from apps.ingestion.readers.source import FileKind, Source

_EVERY = 1_000

Row = TypeVar("Row")


@dataclass(slots=True)
class Record:
    """One row: numbers are their literal text, an absent or empty value has no key."""

    line: int
    values: dict[str, Any]


def read(
    source: Source,
    problems: Problems,
    *,
    known: Collection[str],
    required: Collection[str] = (),
    progress: Progress = silent,
) -> Iterator[Record]:
    """Yield the rows of a file; rows that are no rows are noted and left out.

    `known` are the fields of the contract (a name that ends in a point takes any column below
    it); a column outside of them is a problem of the header and stops the import there.
    """
    rows: Iterator[tuple[int, dict[str, Any]]]
    if source.kind is FileKind.CSV:
        rows = csv_rows.rows(source.text, problems, known=known, required=required)
    elif source.kind is FileKind.JSON:
        rows = json_rows.array(source.text, problems)
    else:
        rows = json_rows.lines(source.text, problems)
    found = False
    for line, values in followed(rows, source, progress):
        found = True
        yield Record(line, values)
    if not found and not problems:
        raise ImportRefused.because("FILE_EMPTY", "at least one row of data", "none")


def followed(
    rows: Iterable[tuple[int, Row]], source: Source, progress: Progress
) -> Iterator[tuple[int, Row]]:
    """Yield the rows as they are, and report the line of the file that has been reached."""
    total = source.text.count("\n") + 1
    due = _EVERY
    for line, row in rows:
        if line >= due:
            progress("reading", line, total)
            due = line + _EVERY
        yield line, row
