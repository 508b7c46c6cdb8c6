"""From scenario documents, format `tieout.scenario/1`, to scenarios.

docs/methods/scenarios.md describes each field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pricing.currencies import is_currency
from pricing.scenarios.shocks import (
    FxShock,
    Mode,
    RateShock,
    Scenario,
    ScenarioError,
    Shock,
    SpreadShock,
)

FORMAT = "tieout.scenario/1"
KINDS = ("INSTANT", "HORIZON", "PATH")
RATE_LIMIT = 2.0
"""Shocks of rates and spreads beyond +/-200 percentage points are refused as unit mistakes."""


def parse(document: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a document; a ScenarioError names the place of what is wrong."""
    if not isinstance(document, Mapping):
        raise ScenarioError("scenario", "an object is expected")
    code = document.get("code")
    if not isinstance(code, str) or not code or len(code) > 64:
        raise ScenarioError("code", "a code of 1 to 64 characters is expected")
    if document.get("format", FORMAT) != FORMAT:
        raise ScenarioError(f"{code}.format", f"{document.get('format')!r} is not {FORMAT!r}")
    _only(document, {"format", "code", "name", "kind", "shocks", "source", "attributes"}, code)
    kind = document.get("kind", "INSTANT")
    if kind not in KINDS:
        raise ScenarioError(f"{code}.kind", f"{kind!r} is not one of {', '.join(KINDS)}")
    if kind != "INSTANT":
        raise ScenarioError(
            f"{code}.kind", f"{kind} scenarios are not valued yet", "SCENARIO_KIND_UNSUPPORTED"
        )
    shocks = document.get("shocks", [])
    if not isinstance(shocks, Sequence) or isinstance(shocks, str):
        raise ScenarioError(f"{code}.shocks", "a list is expected")
    if code == "BASE" and shocks:
        raise ScenarioError("BASE.shocks", "the base scenario has no shocks")
    read = tuple(_shock(item, f"{code}.shocks[{i}]") for i, item in enumerate(shocks))
    return Scenario(code, str(document.get("name") or code), read)


def _only(source: Mapping[str, Any], known: set[str], place: str) -> None:
    for key in source:
        if key not in known:
            raise ScenarioError(f"{place}.{key}", "no such field")


def _shock(item: object, place: str) -> Shock:
    if not isinstance(item, Mapping):
        raise ScenarioError(place, "an object is expected")
    risk = item.get("risk")
    if risk == "RATE":
        return _rate(item, place)
    if risk == "SPREAD":
        return _spread(item, place)
    if risk == "FX":
        return _fx(item, place)
    raise ScenarioError(f"{place}.risk", f"{risk!r} is not RATE, SPREAD or FX")


def _rate(item: Mapping[str, Any], place: str) -> RateShock:
    _only(item, {"risk", "size", "tenors", "mode", "curve", "currency"}, place)
    mode = _mode(item, place, Mode.ABSOLUTE)
    if ("size" in item) == ("tenors" in item):
        raise ScenarioError(place, "either size or tenors is expected")
    curve = _text(item, "curve", place)
    currency = _currency(item, place) if "currency" in item else ""
    if curve and currency:
        raise ScenarioError(place, "a curve and a currency cannot both narrow a shock")
    if "size" in item:
        size = _number(item["size"], f"{place}.size", RATE_LIMIT)
        return RateShock((0.0,), (size,), mode, curve, currency)
    if mode is Mode.RELATIVE:
        raise ScenarioError(f"{place}.mode", "a relative shock has one size for all tenors")
    pairs = item["tenors"]
    if not isinstance(pairs, Sequence) or isinstance(pairs, str) or not pairs:
        raise ScenarioError(f"{place}.tenors", "a list of [tenor, size] is expected")
    years: list[float] = []
    sizes: list[float] = []
    for index, pair in enumerate(pairs):
        at = f"{place}.tenors[{index}]"
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise ScenarioError(at, "[tenor, size] is expected")
        years.append(_tenor(pair[0], at))
        sizes.append(_number(pair[1], at, RATE_LIMIT))
        if len(years) > 1 and years[-1] <= years[-2]:
            raise ScenarioError(at, "tenors must increase")
    return RateShock(tuple(years), tuple(sizes), mode, curve, currency)


def _spread(item: Mapping[str, Any], place: str) -> SpreadShock:
    _only(item, {"risk", "size", "mode", "rating", "sector", "currency"}, place)
    if _mode(item, place, Mode.ABSOLUTE) is not Mode.ABSOLUTE:
        raise ScenarioError(f"{place}.mode", "spread shocks are absolute")
    return SpreadShock(
        _number(item.get("size"), f"{place}.size", RATE_LIMIT),
        _text(item, "rating", place),
        _text(item, "sector", place),
        _currency(item, place) if "currency" in item else "",
    )


def _fx(item: Mapping[str, Any], place: str) -> FxShock:
    _only(item, {"risk", "size", "mode", "currency"}, place)
    mode = _mode(item, place, Mode.RELATIVE)
    currency = "ALL" if item.get("currency") == "ALL" else _currency(item, place)
    size = _number(item.get("size"), f"{place}.size", 1e6)
    if mode is Mode.RELATIVE and size <= -1.0:
        raise ScenarioError(f"{place}.size", "a currency cannot lose all of its value")
    return FxShock(currency, size, mode)


def _mode(item: Mapping[str, Any], place: str, default: Mode) -> Mode:
    try:
        return Mode(item.get("mode", default))
    except ValueError:
        raise ScenarioError(f"{place}.mode", "ABSOLUTE or RELATIVE is expected") from None


def _text(item: Mapping[str, Any], key: str, place: str) -> str:
    value = item.get(key, "")
    if not isinstance(value, str) or (key in item and not value):
        raise ScenarioError(f"{place}.{key}", "a text is expected")
    return value


def _currency(item: Mapping[str, Any], place: str) -> str:
    value = item.get("currency")
    if not isinstance(value, str) or not is_currency(value):
        raise ScenarioError(f"{place}.currency", f"{value!r} is not a known currency")
    return value


def _tenor(value: object, place: str) -> float:
    if isinstance(value, str) and value[:-1].isascii() and value[:-1].isdigit():
        count = int(value[:-1])
        if 0 < count <= 1200 and value[-1] in "MY":
            return count / 12.0 if value[-1] == "M" else float(count)
    raise ScenarioError(place, f"{value!r} is not a tenor like 3M or 10Y")


def _number(value: object, place: str, limit: float) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ScenarioError(place, "a decimal number is expected")
    try:
        result = float(value)
    except (ValueError, OverflowError):
        raise ScenarioError(place, f"{value!r} is not a decimal number") from None
    if "_" in str(value) or not math.isfinite(result) or abs(result) > limit:
        raise ScenarioError(place, f"{value!r} is not a number within +/-{limit:g}")
    return result
