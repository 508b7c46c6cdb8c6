"""Durations and returns of a price given at several yields or two dates."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pricing.risk.errors import RiskError


def effective_duration(price: float, up: float, down: float, shift: float) -> float:
    """Return -(P(+h) - P(-h)) / (2 P h), years; h a decimal fraction. SIFMA SF-50."""
    _positive(price, shift)
    return (down - up) / (2.0 * price * shift)


def effective_convexity(price: float, up: float, down: float, shift: float) -> float:
    """Return (P(+h) + P(-h) - 2P) / (P h^2), years squared, not divided by 100. SIFMA SF-50."""
    _positive(price, shift)
    return (up + down - 2.0 * price) / (price * shift * shift)


def terminal_value(
    flows: Sequence[float],
    pay_days: Sequence[int],
    horizon_days: int,
    reinvestment: float,
    sale: float,
) -> float:
    """Return what flows and a sale are worth at the horizon.

    SIFMA SF-50: sum CF (1 + y/2)^(2 (horizon - day) / 360) + sale, y bond-equivalent, 30/360
    days: each flow is carried to the horizon, or brought back to it where it is paid later.
    """
    if len(flows) != len(pay_days):
        raise RiskError("SHAPE", "flows", f"{len(flows)} for {len(pay_days)} days")
    half = 1.0 + 0.5 * reinvestment
    carried = zip(flows, pay_days, strict=True)
    worth = sum(cf * math.pow(half, (horizon_days - day) / 180.0) for cf, day in carried)
    return sale + worth


def total_return(initial: float, terminal: float, horizon_days: int) -> float:
    """Return the bond-equivalent yearly return: 2 ((terminal / initial)^(180 / days) - 1)."""
    if initial <= 0.0 or terminal < 0.0 or horizon_days <= 0:
        raise RiskError("OUT_OF_RANGE", "total return", f"{initial} to {terminal}")
    return 2.0 * (math.pow(terminal / initial, 180.0 / horizon_days) - 1.0)


def _positive(price: float, shift: float) -> None:
    if not (price > 0.0 and shift > 0.0):
        raise RiskError("OUT_OF_RANGE", "price response", f"price {price}, shift {shift}")
