"""Between market documents and the pricing library: calibration, the one form that is hashed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation.hashing import decimal_text
from pricing.market import bootstrap, snapshot
from pricing.market.errors import MarketError

FORMAT = snapshot.FORMAT

_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,32})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_ITEM = re.compile(r"([a-z_]+)\[([0-9]+)\]", re.ASCII)
_FIRST, _LAST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


class MarketFault(ValueError):
    """What is wrong with a market document, and the place of it."""

    def __init__(self, place: str, message: str, found: object = "") -> None:
        super().__init__(f"{place}: {message}")
        self.place, self.message, self.found = place, message, found


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
        items = _list(document.get(part, []), part)
        read_items = [
            read(_object(item, f"{part}[{at}]"), f"{part}[{at}]", as_of)
            for at, item in enumerate(items)
        ]
        order[part] = sorted(range(len(items)), key=lambda at: _sort_key(read_items[at]))
        normal[part] = [read_items[at] for at in order[part]]
    settlement = _object(document.get("settlement_days", {}), "settlement_days")
    normal["settlement_days"] = {
        currency: _settlement(rule, f"settlement_days.{currency}")
        for currency, rule in settlement.items()
    }
    try:
        snapshot.parse(normal)
    except MarketError as error:
        fault = _fault(error)
        raise MarketFault(_as_given(fault.place, order), fault.message, fault.found) from None
    return {name: value for name, value in normal.items() if value not in ({}, [])}


def _fault(error: MarketError) -> MarketFault:
    return MarketFault(error.place, str(error).removeprefix(f"{error.place}: "))


def _as_given(place: str, order: Mapping[str, Sequence[int]]) -> str:
    """Return a place of the sorted document as one of the document that was given."""
    found = _ITEM.match(place)
    if found is None or int(found[2]) >= len(order.get(found[1], ())):
        return place
    return f"{found[1]}[{order[found[1]][int(found[2])]}]{place[found.end() :]}"


def _sort_key(item: Mapping[str, Any]) -> tuple[str, ...]:
    keys = ("name", "currency", "rating", "sector", "base", "quote")
    return tuple(str(item.get(key, "")) for key in keys)


def _curve(item: Mapping[str, Any], place: str, as_of: dt.date) -> dict[str, Any]:
    curve = dict(item)
    if "nodes" in item:
        curve["nodes"] = _nodes(item["nodes"], f"{place}.nodes")
    if "quotes" not in item:
        return curve
    quotes = [
        _par_quote(quote, f"{place}.quotes[{at}]")
        for at, quote in enumerate(_list(item["quotes"], f"{place}.quotes"))
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
    pair = _pair(quote, place, "[tenor, par yield]")
    return str(pair[0]), _number(pair[1], f"{place} ({pair[0]})")


def _spread(item: Mapping[str, Any], place: str, as_of: dt.date) -> dict[str, Any]:
    return {**item, "nodes": _nodes(item.get("nodes"), f"{place}.nodes")}


def _quote(item: Mapping[str, Any], place: str, as_of: dt.date) -> dict[str, Any]:
    name = f"{place} ({item.get('base')}/{item.get('quote')})"
    return {**item, "rate": _number(item.get("rate"), name)}


def _settlement(rule: Any, place: str) -> dict[str, Any]:
    rule = rule if isinstance(rule, Mapping) else {"days": rule}
    return {**rule, "days": _number(rule.get("days"), place)}


def _nodes(value: Any, place: str) -> list[list[str]]:
    pairs = (
        _pair(node, f"{place}[{at}]", "[date or tenor, number]")
        for at, node in enumerate(_list(value, place))
    )
    return [[str(a), _number(b, f"{place}[{at}] ({a})")] for at, (a, b) in enumerate(pairs)]


def _pair(value: Any, place: str, expected: str) -> tuple[Any, Any]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise MarketFault(place, expected, value)
    return value[0], value[1]


def _number(value: Any, place: str) -> str:
    text = str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise MarketFault(place, "a plain decimal number", value)
    return decimal_text(Decimal(text))


def _date(value: Any) -> dt.date:
    try:
        day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        raise MarketFault("as_of", "a date as YYYY-MM-DD", value) from None
    if not _FIRST <= day <= _LAST:
        raise MarketFault("as_of", f"a date from {_FIRST} to {_LAST}", value)
    return day


def _list(value: Any, place: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise MarketFault(place, "a list is expected", value)
    return value


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MarketFault(place, "an object is expected", value)
    return value
