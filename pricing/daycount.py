"""Year fractions of date pairs under the market's day count conventions, vectorised.

Sources: 2006 ISDA Definitions section 4.16 (b)-(h); ICMA Rule 251 for ACT/ACT ICMA; SIFMA
Standard Securities Calculation Methods for the end-of-February rule of "30/360 US"; IIAC,
Canadian Conventions in Fixed Income Markets, for ACT/365 CANADIAN.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from pricing import dates
from pricing.dates import IntArray
from pricing.grouping import present

FloatArray = npt.NDArray[np.float64]

CONVENTIONS = (
    "30/360",
    "30/360 US",
    "30E/360",
    "30E/360 ISDA",
    "ACT/360",
    "ACT/365F",
    "ACT/ACT ISDA",
    "ACT/ACT ICMA",
    "ACT/365 CANADIAN",
)
"""The convention codes; a batch stores a convention as its place in this tuple."""
ICMA = CONVENTIONS.index("ACT/ACT ICMA")
CANADIAN = CONVENTIONS.index("ACT/365 CANADIAN")
PERIODIC = ("ACT/ACT ICMA", "ACT/365 CANADIAN")
"""Conventions that count inside coupon periods: a whole regular period is months / 12 exactly."""
THIRTY_360 = ("30/360", "30/360 US", "30E/360", "30E/360 ISDA")
"""Conventions in which every month has 30 days."""


def _thirty_360_days(
    start: IntArray, end: IntArray, start_day: IntArray, end_day: IntArray
) -> IntArray:
    months = dates.month_index(end) - dates.month_index(start)
    return months * 30 + end_day - start_day


def thirty_360_days(start: IntArray, end: IntArray) -> IntArray:
    """Days under 30/360 Bond Basis, ISDA 4.16(f): D2 of 31 becomes 30 only after D1 of 30 or 31."""
    d1 = np.minimum(dates.day_of_month(start), 30)
    d2 = dates.day_of_month(end)
    d2 = np.where((d2 == 31) & (d1 == 30), 30, d2)
    return _thirty_360_days(start, end, d1, d2)


def _is_february_end(days: IntArray) -> npt.NDArray[np.bool_]:
    february: npt.NDArray[np.bool_] = dates.month_index(days) % 12 == 1
    return february & dates.is_month_end(days)


def thirty_360_us_days(start: IntArray, end: IntArray) -> IntArray:
    """Days under 30/360 US: as Bond Basis, with the last day of February counted as the 30th."""
    d1 = dates.day_of_month(start)
    d2 = dates.day_of_month(end)
    start_february = _is_february_end(start)
    d2 = np.where(start_february & _is_february_end(end), 30, d2)
    d1 = np.where(start_february, 30, d1)
    d1 = np.minimum(d1, 30)
    d2 = np.where((d2 == 31) & (d1 == 30), 30, d2)
    return _thirty_360_days(start, end, d1, d2)


def thirty_e_360_days(start: IntArray, end: IntArray) -> IntArray:
    """Days under 30E/360 (Eurobond basis), ISDA 4.16(g): both days capped at 30."""
    d1 = np.minimum(dates.day_of_month(start), 30)
    d2 = np.minimum(dates.day_of_month(end), 30)
    return _thirty_360_days(start, end, d1, d2)


def thirty_e_360_isda_days(start: IntArray, end: IntArray, termination: IntArray) -> IntArray:
    """Days under 30E/360 ISDA, 4.16(h): month ends are the 30th, but not a termination in February.

    `termination` is the maturity of the instrument of each pair.
    """
    d1 = np.where(dates.is_month_end(start), 30, dates.day_of_month(start))
    keeps = _is_february_end(end) & (end == termination)
    d2 = np.where(dates.is_month_end(end) & ~keeps, 30, dates.day_of_month(end))
    return _thirty_360_days(start, end, d1, d2)


@cache
def _isda_clock() -> FloatArray:
    """Return years since 1970 at each day where a day of a leap year is 1/366 year."""
    year = dates.month_index(dates.DAYS) // 12
    first = np.flatnonzero(np.diff(year, prepend=year[0] - 1))
    lengths = np.diff(np.append(first, len(year)))
    into = dates.DAYS - np.repeat(dates.DAYS[first], lengths)
    clock: FloatArray = year + into / np.repeat(lengths, lengths)
    clock.flags.writeable = False
    return clock


def act_act_isda(start: IntArray, end: IntArray) -> FloatArray:
    """Year fraction ACT/ACT ISDA, 4.16(b): days in leap years / 366 plus other days / 365."""
    clock = _isda_clock()
    return np.subtract(clock.take(end - dates.MIN_DAY), clock.take(start - dates.MIN_DAY))


_SIMPLE: dict[str, Callable[[IntArray, IntArray], FloatArray]] = {
    "30/360": lambda a, b: thirty_360_days(a, b) / 360.0,
    "30/360 US": lambda a, b: thirty_360_us_days(a, b) / 360.0,
    "30E/360": lambda a, b: thirty_e_360_days(a, b) / 360.0,
    "ACT/360": lambda a, b: (b - a) / 360.0,
    "ACT/365F": lambda a, b: (b - a) / 365.0,
    "ACT/ACT ISDA": act_act_isda,
}


def year_fraction(
    convention: IntArray,
    start: IntArray,
    end: IntArray,
    termination: IntArray,
) -> FloatArray:
    """Return the year fraction of each pair under its own convention (a place in CONVENTIONS).

    PERIODIC conventions need the coupon period and are not served here: see `icma_fraction` and
    `canadian_fraction`.
    """
    used = present(convention)
    if len(used) == 1 and CONVENTIONS[used[0]] in _SIMPLE:
        return _SIMPLE[CONVENTIONS[used[0]]](start, end)
    out = np.zeros(start.shape)
    convention, termination, _ = np.broadcast_arrays(convention, termination, start)
    for code in used:
        at = convention == code
        name = CONVENTIONS[code]
        if name == "30E/360 ISDA":
            days = thirty_e_360_isda_days(start[at], end[at], termination[at])
            out[at] = days / 360.0
        elif name not in PERIODIC:
            out[at] = _SIMPLE[name](start[at], end[at])
    return out


def icma_fraction(
    start: IntArray,
    end: IntArray,
    period_start: IntArray,
    period_end: IntArray,
    months: IntArray,
) -> FloatArray:
    """ACT/ACT ICMA inside one regular period (ICMA Rule 251): days / days of period x months/12.

    `months` is the length of a regular period. A stub longer than a period is the sum of its
    parts, each inside one notional period.
    """
    days = np.maximum(np.minimum(end, period_end) - np.maximum(start, period_start), 0)
    fraction: FloatArray = days / (period_end - period_start) * (months / 12.0)
    return fraction


def is_periodic(convention: IntArray) -> npt.NDArray[np.bool_]:
    """Return whether each convention counts inside coupon periods."""
    return np.asarray((convention == ICMA) | (convention == CANADIAN))


def canadian_fraction(
    start: IntArray,
    end: IntArray,
    period_start: IntArray,
    period_end: IntArray,
    months: IntArray,
) -> FloatArray:
    """ACT/365 CANADIAN inside one regular period: days / 365, counted from the nearer end.

    Fewer days than the whole days of 365 x months/12 count from the start; more are the period's
    months/12 less the days that are left, / 365, so that a whole period is months/12 exactly.
    """
    days = np.maximum(np.minimum(end, period_end) - np.maximum(start, period_start), 0)
    left = (period_end - period_start) - days
    near = days < (365 * months) // 12
    fraction: FloatArray = np.where(near, days / 365.0, months / 12.0 - left / 365.0)
    return np.where(days > 0, fraction, 0.0)
