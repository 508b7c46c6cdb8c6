"""Documents of parameters and rules with dates: which version is in force on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pricing.market import reading
from pricing.market.errors import MarketError
from pricing.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Dated:
    """A document that was read: in force from `effective_from` to before `effective_to`."""

    name: str
    version: str
    effective_from: dt.date
    effective_to: dt.date | None
    citation: str

    @property
    def label(self) -> str:
        """Return `name@version`, which figures carry."""
        return f"{self.name}@{self.version}"

    def in_force(self, day: dt.date) -> bool:
        """Return whether a day is in [effective_from, effective_to)."""
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


_Document = TypeVar("_Document", bound=Dated)


def period(document: Mapping[str, Any], place: str) -> tuple[dt.date, dt.date | None]:
    """Return `effective_from` and `effective_to`; MarketError names the field it refuses."""
    start = _day(document.get("effective_from"), f"{place}.effective_from")
    given = document.get("effective_to")
    end = None if given is None else _day(given, f"{place}.effective_to")
    if end is not None and end <= start:
        raise MarketError(f"{place}.effective_to", f"{end} is not after {start}")
    return start, end


def in_force(
    documents: Iterable[_Document], name: str, day: dt.date, kind: str, refusal: type[Refusal]
) -> _Document:
    """Return the one version of a name in force on a day: NOT_IN_FORCE, OVERLAPPING_DATES."""
    found = [one for one in documents if one.name == name and one.in_force(day)]
    if not found:
        raise refusal("NOT_IN_FORCE", f"{kind}.{name}", f"nothing is in force on {day}")
    if len(found) > 1:
        both = " and ".join(one.version for one in found)
        raise refusal(
            "OVERLAPPING_DATES", f"{kind}.{name}", f"versions {both} are both in force on {day}"
        )
    return found[0]


def unread(error: MarketError, code: str, refusal: type[Refusal]) -> Refusal:
    """Return what a reader of documents refuses as a refusal of the library that asked."""
    return refusal(code, error.place, str(error).removeprefix(f"{error.place}: "))


def _day(value: object, place: str) -> dt.date:
    reading.day(value, place)
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
