"""Exposure at default of derivatives by the standardised approach of BCBS CRE52, by netting set.

EAD = alpha (RC + multiplier x add-on). Amounts are in one currency, times in years.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pricing.capital.arrays import FloatArray
from pricing.capital.errors import CapitalError
from pricing.capital.rulebook import Rulebook

ASSET_CLASSES = ("IR", "FX", "CREDIT")


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade of one asset class as the approach sees it.

    `hedging_set` is the currency of IR, the pair of FX and the entity or index of CREDIT;
    `notional` its amount, `delta` its supervisory delta (+1, -1, or `option_delta`);
    `start` and `end` of what it references, `maturity` of the trade. `subclass` of CREDIT is the
    rating of the entity or INDEX_IG, INDEX_SG.
    """

    asset_class: str
    hedging_set: str
    notional: float
    delta: float
    maturity: float
    start: float = 0.0
    end: float = 0.0
    subclass: str = ""


@dataclass(frozen=True, slots=True)
class Margin:
    """A margin agreement: threshold, minimum transfer, net independent collateral, risk period."""

    threshold: float
    minimum_transfer: float
    independent: float
    risk_days: float


@dataclass(frozen=True, slots=True)
class NettingSet:
    """Exposure at default of a netting set, and the parts of it."""

    rulebook: str
    replacement_cost: float
    multiplier: float
    add_on: float
    by_class: dict[str, float]
    by_hedging_set: dict[tuple[str, str], float]
    exposure: float


def supervisory_duration(rules: Rulebook, start: float, end: float) -> float:
    """Return (exp(-0.05 S) - exp(-0.05 E)) / 0.05, CRE52.34."""
    rate = rules.number("duration_rate")
    return float((np.exp(-rate * start) - np.exp(-rate * end)) / rate)


def option_delta(
    rules: Rulebook, kind: str, *, price: float, strike: float, years: float, sold: bool, put: bool
) -> float:
    """Return the supervisory delta of an option, CRE52.40; kind IR, FX, CREDIT_SINGLE or _INDEX."""
    if min(price, strike, years) <= 0.0:
        raise CapitalError("OUT_OF_RANGE", "option", "price, strike and years are above 0")
    volatility = rules.entry("option_volatility", kind) * np.sqrt(years)
    d = (np.log(price / strike) + 0.5 * volatility * volatility) / volatility
    value = -NormalDist().cdf(-d) if put else NormalDist().cdf(d)
    return -value if sold else value


def maturity_factor(rules: Rulebook, maturity: float, margin: Margin | None) -> float:
    """Return sqrt(min(M, 1)), M not below 10 days; margined 1.5 sqrt(risk period in years)."""
    year = rules.number("business_days")
    if margin is not None:
        return float(rules.number("margined_scale") * np.sqrt(margin.risk_days / year))
    least = rules.number("unmargined_floor_days") / year
    return float(np.sqrt(min(max(maturity, least), 1.0)))


def exposure(
    rules: Rulebook,
    trades: Sequence[Trade],
    *,
    value: float,
    collateral: float = 0.0,
    margin: Margin | None = None,
) -> NettingSet:
    """Return the exposure of a netting set of a market value and net collateral held.

    A margined set is not above what it would be without margin, CRE52.2.
    """
    found = _exposure(rules, trades, value, collateral, margin)
    if margin is None or not trades:
        return found
    unmargined = _exposure(rules, trades, value, collateral, None)
    return found if found.exposure <= unmargined.exposure else unmargined


def _exposure(
    rules: Rulebook, trades: Sequence[Trade], value: float, collateral: float, margin: Margin | None
) -> NettingSet:
    if not (np.isfinite(value) and np.isfinite(collateral)):
        raise CapitalError("OUT_OF_RANGE", "value", "is not a finite number")
    for i, trade in enumerate(trades):
        _check(trade, f"trades[{i}]")
    sets = {**_interest(rules, trades, margin), **_foreign_exchange(rules, trades, margin)}
    sums = {name: sum(v for (kind, _), v in sets.items() if kind == name) for name in ("IR", "FX")}
    entities = _credit_entities(rules, trades, margin)
    sums["CREDIT"] = _credit(rules, entities)
    sets |= {("CREDIT", name): one for name, (one, _) in entities.items()}
    add_on = sum(sums.values())
    cost = max(value - collateral, 0.0)
    if margin is not None:
        cost = max(cost, margin.threshold + margin.minimum_transfer - margin.independent)
    multiplier = _multiplier(rules, value - collateral, add_on)
    return NettingSet(
        rules.label,
        cost,
        multiplier,
        add_on,
        {name: total for name, total in sums.items() if total},
        sets,
        rules.number("alpha") * (cost + multiplier * add_on),
    )


def _check(trade: Trade, place: str) -> None:
    if trade.asset_class not in ASSET_CLASSES:
        raise CapitalError("UNKNOWN_NAME", f"{place}.asset_class", f"{trade.asset_class!r}")
    for name in ("notional", "maturity", "start", "end"):
        number = getattr(trade, name)
        if not (np.isfinite(number) and number >= 0.0):
            raise CapitalError("OUT_OF_RANGE", f"{place}.{name}", f"{number} is not 0 or more")
    if not -1.0 <= trade.delta <= 1.0:
        raise CapitalError("OUT_OF_RANGE", f"{place}.delta", f"{trade.delta} is not in [-1, 1]")
    if trade.asset_class != "FX" and trade.end <= trade.start:
        raise CapitalError("OUT_OF_RANGE", f"{place}.end", "is not after the start")


def _multiplier(rules: Rulebook, excess: float, add_on: float) -> float:
    if add_on <= 0.0 or excess >= 0.0:
        return 1.0
    floor = rules.number("multiplier_floor")
    return float(min(1.0, floor + (1.0 - floor) * np.exp(excess / (2.0 * (1.0 - floor) * add_on))))


def _effective(rules: Rulebook, trade: Trade, margin: Margin | None) -> float:
    """Return delta x adjusted notional x maturity factor of a trade."""
    factor = maturity_factor(rules, trade.maturity, margin)
    if trade.asset_class == "FX":
        return trade.delta * trade.notional * factor
    duration = supervisory_duration(rules, trade.start, trade.end)
    return trade.delta * trade.notional * duration * factor


def _interest(
    rules: Rulebook, trades: Sequence[Trade], margin: Margin | None
) -> dict[tuple[str, str], float]:
    """Return the add-on of each currency: three maturity buckets, partly offsetting."""
    bounds, rho = rules.numbers("ir_buckets"), rules.numbers("ir_correlation")
    sums: dict[str, FloatArray] = {}
    for trade in trades:
        if trade.asset_class == "IR":
            bucket = int(trade.end >= bounds["first"]) + int(trade.end > bounds["second"])
            held = sums.setdefault(trade.hedging_set, np.zeros(3))
            held[bucket] += _effective(rules, trade, margin)
    near, far = rho["adjacent"], rho["distant"]
    matrix = np.array([[1.0, near, far], [near, 1.0, near], [far, near, 1.0]])
    factor = rules.number("ir_factor")
    return {("IR", name): float(factor * np.sqrt(d @ matrix @ d)) for name, d in sums.items()}


def _foreign_exchange(
    rules: Rulebook, trades: Sequence[Trade], margin: Margin | None
) -> dict[tuple[str, str], float]:
    sums: dict[str, float] = {}
    for trade in trades:
        if trade.asset_class == "FX":
            held = sums.get(trade.hedging_set, 0.0)
            sums[trade.hedging_set] = held + _effective(rules, trade, margin)
    factor = rules.number("fx_factor")
    return {("FX", name): factor * abs(total) for name, total in sums.items()}


def _credit_entities(
    rules: Rulebook, trades: Sequence[Trade], margin: Margin | None
) -> dict[str, tuple[float, float]]:
    """Return the add-on of each entity with its sign, and its correlation with the market."""
    found: dict[str, tuple[float, float]] = {}
    for trade in trades:
        if trade.asset_class == "CREDIT":
            factor = rules.entry("credit_factor", trade.subclass)
            kind = "INDEX" if trade.subclass.startswith("INDEX_") else "SINGLE"
            held, _ = found.get(trade.hedging_set, (0.0, 0.0))
            found[trade.hedging_set] = (
                held + factor * _effective(rules, trade, margin),
                rules.entry("credit_correlation", kind),
            )
    return found


def _credit(rules: Rulebook, entities: dict[str, tuple[float, float]]) -> float:
    """Return [(sum rho_k A_k)^2 + sum (1 - rho_k^2) A_k^2]^0.5, CRE52.61."""
    systematic = sum(rho * one for one, rho in entities.values())
    own = sum((1.0 - rho * rho) * one * one for one, rho in entities.values())
    return float(np.sqrt(systematic * systematic + own))
