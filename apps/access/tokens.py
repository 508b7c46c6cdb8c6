"""Bearer tokens of programs: random text shown once, of which only the sha256 is stored."""

from __future__ import annotations

import secrets

from foundation import hashing

PREFIX = "tieout_"
"""What every token starts with, so that scanners of repositories and logs recognise one."""

_ENTROPY_BYTES = 32


def new() -> str:
    """A token that was never given out."""
    return PREFIX + secrets.token_urlsafe(_ENTROPY_BYTES)


def digest(token: str) -> bytes:
    """What is stored of a token. 256 random bits need no salt and no slow hash."""
    return hashing.sha256(token)


def from_header(header: str) -> str | None:
    """The token of an Authorization header; None when it carries none of ours."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(PREFIX):
        return None
    return token.strip()
