"""Volatility surfaces of caps and swaptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.market import reading
from pricing.market.content import content_hash
from pricing.market.errors import MarketError
from pricing.market.interpolation import segments

FloatArray = npt.NDArray[np.float64]


class VolatilityKind(StrEnum):
    """CAP: of each caplet's forward rate, by expiry and strike. SWAPTION: by expiry and tenor."""

    CAP = "CAP"
    SWAPTION = "SWAPTION"


class VolatilityModel(StrEnum):
    """What the volatility is of: the rate itself, its logarithm, or that of rate plus shift."""

    NORMAL = "NORMAL"
    LOGNORMAL = "LOGNORMAL"
    SHIFTED_LOGNORMAL = "SHIFTED_LOGNORMAL"


_LIMIT = {VolatilityModel.NORMAL: 0.2}
"""A normal volatility beyond 2,000bp a year is refused as a unit mistake, others beyond 500%."""


@dataclass(frozen=True, slots=True)
class Volatility:
    """A surface by name: `values` (expiries, columns), annual, decimal.

    `expiries` are years; `columns` strikes of a cap surface, tenors in years of a swaption
    surface. Volatility is linear in both directions and flat beyond the ends.
    """

    name: str
    currency: str
    kind: VolatilityKind
    model: VolatilityModel
    shift: float
    expiries: FloatArray
    columns: FloatArray
    values: FloatArray

    def at(self, expiries: FloatArray, columns: FloatArray) -> FloatArray:
        """Return the volatility of each (expiry in years, strike or tenor), (n,)."""
        row, down = segments(expiries, self.expiries)
        column, across = segments(columns, self.columns)
        below = np.minimum(row + 1, len(self.expiries) - 1)
        right = np.minimum(column + 1, len(self.columns) - 1)
        upper = self.values[row, column]
        upper = upper + (self.values[row, right] - upper) * across
        lower = self.values[below, column]
        lower = lower + (self.values[below, right] - lower) * across
        return np.asarray(upper + (lower - upper) * down)

    @property
    def unit(self) -> float:
        """Return what one unit of vega is: 1bp of a normal volatility, 1 point of another."""
        return 1e-4 if self.model is VolatilityModel.NORMAL else 1e-2


_KNOWN = {
    "name", "currency", "kind", "model", "shift", "expiries", "tenors", "strikes", "values",
    "source",
}  # fmt: skip


def read(value: object, hashes: dict[str, bytes]) -> dict[str, Volatility]:
    """Return the surfaces of a market document by name, their hashes as `volatility/NAME`."""
    surfaces: dict[str, Volatility] = {}
    for index, item in enumerate(reading.sequence(value, "volatilities")):
        place = f"volatilities[{index}]"
        source = reading.mapping(item, place)
        reading.only(source, _KNOWN, place)
        name = reading.text(source, "name", place)
        if name in surfaces:
            raise MarketError(f"{place}.name", f"volatility {name} stands twice")
        surfaces[name] = _surface(name, source, place)
        essence = {key: source[key] for key in source if key not in ("name", "source")}
        hashes[f"volatility/{name}"] = content_hash(essence)
    return surfaces


def _surface(name: str, source: Mapping[str, Any], place: str) -> Volatility:
    kind = VolatilityKind(reading.choice(source, "kind", tuple(VolatilityKind), place))
    model = VolatilityModel(reading.choice(source, "model", tuple(VolatilityModel), place))
    shift = reading.number(source.get("shift", "0"), f"{place}.shift", 0.0, 1.0)
    if (shift > 0.0) != (model is VolatilityModel.SHIFTED_LOGNORMAL):
        raise MarketError(f"{place}.shift", "a shifted lognormal surface has one, no other has")
    expiries = _years(source.get("expiries"), f"{place}.expiries")
    if kind is VolatilityKind.SWAPTION:
        columns = _years(source.get("tenors"), f"{place}.tenors")
        unwanted = "strikes"
    else:
        columns = _strikes(source.get("strikes", ["0"]), f"{place}.strikes")
        unwanted = "tenors"
    if unwanted in source:
        raise MarketError(f"{place}.{unwanted}", f"a {kind} surface has none")
    rows = reading.sequence(source.get("values"), f"{place}.values")
    if len(rows) != len(expiries):
        raise MarketError(f"{place}.values", f"{len(expiries)} rows are expected, one per expiry")
    values = np.empty((len(expiries), len(columns)))
    for i, row in enumerate(rows):
        cells = reading.sequence(row, f"{place}.values[{i}]")
        if len(cells) != len(columns):
            raise MarketError(f"{place}.values[{i}]", f"{len(columns)} volatilities are expected")
        for j, cell in enumerate(cells):
            where = f"{place}.values[{i}][{j}]"
            values[i, j] = reading.number(cell, where, 0.0, _LIMIT.get(model, 5.0))
    for array in (expiries, columns, values):
        array.flags.writeable = False
    currency = reading.currency(source.get("currency"), f"{place}.currency")
    return Volatility(name, currency, kind, model, shift, expiries, columns, values)


def _years(value: object, place: str) -> FloatArray:
    found = [
        reading.tenor_years(item, f"{place}[{at}]")
        for at, item in enumerate(reading.sequence(value, place))
    ]
    return _increasing(found, place)


def _strikes(value: object, place: str) -> FloatArray:
    found = [
        reading.number(item, f"{place}[{at}]", -1.0, 1.0)
        for at, item in enumerate(reading.sequence(value, place))
    ]
    return _increasing(found, place)


def _increasing(found: list[float], place: str) -> FloatArray:
    if not found:
        raise MarketError(place, "at least one is expected")
    for at in range(1, len(found)):
        if found[at] <= found[at - 1]:
            raise MarketError(f"{place}[{at}]", "they must increase")
    return np.array(found)
