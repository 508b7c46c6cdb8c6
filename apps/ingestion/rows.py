"""From the records of a file to rows of a contract, every fault noted at its line and field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from apps.ingestion.contracts.fields import EXPECTED, Row
from apps.ingestion.problems import Problems
from apps.ingestion.readers.records import Record

R = TypeVar("R", bound=Row)


def typed(
    records: Iterable[Record], contract: type[R], problems: Problems
) -> Iterator[tuple[int, R]]:
    """Yield (line, row) of every record that keeps the contract."""
    validate = contract.model_validate
    for record in records:
        try:
            row = validate(record.values)
        except ValidationError as error:
            note(error, record.line, problems)
            continue
        yield record.line, row


def note(error: ValidationError, line: int | None, problems: Problems) -> None:
    """Note every fault of a row."""
    for detail in error.errors(include_url=False):
        code, expected = _meaning(detail)
        field = ".".join(str(part) for part in detail["loc"])
        found = "" if code == "REQUIRED" else detail["input"]
        blamed = (detail.get("ctx") or {}).get("field")
        if blamed:
            # A check of the whole row: its input is the row.
            field = blamed
            found = found.get(field, "") if isinstance(found, dict) else ""
        if isinstance(found, dict | list | Row):
            found = ""
        problems.add(code, expected, found, line=line, field=field)


def columns(contract: type[Row]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the columns a CSV of the contract may have and those it must have.

    A field that is an object stands for any column below it, as `terms.`.
    """
    known: set[str] = set()
    required: list[str] = []
    for name, field in contract.model_fields.items():
        nested = field.annotation is not None and "dict" in str(field.annotation)
        known.add(f"{name}." if nested else name)
        if field.is_required() and not nested:
            required.append(name)
    return frozenset(known), tuple(required)


def _meaning(detail: ErrorDetails) -> tuple[str, str]:
    context: dict[str, Any] = detail.get("ctx") or {}
    kind = detail["type"]
    if kind == "problem":
        return context["code"], context["expected"]
    if kind == "missing":
        return "REQUIRED", "a value"
    if kind == "string_pattern_mismatch":
        return EXPECTED.get(context["pattern"], ("TYPE", "a text of the contract's form"))
    if kind == "literal_error":
        return "CHOICE", context["expected"]
    if kind == "string_too_long":
        return "TOO_LONG", f"at most {context['max_length']} characters"
    if kind == "string_too_short":
        return "REQUIRED", "a text"
    if kind == "extra_forbidden":
        return "HEADER_UNKNOWN", "a field of the contract"
    return "TYPE", detail["msg"]
