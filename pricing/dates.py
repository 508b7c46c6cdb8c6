"""Civil dates as day ordinals: int64 days since 1970-01-01, tabulated from 1900 to 2299.

Everything that depends on the civil calendar is a table over day or month ordinals, so that a
batch of dates is one gather. Positions may carry dates up to 2199-12-31; the last century of the
tables is room for periods in progress.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

_EPOCH = dt.date(1970, 1, 1).toordinal()
FIRST_YEAR = 1900
LAST_YEAR = 2299

FIRST_MONTH = (FIRST_YEAR - 1970) * 12
_MONTH_COUNT = (LAST_YEAR - FIRST_YEAR + 1) * 12
_MONTH_STARTS = (
    np.arange(FIRST_MONTH, FIRST_MONTH + _MONTH_COUNT + 1)
    .astype("M8[M]")
    .astype("M8[D]")
    .astype(np.int64)
)
_MONTH_LENGTHS = np.diff(_MONTH_STARTS)

MIN_DAY = int(_MONTH_STARTS[0])
DAY_COUNT = int(_MONTH_STARTS[-1]) - MIN_DAY
DAYS: IntArray = np.arange(MIN_DAY, MIN_DAY + DAY_COUNT)
"""Every tabulated day ordinal."""
_MONTH_OF = np.repeat(np.arange(FIRST_MONTH, FIRST_MONTH + _MONTH_COUNT), _MONTH_LENGTHS)
_DAY_OF_MONTH = DAYS - np.repeat(_MONTH_STARTS[:-1], _MONTH_LENGTHS) + 1

LAST_INPUT_DAY = dt.date(2199, 12, 31).toordinal() - _EPOCH
"""The last date a position may carry."""


def ordinal(date: dt.date) -> int:
    """Return the day ordinal of a date."""
    return date.toordinal() - _EPOCH


def read(text: str) -> dt.date:
    """Return the date of a text like 2022-12-30; ValueError for any other form of ISO 8601."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        raise ValueError(text)
    return dt.date.fromisoformat(text)


def date_of(day: int) -> dt.date:
    """Return the date of a day ordinal."""
    return dt.date.fromordinal(int(day) + _EPOCH)


def month_index(days: IntArray) -> IntArray:
    """Return months since 1970-01 of each day."""
    return _MONTH_OF.take(days - MIN_DAY)


def day_of_month(days: IntArray) -> IntArray:
    """Return the day of the month, 1 to 31."""
    return _DAY_OF_MONTH.take(days - MIN_DAY)


def month_length(months: IntArray) -> IntArray:
    """Return the number of days of each month index."""
    return _MONTH_LENGTHS.take(months - FIRST_MONTH)


def on_day(months: IntArray, day: IntArray | int) -> IntArray:
    """Return the given day of each month, or the month's last day where it is shorter."""
    at = months - FIRST_MONTH
    return _MONTH_STARTS.take(at) + np.minimum(day, _MONTH_LENGTHS.take(at)) - 1


def is_month_end(days: IntArray) -> npt.NDArray[np.bool_]:
    """Return whether each day is the last of its month."""
    return np.equal(day_of_month(days), month_length(month_index(days)))


def add_months(day: int, months: int) -> int:
    """Return the day a number of months later, on the same day of the month or its last."""
    at = np.array([day], dtype=np.int64)
    return int(on_day(month_index(at) + months, day_of_month(at))[0])
