"""European options on one rate: Black, shifted Black and Bachelier, elementwise.

Sources: Black, *Journal of Financial Economics* 3 (1976); Bachelier, *Théorie de la spéculation*
(1900), as in Brigo and Mercurio, *Interest Rate Models*, 2nd ed. 2006, sections 1.6 and 16.4.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from pricing.market.volatility import Volatility, VolatilityModel

FloatArray = npt.NDArray[np.float64]


def option_value(
    surface: Volatility,
    side: FloatArray,
    forward: FloatArray,
    strike: FloatArray,
    volatility: FloatArray,
    years: FloatArray,
) -> FloatArray:
    """Return undiscounted values of options on a rate, 1 of notional; the shapes broadcast.

    `side` is 1 for the right to the rate above the strike, -1 below. Without time or volatility
    it is the intrinsic value. A lognormal value is NaN where rate or strike plus the surface's
    shift are not above 0 and time is left.
    """
    deviation = volatility * np.sqrt(np.maximum(years, 0.0))
    intrinsic = np.maximum(side * (forward - strike), 0.0)
    open_ended = deviation > 0.0
    safe = np.where(open_ended, deviation, 1.0)
    if surface.model is VolatilityModel.NORMAL:
        value = _bachelier(side, forward, strike, safe)
    else:
        value = _black(side, forward + surface.shift, strike + surface.shift, safe)
    return np.where(open_ended, value, intrinsic)


def _bachelier(
    side: FloatArray, forward: FloatArray, strike: FloatArray, deviation: FloatArray
) -> FloatArray:
    distance = (forward - strike) / deviation
    density = np.exp(-0.5 * distance * distance) / np.sqrt(2.0 * np.pi)
    return np.asarray(side * (forward - strike) * ndtr(side * distance) + deviation * density)


def _black(
    side: FloatArray, forward: FloatArray, strike: FloatArray, deviation: FloatArray
) -> FloatArray:
    defined = (forward > 0.0) & (strike > 0.0)
    up, down = np.where(defined, forward, 1.0), np.where(defined, strike, 1.0)
    upper = np.log(up / down) / deviation + 0.5 * deviation
    value = side * (up * ndtr(side * upper) - down * ndtr(side * (upper - deviation)))
    return np.where(defined, value, np.nan)


def slope_value(
    surface: Volatility,
    side: FloatArray,
    forward: FloatArray,
    strike: FloatArray | None,
    volatility: FloatArray,
    years: FloatArray,
) -> FloatArray:
    """Return E[(R - F) x payoff] of an option on a rate R of expectation F; the shapes broadcast.

    Without a strike the payoff is R itself and the result its variance. What a measure that is
    linear in R adds to an option: Hagan, *Convexity Conundrums*, Wilmott (March 2003), (3.5).
    """
    deviation = volatility * np.sqrt(np.maximum(years, 0.0))
    open_ended = deviation > 0.0
    safe = np.where(open_ended, deviation, 1.0)
    if surface.model is VolatilityModel.NORMAL:
        value = safe * safe * np.ones_like(forward)
        if strike is not None:
            value = value * side * ndtr(side * (forward - strike) / safe)
    else:
        value = _black_slope(
            side,
            forward + surface.shift,
            None if strike is None else strike + surface.shift,
            safe,
        )
    return np.where(open_ended, value, 0.0)


def _black_slope(
    side: FloatArray, forward: FloatArray, strike: FloatArray | None, deviation: FloatArray
) -> FloatArray:
    defined = forward > 0.0
    if strike is None:
        value = forward * forward * np.expm1(deviation * deviation)
        return np.where(defined, value, np.nan)
    defined = defined & (strike > 0.0)
    up, down = np.where(defined, forward, 1.0), np.where(defined, strike, 1.0)
    ratio = np.log(up / down) / deviation
    grown = up * np.exp(deviation * deviation) * ndtr(side * (ratio + 1.5 * deviation))
    middle = (up + down) * ndtr(side * (ratio + 0.5 * deviation))
    value = side * up * (grown - middle + down * ndtr(side * (ratio - 0.5 * deviation)))
    return np.where(defined, value, np.nan)
