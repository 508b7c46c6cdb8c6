"""Identifiers of a file: each once, none that differs from another in case only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from apps.ingestion.problems import Problems

R = TypeVar("R")


def unique(
    rows: Iterable[tuple[int, R]],
    code_of: Callable[[R], str],
    problems: Problems,
    *,
    field: str = "code",
) -> None:
    """Note every identifier that stands twice in a file."""
    lines: dict[str, int] = {}
    spelled: dict[str, str] = {}
    for line, row in rows:
        code = code_of(row)
        if code in lines:
            problems.add("DUPLICATE", f"once: see line {lines[code]}", code, line=line, field=field)
            continue
        lines[code] = line
        other = spelled.setdefault(code.lower(), code)
        if other != code:
            expected = f"another spelling than {other} on line {lines[other]}"
            problems.add("DUPLICATE_CASE", expected, code, line=line, field=field)


def like_stored(
    rows: Iterable[tuple[int, R]],
    code_of: Callable[[R], str],
    stored: Mapping[str, str],
    problems: Problems,
) -> None:
    """Note identifiers that differ only in case from one in the database.

    `stored` maps lower case to the identifier as it is stored.
    """
    for line, row in rows:
        code = code_of(row)
        other = stored.get(code.lower(), code)
        if other != code:
            problems.add("DUPLICATE_CASE", f"{other}, as stored", code, line=line, field="code")
