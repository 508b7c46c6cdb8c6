"""From the Federal Reserve's variables to shocks of a market: a versioned satellite model.

The coefficients are a document with its own name (data/fed_satellite.json); it says itself which
of them are constructed. Levels become differences (rates, spreads) or ratios (indices) to the
jump-off quarter, and those become shocks of whatever market a run has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.market.plain import plain
from pricing.scenarios.fed import Supervisory
from pricing.scenarios.shocks import ScenarioError

FloatArray = npt.NDArray[np.float64]

FORMAT = "tieout.scenario/1"
PATH = Path(__file__).parent / "data" / "fed_satellite.json"
POINT = 0.01
DIGITS = 12


def model() -> dict[str, Any]:
    """Return the satellite model in force."""
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def scenarios(
    path: Supervisory, coefficients: Mapping[str, Any], currencies: Sequence[str], prefix: str
) -> list[dict[str, Any]]:
    """Return an instantaneous scenario for the market of each quarter, in order.

    `currencies` are those whose value against the dollar is shocked; ScenarioError names one that
    the model does not know. A code is `<prefix>_Q01` and so on; attributes say the quarter, and
    whether it is of the projection or feeds the lifetime allowance only.
    """
    rates = _rates(path, coefficients["rates"])
    spreads = _spreads(path, coefficients["spreads"])
    fx = _fx(path, coefficients["fx"], currencies)
    homes = _property(path, coefficients["property"])
    speeds = prepayment(path, coefficients["prepayment"])
    made: list[dict[str, Any]] = []
    for at, quarter in enumerate(path.quarters):
        shocks: list[dict[str, Any]] = [
            {
                "risk": "RATE",
                "currency": coefficients["rates"]["currency"],
                "tenors": [[tenor, _text(moved[at])] for tenor, moved in rates.items()],
                "floor": coefficients["rates"]["floor"],
            }
        ]
        shocks += [
            {
                "risk": "SPREAD",
                "currency": coefficients["spreads"]["currency"],
                "rating": rating,
                "size": _text(moved[at]),
            }
            for rating, moved in spreads.items()
        ]
        shocks += [
            {"risk": "FX", "currency": name, "size": _text(moved[at])} for name, moved in fx.items()
        ]
        shocks += [
            {
                "risk": "PROPERTY",
                "segment": segment,
                "currency": coefficients["property"]["currency"],
                "size": _text(moved[at]),
            }
            for segment, moved in homes.items()
        ]
        shocks.append(
            {
                "risk": "PREPAYMENT",
                "currency": coefficients["prepayment"]["currency"],
                "size": _text(speeds[at] - 1.0),
            }
        )
        projected = at < int(coefficients["projection_quarters"])
        made.append(
            {
                "format": FORMAT,
                "code": f"{prefix}_Q{at + 1:02d}",
                "name": f"{path.name}, {quarter}",
                "kind": "INSTANT",
                "source": f"{path.name} by {coefficients['model']}",
                "attributes": {
                    "quarter": quarter,
                    "jump_off": path.jump_off,
                    "use": "PROJECTION" if projected else "LIFETIME",
                    "model": coefficients["model"],
                },
                "shocks": shocks,
            }
        )
    return made


def _rates(path: Supervisory, part: Mapping[str, Any]) -> dict[str, FloatArray]:
    return {tenor: path.difference(variable) * POINT for tenor, variable in part["knots"].items()}


def _spreads(path: Supervisory, part: Mapping[str, Any]) -> dict[str, FloatArray]:
    moved = (path.difference(part["yield"]) - path.difference(part["less"])) * POINT
    return {rating: moved * float(share) for rating, share in part["by_rating"].items()}


def _fx(
    path: Supervisory, part: Mapping[str, Any], currencies: Sequence[str]
) -> dict[str, FloatArray]:
    moves: dict[str, FloatArray] = {}
    for currency in currencies:
        if currency not in part:
            raise ScenarioError(
                f"fx.{currency}", f"the model knows {', '.join(sorted(part))}", "UNKNOWN_CURRENCY"
            )
        ratio = path.ratio(part[currency]["variable"])
        # A rate of foreign units for a dollar rises where the currency loses value.
        moves[currency] = (ratio if part[currency]["per"] == "USD" else 1.0 / ratio) - 1.0
    return moves


def _property(path: Supervisory, part: Mapping[str, Any]) -> dict[str, FloatArray]:
    return {segment: path.ratio(part[segment]) - 1.0 for segment in ("RESIDENTIAL", "COMMERCIAL")}


def prepayment(path: Supervisory, part: Mapping[str, Any]) -> FloatArray:
    """Return (quarters,): what multiplies prepayment speeds, within the model's bounds."""
    rate = path.difference(part["mortgage_rate"]) * float(part["per_point_of_rate"])
    homes = np.log(path.ratio(part["house_prices"])) * float(part["per_log_of_prices"])
    return np.clip(np.exp(rate + homes), float(part["at_least"]), float(part["at_most"]))


def _text(size: float) -> str:
    return plain(Decimal(f"{size:.{DIGITS}f}")) if round(float(size), DIGITS) else "0"
