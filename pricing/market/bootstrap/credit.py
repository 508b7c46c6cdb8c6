"""CDS quotes -> hazard rates, constant between the maturities, that reprice every contract.

Contracts are those of the 2009 and 2015 conventions: quarterly on the 20th, ACT/360, protection
from the day after. Source: ISDA CDS Standard Model; O'Kane and Turnbull, Valuation of Credit
Default Swaps (2003).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import QuantLib as ql

from pricing.dates import date_of
from pricing.market import reading
from pricing.market.bootstrap.conventions import Reader, day_count
from pricing.market.bootstrap.documents import decimal, table
from pricing.market.bootstrap.jacobian import STEP
from pricing.market.bootstrap.system import System
from pricing.market.errors import MarketError

MODELS = {"MIDPOINT": "Midpoint", "ISDA": "ISDA"}
_FIELDS = {"tenor", "spread", "calendar", "settlement_days", "model"}


def with_nodes(
    item: Mapping[str, Any], system: System, discount: Mapping[str, str]
) -> dict[str, Any]:
    """Return a credit curve with the hazard rates its quotes make, and their Jacobian."""
    name = reading.text(item, "name", "credit")
    quotes = reading.sequence(item["quotes"], f"{name}.quotes")
    if not quotes:
        raise MarketError(f"{name}.quotes", "a curve needs at least one quote")
    if item.get("kind", "HAZARD") != "HAZARD":
        raise MarketError(f"{name}.kind", "quotes make hazard rates")
    recovery = reading.number(item.get("recovery"), f"{name}.recovery", 0.0, 0.99)
    currency = reading.currency(item.get("currency"), f"{name}.currency")
    curve = str(discount.get(currency, ""))
    handle = system.handle(curve, f"{name}.discount")
    live: list[Any] = []
    helpers: list[Any] = []
    for index, quote in enumerate(quotes):
        helper, simple = _helper(quote, item, index, recovery, handle)
        helpers.append(helper)
        live.append(simple)
    structure = _build(name, system.as_of, helpers, quotes)
    days = [date.serialNumber() - 25569 for date, _ in structure.nodes()[1:]]
    hazards = _hazards(structure)
    for index, hazard in enumerate(hazards):
        if not (math.isfinite(hazard) and 0.0 <= hazard <= 10.0):
            raise MarketError(
                _place(name, index, quotes), f"the curve cannot be built: hazard rate {hazard:.6g}"
            )
    nodes = [
        [date_of(day).isoformat(), decimal(hazard)]
        for day, hazard in zip(days, hazards, strict=True)
    ]
    if "nodes" in item and item["nodes"] != nodes:
        raise MarketError(f"{name}.nodes", "the nodes that the quotes give, or none")
    columns = []
    for simple in live:
        before = simple.value()
        simple.setValue(before + STEP)
        up = _hazards(structure)
        simple.setValue(before - STEP)
        down = _hazards(structure)
        simple.setValue(before)
        columns.append((up - down) / (2.0 * STEP))
    return {**item, "nodes": nodes, "jacobian": table(np.stack(columns, axis=1))}


def _helper(
    quote: object, item: Mapping[str, Any], index: int, recovery: float, handle: Any
) -> tuple[Any, Any]:
    place = f"{item['name']}.quotes[{index}]"
    source = reading.mapping(quote, place)
    reading.only(source, _FIELDS, place)
    conventions = reading.mapping(item.get("conventions", {}), f"{item['name']}.conventions")
    reading.only(conventions, _FIELDS, f"{item['name']}.conventions")
    read = Reader(source, conventions, f"{place} (CDS {source.get('tenor')})")
    simple = ql.SimpleQuote(read.number("spread", 0.0, 2.0))
    model = reading.choice(read.source, "model", tuple(MODELS), read.place, "MIDPOINT")
    helper = ql.SpreadCdsHelper(
        ql.QuoteHandle(simple),
        read.period(),
        read.days("settlement_days", 1),
        read.calendar("WEEKENDS"),
        ql.Quarterly,
        ql.Following,
        ql.DateGeneration.CDS2015,
        day_count("ACT/360"),
        recovery,
        handle,
        True,
        True,
        ql.Date(),
        ql.Actual360(True),
        True,
        getattr(ql.CreditDefaultSwap, MODELS[model]),
    )
    return helper, simple


def _build(name: str, as_of: Any, helpers: Sequence[Any], quotes: Sequence[Any]) -> Any:
    for count in range(1, len(helpers) + 1):
        structure = ql.PiecewiseFlatHazardRate(as_of, helpers[:count], ql.Actual365Fixed())
        try:
            structure.nodes()
        except RuntimeError as error:
            raise MarketError(
                _place(name, count - 1, quotes), f"the curve cannot be built: {error}"
            ) from None
    return structure


def _hazards(structure: Any) -> Any:
    return np.array([hazard for _, hazard in structure.nodes()[1:]])


def _place(name: str, index: int, quotes: Sequence[Any]) -> str:
    return f"{name}.quotes[{index}] (CDS {quotes[index].get('tenor')})"
