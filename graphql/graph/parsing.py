"""Documents that clients send again and again are parsed and validated once.

A third of what a small query costs is reading its text. Limits and permissions are judged for
every request all the same: they depend on variables and on the user.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from graphql import DocumentNode, parse

KEPT = 100
"""Documents kept per process."""

LONGEST_KEPT = 4_096
"""Characters of a document that is kept: a screen's query, and at most 0.5 MB as a tree."""


@dataclass(slots=True)
class Parsed:
    """A document as a tree, and whether it was found valid."""

    document: DocumentNode
    is_valid: bool = False


class Parser:
    """Parses, and keeps the documents that were valid; the least recently used goes first."""

    def __init__(self, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._kept: OrderedDict[str, Parsed] = OrderedDict()
        self._lock = Lock()

    def parse(self, text: str) -> Parsed:
        """Return the document of a text; GraphQLError when it is none."""
        with self._lock:
            found = self._kept.get(text)
            if found is not None:
                self._kept.move_to_end(text)
                return found
        return Parsed(parse(text, max_tokens=self._max_tokens))

    def keep(self, text: str, parsed: Parsed) -> None:
        """Remember a document that was found valid."""
        parsed.is_valid = True
        if len(text) > LONGEST_KEPT:
            return
        with self._lock:
            self._kept[text] = parsed
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
