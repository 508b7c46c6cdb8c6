"""Stored documents as JSON values that lose no digit."""

from __future__ import annotations

import json

from strawberry.scalars import JSON


def document(text: str) -> JSON:
    """Return the values of a canonical text; numbers with a fraction come as strings."""
    return JSON(json.loads(text, parse_float=str))
