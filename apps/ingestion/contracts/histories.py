"""One level of a market factor on one day as a row of a flat file states it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from apps.ingestion.contracts.fields import Currency, Date, Number, Rating, Row, Word, fault
from apps.ingestion.contracts.marketdata import CurveName, Tenor

NEEDED = {
    "PAR_QUOTE": ("name", "currency", "tenor"),
    "ZERO_NODE": ("name", "currency", "tenor"),
    "SPREAD": ("currency", "rating"),
    "FX": ("base", "quote"),
    "VOLATILITY": ("name",),
}


class HistoryRow(Row):
    """The level of a par yield, zero rate, spread, FX rate or volatility surface on a day.

    Rates, spreads and volatilities are decimal fractions; `FX` is units of `quote` for one
    `base`. A row without a `value` says that the day has none.
    """

    date: Date
    part: Literal["PAR_QUOTE", "ZERO_NODE", "SPREAD", "FX", "VOLATILITY"]
    name: CurveName | None = None
    currency: Currency | None = None
    tenor: Tenor | None = None
    rating: Rating | None = None
    sector: Word | None = None
    base: Currency | None = None
    quote: Currency | None = None
    value: Number | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name in NEEDED[self.part]:
            if getattr(self, name) is None:
                raise fault("REQUIRED", f"a {name} for a {self.part}", name)
        return self
