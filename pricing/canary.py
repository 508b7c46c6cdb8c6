"""A small fixed batch of every product whose bits prove a numeric profile."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing import valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Names
from pricing.canary_batch import DAY, MARKET, SCENARIOS, positions
from pricing.market import snapshot
from pricing.measures import DEFAULT_MEASURES
from pricing.pricers.contract import Valued
from pricing.products.registry import PRODUCTS
from pricing.scenarios import States, parse


def valued() -> tuple[dict[str, Valued], States]:
    """Return the canary valued, by product in the order of the registry's names, and its states."""
    scenarios = [parse(document) for document in SCENARIOS]
    codes = [scenario.code for scenario in scenarios]
    cells = default_cells(
        [*DEFAULT_MEASURES, "CLEAN_PRICE", "CONVEXITY"], codes, ["USD", "EUR"], "USD"
    )
    states = States(snapshot.parse(MARKET), scenarios, Axis(cells, DAY, "USD"))
    inputs = positions()
    found = {}
    for product_type in sorted(PRODUCTS):
        held = [position for position in inputs if position.product_type == product_type]
        batch = PRODUCTS[product_type].pack(held, Names()).batch
        found[product_type] = valuation.value(batch, states)
    return found, states


def values() -> list[npt.NDArray[np.float64]]:
    """Return the canary's values in run currency, one array per product."""
    found, states = valued()
    return [valuation.convert(one, states) for one in found.values()]
