"""Inflation: the published levels of an index, and zero rates to project the later ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing import dates
from pricing.market import reading
from pricing.market.content import content_hash
from pricing.market.errors import MarketError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
FLAT, LINEAR = "FLAT", "LINEAR"
INTERPOLATIONS = (FLAT, LINEAR)


@dataclass(frozen=True, slots=True)
class Inflation:
    """An inflation index by name; months are counted from 1970-01.

    The reference level of a day is that of the month `lag_months` before it: FLAT the whole
    month, LINEAR by day between that month's and the next one's (31 CFR 356 appendix B). `times`
    and `rates` are zero inflation rates, annual, over years of 12 months from the market's day.
    """

    name: str
    currency: str
    lag_months: int
    interpolation: str
    months: IntArray
    levels: FloatArray
    times: FloatArray
    rates: FloatArray

    def known(self, months: IntArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Return the published level of each month, NaN where there is none, and if there is."""
        place = np.minimum(np.searchsorted(self.months, months), len(self.months) - 1)
        known = self.months[place] == months
        return np.where(known, self.levels[place], np.nan), known

    def reference(self, days: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the month whose level a day refers to, and the weight of the month after it."""
        month = dates.month_index(days)
        weight = np.zeros(days.shape)
        if self.interpolation == LINEAR:
            weight = (dates.day_of_month(days) - 1) / dates.month_length(month)
        return month - self.lag_months, weight

    def years(self, months: IntArray, day: int) -> FloatArray:
        """Return the years from a day to the time whose reference level is that of a month."""
        today = np.array([day], dtype=np.int64)
        month, weight = self.reference(today)
        return np.asarray((months - month[0] - weight[0]) / 12.0)


_KNOWN = {"currency", "lag_months", "interpolation", "history", "nodes", "source"}


def read(value: object, as_of: int, hashes: dict[str, bytes]) -> dict[str, Inflation]:
    """Return the inflation indices of a document by name, their hashes as `inflation/NAME`."""
    found: dict[str, Inflation] = {}
    for name, item in reading.mapping(value, "inflation").items():
        place = f"inflation.{name}"
        source = reading.mapping(item, place)
        reading.only(source, _KNOWN, place)
        found[name] = _index(name, source, as_of, place)
        essence = {key: source[key] for key in source if key != "source"}
        hashes[f"inflation/{name}"] = content_hash([as_of, essence])
    return found


def _index(name: str, source: Mapping[str, Any], as_of: int, place: str) -> Inflation:
    months, levels = _history(source.get("history"), f"{place}.history")
    times, rates = _nodes(source.get("nodes"), as_of, f"{place}.nodes")
    for array in (months, levels, times, rates):
        array.flags.writeable = False
    return Inflation(
        name,
        reading.currency(source.get("currency"), f"{place}.currency"),
        reading.whole(source.get("lag_months", 3), f"{place}.lag_months", 0, 12),
        reading.choice(source, "interpolation", INTERPOLATIONS, place, LINEAR),
        months,
        levels,
        times,
        rates,
    )


def _history(value: object, place: str) -> tuple[IntArray, FloatArray]:
    months: list[int] = []
    levels: list[float] = []
    for index, item in enumerate(reading.sequence(value, place)):
        at = f"{place}[{index}]"
        month, level = reading.pair(item, at, "[month, level]")
        if not isinstance(month, str) or not _MONTH.fullmatch(month):
            raise MarketError(at, "a month like 2022-11 is expected")
        months.append((int(month[:4]) - 1970) * 12 + int(month[5:]) - 1)
        if len(months) > 1 and months[-1] <= months[-2]:
            raise MarketError(at, "months must increase")
        levels.append(reading.number(level, at, 1e-6, 1e9))
    if not months:
        raise MarketError(place, "at least one published level is expected")
    return np.array(months, dtype=np.int64), np.array(levels)


def _nodes(value: object, as_of: int, place: str) -> tuple[FloatArray, FloatArray]:
    times: list[float] = []
    rates: list[float] = []
    for index, item in enumerate(reading.sequence(value, place)):
        at = f"{place}[{index}]"
        date, rate = reading.pair(item, at, "[date, zero inflation rate]")
        both = np.array([as_of, reading.day(date, at)], dtype=np.int64)
        # A zero-coupon swap of n years is a power of n: years are counted in months and 30ths.
        month, day = dates.month_index(both), np.minimum(dates.day_of_month(both), 30)
        time = float((month[1] - month[0] + (day[1] - day[0]) / 30.0) / 12.0)
        if time <= (times[-1] if times else 0.0):
            raise MarketError(at, "node dates must increase and be after as_of")
        times.append(time)
        rates.append(reading.number(rate, at, -0.5, 1.0))
    if not times:
        raise MarketError(place, "at least one zero inflation rate is expected")
    return np.array(times), np.array(rates)
