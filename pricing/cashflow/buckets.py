"""The buckets of a maturity ladder: which days each holds.

A bucket is named by its last day: 1M holds what is paid after the bucket before it and up to the
same day of the next month (its last day where that month is shorter), in calendar days from the
valuation date, the payment date as it is adjusted. ON is up to one day after the valuation date
(under the cut START_OF_DAY what is paid on it as well), BEYOND what is later than all.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pricing import dates

IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

OVERNIGHT = "ON"
BEYOND = "BEYOND"
NOT_PROJECTED = "NOT_PROJECTED"
"""What is outstanding and not projected to be paid: past due, expected loss, to be capitalised."""

MOST_BUCKETS = 40


class BucketError(ValueError):
    """The text names no bucket or horizon, or the buckets do not increase."""


def day_of(text: str, day: int) -> int:
    """Return the last day of a bucket, or the day of a horizon, seen from a day ordinal.

    ON is a day, 2D days, 1W weeks, 3M calendar months, 10Y calendar years.
    """
    if text == OVERNIGHT:
        return day + 1
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and 0 < int(number) <= 1000 and unit in "DWMY"):
        raise BucketError(f"{text!r} is not like ON, 1W, 3M or 10Y")
    count = int(number)
    if unit in "DW":
        return day + count * (7 if unit == "W" else 1)
    months = count * (12 if unit == "Y" else 1)
    if months > 100 * 12:
        raise BucketError(f"{text!r} is more than 100 years")
    return dates.add_months(day, months)


def edges(buckets: Sequence[str], day: int) -> IntArray:
    """Return the days from the valuation date to the last day of each bucket but BEYOND."""
    if not 1 <= len(buckets) <= MOST_BUCKETS:
        raise BucketError(f"a ladder has between 1 and {MOST_BUCKETS} buckets")
    found = [day_of(text, day) - day for text in buckets]
    for (earlier, a), (later, b) in itertools.pairwise(zip(buckets, found, strict=True)):
        if b <= a:
            raise BucketError(f"bucket {later} does not end after {earlier}")
    return np.array(found, dtype=np.int64)


def names(buckets: Sequence[str]) -> tuple[str, ...]:
    """Return the buckets that time is divided into, in order, BEYOND last."""
    return (*buckets, BEYOND)


def places(ends: IntArray, days: IntArray) -> IntpArray:
    """Return the bucket of each day among `names`: the first that ends on it or later."""
    return np.searchsorted(ends, days, side="left")
