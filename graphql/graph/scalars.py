"""Scalars of the schema: exact decimals as text, never as floats."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

DecimalText = NewType("DecimalText", str)
"""A decimal number as text, without exponent: what every amount of the API is."""

_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,20})?")


def _parse_decimal(value: Any) -> DecimalText:
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not _DECIMAL.fullmatch(text):
        raise GraphQLError("A Decimal is digits with an optional sign and fraction, as a string.")
    return DecimalText(text)


def _print_decimal(value: DecimalText | Decimal) -> str:
    return format(value, "f") if isinstance(value, Decimal) else value


_DECIMAL_SCALAR = strawberry.scalar(
    name="Decimal",
    description="An exact decimal number as a string, without exponent: no amount is a float.",
    serialize=_print_decimal,
    parse_value=_parse_decimal,
)

SCALARS: dict[object, ScalarDefinition] = {
    DecimalText: _DECIMAL_SCALAR,
    Decimal: _DECIMAL_SCALAR,  # what a numeric column of a model holds
}
"""The scalars of our own, for the configuration of the schema."""
