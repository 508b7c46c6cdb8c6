"""One fixing of an index as a row of a flat file states it."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from apps.ingestion.contracts.fields import Date, Rate, Row

IndexName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,64}$")]


class FixingRow(Row):
    """What an index was fixed at on a day, a decimal fraction.

    `corrects` is the rate that stood for the day before: a publisher's correction says what it
    replaces.
    """

    index: IndexName
    date: Date
    rate: Rate
    corrects: Rate | None = None
