"""The models part of a market document with what is to be calibrated, calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pricing.market import hull_white, reading, snapshot
from pricing.market.errors import MarketError
from pricing.market.plain import plain

_READ_FIRST = ("format", "as_of", "curves", "discount", "volatilities")


def calibrated(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the models of a document; `calibrate` gives way to parameters and how they fit."""
    models = reading.mapping(document.get("models", {}), "models")
    out: dict[str, Any] = dict(models)
    market = None
    for currency, item in models.items():
        place = f"models.{currency}.hull_white"
        model = reading.mapping(item, f"models.{currency}")
        part = reading.mapping(model.get("hull_white"), place)
        if "calibrate" not in part:
            continue
        if market is None:
            market = snapshot.parse({k: document[k] for k in _READ_FIRST if k in document})
        out[currency] = {**model, "hull_white": _hull_white(market, currency, part, place)}
    return out


def _hull_white(
    market: snapshot.Market, currency: str, part: Mapping[str, Any], place: str
) -> dict[str, Any]:
    for name in ("sigma", "calibrated"):
        if name in part:
            raise MarketError(f"{place}.{name}", "either parameters or calibrate is expected")
    at = f"{place}.calibrate"
    asked = reading.mapping(part["calibrate"], at)
    reading.only(asked, {"volatility", "curve", "swaptions"}, at)
    surface = market.volatility(currency, "SWAPTION", str(asked.get("volatility", "")))
    if surface is None:
        raise MarketError(f"{at}.volatility", f"one swaption surface of {currency} is expected")
    curve = market.curves.get(str(asked.get("curve", market.discount.get(currency, ""))))
    if curve is None or curve.currency != currency:
        raise MarketError(f"{at}.curve", f"a curve of {currency} is expected")
    swaptions: list[tuple[str, str]] = []
    for index, item in enumerate(reading.sequence(asked.get("swaptions"), f"{at}.swaptions")):
        expiry, tenor = reading.pair(item, f"{at}.swaptions[{index}]", "[expiry, tenor]")
        swaptions.append((str(expiry), str(tenor)))
    given = part.get("mean_reversion")
    reversion = (
        None if given is None else reading.number(given, f"{place}.mean_reversion", -0.1, 5.0)
    )
    found = hull_white.calibrate(market.as_of, curve, surface, swaptions, reversion, at)
    kept = {key: value for key, value in part.items() if key != "calibrate"}
    return {
        **kept,
        "mean_reversion": plain(found.mean_reversion),
        "sigma": plain(found.sigma),
        "calibrated": {
            "volatility": surface.name,
            "curve": curve.name,
            "mean_reversion": "FITTED" if given is None else "GIVEN",
            "fitted": [
                {
                    "expiry": item.expiry,
                    "tenor": item.tenor,
                    "volatility": plain(f"{item.volatility:.14f}"),
                    "error": plain(f"{item.error:.8f}"),
                }
                for item in found.fitted
            ],
        },
    }
