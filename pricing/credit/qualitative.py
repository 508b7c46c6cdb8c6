"""Qualitative adjustments of a loss rate: each has a reason and an owner, or is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pricing.credit.errors import CreditError
from pricing.credit.parameters import Parameters, number, refused
from pricing.market import reading
from pricing.market.errors import MarketError


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A rate added to the loss rate of a segment, decimal fraction; negative takes away."""

    segment: str
    factor: str
    rate: float
    reason: str
    owner: str


def read(parameters: Parameters) -> tuple[Adjustment, ...]:
    """Return the `adjustments` of a Q_FACTORS document; UNEXPLAINED names the missing field."""
    place = f"parameters.{parameters.name}.values.adjustments"
    try:
        listed = reading.sequence(parameters.values.get("adjustments"), place)
        found = []
        for i, one in enumerate(listed):
            at = f"{place}[{i}]"
            item = reading.mapping(one, at)
            reading.only(item, {"segment", "factor", "rate", "reason", "owner"}, at)
            for field in ("reason", "owner"):
                if not str(item.get(field) or "").strip():
                    raise CreditError("UNEXPLAINED", f"{at}.{field}", "an adjustment states it")
            segment, factor, reason, owner = (
                reading.text(item, field, at) for field in ("segment", "factor", "reason", "owner")
            )
            found.append(
                Adjustment(segment, factor, number(item, "rate", at, -1, 1), reason, owner)
            )
    except MarketError as error:
        raise refused(error) from None
    return tuple(found)


def adjusted_rate(rate: float, segment: str, adjustments: Sequence[Adjustment]) -> float:
    """Return the rate of a segment with its adjustments added; OUT_OF_RANGE below 0 or above 1."""
    found = rate + math.fsum(one.rate for one in adjustments if one.segment == segment)
    if not 0.0 <= found <= 1.0:
        raise CreditError("OUT_OF_RANGE", f"segment {segment}", f"its adjusted rate is {found:g}")
    return found
