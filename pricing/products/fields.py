"""Declared fields of terms and state: one declaration reads, checks and documents a field."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from pricing import dates
from pricing.calendars import CALENDARS, ROLLS
from pricing.currencies import MINOR_DIGITS
from pricing.dates import FIRST_YEAR, LAST_INPUT_DAY, ordinal
from pricing.daycount import CONVENTIONS
from pricing.failure import Refused

T = TypeVar("T")

MAX_AMOUNT = 1e15
MISSING: Any = dataclasses.MISSING


def about(kind: str, doc: str, **limits: Any) -> dict[str, Any]:
    """Return the metadata of a declared field."""
    if kind == "rate":
        limits = {"low": -0.99, "high": 1.0, "code": "RATE_OUT_OF_RANGE", **limits}
    return {"kind": kind, "doc": doc, **limits}


def declared(kind: str, doc: str, default: Any = MISSING, **limits: Any) -> Any:
    """Declare a dataclass field: its kind, what it means, and limits of the kind.

    Kinds: amount, rate, number, integer, date, choice, text, flag, object, steps (dates, each
    with a number, in order), numbers (a list), objects (a list of what `of` declares). `needed`
    fields are missed by the product itself, with a message of its own.
    """
    metadata = about(kind, doc, **limits)
    if default is MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def shown(value: object) -> str:
    """Return the beginning of a value as text, for a message."""
    try:
        return repr(value)[:40]
    except ValueError:  # an integer of more digits than Python prints
        return "a number of thousands of digits"


def _number(value: object, name: str, limits: Mapping[str, Any]) -> float:
    kind = type(value)
    if kind is str:
        text = str(value)
        try:
            result = float(text)
        except ValueError:
            raise Refused("TERMS_INVALID", f"{name}: {shown(text)} is not a number") from None
        if "_" in text or not text.isascii() or text[0].isspace() or text[-1].isspace():
            raise Refused("TERMS_INVALID", f"{name}: {shown(text)} is not a number")
    elif kind is int or kind is float or isinstance(value, Decimal):
        try:
            result = float(value)  # type: ignore[arg-type]
        except OverflowError:
            result = math.inf
        except ValueError:  # a signalling NaN
            result = math.nan
    else:
        raise Refused("TERMS_INVALID", f"{name}: a number is expected, not {shown(value)}")
    if not math.isfinite(result):
        raise Refused("NOT_FINITE", f"{name}: {shown(value)} is not a finite number")
    low, high = limits.get("low", -MAX_AMOUNT), limits.get("high", MAX_AMOUNT)
    if not low <= result <= high or (result <= 0.0 and limits.get("positive")):
        code = limits.get("code", "AMOUNT_OUT_OF_RANGE")
        floor = "above 0" if limits.get("positive") else f"from {low:g}"
        raise Refused(code, f"{name}: {shown(value)} is not {floor} to {high:g}")
    return result


def _rate(value: object, name: str, limits: Mapping[str, Any]) -> float:
    return _number(value, name, limits)


def _integer(value: object, name: str, limits: Mapping[str, Any]) -> int:
    if type(value) is int:
        result = value
    elif isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        result = int(value)
    else:
        raise Refused("TERMS_INVALID", f"{name}: a whole number is expected, not {shown(value)}")
    low, high = limits.get("low", 0), limits.get("high", 10**6)
    if not low <= result <= high:
        code = limits.get("code", "TERMS_INVALID")
        raise Refused(code, f"{name}: {shown(value)} is not from {low} to {high}")
    return result


_DAYS: dict[str, int] = {}
_DAYS_KEPT = 60_000


def _date(value: object, name: str, limits: Mapping[str, Any]) -> int:
    if isinstance(value, str) and len(value) == 10:
        known = _DAYS.get(value)
        if known is not None:
            return known
        text = value
        try:
            value = dates.read(value)
        except ValueError:
            raise Refused("BAD_DATES", f"{name}: {shown(value)} is not a date") from None
    else:
        text = ""
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise Refused(
            "BAD_DATES", f"{name}: a date like 2022-12-30 is expected, not {shown(value)}"
        )
    day = ordinal(value)
    if value.year < FIRST_YEAR or day > LAST_INPUT_DAY:
        raise Refused("BAD_DATES", f"{name}: {value} is outside 1900 to 2199")
    if text and len(_DAYS) < _DAYS_KEPT:
        _DAYS[text] = day
    return day


def _choice(value: object, name: str, limits: Mapping[str, Any]) -> str:
    if type(value) is not str or value not in limits["choices"]:
        code = limits.get("code", "TERMS_INVALID")
        choices = ", ".join(limits["choices"])
        raise Refused(code, f"{name}: {shown(value)} is not one of {choices}")
    return value


def _text(value: object, name: str, limits: Mapping[str, Any]) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise Refused("TERMS_INVALID", f"{name}: a text of 1 to 200 characters is expected")
    return value


def _currency(value: object, name: str, limits: Mapping[str, Any]) -> str:
    if not isinstance(value, str) or value not in MINOR_DIGITS:
        raise Refused("UNKNOWN_CURRENCY", f"{name}: {shown(value)} is not a known currency")
    return value


def _flag(value: object, name: str, limits: Mapping[str, Any]) -> bool:
    if not isinstance(value, bool):
        raise Refused("TERMS_INVALID", f"{name}: true or false is expected, not {shown(value)}")
    return value


def _object(value: object, name: str, limits: Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        raise Refused("TERMS_INVALID", f"{name}: an object is expected")
    nested = limits.get("of")
    return value if nested is None else read(nested, value, name)


MAX_STEPS = 1200


def _steps(value: object, name: str, limits: Mapping[str, Any]) -> tuple[tuple[int, float], ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= MAX_STEPS:
        raise Refused("TERMS_INVALID", f"{name}: a list of 1 to {MAX_STEPS} pairs is expected")
    found: list[tuple[int, float]] = []
    for index, pair in enumerate(value):
        place = f"{name}[{index}]"
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise Refused("TERMS_INVALID", f"{place}: a pair of date and number is expected")
        day = _date(pair[0], place, limits)
        if found and day <= found[-1][0]:
            raise Refused("BAD_DATES", f"{place}: dates must increase")
        found.append((day, _number(pair[1], place, limits)))
    return tuple(found)


def _numbers(value: object, name: str, limits: Mapping[str, Any]) -> tuple[float, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= MAX_STEPS:
        raise Refused("TERMS_INVALID", f"{name}: a list of 1 to {MAX_STEPS} numbers is expected")
    return tuple(_number(number, f"{name}[{i}]", limits) for i, number in enumerate(value))


def _objects(value: object, name: str, limits: Mapping[str, Any]) -> tuple[Any, ...]:
    most = limits.get("most", MAX_STEPS)
    if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= most:
        raise Refused("TERMS_INVALID", f"{name}: a list of 1 to {most} objects is expected")
    return tuple(read(limits["of"], item, f"{name}[{i}]") for i, item in enumerate(value))


Reader = Callable[[object, str, Mapping[str, Any]], Any]
_READERS: dict[str, Reader] = {
    "amount": _number,
    "number": _number,
    "rate": _rate,
    "integer": _integer,
    "date": _date,
    "choice": _choice,
    "text": _text,
    "currency": _currency,
    "flag": _flag,
    "object": _object,
    "steps": _steps,
    "numbers": _numbers,
    "objects": _objects,
}


@dataclasses.dataclass(frozen=True, slots=True)
class _Plan:
    """How a declared class is read: reader and limits by field, and the fields that must be."""

    readers: Mapping[str, tuple[Reader, Mapping[str, Any]]]
    required: frozenset[str]


_PLANS: dict[type, _Plan] = {}


def _plan(cls: type) -> _Plan:
    plan = _PLANS.get(cls)
    if plan is None:
        declared_fields = dataclasses.fields(cls)
        plan = _PLANS[cls] = _Plan(
            {f.name: (_READERS[f.metadata["kind"]], f.metadata) for f in declared_fields},
            frozenset(f.name for f in declared_fields if f.default is MISSING),
        )
    return plan


def read(cls: type[T], source: Mapping[str, Any], place: str, *, open_ended: bool = False) -> T:
    """Return the typed value of a mapping; raise Refused naming the field that is wrong.

    None counts as absent. Unknown keys are refused unless `open_ended`: a position's state
    carries fields that other parts of the platform read.
    """
    if not isinstance(source, Mapping):
        raise Refused("TERMS_INVALID", f"{place}: an object is expected")
    plan = _plan(cls)
    readers = plan.readers
    values: dict[str, Any] = {}
    for name, value in source.items():
        how = readers.get(name)
        if how is None:
            if not open_ended:
                raise Refused("TERMS_INVALID", f"{place}.{shown(name)} is no field of it")
        elif value is not None:
            values[name] = how[0](value, f"{place}.{name}", how[1])
    if not plan.required <= values.keys():
        missing = min(plan.required - values.keys())
        raise Refused("TERMS_INVALID", f"{place}.{missing} is missing")
    return cls(**values)


_DECIMAL = {"type": ["string", "number"], "format": "decimal"}
_STEPS = {
    "type": "array",
    "items": {
        "type": "array",
        "prefixItems": [{"type": "string", "format": "date"}, _DECIMAL],
        "minItems": 2,
        "maxItems": 2,
    },
    "minItems": 1,
    "maxItems": MAX_STEPS,
}


def schema(cls: type, *, open_ended: bool = False) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a declared dataclass."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for f in dataclasses.fields(cls):
        meta = f.metadata
        items: dict[str, dict[str, Any]] = {
            "amount": _DECIMAL,
            "number": _DECIMAL,
            "rate": _DECIMAL,
            "integer": {"type": "integer"},
            "date": {"type": "string", "format": "date"},
            "choice": {"type": "string", "enum": list(meta.get("choices", ()))},
            "text": {"type": "string", "minLength": 1, "maxLength": 200},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "flag": {"type": "boolean"},
            "object": {"type": "object"},
            "steps": _STEPS,
            "numbers": {"type": "array", "items": _DECIMAL, "minItems": 1, "maxItems": MAX_STEPS},
            "objects": {"type": "array", "minItems": 1, "maxItems": meta.get("most", MAX_STEPS)},
        }
        item = items[meta["kind"]]
        if meta["kind"] == "object" and "of" in meta:
            item = schema(meta["of"])
        if meta["kind"] == "objects":
            item = {**item, "items": schema(meta["of"])}
        if meta["kind"] == "integer":
            item = {**item, "minimum": meta.get("low", 0), "maximum": meta.get("high", 10**6)}
        elif meta["kind"] in ("amount", "number", "rate"):
            lowest = "exclusiveMinimum" if meta.get("positive") else "minimum"
            low = 0 if meta.get("positive") else meta.get("low", -MAX_AMOUNT)
            item = {**item, lowest: low, "maximum": meta.get("high", MAX_AMOUNT)}
        properties[f.name] = {**item, "description": meta["doc"]}
        if f.default is MISSING or meta.get("needed"):
            required.append(f.name)
        elif isinstance(f.default, str | int | float) and f.default != "":
            properties[f.name]["default"] = f.default
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": open_ended,
    }


CALENDAR = {"choices": CALENDARS, "code": "UNKNOWN_CALENDAR"}
ROLL = {"choices": ROLLS}
DAY_COUNT = {"choices": CONVENTIONS}
