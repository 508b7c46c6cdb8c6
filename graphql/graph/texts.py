"""Characters that no stored text has: a request with one is refused before anything reads it."""

from __future__ import annotations

import re
from typing import Any

from graph.errors import BadInput

_NEVER_STORED = re.compile("[\0\ud800-\udfff]")
_ESCAPED_NUL = re.compile(r"\\u(0000|\{0+\})")


def check_document(text: str) -> None:
    """Refuse a document that writes NUL in a string; half a surrogate pair cannot be parsed."""
    if _ESCAPED_NUL.search(text):
        raise BadInput("The document has the character NUL, which is never stored.")


def check_values(values: Any) -> None:
    """Refuse NUL and halves of surrogate pairs in any text of a JSON value, keys included."""
    left = [values]
    while left:
        match left.pop():
            case str() as text if _NEVER_STORED.search(text):
                raise BadInput("A text has NUL or half a surrogate pair, which are never stored.")
            case dict() as members:
                left += [*members.keys(), *members.values()]
            case list() as members:
                left += members
            case _:
                pass
