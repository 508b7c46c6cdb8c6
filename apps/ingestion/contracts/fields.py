"""The types of fields: what a text must look like, and the canonical text it becomes.

Numbers and dates stay texts: what is hashed and stored is their canonical form, and no reader may
round them on the way. Patterns run in pydantic's core; Python looks only at values that passed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError
from stdnum import cusip, isin, lei

from apps.ingestion.contracts.countries import COUNTRIES
from apps.instrument import adapters as instruments
from foundation.hashing import decimal_text

FIRST_DATE = "1900-01-01"
LAST_DATE = "2200-12-31"
MOST_DECIMALS = 12


class Row(BaseModel):
    """A row of a file. Fields that are absent are None; fields that are unknown are refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=10_000, frozen=True)

    def present(self) -> dict[str, Any]:
        """Return the fields that have a value."""
        values = self.__dict__
        return {n: values[n] for n in self.__pydantic_fields_set__ if values[n] is not None}


def fault(code: str, expected: str, field: str = "") -> PydanticCustomError:
    """Return the error by which a contract names a problem code and what was expected.

    A check of a whole row says which `field` is to blame; that of a field need not.
    """
    context = {"code": code, "expected": expected, "field": field}
    return PydanticCustomError("problem", "{expected}", context)


_CANONICAL = re.compile(r"(0|-?[1-9][0-9]{0,14})(\.[0-9]{0,11}[1-9])?", re.ASCII)


def _between(low: str, high: str) -> Callable[[str], str]:
    """Return the reader of a decimal within bounds, which gives its canonical text."""
    least, most = Decimal(low), Decimal(high)
    float_least, float_most = float(low), float(high)

    def read(text: str) -> str:
        # What is canonical already, as most of a file is, needs no Decimal: with at most 27
        # digits its float is on the same side of a bound.
        if _CANONICAL.fullmatch(text) and float_least < float(text) < float_most:
            return text
        number = Decimal(text)
        canonical = decimal_text(number)
        if len(canonical.partition(".")[2]) > MOST_DECIMALS:
            raise fault("NUMBER", f"at most {MOST_DECIMALS} decimal places")
        if not least <= number <= most:
            raise fault("RANGE", f"a number from {low} to {high}")
        return canonical

    return read


def _date(text: str) -> str:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        raise fault("DATE", "a day of the calendar as YYYY-MM-DD") from None
    if not FIRST_DATE <= text <= LAST_DATE:
        raise fault("RANGE", f"a date from {FIRST_DATE} to {LAST_DATE}")
    return text


def _currency(text: str) -> str:
    if not instruments.is_currency(text):
        raise fault("CURRENCY", "a currency of ISO 4217")
    return text


def _country(text: str) -> str:
    if text not in COUNTRIES:
        raise fault("COUNTRY", "a country of ISO 3166 by two letters")
    return text


def _checked(module: Any, name: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if module.compact(text) != text or not module.is_valid(text):
            raise fault("CHECKSUM", f"{name} with a right check digit")
        return text

    return check


def _boolean(value: object) -> object:
    if isinstance(value, str):
        if value in ("true", "false"):
            return value == "true"
        raise fault("TYPE", "true or false")
    return value


_NUMBER = r"^[+-]?[0-9]{1,24}(\.[0-9]{0,32})?([eE][+-]?[0-9]{1,2})?$"
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]*$"

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,64}$")]
"""ASCII, so that two identifiers that look alike are alike."""

Text = Annotated[str, StringConstraints(pattern=ONE_LINE, min_length=1, max_length=200)]
"""One line of text for people, without control or direction characters."""

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/+ &-]{1,40}$")]
"""A code of some scheme: a sector, a segment, a tag."""

Rating = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]{0,6}[+-]?$")]

_Plain = Annotated[str, StringConstraints(pattern=_NUMBER)]

Number = Annotated[_Plain, AfterValidator(_between("-1e30", "1e30"))]
"""A finite decimal; its canonical text has no exponent and no trailing zeros."""

_MONEY = "an amount of the row's currency"

Amount = Annotated[_Plain, AfterValidator(_between("-1e18", "1e18")), _MONEY]
AmountNotNegative = Annotated[_Plain, AfterValidator(_between("0", "1e18")), _MONEY]
"""Amounts, which must also fit the integer money of their currency."""

Rate = Annotated[_Plain, AfterValidator(_between("-1", "10"))]
"""A decimal fraction: 0.045 is 4.5%."""

Share = Annotated[_Plain, AfterValidator(_between("0", "1"))]
Price = Annotated[_Plain, AfterValidator(_between("-10000", "10000"))]
Days = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,4})$")]
"""A whole number of days, below 100,000."""

Date = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_date)
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_country)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Lei = Annotated[str, StringConstraints(max_length=20), AfterValidator(_checked(lei, "an LEI"))]
Isin = Annotated[str, StringConstraints(max_length=12), AfterValidator(_checked(isin, "an ISIN"))]
Cusip = Annotated[str, StringConstraints(max_length=9), AfterValidator(_checked(cusip, "a CUSIP"))]


def amounts(contract: type[Row]) -> tuple[str, ...]:
    """Return the fields of a contract that are amounts."""
    hints = get_type_hints(contract, include_extras=True)
    return tuple(name for name in contract.model_fields if _MONEY in _metadata(hints[name]))


def _metadata(hint: Any) -> list[object]:
    own = list(getattr(hint, "__metadata__", ()))
    return own + [item for inner in get_args(hint) for item in _metadata(inner)]


EXPECTED = {
    r"^[A-Za-z0-9._:/-]{1,64}$": ("IDENTIFIER", "1 to 64 characters of A-Z a-z 0-9 . _ : / -"),
    ONE_LINE: ("TYPE", "one line without control characters"),
    r"^[A-Za-z0-9._:/+ &-]{1,40}$": ("TYPE", "1 to 40 characters of A-Z a-z 0-9 . _ : / + & -"),
    r"^[A-Za-z][A-Za-z0-9]{0,6}[+-]?$": ("TYPE", "a rating such as BBB- or Baa1"),
    _NUMBER: ("NUMBER", "a plain decimal number such as -1234.56"),
    r"^(0|[1-9][0-9]{0,4})$": ("NUMBER", "a whole number below 100,000"),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": ("DATE", "a date as YYYY-MM-DD"),
    r"^[A-Z]{3}$": ("CURRENCY", "a currency of ISO 4217 by three letters"),
    r"^[A-Z]{2}$": ("COUNTRY", "a country of ISO 3166 by two letters"),
}
"""What a text that failed a pattern should have been: problem code and words."""
