"""Rulebooks as documents: named, versioned, dated; each figure with its paragraph and its check.

No formula of this library has a figure of its own; a result names the rulebook `name@version`.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing import dated
from pricing.capital.arrays import FloatArray
from pricing.capital.errors import CapitalError
from pricing.dated import Dated
from pricing.market import reading
from pricing.market.errors import MarketError

FORMAT = "tieout.capital/1"
BUNDLED = Path(__file__).with_name("data")
CHECKED = ("READ", "SECONDARY", "MEMORY")
"""Whether the text of the rule was read, a text about it, or neither."""
LARGEST = 1e6
_FIELDS = {"format", "name", "version", "effective_from", "effective_to", "citation", "figures"}
_OF_FIGURE = {"value", "paragraph", "checked"}


@dataclass(frozen=True, slots=True)
class Bands:
    """Figures by the band a number falls in, upper bounds included; the last has no bound."""

    bounds: FloatArray
    values: FloatArray

    def at(self, numbers: npt.ArrayLike) -> FloatArray:
        """Return the figure of the band of each number."""
        return self.values[np.searchsorted(self.bounds, np.asarray(numbers), side="left")]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, numbers by name or numbers by band, the paragraph it stands in, and its check."""

    value: float | Mapping[str, float] | Bands
    paragraph: str
    checked: str


@dataclass(frozen=True, slots=True)
class Rulebook(Dated):
    """The figures of a rulebook, each by its name."""

    figures: Mapping[str, Figure]

    def figure(self, name: str) -> Figure:
        """Return a figure: NO_FIGURE where the rulebook has none of the name."""
        if name not in self.figures:
            raise CapitalError("NO_FIGURE", f"{self.label}.{name}", "no such figure")
        return self.figures[name]

    def paragraph(self, name: str) -> str:
        """Return the paragraph a figure stands in."""
        return self.figure(name).paragraph

    def number(self, name: str) -> float:
        """Return a figure that is a number."""
        value = self.figure(name).value
        if not isinstance(value, float):
            raise CapitalError("NO_FIGURE", f"{self.label}.{name}", "is not one number")
        return value

    def numbers(self, name: str) -> Mapping[str, float]:
        """Return a figure that is numbers by name."""
        value = self.figure(name).value
        if not isinstance(value, Mapping):
            raise CapitalError("NO_FIGURE", f"{self.label}.{name}", "is not numbers by name")
        return value

    def entry(self, name: str, key: str) -> float:
        """Return one number of a figure by its name: UNKNOWN_NAME where there is none."""
        numbers = self.numbers(name)
        if key not in numbers:
            raise CapitalError("UNKNOWN_NAME", f"{self.label}.{name}", f"no entry {key!r}")
        return numbers[key]

    def bands(self, name: str) -> Bands:
        """Return a figure that is numbers by band."""
        value = self.figure(name).value
        if not isinstance(value, Bands):
            raise CapitalError("NO_FIGURE", f"{self.label}.{name}", "is not numbers by band")
        return value


def parse(document: Mapping[str, Any]) -> Rulebook:
    """Return the rulebook of a document; RULEBOOK names the field it refuses."""
    try:
        reading.only(document, _FIELDS, "rulebook")
        reading.choice(document, "format", (FORMAT,), "rulebook")
        name = reading.text(document, "name", "rulebook")
        version = reading.text(document, "version", f"rulebook.{name}")
        place = f"{name}@{version}"
        start, end = dated.period(document, place)
        figures = reading.mapping(document.get("figures"), f"{place}.figures")
        return Rulebook(
            name,
            version,
            start,
            end,
            reading.text(document, "citation", place),
            {key: _figure(item, f"{place}.{key}") for key, item in figures.items()},
        )
    except MarketError as error:
        raise dated.unread(error, "RULEBOOK", CapitalError) from None


def in_force(rulebooks: Iterable[Rulebook], name: str, day: dt.date) -> Rulebook:
    """Return the one version of a name in force on a day: NOT_IN_FORCE, OVERLAPPING_DATES."""
    return dated.in_force(rulebooks, name, day, "rulebook", CapitalError)


def without_overlap(rulebooks: Iterable[Rulebook]) -> tuple[Rulebook, ...]:
    """Return rulebooks by name and date; OVERLAPPING_DATES where two of a name share a day."""
    found = tuple(sorted(rulebooks, key=lambda one: (one.name, one.effective_from)))
    for one, following in itertools.pairwise(found):
        if one.name == following.name and one.in_force(following.effective_from):
            raise CapitalError(
                "OVERLAPPING_DATES",
                f"rulebook.{one.name}",
                f"versions {one.version} and {following.version} are both in force on "
                f"{following.effective_from}",
            )
    return found


def bundled() -> tuple[Rulebook, ...]:
    """Return the rulebooks that come with the library."""
    paths = sorted(BUNDLED.glob("*.json"))
    return without_overlap(parse(json.loads(path.read_text("utf-8"))) for path in paths)


def _figure(given: object, place: str) -> Figure:
    figure = reading.mapping(given, place)
    reading.only(figure, _OF_FIGURE, place)
    reading.choice(figure, "checked", CHECKED, place)
    return Figure(
        _value(figure.get("value"), f"{place}.value"),
        reading.text(figure, "paragraph", place),
        figure["checked"],
    )


def _value(value: object, place: str) -> float | Mapping[str, float] | Bands:
    if isinstance(value, Mapping):
        return {key: reading.number(item, f"{place}.{key}", 0, LARGEST) for key, item in
                value.items()}  # fmt: skip
    if isinstance(value, list):
        return _bands(value, place)
    return float(reading.number(value, place, 0, LARGEST))


def _bands(rows: list[Any], place: str) -> Bands:
    pairs = [
        reading.pair(row, f"{place}[{i}]", "an upper bound and a figure")
        for i, row in enumerate(rows)
    ]
    if not pairs or pairs[-1][0] is not None:
        raise MarketError(place, "the last band has no upper bound: null is expected")
    bounds = [
        reading.number(bound, f"{place}[{i}][0]", 0, LARGEST)
        for i, (bound, _) in enumerate(pairs[:-1])
    ]
    if any(later <= earlier for earlier, later in itertools.pairwise(bounds)):
        raise MarketError(place, "bounds do not ascend")
    values = [
        reading.number(value, f"{place}[{i}][1]", 0, LARGEST) for i, (_, value) in enumerate(pairs)
    ]
    return Bands(np.array(bounds), np.array(values))
