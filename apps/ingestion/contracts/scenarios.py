"""One shock of a scenario as a row of a flat file states it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from apps.ingestion.contracts.fields import Currency, Identifier, Number, Rating, Row, Text, Word


class ScenarioRow(Row):
    """A scenario's code and one of its shocks; rows of one code are its shocks in order.

    A scenario without shocks has one row without `risk`. `tenors` is like `1Y:0.01 5Y:0.02`.
    Twists, butterflies and parts are objects, which JSON has.
    """

    code: Identifier
    name: Text | None = None
    risk: (
        Literal[
            "RATE", "SPREAD", "FX", "VOLATILITY", "CREDIT", "INFLATION", "PREPAYMENT", "PROPERTY"
        ]
        | None
    ) = None
    size: Number | None = None
    mode: Literal["ABSOLUTE", "RELATIVE"] | None = None
    tenors: (
        Annotated[str, StringConstraints(pattern=r"^[0-9]+[MY]:\S+( [0-9]+[MY]:\S+)*$")] | None
    ) = None
    curve: Identifier | None = None
    currency: Currency | Literal["ALL"] | None = None
    rating: Rating | None = None
    sector: Word | None = None
    volatility: Identifier | None = None
    kind: Literal["CAP", "SWAPTION"] | None = None
    credit: Identifier | None = None
    seniority: Word | None = None
    inflation: Identifier | None = None
    segment: Word | None = None
