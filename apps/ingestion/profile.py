"""Profiles: how a foreign file's columns become rows of our contracts, declared in JSON.

A profile says and does nothing that a reader could not check against the file's description:
columns with sentinels, value maps and bounds, and records whose fields are texts with `{Column}`
in them. Which columns are not read is said too, so that a new one is noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter

from apps.ingestion.problems import ImportRefused, Problems

FOLDER = Path(__file__).parent / "profiles"

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_PLACEHOLDER = re.compile(r"\{([^{}:]+)(?::(raw))?\}")

Cells = Mapping[str, str]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Declared):
    """What a column holds: what means absent, what is allowed, what its values are called here."""

    strip: bool = False
    sentinels: tuple[str, ...] = ()
    map: dict[str, str] | None = None
    pattern: str | None = None
    number: bool = False
    at_least: Decimal | None = None
    at_most: Decimal | None = None

    def read(self, text: str, name: str, line: int, problems: Problems) -> str | None:
        """Return the value of a cell, None where it is absent; what is not allowed is noted."""
        text = text.strip() if self.strip else text
        if text == "" or text in self.sentinels:
            return None
        if self.map is not None:
            if text not in self.map:
                problems.add("CHOICE", f"one of {', '.join(self.map)}", text, line=line, field=name)
            return self.map.get(text)
        if self.pattern is not None and not re.fullmatch(self.pattern, text, re.ASCII):
            problems.add("TYPE", f"a text like {self.pattern}", text, line=line, field=name)
            return None
        if self.number:
            return self._number(text, name, line, problems)
        return text

    def _number(self, text: str, name: str, line: int, problems: Problems) -> str | None:
        if not _NUMBER.fullmatch(text):
            problems.add("NUMBER", "a plain decimal number", text, line=line, field=name)
            return None
        value = Decimal(text)
        if (self.at_least is not None and value < self.at_least) or (
            self.at_most is not None and value > self.at_most
        ):
            low = "any" if self.at_least is None else self.at_least
            high = "any" if self.at_most is None else self.at_most
            problems.add("RANGE", f"from {low} to {high}", text, line=line, field=name)
        return text


class Record(_Declared):
    """A row of one of our kinds that every line of the file gives; equal ones are one."""

    kind: Literal["legal_entities", "portfolios", "counterparties", "instruments", "positions"]
    fields: dict[str, Any]


class LoanProfile(_Declared):
    """A tape of loans: reference data and positions from each line."""

    profile: str
    title: str
    source: str
    kind: Literal["loans"]
    as_of: str
    columns: dict[str, Column]
    ignored: tuple[str, ...]
    records: tuple[Record, ...]


class CurveColumns(_Declared):
    """A par curve whose tenors are columns."""

    name: str
    currency: str
    tenors: tuple[str, ...]


class FxColumns(_Declared):
    """FX rates whose currencies are columns: units of them for one `base`."""

    base: str


class MarketProfile(_Declared):
    """A file of market history: a line a day, a column a quote; a quote times `scale` is ours."""

    profile: str
    title: str
    source: str
    kind: Literal["market"]
    date: str
    scale: Decimal
    curve: CurveColumns | None = None
    fx: FxColumns | None = None
    absent: tuple[str, ...] = Field(default=("",))
    withdrawn: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


class HistoryProfile(_Declared):
    """A file of market history, all of its days: each column is a factor, or a proxy of several.

    A level times `scale` is ours; days before `since` are not read, nor are weekends where
    `weekdays_only`.
    """

    profile: str
    title: str
    source: str
    kind: Literal["history"]
    date: str
    scale: Decimal
    since: str
    weekdays_only: bool = False
    columns: dict[str, tuple[dict[str, str], ...]]
    absent: tuple[str, ...] = Field(default=("",))
    ignored: tuple[str, ...] = ()
    note: str = ""


def _kind(value: Any) -> str:
    return str(value.get("kind", "")) if isinstance(value, dict) else str(value.kind)


Profile = Annotated[
    Annotated[LoanProfile, Tag("loans")]
    | Annotated[MarketProfile, Tag("market")]
    | Annotated[HistoryProfile, Tag("history")],
    Discriminator(_kind),
]
_ADAPTER: TypeAdapter[LoanProfile | MarketProfile | HistoryProfile] = TypeAdapter(Profile)


def names() -> list[str]:
    """Return the profiles there are."""
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def load(name: str | None) -> LoanProfile | MarketProfile | HistoryProfile:
    """Return a profile by its name."""
    if name is None or name not in names():
        raise ImportRefused.because(
            "PROFILE", f"--profile, one of {', '.join(names())}", name or "none"
        )
    return read((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def read(text: str) -> LoanProfile | MarketProfile | HistoryProfile:
    """Return the profile of a JSON text; a mistake in it is a bug and raises."""
    return _ADAPTER.validate_python(json.loads(text))


Template = Callable[[Mapping[str, str | None], Cells], Any]


def template(value: Any) -> Template:
    """Return the function that fills a field: a text, or an object of such texts.

    `{Column}` is a column's value, `{Column:raw}` its cell as it stands. A field that names a
    column which is absent is absent; an object without fields is absent.
    """
    if isinstance(value, dict):
        parts = {name: template(item) for name, item in value.items()}

        def fill_object(values: Mapping[str, str | None], cells: Cells) -> Any:
            filled = {name: part(values, cells) for name, part in parts.items()}
            return {name: item for name, item in filled.items() if item is not None} or None

        return fill_object
    if not isinstance(value, str):
        raise TypeError(f"a field of a record is a text or an object, not {value!r}")
    if value.startswith("{") and _PLACEHOLDER.fullmatch(value):
        return _alone(value)
    pieces = _pieces(value)
    if len(pieces) == 1 and isinstance(pieces[0], str):
        return lambda values, cells: value

    def fill_text(values: Mapping[str, str | None], cells: Cells) -> Any:
        filled = [p if isinstance(p, str) else p(values, cells) for p in pieces]
        return None if None in filled else "".join(filled)

    return fill_text


def _alone(value: str) -> Template:
    found = _PLACEHOLDER.fullmatch(value)
    assert found is not None
    name = found[1]
    if found[2] == "raw":
        return lambda values, cells: cells[name] or None
    return lambda values, cells: values[name]


def _pieces(value: str) -> list[str | Template]:
    pieces: list[str | Template] = []
    at = 0
    for found in _PLACEHOLDER.finditer(value):
        if found.start() > at:
            pieces.append(value[at : found.start()])
        pieces.append(_alone(found[0]))
        at = found.end()
    if at < len(value):
        pieces.append(value[at:])
    return pieces


def columns_named(value: Any) -> set[str]:
    """Return the columns that a field names."""
    if isinstance(value, dict):
        return {name for item in value.values() for name in columns_named(item)}
    return {found[1] for found in _PLACEHOLDER.finditer(str(value))}
