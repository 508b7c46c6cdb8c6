"""Hull-White parameters from swaption volatilities, by QuantLib, once when quotes come in.

Each swaption is at the money, European, on a swap with one fixed payment a year whose floating
leg is worth par on the discount curve. The model price is Jamshidian's decomposition; the
parameters minimise the squares of relative price errors (Levenberg-Marquardt).
Source: Jamshidian, "An exact bond option formula", Journal of Finance 44 (1989).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from pricing.market import reading
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError
from pricing.market.quantlib_session import evaluation, ql_date
from pricing.market.volatility import Volatility, VolatilityModel

DIGITS = 12
MAX_ERROR = 0.25
"""A fit that misses a swaption's price by more than a quarter is refused."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """One swaption of the fit: the market's volatility, the relative error of the model's price."""

    expiry: str
    tenor: str
    volatility: float
    error: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The parameters found, and how well each swaption is met."""

    mean_reversion: Decimal
    sigma: Decimal
    fitted: tuple[Fitted, ...]


def calibrate(
    as_of: dt.date,
    curve: ZeroCurve,
    surface: Volatility,
    instruments: Sequence[tuple[str, str]],
    mean_reversion: float | None,
    place: str,
) -> Calibration:
    """Return the parameters that best meet swaptions (expiry, tenor), named where that fails.

    Without a mean reversion both parameters are fitted, which needs two swaptions.
    """
    if len(instruments) < (1 if mean_reversion is not None else 2):
        raise MarketError(f"{place}.swaptions", "more swaptions than parameters are expected")
    import QuantLib as ql

    with evaluation(as_of):
        handle = ql.YieldTermStructureHandle(_term_structure(ql, as_of, curve))
        start = mean_reversion if mean_reversion is not None else 0.03
        model = ql.HullWhite(handle, start, 0.01)
        helpers: list[Any] = []
        volatilities: list[float] = []
        for index, (expiry, tenor) in enumerate(instruments):
            at = f"{place}.swaptions[{index}]"
            years = [reading.tenor_years(text, at) for text in (expiry, tenor)]
            found = float(surface.at(np.array(years[:1]), np.array(years[1:]))[0])
            if found <= 0.0:
                raise MarketError(at, f"the volatility of {expiry} x {tenor} is zero")
            helper = _helper(ql, handle, surface, found, years)
            helper.setPricingEngine(ql.JamshidianSwaptionEngine(model))
            helpers.append(helper)
            volatilities.append(found)
        try:
            model.calibrate(
                helpers,
                ql.LevenbergMarquardt(),
                ql.EndCriteria(2000, 100, 1e-12, 1e-12, 1e-12),
                ql.NoConstraint(),
                [],
                [mean_reversion is not None, False],
            )
            errors = [float(helper.calibrationError()) for helper in helpers]
        except RuntimeError as error:
            raise MarketError(place, f"the model cannot be calibrated: {error}") from None
        reversion, sigma = (float(value) for value in model.params())
    if not (math.isfinite(sigma) and 0.0 < sigma <= 0.2 and -0.1 <= reversion <= 5.0):
        raise MarketError(
            place, f"no parameters in range: mean reversion {reversion:.4g}, sigma {sigma:.4g}"
        )
    worst = int(np.argmax(np.abs(errors)))
    if not abs(errors[worst]) <= MAX_ERROR:
        expiry, tenor = instruments[worst]
        raise MarketError(
            f"{place}.swaptions[{worst}]",
            f"the model misses the price of {expiry} x {tenor} by {errors[worst]:.1%}",
        )
    return Calibration(
        Decimal(f"{reversion:.{DIGITS}f}").normalize(),
        Decimal(f"{sigma:.{DIGITS}f}").normalize(),
        tuple(
            Fitted(expiry, tenor, volatility, error)
            for (expiry, tenor), volatility, error in zip(
                instruments, volatilities, errors, strict=True
            )
        ),
    )


def _term_structure(ql: Any, as_of: dt.date, curve: ZeroCurve) -> Any:
    """Return our curve by month: its own interpolation need not be one of QuantLib's."""
    start = ql_date(as_of)
    days = [start + ql.Period(months, ql.Months) for months in range(721)]
    times = np.array([day - start for day in days]) / 365.0
    factors = np.exp(-curve.zero_rates(times) * times)
    return ql.DiscountCurve(days, factors.tolist(), ql.Actual365Fixed())


def _helper(
    ql: Any, handle: Any, surface: Volatility, volatility: float, years: list[float]
) -> Any:
    index = ql.IborIndex(
        "PAR", ql.Period(6, ql.Months), 0, ql.USDCurrency(), ql.NullCalendar(), ql.Unadjusted,
        False, ql.Actual365Fixed(), handle,
    )  # fmt: skip
    normal = surface.model is VolatilityModel.NORMAL
    return ql.SwaptionHelper(
        ql.Period(round(years[0] * 12), ql.Months),
        ql.Period(round(years[1] * 12), ql.Months),
        ql.QuoteHandle(ql.SimpleQuote(volatility)),
        index,
        ql.Period(1, ql.Years),
        ql.Thirty360(ql.Thirty360.BondBasis),
        ql.Actual365Fixed(),
        handle,
        ql.BlackCalibrationHelper.RelativePriceError,
        ql.nullDouble(),
        1.0,
        ql.Normal if normal else ql.ShiftedLognormal,
        surface.shift,
    )
