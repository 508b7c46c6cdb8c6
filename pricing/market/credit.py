"""Credit curves: hazard rates that are constant between nodes, and survival from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.market import reading
from pricing.market.content import content_hash
from pricing.market.errors import MarketError

FloatArray = npt.NDArray[np.float64]

KINDS = ("HAZARD", "SURVIVAL")
HAZARD_LIMIT = 10.0
"""A hazard rate beyond 1,000% a year is refused as a unit mistake."""


@dataclass(frozen=True, slots=True)
class CreditCurve:
    """Hazard rates by time: `hazards[i]` holds up to `times[i]`, the last one for ever.

    `recovery` is the share of face recovered on default; `jacobian` (nodes, quotes) the derivative
    of hazard rates by CDS spreads, of a curve that was made from them. Time is in years, Act/365F,
    from the valuation date, as that of zero curves. The ISDA standard model's curve has this
    shape.
    """

    name: str
    currency: str
    recovery: float
    seniority: str
    times: FloatArray
    hazards: FloatArray
    node_dates: tuple[int, ...]
    jacobian: FloatArray | None = None

    def par_shift(self) -> CreditCurve:
        """Return the move of the curve for a unit move of all its CDS spreads, as a curve.

        Hazard rates are linear in their moves. A curve whose nodes are given has no quotes and
        moves by the credit triangle: spread / (1 - recovery).
        """
        if self.jacobian is None:
            moves = np.full(len(self.times), 1.0 / (1.0 - self.recovery))
        else:
            moves = self.jacobian.sum(axis=1)
        return CreditCurve(
            self.name, self.currency, self.recovery, self.seniority, self.times, moves,
            self.node_dates,
        )  # fmt: skip

    def hazard(self, times: FloatArray) -> FloatArray:
        """Return the hazard rate at each time in years."""
        at = np.searchsorted(self.times, times, side="left")
        return np.asarray(self.hazards[np.minimum(at, len(self.times) - 1)])

    def cumulative(self, times: FloatArray) -> FloatArray:
        """Return the hazard added up to each time: survival is exp(-cumulative)."""
        starts = np.concatenate([[0.0], self.times[:-1]])
        before = np.concatenate([[0.0], np.cumsum(self.hazards * (self.times - starts))[:-1]])
        at = np.minimum(np.searchsorted(self.times, times, side="left"), len(self.times) - 1)
        return np.asarray(before[at] + self.hazards[at] * (times - starts[at]))


_KNOWN = {
    "name", "currency", "recovery", "seniority", "kind", "nodes", "quotes", "conventions",
    "jacobian", "source", "method",
}  # fmt: skip


def read(value: object, as_of: int, hashes: dict[str, bytes]) -> dict[str, CreditCurve]:
    """Return the credit curves of a market document by name, their hashes as `credit/NAME`."""
    curves: dict[str, CreditCurve] = {}
    for index, item in enumerate(reading.sequence(value, "credit")):
        place = f"credit[{index}]"
        source = reading.mapping(item, place)
        reading.only(source, _KNOWN, place)
        name = reading.text(source, "name", place)
        if name in curves:
            raise MarketError(f"{place}.name", f"credit curve {name} stands twice")
        curves[name] = _curve(name, source, as_of, place)
        essence = {
            key: source[key]
            for key in ("currency", "recovery", "seniority", "kind", "nodes", "jacobian")
            if key in source
        }
        hashes[f"credit/{name}"] = content_hash([as_of, essence])
    return curves


def _curve(name: str, source: Mapping[str, Any], as_of: int, place: str) -> CreditCurve:
    kind = reading.choice(source, "kind", KINDS, place, "HAZARD")
    nodes = reading.sequence(source.get("nodes"), f"{place}.nodes")
    if not nodes:
        raise MarketError(f"{place}.nodes", "a credit curve needs at least one node")
    days: list[int] = []
    hazards: list[float] = []
    exponent = 0.0
    for index, node in enumerate(nodes):
        at = f"{place}.nodes[{index}]"
        date, figure = reading.pair(node, at, "[date, hazard rate or survival probability]")
        day = reading.day(date, at)
        if day <= (days[-1] if days else as_of):
            raise MarketError(at, "node dates must increase and be after as_of")
        if kind == "HAZARD":
            hazards.append(reading.number(figure, at, 0.0, HAZARD_LIMIT))
        else:
            survival = reading.number(figure, at, 1e-12, 1.0)
            years = (day - (days[-1] if days else as_of)) / 365.0
            hazard = (-math.log(survival) - exponent) / years
            if hazard < -1e-15:
                raise MarketError(at, "survival cannot increase")
            hazards.append(max(hazard, 0.0))
            exponent = -math.log(survival)
        days.append(day)
    times = (np.array(days, dtype=np.int64) - as_of) / 365.0
    rates = np.array(hazards)
    times.flags.writeable = rates.flags.writeable = False
    return CreditCurve(
        name,
        reading.currency(source.get("currency"), f"{place}.currency"),
        reading.number(source.get("recovery"), f"{place}.recovery", 0.0, 0.99),
        str(source.get("seniority", "")),
        times,
        rates,
        tuple(days),
        _jacobian(source, len(days), place),
    )


def _jacobian(source: Mapping[str, Any], nodes: int, place: str) -> FloatArray | None:
    if "jacobian" not in source:
        return None
    quotes = reading.sequence(source.get("quotes"), f"{place}.quotes")
    return reading.table(source["jacobian"], nodes, len(quotes), f"{place}.jacobian")
