"""From a forecast of loss rates to what history says: at once, or on a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray
from pricing.credit.errors import CreditError
from pricing.credit.parameters import Parameters, refused
from pricing.market import reading
from pricing.market.errors import MarketError


class Reversion(StrEnum):
    """How a rate leaves the reasonable and supportable forecast."""

    IMMEDIATE = "IMMEDIATE"
    STRAIGHT_LINE = "STRAIGHT_LINE"


@dataclass(frozen=True, slots=True)
class Horizon:
    """Periods that are reasonable and supportable, and how rates leave them."""

    label: str
    periods: int
    method: Reversion
    over: int


def read(parameters: Parameters) -> Horizon:
    """Return the horizon of a REVERSION document: `periods`, `method`, `over`."""
    place, given = f"parameters.{parameters.name}.values", parameters.values
    try:
        method = Reversion(reading.choice(given, "method", list(Reversion), place))
        periods = reading.whole(given.get("periods"), f"{place}.periods", 1, 1200)
        over = reading.whole(given.get("over", 0), f"{place}.over", 0, 1200)
    except MarketError as error:
        raise refused(error) from None
    if (over > 0) != (method is Reversion.STRAIGHT_LINE):
        raise CreditError("PARAMETERS", f"{place}.over", f"{method} cannot revert over {over}")
    return Horizon(parameters.label, periods, method, over)


def reverted(
    forecast: npt.ArrayLike,
    historical: npt.ArrayLike,
    periods: int,
    method: Reversion,
    over: int = 0,
) -> FloatArray:
    """Return rates (..., periods): the forecast, then history, `over` periods of a line between.

    `forecast` (..., horizon) ends with the reasonable and supportable horizon, `historical` (...)
    is the long-run rate. Period k of the line is last + k / (over + 1) x (historical - last): the
    first after it is history. ASC 326-20-30-9, from memory.
    """
    known = arrays.probabilities(forecast, "forecast")
    history = arrays.probabilities(historical, "historical")
    horizon = known.shape[-1] if known.ndim else 0
    if known.shape[:-1] != history.shape or not 0 < horizon <= periods:
        raise CreditError(
            "SHAPE", "forecast", f"{known.shape} beside {history.shape} over {periods} periods"
        )
    if (over > 0) != (method is Reversion.STRAIGHT_LINE) or over < 0:
        raise CreditError("OUT_OF_RANGE", "over", f"{method} cannot revert over {over} periods")
    step = np.arange(1, periods - horizon + 1, dtype=np.float64)
    share = np.minimum(step / (over + 1), 1.0)
    last = known[..., -1:]
    return np.concatenate([known, last + share * (history[..., None] - last)], axis=-1)
