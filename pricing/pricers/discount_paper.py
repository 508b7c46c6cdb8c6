"""Rates in which bills and other discount paper are quoted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing import dates
from pricing.yield_conventions import MONEY_MARKET_YEARS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CODES = ("DISCOUNT_RATE", "INVESTMENT_RATE")


def rates(
    maturity: IntArray, settlement: IntArray, money_market: IntArray, price: FloatArray
) -> dict[str, FloatArray]:
    """Return the rates of prices per unit of face (rows, columns), 0 where nothing is due.

    DISCOUNT_RATE is (1 - price) x basis / days, 360 or 365 days. INVESTMENT_RATE is the coupon
    equivalent yield of 31 CFR 356 Appendix B, section VI.D: simple interest up to half a year;
    beyond it the semiannual yield of a note that pays interest after half a year.
    """
    days = np.maximum(maturity - settlement, 0)[:, None].astype(np.float64)
    year = (_a_year_after(settlement) - settlement)[:, None].astype(np.float64)
    some = np.where(days == 0.0, 1.0, days)
    paid = np.where(price == 0.0, 1.0, price)
    basis = MONEY_MARKET_YEARS[money_market][:, None]
    discount = (1.0 - price) * basis / some
    simple = (1.0 - price) / paid * year / some
    a = days / (2.0 * year) - 0.25
    b = days / year
    c = (price - 1.0) / paid
    root = np.sqrt(np.maximum(b * b - 4.0 * a * c, 0.0))
    # The root (-b + sqrt(b^2 - 4ac)) / 2a without its cancellation.
    long = -2.0 * c / (b + root)
    due = (days > 0.0) & (price > 0.0)
    return {
        "DISCOUNT_RATE": np.where(due, discount, 0.0),
        "INVESTMENT_RATE": np.where(due, np.where(2.0 * days > year, long, simple), 0.0),
    }


def _a_year_after(day: IntArray) -> IntArray:
    """Return the same day a year later: 366 days on where a 29 February lies between."""
    return dates.on_day(dates.month_index(day) + 12, dates.day_of_month(day))
