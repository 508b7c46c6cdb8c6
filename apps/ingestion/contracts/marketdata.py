"""One number of a market as a row of a flat file states it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from apps.ingestion.contracts.fields import Currency, Date, Number, Rating, Row, Text, Word, fault

Tenor = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}[MY]$")]
CurveName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,64}$")]

_NEEDED = {
    "PAR_QUOTE": ("name", "currency", "tenor", "value"),
    "ZERO_NODE": ("name", "currency", "date", "value"),
    "SPREAD": ("currency", "rating", "sector", "tenor", "value"),
    "FX": ("base", "quote", "value"),
    "DISCOUNT": ("currency", "name"),
    "SETTLEMENT": ("currency", "value"),
}


class MarketRow(Row):
    """A par quote, zero node, spread, FX rate, discount curve or settlement rule.

    Rates and spreads are decimal fractions; `FX` is units of `quote` for one `base`.
    """

    part: Literal["PAR_QUOTE", "ZERO_NODE", "SPREAD", "FX", "DISCOUNT", "SETTLEMENT"]
    name: CurveName | None = None
    currency: Currency | None = None
    tenor: Tenor | None = None
    date: Date | None = None
    rating: Rating | None = None
    sector: Word | None = None
    base: Currency | None = None
    quote: Currency | None = None
    value: Number | None = None
    calendar: Word | None = None
    source: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name in _NEEDED[self.part]:
            if getattr(self, name) is None:
                raise fault("REQUIRED", f"a {name} for a {self.part}", name)
        return self
