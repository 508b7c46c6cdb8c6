"""Past fixings of indices, by day; a fixing that is not there is never made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.dates import date_of
from pricing.market import reading
from pricing.market.content import content_hash
from pricing.market.errors import MarketError
from pricing.market.indices import Index

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

RATE_LIMIT = 1.0
"""Fixings beyond +/-100% are refused as unit mistakes."""


@dataclass(frozen=True, slots=True)
class Fixings:
    """The fixings of one index: day ordinals, increasing, and decimal rates."""

    index: str
    days: IntArray
    rates: FloatArray

    def at(self, days: IntArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Return the rate of each day, NaN where there is none, and whether there is one."""
        if not len(self.days):
            return np.full(days.shape, np.nan), np.zeros(days.shape, dtype=np.bool_)
        place = np.minimum(np.searchsorted(self.days, days), len(self.days) - 1)
        known = self.days[place] == days
        return np.where(known, self.rates[place], np.nan), known


def read(
    value: object, indices: Mapping[str, Index], as_of: int, hashes: dict[str, bytes]
) -> dict[str, Fixings]:
    """Return the fixings of a market document by index, their hashes as `fixing/NAME`."""
    found: dict[str, Fixings] = {}
    for name, item in reading.mapping(value, "fixings").items():
        place = f"fixings.{name}"
        if name not in indices:
            raise MarketError(place, f"there is no index {name!r}")
        days: list[int] = []
        rates: list[float] = []
        for number, pair in enumerate(reading.sequence(item, place)):
            at = f"{place}[{number}]"
            day, rate = reading.pair(pair, at, "[date, rate]")
            days.append(reading.day(day, at))
            if len(days) > 1 and days[-1] <= days[-2]:
                raise MarketError(at, "dates must increase")
            if days[-1] > as_of:
                raise MarketError(at, f"{date_of(days[-1])} is after the day of the market")
            rates.append(reading.number(rate, at, -RATE_LIMIT, RATE_LIMIT))
        known, levels = np.array(days, dtype=np.int64), np.array(rates)
        known.flags.writeable = levels.flags.writeable = False
        found[name] = Fixings(name, known, levels)
        hashes[f"fixing/{name}"] = content_hash(item)
    return found
