"""CSV as RFC 4180 has it, strictly: what a lenient reader would swallow is a problem here."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import json_rows

MAX_COLUMNS = 2_000
MAX_CELL = 131_072


def rows(
    text: str, problems: Problems, *, known: Collection[str], required: Collection[str] = ()
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, values) of every row; empty cells are absent, `a.b` nests as b inside a."""
    lines = _lines(text)
    first = next(lines, None)
    if first is None:
        raise ImportRefused.because("FILE_EMPTY", "a header and rows", "nothing")
    header = first[1]
    _check_header(header, known, required)
    width = len(header)
    nested = any("." in name for name in header)
    for line, cells in lines:
        if not cells:
            continue
        if len(cells) != width:
            code = "ROW_SHORT" if len(cells) < width else "ROW_LONG"
            problems.add(code, f"{width} cells", f"{len(cells)} cells", line=line)
            continue
        values: dict[str, Any] = {
            name: cell for name, cell in zip(header, cells, strict=True) if cell
        }
        if nested:
            values = _nest(values, line, problems)
        yield line, values


def table(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, cells by column) of a foreign file as they are, empty cells included."""
    lines = _lines(text)
    first = next(lines, None)
    if first is None:
        raise ImportRefused.because("FILE_EMPTY", "a header and rows", "nothing")
    header = first[1]
    _refuse_twice(header)
    for line, cells in lines:
        if not cells:
            continue
        if len(cells) != len(header):
            code = "ROW_SHORT" if len(cells) < len(header) else "ROW_LONG"
            raise ImportRefused.because(
                code, f"{len(header)} cells", f"{len(cells)} cells", line=line
            )
        yield line, dict(zip(header, cells, strict=True))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    end = text.find("\n")
    if text.count(",", 0, end if end >= 0 else len(text)) > MAX_COLUMNS:
        raise ImportRefused.because("SYNTAX", f"at most {MAX_COLUMNS:,} columns", line=1)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error):
                expected = f"at most {MAX_CELL:,} characters in a cell"
                raise ImportRefused.because("TOO_LONG", expected, line=line) from None
            raise ImportRefused.because("SYNTAX", "CSV as in RFC 4180", error, line=line) from None
        yield line, cells
        line = reader.line_num + 1


def _check_header(header: Sequence[str], known: Collection[str], required: Collection[str]) -> None:
    _refuse_twice(header)
    problems = Problems()
    prefixes = tuple(name for name in known if name.endswith("."))
    names = sorted(name for name in known if not name.endswith("."))
    for column in header:
        if column.startswith(prefixes) and all(column.split(".")):
            _refuse_value_and_parts(column, header)
            continue
        if column in known and not column.endswith("."):
            continue
        near = difflib.get_close_matches(column, names, n=1)
        expected = f"{near[0]}?" if near else f"one of {', '.join(names)}"
        problems.add("HEADER_UNKNOWN", expected, column, line=1, field="header")
    for name in required:
        if name not in header:
            problems.add("HEADER_MISSING", f"a column {name}", line=1, field="header")
    problems.refuse()


def _refuse_value_and_parts(column: str, header: Sequence[str]) -> None:
    above = column.rpartition(".")[0]
    while above:
        if above in header:
            raise ImportRefused.because(
                "CONFLICT", f"{above} or columns below it, not both", column, line=1, field="header"
            )
        above = above.rpartition(".")[0]


def _refuse_twice(header: Sequence[str]) -> None:
    seen: set[str] = set()
    for column in header:
        if column in seen:
            raise ImportRefused.because(
                "HEADER_DUPLICATE", "each column once", column, line=1, field="header"
            )
        seen.add(column)


def _nest(values: dict[str, Any], line: int, problems: Problems) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, cell in values.items():
        *path, leaf = name.split(".")
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
        if cell[0] in "[{":
            try:
                cell = json_rows.document(cell)
            except ImportRefused as refused:
                for problem in refused.problems:
                    problems.add(
                        problem.code, problem.expected, problem.found, line=line, field=name
                    )
                continue
        inner[leaf] = cell
    return nested
