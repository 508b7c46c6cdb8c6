"""A history of a market, format `tieout.history/1`: dated levels per factor, absent ones said."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.market.bootstrap import par
from pricing.market.errors import MarketError
from pricing.scenarios.historical import HistoryError

FloatArray = npt.NDArray[np.float64]

FORMAT = "tieout.history/1"
CLASSES: Mapping[str, str] = {
    "PAR_QUOTE": "RATES",
    "ZERO_NODE": "RATES",
    "SPREAD": "SPREADS",
    "FX": "FX",
    "VOLATILITY": "VOLATILITIES",
}
"""The class of each part of a market: moves are taken one way within a class."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "PAR_QUOTE": ("name", "currency", "tenor"),
    "ZERO_NODE": ("name", "currency", "tenor"),
    "SPREAD": ("currency", "rating", "sector"),
    "FX": ("base", "quote"),
    "VOLATILITY": ("name",),
}
"""What names a factor of each part; the sector of a spread may be absent: all of them."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor: a node of a curve by tenor, the spread of a rating, an FX rate, a surface."""

    part: str
    labels: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """Return the name: `PAR_QUOTE/USD-TREASURY/USD/10Y`."""
        return "/".join([self.part, *(value for _, value in self.labels)])

    @property
    def kind(self) -> str:
        """Return the class: RATES, SPREADS, FX or VOLATILITIES."""
        return CLASSES[self.part]

    def label(self, name: str) -> str:
        """Return a label, "" where it is absent."""
        return dict(self.labels).get(name, "")


@dataclass(frozen=True, slots=True)
class History:
    """Levels (days, factors) in the order of days and factors; NaN where none is given."""

    factors: tuple[Factor, ...]
    days: tuple[dt.date, ...]
    levels: FloatArray

    def places(self, kind: str) -> list[int]:
        """Return the places of the factors of a class."""
        return [at for at, factor in enumerate(self.factors) if factor.kind == kind]


def factor(item: Mapping[str, Any], place: str) -> Factor:
    """Return the factor that an object names; HistoryError names what it lacks."""
    part = str(item.get("part"))
    if part not in FIELDS:
        raise HistoryError(f"{place}.part", f"{part!r} is not one of {', '.join(FIELDS)}")
    labels = [(name, item.get(name)) for name in FIELDS[part] if name in item or name != "sector"]
    for name, value in labels:
        if not isinstance(value, str):
            raise HistoryError(f"{place}.{name}", f"a {name} for a {part}")
    return Factor(part, tuple((name, str(value)) for name, value in labels))


def parse(document: Mapping[str, Any]) -> History:
    """Return the history of a document; HistoryError names the place of what is wrong."""
    if document.get("format") != FORMAT:
        raise HistoryError("format", f"{document.get('format')!r} is not {FORMAT!r}")
    factors = tuple(
        factor(item, f"factors[{at}]") for at, item in enumerate(document.get("factors", []))
    )
    days = tuple(dt.date.fromisoformat(day) for day in document.get("days", []))
    rows = document.get("levels", [])
    if not factors or not days or len(rows) != len(days):
        raise HistoryError("levels", "factors, and a row of levels for each day")
    for at, (before, after) in enumerate(itertools.pairwise(days)):
        if after <= before:
            raise HistoryError(f"days[{at + 1}]", "days must increase")
    for at, row in enumerate(rows):
        if len(row) != len(factors):
            raise HistoryError(f"levels[{at}]", f"{len(factors)} levels, null where none is given")
    levels = np.array([[np.nan if x is None else float(x) for x in row] for row in rows])
    return History(factors, days, levels)


def joined(histories: Sequence[History]) -> History:
    """Return several histories as one over the union of their days; a factor stands once."""
    factors = tuple(one for history in histories for one in history.factors)
    names = [one.name for one in factors]
    for name in names:
        if names.count(name) > 1:
            raise HistoryError(name, "the factor stands in two histories", "FACTOR_TWICE")
    days = sorted({day for history in histories for day in history.days})
    place = {day: at for at, day in enumerate(days)}
    levels = np.full((len(days), len(factors)), np.nan)
    start = 0
    for history in histories:
        rows = [place[day] for day in history.days]
        levels[rows, start : start + len(history.factors)] = history.levels
        start += len(history.factors)
    return History(factors, tuple(days), levels)


def within(history: History, first: dt.date, last: dt.date) -> History:
    """Return the days of a history from one to another, both inclusive, with any level at all."""
    inside = [
        at
        for at, day in enumerate(history.days)
        if first <= day <= last and not np.isnan(history.levels[at]).all()
    ]
    days = tuple(history.days[at] for at in inside)
    return History(history.factors, days, history.levels[inside])


def with_zero_rates(history: History) -> History:
    """Return a history whose par yields are the zero rates they bootstrap to, day by day.

    A curve is built on the days on which all its tenors are quoted; on others its zero rates are
    absent, as levels that are missing.
    """
    levels = history.levels.copy()
    curves: dict[str, list[int]] = {}
    for at, one in enumerate(history.factors):
        if one.part == "PAR_QUOTE":
            curves.setdefault(one.label("name"), []).append(at)
    for name, places in curves.items():
        places.sort(key=lambda at: _months(history.factors[at].label("tenor")))
        tenors = [history.factors[at].label("tenor") for at in places]
        for row, day in enumerate(history.days):
            quotes = history.levels[row, places]
            if np.isnan(quotes).any():
                levels[row, places] = np.nan
                continue
            asked = [(tenor, repr(float(q))) for tenor, q in zip(tenors, quotes, strict=True)]
            try:
                nodes = par.calibrate(day, asked, name)
            except MarketError as error:
                raise HistoryError(f"{name} on {day}", str(error), "CURVE_NOT_BUILT") from None
            levels[row, places] = [float(zero) for _, zero in nodes]
    return History(history.factors, history.days, levels)


def _months(tenor: str) -> int:
    return int(tenor[:-1]) * (12 if tenor[-1] == "Y" else 1)
