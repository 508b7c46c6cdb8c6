"""Between market documents and the pricing library: calibration, the one form that is hashed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from apps.marketdata.canonical import (
    Each,
    Fields,
    MarketFault,
    Named,
    Number,
    Pairs,
    Shape,
    canonical,
    listed,
    named,
    number,
    pair,
    pairs,
)
from pricing.market import bootstrap, completion, snapshot
from pricing.market.errors import MarketError
from pricing.scenarios import history
from pricing.scenarios.historical import HistoryError

__all__ = ["FORMAT", "MarketFault", "check_history", "normal_document"]

FORMAT = snapshot.FORMAT

_ITEM = re.compile(r"([a-z_]+)\[([0-9]+)\]", re.ASCII)
_FIRST, _LAST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


_QUOTE = Fields(
    {
        name: Number()
        for name in (
            "rate", "spread", "price", "coupon", "convexity", "months", "settlement_days",
            "payment_lag_days",
        )
    }
)  # fmt: skip
_BOOTSTRAP = Fields({"quotes": Each(_QUOTE), "conventions": Named(_QUOTE)})

_PARTS: Mapping[str, Shape] = {
    "indices": Named(
        Fields({"margin": Number(), "fixing_lag_days": Number(), "leg_months": Number()})
    ),
    "fixings": Named(Pairs()),
    "volatilities": Each(
        Fields({"shift": Number(), "strikes": Each(Number()), "values": Each(Each(Number()))})
    ),
    "credit": Each(Fields({"recovery": Number(), "nodes": Pairs(), "quotes": Each(_QUOTE)})),
    "inflation": Named(Fields({"lag_months": Number(), "history": Pairs(), "nodes": Pairs()})),
    "models": Named(
        Fields({"hull_white": Fields({"mean_reversion": Number(), "sigma": Number()})})
    ),
}
"""Where the decimals stand in the parts that are read as they are given."""


def normal_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a market document as it is stored, or raise MarketFault naming the place.

    Par quotes are calibrated to zero nodes, numbers become canonical decimal texts, and parts
    whose order has no meaning are sorted. The name is no content and is left out.
    """
    if not isinstance(document, Mapping):
        raise MarketFault("market", "an object is expected")
    as_of = _date(document.get("as_of"))
    order: dict[str, list[int]] = {}
    normal: dict[str, Any] = {k: v for k, v in document.items() if k != "name"}
    normal["format"] = document.get("format", FORMAT)
    for part, read in (("curves", _curve), ("spreads", _spread), ("fx", _quote)):
        items = listed(document.get(part, []), part)
        read_items = [
            read(named(item, f"{part}[{at}]"), f"{part}[{at}]", as_of)
            for at, item in enumerate(items)
        ]
        order[part] = sorted(range(len(items)), key=_by_name(read_items))
        normal[part] = [read_items[at] for at in order[part]]
    settlement = named(document.get("settlement_days", {}), "settlement_days")
    normal["settlement_days"] = {
        currency: _settlement(rule, f"settlement_days.{currency}")
        for currency, rule in settlement.items()
    }
    for part, shape in _PARTS.items():
        if part in normal:
            read_part = canonical(normal[part], shape, part)
            if isinstance(shape, Each):
                order[part] = sorted(range(len(read_part)), key=_by_name(read_part))
                read_part = [read_part[at] for at in order[part]]
            normal[part] = read_part
    try:
        normal = completion.completed(normal)
        snapshot.parse(normal)
    except MarketError as error:
        fault = _fault(error)
        raise MarketFault(_as_given(fault.place, order), fault.message, fault.found) from None
    return {name: value for name, value in normal.items() if value not in ({}, [])}


def check_history(document: Mapping[str, Any]) -> None:
    """Refuse a history document that the library does not read; MarketFault names the place."""
    try:
        history.parse(document)
    except HistoryError as error:
        raise MarketFault(error.place, error.message) from None


def _fault(error: MarketError) -> MarketFault:
    return MarketFault(error.place, str(error).removeprefix(f"{error.place}: "))


def _as_given(place: str, order: Mapping[str, Sequence[int]]) -> str:
    """Return a place of the sorted document as one of the document that was given."""
    found = _ITEM.match(place)
    if found is None or int(found[2]) >= len(order.get(found[1], ())):
        return place
    return f"{found[1]}[{order[found[1]][int(found[2])]}]{place[found.end() :]}"


def _by_name(items: Sequence[Mapping[str, Any]]) -> Callable[[int], tuple[str, ...]]:
    return lambda at: _sort_key(items[at])


def _sort_key(item: Mapping[str, Any]) -> tuple[str, ...]:
    keys = ("name", "currency", "rating", "sector", "base", "quote")
    return tuple(str(item.get(key, "")) for key in keys)


def _curve(item: Mapping[str, Any], place: str, as_of: dt.date) -> dict[str, Any]:
    curve = dict(item)
    if "nodes" in item:
        curve["nodes"] = pairs(item["nodes"], f"{place}.nodes")
    if item.get("kind") == "BOOTSTRAP":
        return {**curve, **canonical(curve, _BOOTSTRAP, place)}
    if "quotes" not in item:
        return curve
    quotes = [
        _par_quote(quote, f"{place}.quotes[{at}]")
        for at, quote in enumerate(listed(item["quotes"], f"{place}.quotes"))
    ]
    name = str(item.get("name", place))
    try:
        made = bootstrap.par_curve_document(
            name, str(item.get("currency", "")), as_of, quotes, str(item.get("source", ""))
        )
    except MarketError as error:
        raise _fault(error) from None
    if "nodes" in curve and curve["nodes"] != made["nodes"]:
        raise MarketFault(f"{place}.nodes", "the nodes that the quotes give, or none")
    return {key: value for key, value in (curve | made).items() if value != ""}


def _par_quote(quote: Any, place: str) -> tuple[str, str]:
    if isinstance(quote, Mapping):
        quote = [quote.get("tenor"), quote.get("rate")]
    tenor, rate = pair(quote, place, "[tenor, par yield]")
    return str(tenor), number(rate, f"{place} ({tenor})")


def _spread(item: Mapping[str, Any], place: str, as_of: dt.date) -> dict[str, Any]:
    return {**item, "nodes": pairs(item.get("nodes"), f"{place}.nodes")}


def _quote(item: Mapping[str, Any], place: str, as_of: dt.date) -> dict[str, Any]:
    name = f"{place} ({item.get('base')}/{item.get('quote')})"
    return {**item, "rate": number(item.get("rate"), name)}


def _settlement(rule: Any, place: str) -> dict[str, Any]:
    rule = rule if isinstance(rule, Mapping) else {"days": rule}
    return {**rule, "days": number(rule.get("days"), place)}


def _date(value: Any) -> dt.date:
    try:
        day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        raise MarketFault("as_of", "a date as YYYY-MM-DD", value) from None
    if not _FIRST <= day <= _LAST:
        raise MarketFault("as_of", f"a date from {_FIRST} to {_LAST}", value)
    return day
