"""JSON and JSON lines, strictly: no repeated keys, no NaN, numbers kept as their literal text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NoReturn

from apps.ingestion.problems import ImportRefused, Problems, shown

MAX_DEPTH = 32
MAX_DIGITS = 40

_SPACE = re.compile(r"[ \t\r\n]*")
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNFIT = re.compile("[\x00\ud800-\udfff]")


class _Bad(ValueError):
    """A construct that JSON readers let through and we do not."""

    def __init__(self, code: str, expected: str, found: str) -> None:
        super().__init__(expected)
        self.code, self.expected, self.found = code, expected, found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _Bad("HEADER_DUPLICATE", "each key once", name)
            seen.add(name)
    return values


def _number(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise _Bad("NUMBER", f"at most {MAX_DIGITS} characters", text)
    return text


def _constant(text: str) -> NoReturn:
    raise _Bad("NUMBER", "a finite number", text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_number, parse_int=_number, parse_constant=_constant
)


def document(text: str) -> Any:
    """Return the one JSON value of a text."""
    value, end = _decode(text, _skip(text, 0))
    if _skip(text, end) != len(text):
        raise ImportRefused.because(
            "SYNTAX", "one JSON value and no more", text[end : end + 80], line=_line(text, end)
        )
    return value


def lines(text: str, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, object) of JSON lines; blank lines are left out."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = document(line)
        except ImportRefused as refused:
            for problem in refused.problems:
                problems.append(replace(problem, line=number))
            continue
        values = _object(value, number, problems)
        if values is not None:
            yield number, values


def array(text: str, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, object) of a JSON array of objects; the line is where the object begins."""
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise ImportRefused.because(
            "SYNTAX", "an array of objects: [{...}, ...]", text[at : at + 80], line=_line(text, at)
        )
    at = _skip(text, at + 1)
    line, counted = 1, 0
    closed = text[at : at + 1] == "]"
    while not closed:
        line += text.count("\n", counted, at)
        counted = at
        value, at = _decode(text, at)
        values = _object(value, line, problems)
        if values is not None:
            yield line, values
        at = _skip(text, at)
        mark = text[at : at + 1]
        if mark not in (",", "]"):
            raise ImportRefused.because(
                "SYNTAX", "a comma or ] after an object", text[at : at + 80], line=_line(text, at)
            )
        closed = mark == "]"
        at = at if closed else _skip(text, at + 1)
    if _skip(text, at + 1) != len(text):
        raise ImportRefused.because(
            "SYNTAX", "nothing after the array", text[at + 1 : at + 81], line=_line(text, at)
        )


def _decode(text: str, at: int) -> tuple[Any, int]:
    try:
        value, end = _DECODER.raw_decode(text, at)
    except _Bad as bad:
        raise ImportRefused.because(
            bad.code, bad.expected, bad.found, line=_line(text, at)
        ) from None
    except RecursionError:
        raise ImportRefused.because(
            "DEPTH", f"at most {MAX_DEPTH} levels", "more", line=_line(text, at)
        ) from None
    except json.JSONDecodeError as error:
        found = f"{error.msg} at column {error.colno}"
        raise ImportRefused.because("SYNTAX", "JSON", found, line=error.lineno) from None
    if isinstance(value, dict | list) and _depth(value) > MAX_DEPTH:
        raise ImportRefused.because(
            "DEPTH", f"at most {MAX_DEPTH} levels", "more", line=_line(text, at)
        )
    if _SUSPECT.search(text, at, end):
        _refuse_unfit(value, _line(text, at))
    return value, end


def _refuse_unfit(value: Any, line: int) -> None:
    """Refuse texts that escapes made and that no database can hold: NUL, halves of a character."""
    open_values: list[tuple[str, Any]] = [("", value)]
    while open_values:
        place, item = open_values.pop()
        if isinstance(item, dict):
            open_values += [(f"{place}.{n}" if place else n, i) for n, i in item.items()]
            open_values += [(place, name) for name in item]
        elif isinstance(item, list):
            open_values += [(f"{place}[{at}]", i) for at, i in enumerate(item)]
        elif isinstance(item, str) and (found := _UNFIT.search(item)):
            code = "NUL" if found[0] == "\x00" else "ENCODING"
            what = "text without NUL" if code == "NUL" else "whole characters of Unicode"
            raise ImportRefused.because(code, what, item, line=line, field=shown(place))


def _depth(value: dict[str, Any] | list[Any]) -> int:
    # By level, not by recursion: the value may be as deep as the decoder let it be.
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if depth > MAX_DEPTH:
            break
    return depth


def _object(value: Any, line: int, problems: Problems) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        problems.add("TYPE", "an object", json.dumps(value)[:80], line=line)
        return None
    return {name: item for name, item in value.items() if item is not None and item != ""}


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
