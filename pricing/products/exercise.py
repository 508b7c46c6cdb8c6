"""Rights to end an instrument early: on which dates, and at what price per 100 of balance."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from pricing.dates import date_of
from pricing.failure import Refused
from pricing.products.rows import Row
from pricing.products.terms import day_in_month, month_and_day
from pricing.schedule import MAX_PAYMENTS

STYLES = ("EUROPEAN", "BERMUDAN", "AMERICAN")
CLOSE_DAYS = 10
"""An American right has no monthly date this close to the first or last day of its window."""


def columns(name: str) -> dict[str, str]:
    """Return the batch columns of a right: exercise days, unadjusted, and their prices."""
    return {
        f"{name}_day": "ragged i4",
        f"{name}_price": "ragged f8",
        f"{name}_notice": "i2",
        f"{name}_dirty": "i1",
    }


def right(
    name: str,
    steps: Sequence[tuple[int, float]] | None,
    style: str,
    end: int | None,
    notice: int,
    basis: str,
    schedule: Row,
    step: int | None = None,
) -> Row:
    """Return the columns of a right given as [date, price] pairs.

    EUROPEAN and BERMUDAN rights are for their dates; an AMERICAN one is for every day from the
    first date to `end` at the price of the last date passed, and is dated monthly, or every `step`
    days.
    """
    where = f"terms.{name}_schedule"
    if steps is None:
        if end is not None or notice:
            raise Refused("TERMS_INVALID", f"{where}: is missing")
        return {}
    maturity, start = int(schedule["maturity"]), int(schedule["start"])
    for index, (day, _) in enumerate(steps):
        if not start <= day < maturity:
            raise Refused(
                "BAD_DATES",
                f"{where}[{index}]: {date_of(day)} is not from the dated date to before maturity",
            )
    if style == "EUROPEAN" and len(steps) > 1:
        raise Refused("TERMS_INVALID", f"{where}: a EUROPEAN right has one date")
    if end is not None and style != "AMERICAN":
        raise Refused("TERMS_INVALID", f"terms.{name}_end_date: goes with AMERICAN alone")
    if end is not None and not steps[-1][0] <= end < maturity:
        raise Refused(
            "BAD_DATES", f"terms.{name}_end_date: is not from the last date to before maturity"
        )
    days = [day for day, _ in steps]
    if style == "AMERICAN":
        last = maturity if end is None else end
        if step is None:
            days = _monthly(days, last, end is not None, schedule)
        else:
            days = _stepped(days, last, end is not None, step)
    if len(days) > MAX_PAYMENTS:
        raise Refused("TERM_TOO_LONG", f"{where}: more than {MAX_PAYMENTS} exercise dates")
    dated = [day for day, _ in steps]
    return {
        f"{name}_day": days,
        f"{name}_price": [steps[bisect_right(dated, day) - 1][1] for day in days],
        f"{name}_notice": notice,
        f"{name}_dirty": basis == "DIRTY",
    }


def _stepped(fixed: Sequence[int], end: int, closed: bool, step: int) -> list[int]:
    """Return the days of a window's steps, its end if it is part, and every `step` days between.

    Days are counted from each step of the window on: the first days after a price changes, when
    most is decided, are `step` apart whatever the payments' day.
    """
    kept = [*fixed, end] if closed and end > fixed[-1] else list(fixed)
    found = set(kept)
    for begin, stop in pairwise([*kept, end] if kept[-1] < end else kept):
        found.update(range(begin, stop, step))
    return sorted(found)


def _monthly(fixed: Sequence[int], end: int, closed: bool, schedule: Row) -> list[int]:
    """Return the days of a window's steps, its end if it is part, and monthly days between.

    Monthly days are on the day of the month of the payments.
    """
    pay_day = int(schedule["pay_day"])
    kept = [*fixed, end] if closed and end > fixed[-1] else list(fixed)
    month = month_and_day(fixed[0])[0]
    found = set(kept)
    limits = (*kept, end)
    while (day := day_in_month(month, pay_day)) < end:
        if day > fixed[0] and all(abs(day - other) > CLOSE_DAYS for other in limits):
            found.add(day)
        month += 1
    return sorted(found)
