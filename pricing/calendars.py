"""Business-day tables: every day adjusted once per (calendar, roll convention), then gathered.

Holidays come from QuantLib's calendars, tabulated lazily per calendar for 1901 to 2199; outside
these years only weekends count, which no input date reaches for pay dates. Tables are immutable
and shared by the process.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from pricing import dates
from pricing.dates import IntArray
from pricing.grouping import present

CALENDARS = ("NONE", "WEEKENDS", "US", "US-GOVT", "TARGET", "UK", "JP", "CA", "CH", "AU")
"""Calendar codes; a batch stores a calendar as its place in this tuple."""
ROLLS = ("UNADJUSTED", "FOLLOWING", "MODIFIED_FOLLOWING", "PRECEDING")
"""Roll conventions (ISDA 4.12); a batch stores one as its place in this tuple."""


def _quantlib_holidays(code: str) -> npt.NDArray[np.int64]:
    import QuantLib as ql

    calendar = {
        "US": lambda: ql.UnitedStates(ql.UnitedStates.Settlement),
        "US-GOVT": lambda: ql.UnitedStates(ql.UnitedStates.GovernmentBond),
        "TARGET": lambda: ql.TARGET(),
        "UK": lambda: ql.UnitedKingdom(ql.UnitedKingdom.Settlement),
        "JP": lambda: ql.Japan(),
        "CA": lambda: ql.Canada(ql.Canada.Settlement),
        "CH": lambda: ql.Switzerland(),
        "AU": lambda: ql.Australia(),
    }[code]()
    first = ql.Date(1, 1, 1901)
    # One day short of QuantLib's last: its list steps past the end.
    last = ql.Date(30, 12, 2199)
    # QuantLib's serial number 25569 is 1970-01-01.
    serials = [day.serialNumber() for day in calendar.holidayList(first, last, True)]
    return np.array(serials, dtype=np.int64) - 25569


@cache
def holidays(calendar: int) -> npt.NDArray[np.bool_]:
    """Return whether each tabulated day is not a business day."""
    code = CALENDARS[calendar]
    closed = np.zeros(dates.DAY_COUNT, dtype=bool)
    if code != "NONE":
        closed |= (dates.DAYS + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    if code not in ("NONE", "WEEKENDS"):
        closed[_quantlib_holidays(code) - dates.MIN_DAY] = True
    closed.flags.writeable = False
    return closed


@cache
def adjusted(calendar: int, roll: int) -> IntArray:
    """Return the adjusted day of each tabulated day."""
    closed = holidays(calendar)
    name = ROLLS[roll]
    beyond = np.int64(2**40)
    following = np.minimum.accumulate(np.where(closed, beyond, dates.DAYS)[::-1])[::-1]
    preceding = np.maximum.accumulate(np.where(closed, -beyond, dates.DAYS))
    following = np.where(following == beyond, dates.DAYS, following)
    preceding = np.where(preceding == -beyond, dates.DAYS, preceding)
    if name == "UNADJUSTED":
        table = dates.DAYS.copy()
    elif name == "FOLLOWING":
        table = following
    elif name == "PRECEDING":
        table = preceding
    else:
        leaves_month = dates.month_index(following) != dates.month_index(dates.DAYS)
        table = np.where(leaves_month, preceding, following)
    table.flags.writeable = False
    return table


def adjust(days: IntArray, calendar: IntArray, roll: IntArray) -> IntArray:
    """Return each day moved to a business day of its own calendar by its own convention.

    Where no row moves a day (calendar NONE or UNADJUSTED) `days` itself is returned.
    """
    pairs = calendar * len(ROLLS) + roll
    used = [pair for pair in present(pairs) if pair // len(ROLLS) and pair % len(ROLLS)]
    if not used:
        return days
    days, pairs = np.broadcast_arrays(days, pairs)
    out = days.copy()
    for pair in used:
        table = adjusted(pair // len(ROLLS), pair % len(ROLLS))
        at = pairs == pair
        out[at] = table.take(days[at] - dates.MIN_DAY)
    return out


def add_business_days(day: int, count: int, calendar: int) -> int:
    """Return the day `count` business days after `day` (0: the day itself, adjusted FOLLOWING)."""
    table = adjusted(calendar, ROLLS.index("FOLLOWING"))
    at = int(table[day - dates.MIN_DAY])
    for _ in range(count):
        at = int(table[at + 1 - dates.MIN_DAY])
    return at


def business_days_before(days: IntArray, count: IntArray, calendar: IntArray) -> IntArray:
    """Return the day each row's own number of business days of its calendar before a day."""
    preceding = np.full(days.shape, ROLLS.index("PRECEDING"))
    out = days.copy()
    for step in range(int(count.max(initial=0))):
        moved = adjust(out - 1, calendar, preceding)
        out = np.where(count > step, moved, out)
    return out


def business_days_after(days: IntArray, count: IntArray, calendar: IntArray) -> IntArray:
    """Return the day each row's own number of business days of its calendar after a day."""
    following = np.full(days.shape, ROLLS.index("FOLLOWING"))
    out = days.copy()
    for step in range(int(count.max(initial=0))):
        moved = adjust(out + 1, calendar, following)
        out = np.where(count > step, moved, out)
    return out
