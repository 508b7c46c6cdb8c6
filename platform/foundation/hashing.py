"""One text per value, so that equal content has an equal hash on every machine and for ever."""

import datetime
import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring as _quoted

Canonical = (
    str
    | int
    | bool
    | Decimal
    | datetime.date
    | datetime.datetime
    | None
    | Mapping[str, "Canonical"]
    | Sequence["Canonical"]
)
"""What has a canonical text. Floats have none: their decimal is a choice the caller must make."""

Emit = Callable[[str], object]

_MOST_DIGITS = 100


def canonical(value: object) -> str:
    """`value` as the JSON text that is hashed and stored.

    Keys are sorted by code point and unique, a key whose value is None is absent (a new optional
    field changes no old hash), decimals have neither exponent nor trailing zeros (1, 1.0 and
    1E+0 are one number), dates are ISO, times UTC with a Z, texts NFC, and there are no spaces.
    ValueError names what has no such text: floats, NaN, infinity, times without a zone, texts
    that PostgreSQL cannot store.
    """
    pieces: list[str] = []
    _write(value, pieces.append)
    return "".join(pieces)


def sha256(data: str | bytes) -> bytes:
    """The 32 bytes of SHA-256 over `data`, a text in UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).digest()


def content_hash(value: object) -> bytes:
    """The SHA-256 of the canonical text of `value`."""
    return sha256(canonical(value))


def decimal_text(number: Decimal) -> str:
    """`number` without exponent, trailing zeros or a negative zero: `100`, `0.05`, `-3.1`."""
    if not number.is_finite():
        raise ValueError(f"{number} is not a number")
    if number == 0:
        return "0"
    if abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"{number} has more than {_MOST_DIGITS} digits on one side of its point")
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _write(value: object, emit: Emit) -> None:
    # bool is an int and datetime a date: the narrower type comes first.
    match value:
        case None:
            emit("null")
        case bool():
            emit("true" if value else "false")
        case str():
            emit(_quoted(_normal(value)))
        case int():
            emit(int.__repr__(value))
        case Decimal():
            emit(decimal_text(value))
        case datetime.datetime():
            emit(f'"{_time(value)}"')
        case datetime.date():
            emit(f'"{value.isoformat()}"')
        case Mapping():
            _write_mapping(value, emit)
        case list() | tuple():
            _write_list(value, emit)
        case _:
            raise ValueError(f"a {type(value).__name__} has no canonical text: {value!r}")


def _write_mapping(value: Mapping[object, object], emit: Emit) -> None:
    fields: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise ValueError(f"the key {key!r} is not a text")
        name = _normal(key)
        if name in fields:
            raise ValueError(f"the key {name!r} appears twice")
        fields[name] = item
    separator = "{"
    for name in sorted(fields):
        if fields[name] is None:
            continue
        emit(f"{separator}{_quoted(name)}:")
        _write(fields[name], emit)
        separator = ","
    emit("{}" if separator == "{" else "}")


def _write_list(value: Sequence[object], emit: Emit) -> None:
    emit("[")
    for index, item in enumerate(value):
        if index:
            emit(",")
        _write(item, emit)
    emit("]")


def _normal(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"the text {value!r} is not valid Unicode") from error
        value = unicodedata.normalize("NFC", value)
    if "\0" in value:
        raise ValueError(f"the text {value!r} holds a NUL, which PostgreSQL cannot store")
    return value


def _time(value: datetime.datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"the time {value.isoformat()} has no zone")
    text = value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat()
    return f"{text}Z"
