"""A counterparty as a file states it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from apps.ingestion.contracts.fields import (
    AmountNotNegative,
    Boolean,
    Country,
    Identifier,
    Lei,
    Rating,
    Row,
    Text,
    Word,
    fault,
)

Kind = Literal[
    "SOVEREIGN",
    "CENTRAL_BANK",
    "PSE",
    "MDB",
    "BANK",
    "SECURITIES_FIRM",
    "OTHER_FI",
    "CORPORATE",
    "SME",
    "SPV_PF",
    "SPV_OF",
    "SPV_CF",
    "INDIVIDUAL",
    "FUND",
    "CCP",
]


class CounterpartyRow(Row):
    """A legal person; amounts in the institution's base currency."""

    code: Identifier
    legal_name: Text
    lei: Lei | None = None
    kind: Kind
    parent: Identifier | None = None
    connected_group: Identifier | None = None
    connected_basis: Literal["CONTROL", "ECONOMIC"] | None = None
    country_of_risk: Country | None = None
    country_of_incorporation: Country | None = None
    sector_scheme: Literal["GICS", "NACE", "NAICS", "SIC", "INTERNAL"] | None = None
    sector: Word | None = None
    rating: Rating | None = None
    turnover: AmountNotNegative | None = None
    total_assets: AmountNotNegative | None = None
    investment_grade: Boolean | None = None
    scra_grade: Literal["A+", "A", "B", "C"] | None = None
    default_status: Literal["PERFORMING", "DEFAULTED", "CURED"] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.connected_basis and not self.connected_group:
            raise fault("CONFLICT", "a connected_group for the connected_basis", "connected_group")
        if self.parent == self.code:
            raise fault("CYCLE", "a parent other than the counterparty itself", "parent")
        return self
