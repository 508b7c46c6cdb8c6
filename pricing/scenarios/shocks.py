"""Shocks of market quantities as values; a scenario is a named, ordered tuple of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ScenarioError(ValueError):
    """A scenario cannot be read or applied; the message names the scenario and the place."""

    def __init__(self, place: str, message: str, code: str = "SCENARIO_INVALID") -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        self.code = code


class Mode(StrEnum):
    """ABSOLUTE adds the size to the quantity, RELATIVE multiplies the quantity by 1 + size."""

    ABSOLUTE = "ABSOLUTE"
    RELATIVE = "RELATIVE"


@dataclass(frozen=True, slots=True)
class RateShock:
    """A change of continuously compounded zero rates, applied after interpolation.

    `tenors` (years) and `sizes` make a shape linear between tenors and flat beyond them; one
    tenor is a parallel shift. RELATIVE multiplies the rate at each time by 1 + the shape there.
    `curve` or `currency` narrow it; neither means every curve. With a `floor` the shock takes no
    rate below it; a rate that is lower already is not taken further down.
    """

    tenors: tuple[float, ...]
    sizes: tuple[float, ...]
    mode: Mode = Mode.ABSOLUTE
    curve: str = ""
    currency: str = ""
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class SpreadShock:
    """A parallel change of positions' total zero spreads, narrowed by what is not empty."""

    size: float
    rating: str = ""
    sector: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class FxShock:
    """A change of the value of a currency against the run currency; "ALL": every other one."""

    currency: str
    size: float
    mode: Mode = Mode.RELATIVE


@dataclass(frozen=True, slots=True)
class VolatilityShock:
    """A change of volatilities, of the surfaces that what is not empty narrows it to."""

    size: float
    mode: Mode = Mode.ABSOLUTE
    volatility: str = ""
    kind: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class CreditShock:
    """A change of hazard rates, of the credit curves that what is not empty narrows it to."""

    size: float
    mode: Mode = Mode.ABSOLUTE
    credit: str = ""
    seniority: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class InflationShock:
    """A change of zero inflation rates, narrowed to an index or a currency; history stays."""

    size: float
    mode: Mode = Mode.ABSOLUTE
    inflation: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class PrepaymentShock:
    """Prepayment speeds x (1 + size), of obligors that what is not empty narrows it to."""

    size: float
    sector: str = ""
    currency: str = ""


SEGMENTS = ("RESIDENTIAL", "COMMERCIAL")
"""The kinds of property whose prices have an index of their own."""


@dataclass(frozen=True, slots=True)
class PropertyShock:
    """Property prices x (1 + size), of the segment and currency that what is not empty narrows.

    No discounted value depends on it: it is read by what values collateral
    (`States.property_values`).
    """

    size: float
    segment: str = ""
    currency: str = ""


LevelShock = VolatilityShock | CreditShock | InflationShock | PrepaymentShock
Shock = RateShock | SpreadShock | FxShock | LevelShock | PropertyShock


@dataclass(frozen=True, slots=True)
class Scenario:
    """An instantaneous change of the market: its shocks apply in order, one on the other."""

    code: str
    name: str
    shocks: tuple[Shock, ...] = ()
    kind: str = "INSTANT"


_BP = 1e-4

BASE = Scenario("BASE", "The market as it is")
RATES_PARALLEL_1BP = Scenario(
    "RATES_PARALLEL_1BP", "All zero rates +1bp", (RateShock((0.0,), (_BP,)),)
)
SPREAD_25BP = Scenario("SPREAD_25BP", "All spreads +25bp", (SpreadShock(25 * _BP),))
FX_SPOT_1PCT = Scenario(
    "FX_SPOT_1PCT", "Every other currency +1% in value", (FxShock("ALL", 0.01),)
)
STANDARD = (BASE, RATES_PARALLEL_1BP, SPREAD_25BP, FX_SPOT_1PCT)
