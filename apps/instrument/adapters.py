"""What this app asks of the pricing library: currencies, and the contracts of product terms."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from foundation.exact import LIMIT
from foundation.hashing import decimal_text
from pricing import currencies
from pricing.batch import Names
from pricing.failure import Failure
from pricing.measures import MEASURES
from pricing.position import PositionInput
from pricing.products.registry import PRODUCTS

_DECIMAL = re.compile(r"[+-]?[0-9]{1,24}(\.[0-9]{0,32})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_MISSING = re.compile(r"(terms(?:\.[a-z_]+)+) is missing", re.ASCII)
_ORDER = re.compile(r"is (not )?after ")
_LIFE = re.compile(r"years after|payments to|run beyond")
_INTEGER = re.compile(r"-?[0-9]{1,12}", re.ASCII)
_FLAGS = {"true": True, "false": False}

_NEUTRAL_STATE = {
    "spread": "0",
    "spread_source": "SUPPLIED",
    "quantity": "1",
    "outstanding_principal": "0",
}
_OF_STATE = frozenset({"SPREAD_MISSING", "MARK_MISSING", "RECOVERY_MISSING", "CLOSED", "MATURED"})


@dataclasses.dataclass(frozen=True, slots=True)
class TermsFault:
    """What is wrong with the terms: the field if one is to blame, what was found and expected."""

    field: str
    code: str
    expected: str
    found: str = ""


def is_currency(code: str) -> bool:
    """Return whether the platform carries the currency."""
    return currencies.is_currency(code)


@cache
def largest_amount(currency: str) -> Decimal:
    """Return the amount from which on the platform's integer money overflows."""
    return Decimal(LIMIT).scaleb(-MEASURES["PV"].quantum(currency))


def is_priced(product_type: str) -> bool:
    """Return whether the library has the product: others have no contract of terms yet."""
    return product_type in PRODUCTS


def normal_terms(
    product_type: str, currency: str, terms: Mapping[str, Any]
) -> tuple[dict[str, Any], list[TermsFault]]:
    """Return terms in the one form that is hashed, and what is wrong with their fields.

    Numbers become canonical decimal texts, whole numbers ints, flags booleans; terms of products
    without a contract are kept as they are.
    """
    faults: list[TermsFault] = []
    if not is_priced(product_type):
        return dict(terms), faults
    return _normal(_plan(product_type), terms, "", largest_amount(currency), faults), faults


def check_terms(
    product_type: str, rows: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[TermsFault | None]:
    """Return per (currency, terms) what the product refuses of them, None where it takes them."""
    if not is_priced(product_type):
        return [None] * len(rows)
    inputs = [
        PositionInput("", product_type, currency, terms, _neutral_state(terms))
        for currency, terms in rows
    ]
    packed = PRODUCTS[product_type].pack(inputs, Names())
    return [
        None if failure is None or failure.code in _OF_STATE else _fault(failure)
        for failure in packed.failures
    ]


def _neutral_state(terms: Mapping[str, Any]) -> Mapping[str, str]:
    """Return a state in which only the terms can be at fault: flows after defaults have theirs."""
    default = terms.get("default")
    defaults = isinstance(default, Mapping) and default.get("kind") != "NONE"
    return {**_NEUTRAL_STATE, "credit_basis": "CASHFLOW"} if defaults else _NEUTRAL_STATE


def _fault(failure: Failure) -> TermsFault:
    message = failure.message
    field, separator, rest = message.partition(": ")
    if separator and field.startswith("terms"):
        return TermsFault(field, _code(failure.code, rest), rest)
    missing = _MISSING.fullmatch(message)
    if missing is not None:
        return TermsFault(missing[1], "REQUIRED", "a value")
    return TermsFault("terms", _code(failure.code, message), message)


def _code(code: str, message: str) -> str:
    """Return what a refusal is of: how two dates stand to each other, a life, or one field."""
    if code == "BAD_DATES" and _ORDER.search(message):
        return "DATE_ORDER"
    if code == "TERM_TOO_LONG" and _LIFE.search(message):
        return "RANGE"
    return "TERMS"


Reader = Callable[[Any, str, Decimal, list[TermsFault]], Any]


@cache
def _plan(product_type: str) -> dict[str, Reader]:
    return _fields(PRODUCTS[product_type].terms)


def _fields(declared: type) -> dict[str, Reader]:
    readers: dict[str, Reader] = {}
    for field in dataclasses.fields(declared):
        kind = field.metadata["kind"]
        nested = field.metadata.get("of")
        if kind == "objects":
            readers[field.name] = _each(field.metadata["of"])
        else:
            readers[field.name] = _nested(nested) if nested else _READERS.get(kind, _as_it_is)
    return readers


def _normal(
    plan: Mapping[str, Reader],
    terms: Mapping[str, Any],
    place: str,
    largest: Decimal,
    faults: list[TermsFault],
) -> dict[str, Any]:
    normal: dict[str, Any] = {}
    for name, value in terms.items():
        reader = plan.get(name)
        if reader is None:
            known = ", ".join(plan)
            faults.append(
                TermsFault(f"terms.{place}{name}", "HEADER_UNKNOWN", f"one of {known}", str(value))
            )
            continue
        if value is not None and value != "":
            normal[name] = reader(value, f"{place}{name}", largest, faults)
    return normal


def _nested(declared: type) -> Reader:
    plan = _fields(declared)

    def read(value: Any, place: str, largest: Decimal, faults: list[TermsFault]) -> Any:
        if not isinstance(value, Mapping):
            faults.append(TermsFault(f"terms.{place}", "TYPE", "an object", str(value)))
            return value
        return _normal(plan, value, f"{place}.", largest, faults)

    return read


def _number(value: Any, place: str, largest: Decimal, faults: list[TermsFault]) -> Any:
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        faults.append(TermsFault(f"terms.{place}", "NUMBER", "a plain decimal number", str(value)))
        return value
    return decimal_text(Decimal(value))


def _amount(value: Any, place: str, largest: Decimal, faults: list[TermsFault]) -> Any:
    before = len(faults)
    text = _number(value, place, largest, faults)
    if len(faults) == before and abs(Decimal(text)) >= largest:
        faults.append(TermsFault(f"terms.{place}", "OVERFLOW", f"an amount below {largest}", text))
    return text


def _integer(value: Any, place: str, largest: Decimal, faults: list[TermsFault]) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        faults.append(TermsFault(f"terms.{place}", "NUMBER", "a whole number", str(value)))
        return value
    return int(value)


def _flag(value: Any, place: str, largest: Decimal, faults: list[TermsFault]) -> Any:
    found = value if isinstance(value, bool) else _FLAGS.get(str(value))
    if found is None:
        faults.append(TermsFault(f"terms.{place}", "TYPE", "true or false", str(value)))
        return value
    return found


def _steps(value: Any, place: str, largest: Decimal, faults: list[TermsFault]) -> Any:
    if isinstance(value, str):
        # A cell of a CSV file holds the list as JSON.
        try:
            value = json.loads(value, parse_float=Decimal)
        except ValueError:
            value = [value]
    pairs = isinstance(value, list) and all(isinstance(p, list) and len(p) == 2 for p in value)
    if not pairs:
        faults.append(TermsFault(f"terms.{place}", "TYPE", "[[date, number], ...]", str(value)))
        return value
    return [
        [day, _number(number, f"{place}[{index}]", largest, faults)]
        for index, (day, number) in enumerate(value)
    ]


def _numbers(value: Any, place: str, largest: Decimal, faults: list[TermsFault]) -> Any:
    value = _listed(value)
    if not isinstance(value, list):
        faults.append(TermsFault(f"terms.{place}", "TYPE", "a list of numbers", str(value)))
        return value
    return [_number(item, f"{place}[{i}]", largest, faults) for i, item in enumerate(value)]


def _listed(value: Any) -> Any:
    """Return the list that a cell of a CSV file holds as JSON, other values as they are."""
    if isinstance(value, str):
        try:
            return json.loads(value, parse_float=Decimal)
        except ValueError:
            return value
    return value


def _each(declared: type) -> Reader:
    read = _nested(declared)

    def each(value: Any, place: str, largest: Decimal, faults: list[TermsFault]) -> Any:
        value = _listed(value)
        if not isinstance(value, list):
            faults.append(TermsFault(f"terms.{place}", "TYPE", "[object, ...]", str(value)))
            return value
        return [read(item, f"{place}[{i}]", largest, faults) for i, item in enumerate(value)]

    return each


def _as_it_is(value: Any, place: str, largest: Decimal, faults: list[TermsFault]) -> Any:
    return value


_READERS: dict[str, Reader] = {
    "amount": _amount,
    "rate": _number,
    "number": _number,
    "integer": _integer,
    "flag": _flag,
    "steps": _steps,
    "numbers": _numbers,
}
