"""From one shock of a scenario document to its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pricing.currencies import is_currency
from pricing.scenarios.shocks import (
    SEGMENTS,
    CreditShock,
    FxShock,
    InflationShock,
    Mode,
    PrepaymentShock,
    PropertyShock,
    RateShock,
    ScenarioError,
    Shock,
    SpreadShock,
    VolatilityShock,
)

RATE_LIMIT = 2.0
"""Shocks of rates and spreads beyond +/-200 percentage points are refused as unit mistakes."""
FACTOR_LIMIT = 1e3
"""A relative shock of more than a thousand times the level is refused as a unit mistake."""
SPEED_LIMIT = 100.0
"""A prepayment speed of more than 101 times itself is refused as a unit mistake."""


def only(source: Mapping[str, Any], known: set[str], place: str) -> None:
    """Refuse a field that is not known."""
    for key in source:
        if key not in known:
            raise ScenarioError(f"{place}.{key}", "no such field")


def shock(item: object, place: str) -> Shock:
    """Return one shock of a document."""
    if not isinstance(item, Mapping):
        raise ScenarioError(place, "an object is expected")
    risk = item.get("risk")
    if not isinstance(risk, str) or risk not in _READERS:
        raise ScenarioError(f"{place}.risk", f"{risk!r} is not one of {', '.join(_READERS)}")
    return _READERS[risk](item, place)


_SHAPES = ("size", "tenors", "twist", "butterfly")


def _rate(item: Mapping[str, Any], place: str) -> RateShock:
    only(item, {"risk", *_SHAPES, "mode", "curve", "currency", "floor"}, place)
    mode = _mode(item, place, Mode.ABSOLUTE)
    shapes = [name for name in _SHAPES if name in item]
    if len(shapes) != 1:
        raise ScenarioError(place, f"one of {', '.join(_SHAPES)} is expected")
    curve = _text(item, "curve", place)
    currency = _currency(item, place) if "currency" in item else ""
    if curve and currency:
        raise ScenarioError(place, "a curve and a currency cannot both narrow a shock")
    limit = RATE_LIMIT if mode is Mode.ABSOLUTE else FACTOR_LIMIT
    years: tuple[float, ...]
    sizes: tuple[float, ...]
    if "size" in item:
        years, sizes = (0.0,), (_number(item["size"], f"{place}.size", limit),)
    elif "tenors" in item:
        years, sizes = _tenors(item["tenors"], f"{place}.tenors", limit)
    else:
        years, sizes = _bend(item[shapes[0]], shapes[0], f"{place}.{shapes[0]}", limit)
    floor = _number(item["floor"], f"{place}.floor", RATE_LIMIT) if "floor" in item else None
    return RateShock(years, sizes, mode, curve, currency, floor)


def _tenors(pairs: object, place: str, limit: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if not isinstance(pairs, Sequence) or isinstance(pairs, str) or not pairs:
        raise ScenarioError(place, "a list of [tenor, size] is expected")
    years: list[float] = []
    sizes: list[float] = []
    for index, pair in enumerate(pairs):
        at = f"{place}[{index}]"
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise ScenarioError(at, "[tenor, size] is expected")
        years.append(_tenor(pair[0], at))
        sizes.append(_number(pair[1], at, limit))
        if len(years) > 1 and years[-1] <= years[-2]:
            raise ScenarioError(at, "tenors must increase")
    return tuple(years), tuple(sizes)


BENDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "twist": (("short", "long"), ("start", "pivot", "end")),
    "butterfly": (("wings", "belly"), ("start", "middle", "end")),
}
"""The shapes of three tenors: the fields that are sizes, and those that are tenors."""


def _bend(
    item: object, shape: str, place: str, limit: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return tenors and sizes of a twist or a butterfly.

    At the pivot of a twist stands the mean of its ends: equal ends are a parallel shift, opposite
    ones leave the pivot where it is.
    """
    size_names, tenor_names = BENDS[shape]
    if not isinstance(item, Mapping):
        raise ScenarioError(place, "an object is expected")
    only(item, {*size_names, *tenor_names}, place)
    first, second = (_number(item.get(name), f"{place}.{name}", limit) for name in size_names)
    years = tuple(_tenor(item.get(name), f"{place}.{name}") for name in tenor_names)
    if not years[0] < years[1] < years[2]:
        raise ScenarioError(place, f"{', '.join(tenor_names)} must increase")
    if shape == "twist":
        return years, (first, first + (second - first) / 2.0, second)
    return years, (first, second, first)


def _spread(item: Mapping[str, Any], place: str) -> SpreadShock:
    only(item, {"risk", "size", "mode", "rating", "sector", "currency"}, place)
    if _mode(item, place, Mode.ABSOLUTE) is not Mode.ABSOLUTE:
        raise ScenarioError(f"{place}.mode", "spread shocks are absolute")
    return SpreadShock(
        _number(item.get("size"), f"{place}.size", RATE_LIMIT),
        _text(item, "rating", place),
        _text(item, "sector", place),
        _currency(item, place) if "currency" in item else "",
    )


def _fx(item: Mapping[str, Any], place: str) -> FxShock:
    only(item, {"risk", "size", "mode", "currency"}, place)
    mode = _mode(item, place, Mode.RELATIVE)
    currency = "ALL" if item.get("currency") == "ALL" else _currency(item, place)
    size = _number(item.get("size"), f"{place}.size", 1e6)
    if mode is Mode.RELATIVE and size <= -1.0:
        raise ScenarioError(f"{place}.size", "a currency cannot lose all of its value")
    return FxShock(currency, size, mode)


def _volatility(item: Mapping[str, Any], place: str) -> VolatilityShock:
    only(item, {"risk", "size", "mode", "volatility", "kind", "currency"}, place)
    kind = _text(item, "kind", place)
    if kind not in ("", "CAP", "SWAPTION"):
        raise ScenarioError(f"{place}.kind", f"{kind!r} is not CAP or SWAPTION")
    size, mode = _level(item, place)
    return VolatilityShock(
        size, mode, _text(item, "volatility", place), kind, _currency_or_any(item, place)
    )


def _credit(item: Mapping[str, Any], place: str) -> CreditShock:
    only(item, {"risk", "size", "mode", "credit", "seniority", "currency"}, place)
    size, mode = _level(item, place)
    return CreditShock(
        size,
        mode,
        _text(item, "credit", place),
        _text(item, "seniority", place),
        _currency_or_any(item, place),
    )


def _inflation(item: Mapping[str, Any], place: str) -> InflationShock:
    only(item, {"risk", "size", "mode", "inflation", "currency"}, place)
    size, mode = _level(item, place)
    return InflationShock(
        size, mode, _text(item, "inflation", place), _currency_or_any(item, place)
    )


def _prepayment(item: Mapping[str, Any], place: str) -> PrepaymentShock:
    only(item, {"risk", "size", "mode", "sector", "currency"}, place)
    if _mode(item, place, Mode.RELATIVE) is not Mode.RELATIVE:
        raise ScenarioError(f"{place}.mode", "prepayment shocks are relative")
    size = _number(item.get("size"), f"{place}.size", SPEED_LIMIT)
    if size < -1.0:
        raise ScenarioError(f"{place}.size", "a speed cannot be negative")
    return PrepaymentShock(size, _text(item, "sector", place), _currency_or_any(item, place))


def _property(item: Mapping[str, Any], place: str) -> PropertyShock:
    only(item, {"risk", "size", "mode", "segment", "currency"}, place)
    if _mode(item, place, Mode.RELATIVE) is not Mode.RELATIVE:
        raise ScenarioError(f"{place}.mode", "shocks of property prices are relative")
    size = _number(item.get("size"), f"{place}.size", FACTOR_LIMIT)
    if size <= -1.0:
        raise ScenarioError(f"{place}.size", "property cannot lose all of its value")
    segment = _text(item, "segment", place)
    if segment not in ("", *SEGMENTS):
        raise ScenarioError(f"{place}.segment", f"{segment!r} is not one of {', '.join(SEGMENTS)}")
    return PropertyShock(size, segment, _currency_or_any(item, place))


def _level(item: Mapping[str, Any], place: str) -> tuple[float, Mode]:
    mode = _mode(item, place, Mode.ABSOLUTE)
    size = _number(
        item.get("size"), f"{place}.size", RATE_LIMIT if mode is Mode.ABSOLUTE else FACTOR_LIMIT
    )
    if mode is Mode.RELATIVE and size < -1.0:
        raise ScenarioError(f"{place}.size", "a level cannot lose more than all of itself")
    return size, mode


def _currency_or_any(item: Mapping[str, Any], place: str) -> str:
    return _currency(item, place) if "currency" in item else ""


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


_READERS: Mapping[str, Callable[[Mapping[str, Any], str], Shock]] = {
    "RATE": _rate,
    "SPREAD": _spread,
    "FX": _fx,
    "VOLATILITY": _volatility,
    "CREDIT": _credit,
    "INFLATION": _inflation,
    "PREPAYMENT": _prepayment,
    "PROPERTY": _property,
}
RISKS = tuple(_READERS)
"""What a shock can be of."""
