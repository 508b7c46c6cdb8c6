"""Market history through a profile: every day of a file, each column a factor or several."""

from __future__ import annotations

import datetime as dt
import re

from apps.ingestion.kinds import histories
from apps.ingestion.kinds.histories import Levels
from apps.ingestion.outcome import Request
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.profile import HistoryProfile
from apps.ingestion.readers import csv_rows
from apps.marketdata import history

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{0,12})?", re.ASCII)
_SATURDAY = 5
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def parse(chosen: HistoryProfile, request: Request, problems: Problems) -> Levels:
    """Return the levels of all days of the file, from `since` on; days without any are none."""
    if request.reject_file is not None:
        raise ImportRefused.because(
            "CONFLICT", "a tape of loans for this option", chosen.profile, field="--reject-file"
        )
    found = Levels(histories.own_code(request), f"{chosen.source}; {request.source.name}")
    checked = False
    for line, cells in csv_rows.table(request.source.text):
        if not checked:
            _check_columns(chosen, set(cells))
            checked = True
        day = cells[chosen.date]
        if not _DAY.fullmatch(day):
            problems.add("DATE", "a date as YYYY-MM-DD", day, line=line, field=chosen.date)
            continue
        if day < chosen.since or (chosen.weekdays_only and _is_weekend(day, line, problems)):
            continue
        values = {
            column: _level(chosen, cells[column], line, column, problems)
            for column in chosen.columns
        }
        if all(value is None for value in values.values()):
            continue
        for column, factors in chosen.columns.items():
            for one in factors:
                levels = found.by_factor.setdefault(tuple(one.items()), {})
                if day in levels:
                    problems.add("DUPLICATE", "each day once", day, line=line, field=chosen.date)
                levels[day] = values[column]
    if not found.by_factor:
        raise ImportRefused.because("NO_DATA", f"a level from {chosen.since} on", "none")
    return found


def _is_weekend(day: str, line: int, problems: Problems) -> bool:
    try:
        return dt.date.fromisoformat(day).weekday() >= _SATURDAY
    except ValueError:
        problems.add("DATE", "a day of the calendar", day, line=line)
        return True


def _check_columns(chosen: HistoryProfile, header: set[str]) -> None:
    wanted = {chosen.date, *chosen.columns}
    if missing := sorted(wanted - header):
        raise ImportRefused.because(
            "HEADER_MISSING", f"a column {missing[0]}", line=1, field="header"
        )
    if unknown := sorted(header - wanted - set(chosen.ignored)):
        raise ImportRefused.because(
            "HEADER_UNKNOWN", f"the columns of profile {chosen.profile}", unknown[0], line=1
        )


def _level(
    chosen: HistoryProfile, text: str, line: int, column: str, problems: Problems
) -> str | None:
    text = text.strip()
    if text in chosen.absent:
        return None
    if not _NUMBER.fullmatch(text):
        problems.add("NUMBER", "a plain decimal number", text, line=line, field=column)
        return None
    return history.level(text, chosen.scale)
