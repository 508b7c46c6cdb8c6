"""Our names of conventions as QuantLib's objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import QuantLib as ql

from pricing.calendars import CALENDARS, ROLLS
from pricing.daycount import CONVENTIONS
from pricing.market import reading
from pricing.market.errors import MarketError
from pricing.market.indices import Index, IndexKind

_PERIOD = re.compile(r"([1-9][0-9]{0,3})([DWMY])", re.ASCII)
_UNITS = {"D": ql.Days, "W": ql.Weeks, "M": ql.Months, "Y": ql.Years}
_FREQUENCIES = {1: ql.Monthly, 3: ql.Quarterly, 6: ql.Semiannual, 12: ql.Annual}


def period(value: object, place: str) -> Any:
    """Return a tenor like 2D, 1W, 3M or 10Y."""
    found = _PERIOD.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise MarketError(place, f"{value!r} is not a tenor like 2D, 1W, 3M or 10Y")
    count, unit = int(found[1]), found[2]
    if count > {"D": 400, "W": 60, "M": 1200, "Y": 100}[unit]:
        raise MarketError(place, f"{value!r} is too long")
    return ql.Period(count, _UNITS[unit])


def frequency(value: object, place: str) -> Any:
    """Return a number of months between payments as a frequency."""
    months = reading.whole(value, place, 1, 12)
    if months not in _FREQUENCIES:
        raise MarketError(place, f"{months} months are not 1, 3, 6 or 12")
    return _FREQUENCIES[months]


def calendar(code: str) -> Any:
    """Return a calendar by its code."""
    return {
        "NONE": ql.NullCalendar,
        "WEEKENDS": ql.WeekendsOnly,
        "US": lambda: ql.UnitedStates(ql.UnitedStates.Settlement),
        "US-GOVT": lambda: ql.UnitedStates(ql.UnitedStates.GovernmentBond),
        "TARGET": ql.TARGET,
        "UK": lambda: ql.UnitedKingdom(ql.UnitedKingdom.Settlement),
        "JP": ql.Japan,
        "CA": lambda: ql.Canada(ql.Canada.Settlement),
        "CH": ql.Switzerland,
        "AU": ql.Australia,
    }[code]()


def roll(code: str) -> Any:
    """Return a roll convention by its code."""
    return {
        "UNADJUSTED": ql.Unadjusted,
        "FOLLOWING": ql.Following,
        "MODIFIED_FOLLOWING": ql.ModifiedFollowing,
        "PRECEDING": ql.Preceding,
    }[code]


def day_count(code: str, schedule: Any = None) -> Any:
    """Return a day count by its code; ICMA needs the schedule it counts periods of."""
    if code == "ACT/ACT ICMA":
        icma = ql.ActualActual.ISMA
        return ql.ActualActual(icma) if schedule is None else ql.ActualActual(icma, schedule)
    return {
        "30/360": lambda: ql.Thirty360(ql.Thirty360.BondBasis),
        "30/360 US": lambda: ql.Thirty360(ql.Thirty360.USA),
        "30E/360": lambda: ql.Thirty360(ql.Thirty360.EurobondBasis),
        "30E/360 ISDA": lambda: ql.Thirty360(ql.Thirty360.ISDA),
        "ACT/360": ql.Actual360,
        "ACT/365F": ql.Actual365Fixed,
        "ACT/ACT ISDA": lambda: ql.ActualActual(ql.ActualActual.ISDA),
    }[code]()


class Reader:
    """The fields of one quote: its own, else the curve's conventions for its kind, else given."""

    def __init__(self, source: Mapping[str, Any], defaults: Mapping[str, Any], place: str) -> None:
        self.source: Mapping[str, Any] = {**defaults, **source}
        self.place = place

    def calendar(self, default: str | None = None, key: str = "calendar") -> Any:
        """Return a calendar; `TARGET+US` is open where both are."""
        value = self.source.get(key, default)
        codes = value.split("+") if isinstance(value, str) else [""]
        for code in codes:
            reading.choice({key: code}, key, CALENDARS, self.place)
        if len(codes) > 4:
            raise MarketError(f"{self.place}.{key}", "at most four calendars make one")
        return calendar(codes[0]) if len(codes) == 1 else ql.JointCalendar(*map(calendar, codes))

    def roll(self, default: str = "MODIFIED_FOLLOWING", key: str = "roll") -> Any:
        """Return a roll convention."""
        return roll(reading.choice(self.source, key, ROLLS, self.place, default))

    def day_count(self, default: str | None = None, key: str = "day_count") -> str:
        """Return a day count's code."""
        return reading.choice(self.source, key, CONVENTIONS, self.place, default)

    def days(self, key: str, default: int) -> int:
        """Return a number of days."""
        return reading.whole(self.source.get(key, default), f"{self.place}.{key}", 0, 30)

    def period(self, key: str = "tenor") -> Any:
        """Return a tenor."""
        return period(self.source.get(key), f"{self.place}.{key}")

    def frequency(self, key: str, default: int) -> Any:
        """Return a frequency."""
        return frequency(self.source.get(key, default), f"{self.place}.{key}")

    def number(self, key: str, low: float, high: float, default: str | None = None) -> float:
        """Return a decimal."""
        return reading.number(self.source.get(key, default), f"{self.place}.{key}", low, high)

    def date(self, key: str) -> Any:
        """Return a date."""
        return ql.Date(reading.day(self.source.get(key), f"{self.place}.{key}") + 25569)

    def flag(self, key: str) -> bool:
        """Return a truth, false where it is not said."""
        value = self.source.get(key, False)
        if not isinstance(value, bool):
            raise MarketError(f"{self.place}.{key}", "true or false is expected")
        return value

    def text(self, key: str) -> str:
        """Return a text."""
        return reading.text(self.source, key, self.place)


def ql_index(index: Index, handle: Any) -> Any:
    """Return an index projected from a handle's curve."""
    currency = getattr(ql, f"{index.currency}Currency", ql.USDCurrency)()
    closed = calendar(CALENDARS[index.calendar])
    basis = day_count(CONVENTIONS[index.day_count])
    if index.kind in (IndexKind.OVERNIGHT, IndexKind.PRIME):
        return ql.OvernightIndex(index.name, index.fixing_lag_days, currency, closed, basis, handle)
    return ql.IborIndex(
        index.name, ql.Period(index.months, ql.Months), index.fixing_lag_days, currency, closed,
        roll(ROLLS[index.roll]), False, basis, handle,
    )  # fmt: skip
