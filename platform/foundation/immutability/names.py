"""Names of tables, columns and triggers inside the statements of the operations."""

import hashlib
import re

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_LONGEST = 63


def plain(name: str) -> str:
    """`name` when it is an ordinary lower-case identifier, so that it needs no quoting."""
    if not _PLAIN.match(name) or len(name) > _LONGEST:
        raise ValueError(f"{name!r} is not a plain identifier of at most {_LONGEST} letters")
    return name


def table(name: str) -> str:
    """The table in its schema: the statements depend on no search_path."""
    return f"public.{plain(name)}"


def shortened(name: str) -> str:
    """`name` cut to PostgreSQL's 63 letters with a hash of the whole at its end."""
    if len(name) <= _LONGEST:
        return plain(name)
    return plain(f"{name[:54]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}")


def literal(text: str) -> str:
    """`text` as a quoted SQL literal."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def text_array(values: "list[str] | tuple[str, ...]") -> str:
    """The values as an SQL text array."""
    inner = ", ".join(literal(value) for value in values)
    return f"ARRAY[{inner}]::text[]"
