"""Ladders as scenario sets: each key rate, or the spread of each rating, up and down by a size."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pricing.market.plain import plain
from pricing.scenarios.shocks import ScenarioError

FORMAT = "tieout.scenario/1"


def key_rates(
    tenors: Sequence[str], size_bp: Decimal, currencies: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return two scenarios for each key rate of each currency, or of all of them at once.

    The shifts are the triangles of KEY_RATE_DV01: linear in time between tenors, flat beyond both
    ends, so that the ladder of one direction adds up to the parallel shift.
    """
    if not tenors or size_bp <= 0:
        raise ScenarioError("ladder", "tenors and a positive size are expected")
    made: list[dict[str, Any]] = []
    for currency in currencies or ("",):
        for place, tenor in enumerate(tenors):
            near = range(max(place - 1, 0), min(place + 2, len(tenors)))
            for sign, word in ((1, "UP"), (-1, "DOWN")):
                size = _decimal(sign * size_bp)
                shape = [[tenors[at], size if at == place else "0"] for at in near]
                shock = {"risk": "RATE", "tenors": shape}
                if currency:
                    shock["currency"] = currency
                name = "/".join(part for part in (currency, tenor) if part)
                code = f"KR_{name.replace('/', '_')}_{word}_{plain(size_bp)}"
                made.append(_scenario(code, f"Key rate {name} {word.lower()}", shock))
    return made


def spreads(ratings: Sequence[str], size_bp: Decimal) -> list[dict[str, Any]]:
    """Return two scenarios for the spreads of each rating."""
    if not ratings or size_bp <= 0:
        raise ScenarioError("ladder", "ratings and a positive size are expected")
    return [
        _scenario(
            f"SPREAD_{rating}_{word}_{plain(size_bp)}",
            f"Spreads of {rating} {word.lower()}",
            {"risk": "SPREAD", "size": _decimal(sign * size_bp), "rating": rating},
        )
        for rating in ratings
        for sign, word in ((1, "UP"), (-1, "DOWN"))
    ]


def _decimal(size_bp: Decimal) -> str:
    return plain(size_bp / 10_000)


def _scenario(code: str, name: str, shock: dict[str, Any]) -> dict[str, Any]:
    return {"format": FORMAT, "code": code, "name": name, "kind": "INSTANT", "shocks": [shock]}
