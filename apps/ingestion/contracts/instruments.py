"""An instrument as a file states it; its terms are checked by the contract of its product."""

from __future__ import annotations

from typing import Any, Literal

from apps.ingestion.contracts.fields import Currency, Cusip, Identifier, Isin, Row, Text

Product = Literal[
    "AMORT_LOAN",
    "REVOLVER",
    "DELAYED_DRAW",
    "FIXED_BOND",
    "FLOATING_NOTE",
    "ZERO_COUPON",
    "INFLATION_BOND",
    "CALLABLE_BOND",
    "ABS_MBS",
    "STRUCTURED",
    "FX_FWD",
    "DERIVATIVE",
    "DEPOSIT",
    "CASH",
]


class InstrumentRow(Row):
    """A contract that positions are held in.

    `terms` is an object (in CSV one column `terms.<field>` each). `market_convention` names the
    defaults that fill terms which are absent; without it nothing is assumed.
    """

    code: Identifier
    product_type: Product
    name: Text | None = None
    currency: Currency
    isin: Isin | None = None
    cusip: Cusip | None = None
    issuer: Identifier | None = None
    market_convention: Identifier | None = None
    terms: dict[str, Any]
