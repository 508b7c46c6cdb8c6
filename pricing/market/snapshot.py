"""The market of one day as a typed, immutable value read from its document.

The document (format `tieout.market/1`) is JSON with decimals as texts; docs/methods/market.md
describes each part. Reading it checks everything a pricer relies on, so that pricing itself never
meets a malformed market.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pricing.calendars import CALENDARS, add_business_days
from pricing.dates import date_of
from pricing.market import (
    collateral,
    credit,
    curve_reading,
    fixings,
    fx,
    indices,
    inflation,
    models,
    par_risk,
    reading,
    volatility,
)
from pricing.market.content import content_hash
from pricing.market.credit import CreditCurve
from pricing.market.curve_reading import RATE_LIMIT
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError
from pricing.market.fixings import Fixings
from pricing.market.fx import FxQuote, FxValue, values_in
from pricing.market.indices import Index
from pricing.market.inflation import Inflation
from pricing.market.models import HullWhite
from pricing.market.par_risk import ParRisk
from pricing.market.spreads import SpreadCurve, SpreadMatrix
from pricing.market.volatility import Volatility, VolatilityKind

FORMAT = "tieout.market/1"


@dataclass(frozen=True, slots=True)
class Settlement:
    """How many business days after the valuation date a trade in a currency settles."""

    days: int
    calendar: int

    def day(self, valuation: int) -> int:
        """Return the settlement day of a valuation day."""
        if self.days == 0:
            return valuation
        return add_business_days(valuation, self.days, self.calendar)


@dataclass(frozen=True, slots=True)
class Market:
    """Curves by name, the discount curve of each currency, spreads, FX quotes, settlement.

    `indices` by name, and the `fixings` of those that have any; `volatilities`, `credit` and
    `inflation` by name; `hull_white` by currency; `collateral` by (currency of flows, of
    collateral). `par` is how each curve moves with quotes.
    """

    as_of: dt.date
    curves: Mapping[str, ZeroCurve]
    discount: Mapping[str, str]
    spreads: SpreadMatrix
    fx: tuple[FxQuote, ...]
    settlement: Mapping[str, Settlement]
    hashes: Mapping[str, bytes]
    indices: Mapping[str, Index] = field(default_factory=dict)
    fixings: Mapping[str, Fixings] = field(default_factory=dict)
    volatilities: Mapping[str, Volatility] = field(default_factory=dict)
    credit: Mapping[str, CreditCurve] = field(default_factory=dict)
    inflation: Mapping[str, Inflation] = field(default_factory=dict)
    hull_white: Mapping[str, HullWhite] = field(default_factory=dict)
    collateral: Mapping[tuple[str, str], str] = field(default_factory=dict)
    par: Mapping[str, ParRisk] = field(default_factory=dict)

    def hash_of(self, name: str) -> bytes:
        """Return the sha256 of one named object: `curve/..`, `spread/..`, `fx/..`, `discount/..`.

        docs/methods/market.md lists the prefixes.

        Two snapshots share the hash where they share the object, so a caller can hash only what
        a position used.
        """
        return self.hashes[name]

    def fx_values(self, target: str) -> dict[str, FxValue]:
        """Return the value of one unit of each reachable currency in `target`."""
        return values_in(self.fx, target)

    def fixing(self, index: str, day: int) -> float | None:
        """Return the fixing of an index on a day ordinal, None where the market has none.

        Whoever needs one that is not there fails with FIXING_MISSING.
        """
        history = self.fixings.get(index)
        if history is None:
            return None
        rates, known = history.at(np.array([day], dtype=np.int64))
        return float(rates[0]) if known[0] else None

    def volatility(self, currency: str, kind: str, named: str = "") -> Volatility | None:
        """Return the surface named, else the only one of a currency and kind, or None."""
        if named:
            found = self.volatilities.get(named)
            return found if found and (found.currency, found.kind) == (currency, kind) else None
        kind = VolatilityKind(kind)
        fit = [v for v in self.volatilities.values() if (v.currency, v.kind) == (currency, kind)]
        return fit[0] if len(fit) == 1 else None

    def settlement_day(self, currency: str, valuation: int) -> int:
        """Return the day a trade of the valuation day settles in a currency."""
        rule = self.settlement.get(currency)
        return valuation if rule is None else rule.day(valuation)


def parse(document: Mapping[str, Any]) -> Market:
    """Return the market of a document; a MarketError names the place of what is wrong."""
    root = reading.mapping(document, "market")
    if root.get("format") != FORMAT:
        raise MarketError("format", f"{root.get('format')!r} is not {FORMAT!r}")
    known = {
        "format", "as_of", "name", "curves", "discount", "spreads", "fx", "settlement_days",
        "indices", "fixings", "volatilities", "credit", "inflation", "models", "collateral",
        "source", "attributes",
    }  # fmt: skip
    for key in root:
        if key not in known:
            raise MarketError(key, "no such part of a market")
    as_of = reading.day(root.get("as_of"), "as_of")
    hashes: dict[str, bytes] = {}
    curves = curve_reading.read(root.get("curves", []), as_of, hashes)
    discount = _discount(root.get("discount", {}), curves, hashes)
    spreads = _spreads(root.get("spreads", []), hashes)
    quotes = fx.read(root.get("fx", []), hashes)
    settlement = _settlement(root.get("settlement_days", {}), hashes)
    named = indices.read(root.get("indices", {}), curves, hashes)
    fixed = fixings.read(root.get("fixings", {}), named, as_of, hashes)
    surfaces = volatility.read(root.get("volatilities", []), hashes)
    return Market(
        date_of(as_of), curves, discount, spreads, quotes, settlement, hashes, named, fixed,
        surfaces,
        credit.read(root.get("credit", []), as_of, hashes),
        inflation.read(root.get("inflation", {}), as_of, hashes),
        models.read(root.get("models", {}), surfaces, hashes),
        collateral.read(root.get("collateral", {}), curves, hashes),
        par_risk.read(root.get("curves", []), as_of, curves),
    )  # fmt: skip


def _discount(
    value: object, curves: Mapping[str, ZeroCurve], hashes: dict[str, bytes]
) -> dict[str, str]:
    discount: dict[str, str] = {}
    for key, name in reading.mapping(value, "discount").items():
        place = f"discount.{key}"
        currency = reading.currency(key, place)
        if not isinstance(name, str) or name not in curves:
            raise MarketError(place, f"there is no curve {name!r}")
        if curves[name].currency != currency:
            raise MarketError(place, f"curve {name} is in {curves[name].currency}")
        discount[currency] = name
        hashes[f"discount/{currency}"] = content_hash(name)
    return discount


def _spreads(value: object, hashes: dict[str, bytes]) -> SpreadMatrix:
    curves: dict[tuple[str, str, str], SpreadCurve] = {}
    for index, item in enumerate(reading.sequence(value, "spreads")):
        place = f"spreads[{index}]"
        source = reading.mapping(item, place)
        key = (
            reading.currency(source.get("currency"), f"{place}.currency"),
            reading.text(source, "rating", place),
            reading.text(source, "sector", place),
        )
        if key in curves:
            raise MarketError(place, f"spread curve {'/'.join(key)} stands twice")
        times: list[float] = []
        spreads: list[float] = []
        for at, node in enumerate(reading.sequence(source.get("nodes"), f"{place}.nodes")):
            where = f"{place}.nodes[{at}]"
            pair = reading.sequence(node, where)
            if len(pair) != 2:
                raise MarketError(where, "[tenor, spread] is expected")
            time = reading.tenor_years(pair[0], where)
            if times and time <= times[-1]:
                raise MarketError(where, "tenors must increase")
            times.append(time)
            spreads.append(reading.number(pair[1], where, -RATE_LIMIT, RATE_LIMIT))
        if not times:
            raise MarketError(f"{place}.nodes", "a spread curve needs at least one node")
        curve = SpreadCurve(*key, np.array(times), np.array(spreads))
        curves[key] = curve
        hashes[curve.name] = content_hash(source["nodes"])
    return SpreadMatrix(curves)


def _settlement(value: object, hashes: dict[str, bytes]) -> dict[str, Settlement]:
    rules: dict[str, Settlement] = {}
    for key, item in reading.mapping(value, "settlement_days").items():
        place = f"settlement_days.{key}"
        currency = reading.currency(key, place)
        rule = item if isinstance(item, Mapping) else {"days": item}
        days = reading.number(rule.get("days"), f"{place}.days", 0, 30)
        calendar = rule.get("calendar", "WEEKENDS")
        if not days.is_integer() or calendar not in CALENDARS:
            raise MarketError(place, "whole business days and a known calendar are expected")
        rules[currency] = Settlement(int(days), CALENDARS.index(calendar))
        hashes[f"settlement/{currency}"] = content_hash([int(days), calendar])
    return rules
