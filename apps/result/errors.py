"""Why a position has no value: the error codes, their numbers in the database, their document."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from apps.run.contracts import PositionError
from foundation import hashing

CRASHED = "CRASHED"
NOT_FINITE = "NOT_FINITE"
OVERFLOW = "OVERFLOW"
UNLISTED = "UNLISTED"

# Append only: a number that was ever stored keeps its meaning.
_CODES: tuple[str, ...] = (
    UNLISTED,
    CRASHED,
    NOT_FINITE,
    OVERFLOW,
    "TERMS_INVALID",
    "BAD_DATES",
    "TERM_TOO_LONG",
    "SCHEDULE_INVALID",
    "RATE_OUT_OF_RANGE",
    "AMOUNT_OUT_OF_RANGE",
    "UNKNOWN_CALENDAR",
    "UNKNOWN_CURRENCY",
    "UNKNOWN_CURVE",
    "CURVE_CURRENCY",
    "SPREAD_MISSING",
    "SPREAD_NOT_SOLVED",
    "MARK_MISSING",
    "FX_MISSING",
    "MATURED",
    "CLOSED",
    "RECOVERY_MISSING",
    "CREDIT_COUNTED_TWICE",
    "UNKNOWN_PRODUCT",
    "FIXING_MISSING",
    "YIELD_NOT_SOLVED",
    "UNKNOWN_INDEX",
    "UNKNOWN_CREDIT",
    "UNKNOWN_VOLATILITY",
    "MODEL_MISSING",
)

NUMBER: Mapping[str, int] = MappingProxyType(
    {code: number for number, code in enumerate(_CODES, start=1)}
)
"""Error code -> number stored in valuation.error_code; 0 is no error."""

CODE: Mapping[int, str] = MappingProxyType({number: code for code, number in NUMBER.items()})
"""Number stored in valuation.error_code -> error code."""

_LONGEST_MESSAGE = 500


def number(code: str) -> int:
    """Return the number of `code`; a code this registry does not list yet is UNLISTED.

    The text of an unlisted code stands in the error document all the same.
    """
    return NUMBER.get(code, NUMBER[UNLISTED])


def document(error: PositionError) -> str:
    """Return the canonical text stored with an error row: its code, message and first cell."""
    return hashing.canonical(
        {
            "cell": _storable(error.cell) or None,
            "code": _storable(error.code),
            "message": _storable(error.message)[:_LONGEST_MESSAGE],
        }
    )


def _storable(text: str) -> str:
    """Replace what PostgreSQL cannot store, so that a bad text cannot lose the row."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
