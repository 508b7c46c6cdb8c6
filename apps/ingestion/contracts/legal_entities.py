"""A legal entity of the institution as a file states it."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from apps.ingestion.contracts.fields import Country, Currency, Identifier, Lei, Row, Text, fault


class LegalEntityRow(Row):
    """A reporting entity: capital ratios and the ledger are stated by entity."""

    code: Identifier
    name: Text
    lei: Lei | None = None
    country: Country
    base_currency: Currency
    parent: Identifier | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.parent == self.code:
            raise fault("CYCLE", "a parent other than the entity itself", "parent")
        return self
