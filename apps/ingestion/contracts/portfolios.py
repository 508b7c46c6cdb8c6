"""A node of the portfolio tree as a file states it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from apps.ingestion.contracts.fields import Identifier, Row, Text, fault


class PortfolioRow(Row):
    """A fund, sub-fund, desk or book and the node it stands under."""

    code: Identifier
    name: Text
    node_type: Literal["FUND", "SUB_FUND", "DESK", "BOOK"]
    parent: Identifier | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.parent == self.code:
            raise fault("CYCLE", "a parent other than the node itself", "parent")
        return self
