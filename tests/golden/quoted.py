"""One position of a golden case valued on a flat market, by its measures."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse

HERE = Path(__file__).parent
FLAT_ACT_360 = 0.03 * 365.0 / 360.0
"""3% continuous Act/360 as a rate per Act/365F year."""


def case(product_name: str, name: str) -> dict[str, Any]:
    """Return a case by its id."""
    found: dict[str, Any] = json.loads((HERE / product_name / f"{name}.json").read_text())
    return found


def flat(as_of: str, zero: float = 0.03, currency: str = "USD", **parts: Any) -> dict[str, Any]:
    """Return a market with one flat curve (continuous, Act/365F) and no credit spread."""
    return {
        "format": "tieout.market/1",
        "as_of": as_of,
        "curves": [{"name": "FLAT", "currency": currency, "nodes": [["2100-01-01", repr(zero)]]}],
        "discount": {currency: "FLAT"},
        "spreads": [{"currency": currency, "rating": "A", "sector": "ALL", "nodes": [["5Y", "0"]]}],
        **parts,
    }


def priced(
    product_type: str, terms: Mapping[str, Any], price: float, **state: Any
) -> PositionInput:
    """Return a holding of 100 face marked at a price."""
    now = {"quantity": "100", "spread_source": "MARK", "mark_price": repr(price), **state}
    return PositionInput("B", product_type, "USD", terms, now, "A", "ALL")


def states(market: Mapping[str, Any], measures: tuple[str, ...], currency: str = "USD") -> States:
    """Return the states of a market on its own day."""
    cells = tuple(Cell(measure, "BASE") for measure in measures)
    axis = Axis(cells, dt.date.fromisoformat(str(market["as_of"])), currency)
    return States(snapshot.parse(market), [parse({"code": "BASE"})], axis)


def measured(position: PositionInput, market: States) -> dict[str, float]:
    """Return the measures of one position; a failure fails the test."""
    packed = product(position.product_type).pack([position], Names())
    assert packed.failures == [None]
    valued = valuation.value(packed.batch, market)
    assert valued.failures == [None]
    return {cell.measure: float(valued.values[0, i]) for i, cell in enumerate(market.axis.cells)}
