"""Typed access to the parts of a document, each error naming its place."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.currencies import is_currency
from pricing.dates import FIRST_YEAR, LAST_INPUT_DAY, ordinal, read
from pricing.market.errors import MarketError

FloatArray = npt.NDArray[np.float64]

DERIVATIVE_LIMIT = 1e4
"""A zero or hazard rate that moves more than this for a unit of a quote is refused."""


def mapping(value: object, place: str) -> Mapping[str, Any]:
    """Return the value as an object."""
    if not isinstance(value, Mapping):
        raise MarketError(place, "an object is expected")
    return value


def sequence(value: object, place: str) -> Sequence[Any]:
    """Return the value as a list."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise MarketError(place, "a list is expected")
    return value


def text(source: Mapping[str, Any], key: str, place: str) -> str:
    """Return a text that must not be empty."""
    value = source.get(key)
    if not isinstance(value, str) or not value:
        raise MarketError(f"{place}.{key}", "a text is expected")
    return value


def choice(
    source: Mapping[str, Any],
    key: str,
    choices: Sequence[str],
    place: str,
    default: str | None = None,
) -> str:
    """Return a text that is one of the choices."""
    value = source.get(key, default)
    if not isinstance(value, str) or value not in choices:
        raise MarketError(f"{place}.{key}", f"{value!r} is not one of {', '.join(choices)}")
    return value


def only(source: Mapping[str, Any], known: set[str], place: str) -> None:
    """Refuse a field that the part does not have."""
    for key in source:
        if key not in known:
            raise MarketError(f"{place}.{key}", "no such field")


def pair(value: object, place: str, expected: str) -> tuple[Any, Any]:
    """Return the two members of a pair."""
    members = sequence(value, place)
    if len(members) != 2:
        raise MarketError(place, f"{expected} is expected")
    return members[0], members[1]


def whole(value: object, place: str, low: int, high: int) -> int:
    """Return a whole number within [low, high]."""
    result = number(value, place, low, high)
    if not result.is_integer():
        raise MarketError(place, f"{value!r} is not a whole number")
    return int(result)


def number(value: object, place: str, low: float, high: float) -> float:
    """Return a finite number within [low, high]: a decimal text, Decimal or int."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise MarketError(place, "a decimal number is expected")
    try:
        result = float(value)
    except (ValueError, OverflowError):
        raise MarketError(place, f"{value!r} is not a decimal number") from None
    if "_" in str(value) or not math.isfinite(result) or not low <= result <= high:
        raise MarketError(place, f"{value!r} is not a number from {low:g} to {high:g}")
    return result


def day(value: object, place: str) -> int:
    """Return the day ordinal of an ISO date."""
    if isinstance(value, str) and len(value) == 10:
        try:
            value = read(value)
        except ValueError:
            raise MarketError(place, f"{value!r} is not a date") from None
    if not isinstance(value, dt.date):
        raise MarketError(place, "a date like 2022-12-30 is expected")
    result = ordinal(value)
    if value.year < FIRST_YEAR or result > LAST_INPUT_DAY:
        raise MarketError(place, f"{value} is outside 1900 to 2199")
    return result


def currency(value: object, place: str) -> str:
    """Return an ISO currency code."""
    if not isinstance(value, str) or not is_currency(value):
        raise MarketError(place, f"{value!r} is not a known currency")
    return value


def tenor_years(value: object, place: str) -> float:
    """Return a tenor like 3M or 10Y as years of 12 months."""
    if isinstance(value, str) and value[:-1].isascii() and value[:-1].isdigit():
        count = int(value[:-1])
        if 0 < count <= 1200 and value[-1] in "MY":
            return count / 12.0 if value[-1] == "M" else float(count)
    raise MarketError(place, f"{value!r} is not a tenor like 3M or 10Y")


def table(rows: object, nodes: int, quotes: int, place: str) -> FloatArray:
    """Return a table of derivatives (nodes, quotes)."""
    listed = sequence(rows, place)
    if len(listed) != nodes:
        raise MarketError(place, f"{nodes} rows are expected, one per node")
    out = np.empty((nodes, quotes))
    for i, row in enumerate(listed):
        cells = sequence(row, f"{place}[{i}]")
        if len(cells) != quotes:
            raise MarketError(f"{place}[{i}]", f"{quotes} derivatives are expected")
        for j, cell in enumerate(cells):
            out[i, j] = number(cell, f"{place}[{i}][{j}]", -DERIVATIVE_LIMIT, DERIVATIVE_LIMIT)
    return out
