"""The one form of a market document's numbers: what is a decimal becomes canonical decimal text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from foundation.hashing import decimal_text

_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,32})?([eE][+-]?[0-9]{1,2})?", re.ASCII)


class MarketFault(ValueError):
    """What is wrong with a market document, and the place of it."""

    def __init__(self, place: str, message: str, found: object = "") -> None:
        super().__init__(f"{place}: {message}")
        self.place, self.message, self.found = place, message, found


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal."""


@dataclass(frozen=True, slots=True)
class Each:
    """A list of parts of one shape."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Pairs:
    """A list of [date, month or tenor, decimal]."""


@dataclass(frozen=True, slots=True)
class Named:
    """Parts of one shape by name."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Fields:
    """An object; fields that are not named here are no decimals and stay as they are."""

    shapes: Mapping[str, Shape]


Shape = Number | Each | Pairs | Named | Fields


def canonical(value: Any, shape: Shape, place: str) -> Any:
    """Return a part with its decimals in canonical text; MarketFault names what is none."""
    if isinstance(shape, Number):
        return number(value, place)
    if isinstance(shape, Pairs):
        return pairs(value, place)
    if isinstance(shape, Each):
        return [
            canonical(item, shape.shape, f"{place}[{at}]")
            for at, item in enumerate(listed(value, place))
        ]
    source = named(value, place)
    if isinstance(shape, Named):
        return {k: canonical(v, shape.shape, f"{place}.{k}") for k, v in source.items()}
    return {
        key: canonical(item, shape.shapes[key], f"{place}.{key}") if key in shape.shapes else item
        for key, item in source.items()
    }


def pairs(value: Any, place: str) -> list[list[str]]:
    """Return pairs of a text and a decimal."""
    members = (
        pair(node, f"{place}[{at}]", "[date or tenor, number]")
        for at, node in enumerate(listed(value, place))
    )
    return [[str(a), number(b, f"{place}[{at}] ({a})")] for at, (a, b) in enumerate(members)]


def pair(value: Any, place: str, expected: str) -> tuple[Any, Any]:
    """Return the two members of a pair."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise MarketFault(place, expected, value)
    return value[0], value[1]


def number(value: Any, place: str) -> str:
    """Return the canonical text of a decimal; a binary float is none."""
    text = str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise MarketFault(place, "a plain decimal number", value)
    return decimal_text(Decimal(text))


def listed(value: Any, place: str) -> Sequence[Any]:
    """Return the value as a list."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise MarketFault(place, "a list is expected", value)
    return value


def named(value: Any, place: str) -> Mapping[str, Any]:
    """Return the value as an object."""
    if not isinstance(value, Mapping):
        raise MarketFault(place, "an object is expected", value)
    return value
