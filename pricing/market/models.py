"""Parameters of the one-factor Hull-White model: dr = (theta(t) - a r) dt + sigma dW."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricing.market import reading
from pricing.market.content import content_hash
from pricing.market.errors import MarketError
from pricing.market.volatility import Volatility, VolatilityKind


@dataclass(frozen=True, slots=True)
class HullWhite:
    """Mean reversion a and volatility sigma of the short rate of a currency, annual, decimal.

    Where they were calibrated `volatility` names the surface and `level` is the mean of the
    volatilities they were fitted to; "" and 0 where they are given.
    """

    currency: str
    mean_reversion: float
    sigma: float
    volatility: str = ""
    level: float = 0.0


def read(
    value: object, surfaces: Mapping[str, Volatility], hashes: dict[str, bytes]
) -> dict[str, HullWhite]:
    """Return the Hull-White parameters by currency, their hashes as `model/USD/hull_white`."""
    found: dict[str, HullWhite] = {}
    for currency, item in reading.mapping(value, "models").items():
        place = f"models.{currency}"
        reading.currency(currency, place)
        source = reading.mapping(item, place)
        reading.only(source, {"hull_white"}, place)
        place = f"{place}.hull_white"
        part = reading.mapping(source.get("hull_white"), place)
        reading.only(part, {"mean_reversion", "sigma", "calibrated", "source"}, place)
        found[currency] = _hull_white(currency, part, surfaces, place)
        essence = {key: part[key] for key in part if key != "source"}
        hashes[f"model/{currency}/hull_white"] = content_hash(essence)
    return found


def _hull_white(
    currency: str, part: Mapping[str, Any], surfaces: Mapping[str, Volatility], place: str
) -> HullWhite:
    reversion = reading.number(part.get("mean_reversion"), f"{place}.mean_reversion", -0.1, 5.0)
    if part.get("sigma") is None:
        raise MarketError(f"{place}.sigma", "a sigma is expected, given or calibrated")
    sigma = reading.number(part["sigma"], f"{place}.sigma", 0.0, 0.2)
    if "calibrated" not in part:
        return HullWhite(currency, reversion, sigma)
    place = f"{place}.calibrated"
    fit = reading.mapping(part["calibrated"], place)
    name = reading.text(fit, "volatility", place)
    surface = surfaces.get(name)
    if surface is None or surface.kind is not VolatilityKind.SWAPTION:
        raise MarketError(f"{place}.volatility", f"there is no swaption surface {name!r}")
    if surface.currency != currency:
        raise MarketError(f"{place}.volatility", f"surface {name} is in {surface.currency}")
    fitted = reading.sequence(fit.get("fitted", []), f"{place}.fitted")
    levels = [
        reading.number(reading.mapping(item, at).get("volatility"), f"{at}.volatility", 0.0, 5.0)
        for at, item in ((f"{place}.fitted[{i}]", item) for i, item in enumerate(fitted))
    ]
    if not levels:
        raise MarketError(f"{place}.fitted", "the swaptions that were fitted are expected")
    return HullWhite(currency, reversion, sigma, name, sum(levels) / len(levels))
