"""Horizons to which value is carried: a number of days, weeks, months or years, like 1D or 3M."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np

from pricing import dates

DEFAULT_HORIZONS = ("1D",)
"""The horizons of a measure that is asked for without one."""
MAX_DAYS = 3_660
_HORIZON = re.compile(r"([1-9][0-9]{0,3})([DWMY])", re.ASCII)


def horizon_days(text: str, start: dt.date) -> int | None:
    """Return the calendar days from a date to a horizon, None for what is none.

    Months end on the same day of the month or its last one; no day is moved for being a holiday,
    as an evaluation date is not. Ten years are the longest.
    """
    found = _HORIZON.fullmatch(text)
    if found is None:
        return None
    count, unit = int(found[1]), found[2]
    if unit in "DW":
        days = count * (7 if unit == "W" else 1)
    elif count > MAX_DAYS // 28:
        return None
    else:
        today = np.array([dates.ordinal(start)], dtype=np.int64)
        month = dates.month_index(today) + count * (12 if unit == "Y" else 1)
        later = dates.on_day(month, dates.day_of_month(today))
        days = int(later[0] - today[0])
    return days if days <= MAX_DAYS else None
