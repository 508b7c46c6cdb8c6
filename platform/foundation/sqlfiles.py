"""Statements that matter stand in .sql files, named, with the reason beside them."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import LiteralString

_OPENING = re.compile(r"--\s*name:\s*(?P<name>[a-z][a-z0-9_]*)\s*\Z")


class SqlFileError(ValueError):
    """A .sql file that cannot be read as named statements."""


def load(folder: Path) -> Mapping[str, LiteralString]:
    """The statements of all .sql files in `folder`, by name.

    A line `-- name: claim` opens a statement that ends where the next one opens. Lines that are
    comments are left out of it: they are for the reader, and psycopg would take a percent sign
    in them for a parameter.
    """
    # The texts come from files of this repository, as literals do.
    statements: dict[str, LiteralString] = {}
    for file in sorted(folder.glob("*.sql")):
        for name, text in _statements(file):
            if name in statements:
                raise SqlFileError(f"{file.name}: there is a second statement named {name}")
            statements[name] = text
    if not statements:
        raise SqlFileError(f"no statements in {folder}")
    return MappingProxyType(statements)


def _statements(file: Path) -> list[tuple[str, LiteralString]]:
    found: list[tuple[str, list[str]]] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        opening = _OPENING.match(line.strip())
        if opening:
            found.append((opening["name"], []))
        elif line.lstrip().startswith("--") or (not found and not line.strip()):
            continue
        elif not found:
            raise SqlFileError(f"{file.name}:{number}: a statement needs `-- name:` above it")
        else:
            found[-1][1].append(line)
    texts = [(name, "\n".join(lines).strip()) for name, lines in found]
    empty = [name for name, text in texts if not text]
    if empty:
        raise SqlFileError(f"{file.name}: {', '.join(empty)} has no text")
    return texts
