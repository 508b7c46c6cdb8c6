"""What the library is told of one position before it is packed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PositionInput:
    """One position: what the contract says (terms) and what is true tonight (state).

    `terms` and `state` are mappings as their JSON Schemas describe; amounts and rates are
    decimal strings, Decimals or ints, dates ISO strings or dates. `rating` and `sector` are those
    of the obligor and pick spread curves and spread shocks. `facility` is the agreement that the
    position is drawn under, with the elections in force alone (pricing/products/facility.py).
    """

    position_id: str
    product_type: str
    currency: str
    terms: Mapping[str, Any]
    state: Mapping[str, Any] = field(default_factory=dict)
    rating: str | None = None
    sector: str | None = None
    facility: Mapping[str, Any] | None = None
