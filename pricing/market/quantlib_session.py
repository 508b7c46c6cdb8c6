"""QuantLib's one evaluation date, set for a calibration and put back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def evaluation(as_of: dt.date) -> Iterator[Any]:
    """Give the QuantLib module with the evaluation date of a day; restore it at the end."""
    import QuantLib as ql

    settings = ql.Settings.instance()
    before = settings.evaluationDate
    settings.evaluationDate = ql_date(as_of)
    try:
        yield ql
    finally:
        settings.evaluationDate = before


def ql_date(day: dt.date) -> Any:
    """Return a day as QuantLib's."""
    import QuantLib as ql

    return ql.Date(day.day, day.month, day.year)


def py_date(day: Any) -> dt.date:
    """Return a day of QuantLib's as Python's."""
    return dt.date(day.year(), day.month(), day.dayOfMonth())
