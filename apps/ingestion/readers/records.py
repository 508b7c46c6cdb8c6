"""The rows of a file, whatever its layout: field names and texts, each with its line."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import csv_rows, json_rows
from apps.ingestion.readers.source import FileKind, Source


@dataclass(slots=True)
class Record:
    """One row: numbers are their literal text, an absent or empty value has no key."""

    line: int
    values: dict[str, Any]


def read(
    source: Source, problems: Problems, *, known: Collection[str], required: Collection[str] = ()
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
    for line, values in rows:
        found = True
        yield Record(line, values)
    if not found and not problems:
        raise ImportRefused.because("FILE_EMPTY", "at least one row of data", "none")
