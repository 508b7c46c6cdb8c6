"""The six interest rate shocks of the banking book, by currency and edition of the standard.

Source: Basel Framework SRP31.90 to SRP31.92. Sizes, dates and coefficients are data with their
citation: data/irrbb.json. The shocks are continuous in time; they are given at whole months close
enough that the line between two is within 0.2 bp of the curve. No floor is applied: the standard
leaves it to supervisors.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing.market.plain import plain
from pricing.scenarios.shocks import ScenarioError

FORMAT = "tieout.scenario/1"
PATH = Path(__file__).parent / "data" / "irrbb.json"
KINDS = ("PARALLEL_UP", "PARALLEL_DOWN", "STEEPENER", "FLATTENER", "SHORT_UP", "SHORT_DOWN")
MONTHS = (1, 2, *range(3, 121, 3), *range(126, 241, 6), *range(252, 361, 12))
DIGITS = 12


def edition(day: dt.date) -> dict[str, Any]:
    """Return the edition in force on a day; ScenarioError says that there is none."""
    document: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    for item in document["editions"]:
        last = item["effective_to"]
        if item["effective_from"] <= day.isoformat() and (not last or day.isoformat() <= last):
            return {**document, **item}
    raise ScenarioError("irrbb", f"no edition is in force on {day}", "NO_EDITION")


def shift(kind: str, years: float, sizes: Mapping[str, float], rules: Mapping[str, Any]) -> float:
    """Return the shift of one of the six kinds at a time, in the unit of the sizes."""
    decay = math.exp(-years / float(rules["decay_years"]))
    short, long = sizes["short"] * decay, sizes["long"] * (1.0 - decay)
    if kind in ("PARALLEL_UP", "PARALLEL_DOWN"):
        return sizes["parallel"] if kind == "PARALLEL_UP" else -sizes["parallel"]
    if kind in ("SHORT_UP", "SHORT_DOWN"):
        return short if kind == "SHORT_UP" else -short
    weights = rules["rotations"][kind]
    return float(weights["short"]) * short + float(weights["long"]) * long


def scenarios(currencies: Sequence[str], day: dt.date) -> list[dict[str, Any]]:
    """Return the six scenarios of each currency as they are in force on a day."""
    rules = edition(day)
    made: list[dict[str, Any]] = []
    for currency in currencies:
        bp = rules["shocks_bp"].get(currency)
        if bp is None:
            raise ScenarioError(
                f"irrbb.{currency}",
                f"{rules['edition']} has no shock of this currency",
                "UNKNOWN_CURRENCY",
            )
        sizes = {name: value / 10_000 for name, value in bp.items()}
        for kind in KINDS:
            shock: dict[str, Any] = {"risk": "RATE", "currency": currency}
            if kind.startswith("PARALLEL"):
                shock["size"] = _text(shift(kind, 0.0, sizes, rules))
            else:
                shock["tenors"] = [
                    [f"{month}M", _text(shift(kind, month / 12.0, sizes, rules))]
                    for month in MONTHS
                ]
            made.append(
                {
                    "format": FORMAT,
                    "code": f"IRRBB_{currency}_{kind}",
                    "name": f"{currency} {kind.replace('_', ' ').lower()}, {rules['edition']}",
                    "kind": "INSTANT",
                    "source": rules["source"],
                    "shocks": [shock],
                }
            )
    return made


def _text(size: float) -> str:
    return plain(Decimal(f"{size:.{DIGITS}f}")) if round(size, DIGITS) else "0"
