"""Interest rate indices: what a floating rate is fixed to, and the curve it is projected from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pricing.calendars import CALENDARS, ROLLS
from pricing.daycount import CONVENTIONS
from pricing.market import reading
from pricing.market.content import content_hash
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError

NAME = re.compile(r"[A-Z][A-Z0-9_]{1,31}", re.ASCII)


class IndexKind(StrEnum):
    """What a fixing is a rate of.

    OVERNIGHT: one business day. TERM: the tenor, simple. PRIME: an overnight rate and a fixed
    margin, quoted as a level. CMS: the par rate of a swap of the tenor.
    """

    OVERNIGHT = "OVERNIGHT"
    TERM = "TERM"
    PRIME = "PRIME"
    CMS = "CMS"


@dataclass(frozen=True, slots=True)
class Index:
    """An index by name; `curve` is the zero curve its forwards come from.

    `months` is the tenor, 0 for one business day. `day_count`, `calendar` and `roll` are places
    in their tables. A period's rate is fixed `fixing_lag_days` business days before it starts.
    `margin` is added to the curve's forward rate (PRIME). `leg_months` and `leg_day_count` are
    those of the fixed leg of the swap whose rate a CMS index is.
    """

    name: str
    currency: str
    kind: IndexKind
    months: int
    day_count: int
    calendar: int
    roll: int
    fixing_lag_days: int
    curve: str
    margin: float = 0.0
    leg_months: int = 0
    leg_day_count: int = 0


_KNOWN = {
    "currency", "kind", "tenor", "day_count", "calendar", "roll", "fixing_lag_days", "curve",
    "margin", "leg_months", "leg_day_count", "source",
}  # fmt: skip


def read(
    value: object, curves: Mapping[str, ZeroCurve], hashes: dict[str, bytes]
) -> dict[str, Index]:
    """Return the indices of a market document by name, their hashes as `index/NAME`."""
    indices: dict[str, Index] = {}
    for name, item in reading.mapping(value, "indices").items():
        place = f"indices.{name}"
        if not NAME.fullmatch(name):
            raise MarketError(place, "an index is named in capitals, digits and underscores")
        source = reading.mapping(item, place)
        reading.only(source, _KNOWN, place)
        indices[name] = _index(name, source, curves, place)
        essence = {key: source[key] for key in source if key != "source"}
        hashes[f"index/{name}"] = content_hash(essence)
    return indices


def _index(
    name: str, source: Mapping[str, Any], curves: Mapping[str, ZeroCurve], place: str
) -> Index:
    currency = reading.currency(source.get("currency"), f"{place}.currency")
    kind = IndexKind(reading.choice(source, "kind", tuple(IndexKind), place))
    curve = reading.text(source, "curve", place)
    if curve not in curves:
        raise MarketError(f"{place}.curve", f"there is no curve {curve!r}")
    if curves[curve].currency != currency:
        raise MarketError(f"{place}.curve", f"curve {curve} is in {curves[curve].currency}")
    months = _months(source, kind, place)
    swap = kind is IndexKind.CMS
    if not swap and ("leg_months" in source or "leg_day_count" in source):
        raise MarketError(place, "only a CMS index has a fixed leg")
    return Index(
        name,
        currency,
        kind,
        months,
        CONVENTIONS.index(reading.choice(source, "day_count", CONVENTIONS, place)),
        CALENDARS.index(reading.choice(source, "calendar", CALENDARS, place)),
        ROLLS.index(reading.choice(source, "roll", ROLLS, place, "MODIFIED_FOLLOWING")),
        reading.whole(source.get("fixing_lag_days", 0), f"{place}.fixing_lag_days", 0, 30),
        curve,
        reading.number(source.get("margin", "0"), f"{place}.margin", -0.2, 0.2),
        _leg_months(source, months, place) if swap else 0,
        CONVENTIONS.index(reading.choice(source, "leg_day_count", CONVENTIONS, place, "30/360"))
        if swap
        else 0,
    )


def _months(source: Mapping[str, Any], kind: IndexKind, place: str) -> int:
    if kind in (IndexKind.OVERNIGHT, IndexKind.PRIME):
        if source.get("tenor", "1D") != "1D":
            raise MarketError(f"{place}.tenor", f"an index of kind {kind} is of one day")
        return 0
    return round(reading.tenor_years(source.get("tenor"), f"{place}.tenor") * 12)


def _leg_months(source: Mapping[str, Any], months: int, place: str) -> int:
    leg = reading.whole(source.get("leg_months", 12), f"{place}.leg_months", 1, 12)
    if months % leg:
        raise MarketError(f"{place}.leg_months", f"{months} months are no whole number of periods")
    return leg
