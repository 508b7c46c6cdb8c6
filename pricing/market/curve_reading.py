"""The curves of a market document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pricing.dates import date_of
from pricing.market import reading
from pricing.market.content import content_hash
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError
from pricing.market.interpolation import Interpolation

RATE_LIMIT = 1.0
"""Zero rates and spreads beyond +/-100% are refused as unit mistakes."""
KINDS = ("ZERO", "PAR", "BOOTSTRAP")
"""What made the nodes: they are given, or par yields, or quotes of several instruments."""


def read(value: object, as_of: int, hashes: dict[str, bytes]) -> dict[str, ZeroCurve]:
    """Return the curves of a market document by name, their hashes as `curve/NAME`."""
    curves: dict[str, ZeroCurve] = {}
    for index, item in enumerate(reading.sequence(value, "curves")):
        place = f"curves[{index}]"
        source = reading.mapping(item, place)
        curve = zero_curve(source, as_of, place)
        if curve.name in curves:
            raise MarketError(f"{place}.name", f"curve {curve.name} stands twice")
        curves[curve.name] = curve
        essence = {key: source[key] for key in ("currency", "nodes")}
        if curve.interpolation is not Interpolation.LINEAR_ZERO:
            essence["interpolation"] = curve.interpolation
        essence |= {key: source[key] for key in ("par", "jacobian") if key in source}
        hashes[f"curve/{curve.name}"] = content_hash([date_of(as_of).isoformat(), essence])
    return curves


_CONVENTIONS = {
    "compounding": "CONTINUOUS",
    "day_count": "ACT/365F",
}


def zero_curve(source: Mapping[str, Any], as_of: int, place: str) -> ZeroCurve:
    """Return the curve of one part that has nodes."""
    name = reading.text(source, "name", place)
    currency = reading.currency(source.get("currency"), f"{place}.currency")
    reading.choice(source, "kind", KINDS, place, "ZERO")
    for key, only in _CONVENTIONS.items():
        if source.get(key, only) != only:
            raise MarketError(f"{place}.{key}", f"only {only} is supported")
    kinds = tuple(Interpolation)
    interpolation = Interpolation(
        reading.choice(source, "interpolation", kinds, place, Interpolation.LINEAR_ZERO)
    )
    nodes = reading.sequence(source.get("nodes"), f"{place}.nodes")
    if not nodes:
        raise MarketError(f"{place}.nodes", "a curve needs at least one node")
    days: list[int] = []
    zeros: list[float] = []
    for index, node in enumerate(nodes):
        at = f"{place}.nodes[{index}]"
        pair = reading.sequence(node, at)
        if len(pair) != 2:
            raise MarketError(at, "[date, zero rate] is expected")
        day = reading.day(pair[0], at)
        if day < as_of or (days and day <= days[-1]):
            raise MarketError(at, "node dates must increase and not be before as_of")
        if day == as_of and interpolation is not Interpolation.LINEAR_ZERO:
            raise MarketError(at, "the discount factor of as_of is 1: no node stands there")
        days.append(day)
        zeros.append(reading.number(pair[1], at, -RATE_LIMIT, RATE_LIMIT))
    times = (np.array(days, dtype=np.int64) - as_of) / 365.0
    values = np.array(zeros)
    times.flags.writeable = values.flags.writeable = False
    return ZeroCurve(
        name, currency, times, values, tuple(days),
        str(source.get("source", "")), str(source.get("method", "")), interpolation,
    )  # fmt: skip
