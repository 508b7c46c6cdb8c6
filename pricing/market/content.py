"""The hash of one named object of a market."""

from __future__ import annotations

import hashlib
import json


def content_hash(value: object) -> bytes:
    """Return the sha256 of a part of a document in one form: sorted keys, no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).digest()
