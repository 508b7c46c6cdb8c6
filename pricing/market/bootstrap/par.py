"""Treasury par yields -> zero nodes.

US Treasury constant-maturity (CMT) yields are par yields: tenors below one year are bill rates,
simple Act/365 (the Treasury's bond-equivalent yield of a bill), tenors from one year are coupons
of par notes with semiannual payments. The curve is the one on which every quote reprices: zero
rates continuous Act/365F, linear between quote maturities, flat beyond.
Source: US Treasury, "Treasury Yield Curve Methodology" (2021).
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing import dates
from pricing.market import reading
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError
from pricing.market.plain import plain

FloatArray = npt.NDArray[np.float64]

METHOD = "par yields: bills simple ACT/365F below 1Y, semiannual par notes from 1Y; LINEAR_ZERO"
SHORTEST_NOTE_MONTHS = 12
DIGITS = 14
"""Decimals of a stored zero rate."""


@dataclass(frozen=True, slots=True)
class ParQuote:
    """A par yield, decimal, for a tenor like 3M or 10Y."""

    tenor: str
    rate: float

    @property
    def months(self) -> int:
        """Return the tenor in months."""
        return round(reading.tenor_years(self.tenor, f"quote {self.tenor}") * 12)


def calibrate(
    as_of: dt.date, quotes: Sequence[ParQuote | tuple[str, Any]], name: str = "curve"
) -> list[tuple[dt.date, Decimal]]:
    """Return the zero nodes (date, rate) that reprice par quotes; MarketError names the bad quote.

    Rates are rounded to 14 decimals: the nodes are stored as text and hashed.
    """
    read = [_quote(quote, f"{name}.quotes[{i}]") for i, quote in enumerate(quotes)]
    if not read:
        raise MarketError(f"{name}.quotes", "a curve needs at least one quote")
    for index, (before, after) in enumerate(itertools.pairwise(read)):
        if after.months <= before.months:
            raise MarketError(f"{name}.quotes[{index + 1}]", "tenors must increase")
    return _solve(as_of, read, name)


def _quote(quote: ParQuote | tuple[str, Any], place: str) -> ParQuote:
    if not isinstance(quote, ParQuote):
        tenor, rate = quote
        quote = ParQuote(tenor, reading.number(rate, place, -0.5, 1.0))
    reading.tenor_years(quote.tenor, place)
    reading.number(quote.rate, place, -0.5, 1.0)
    return quote


def _solve(as_of: dt.date, quotes: list[ParQuote], name: str) -> list[tuple[dt.date, Decimal]]:
    import QuantLib as ql

    settings = ql.Settings.instance()
    before = settings.evaluationDate
    try:
        settings.evaluationDate = ql.Date(as_of.day, as_of.month, as_of.year)
        nodes: list[tuple[dt.date, Decimal]] = []
        # Quotes are added one at a time, so that the one that cannot be met is known by name.
        for count in range(1, len(quotes) + 1):
            place = f"{name}.quotes[{count - 1}] ({quotes[count - 1].tenor})"
            if count < len(quotes):
                _check(ql, quotes[:count], place)
            else:
                nodes = _nodes(ql, quotes, place)
        return nodes
    finally:
        settings.evaluationDate = before


def _helpers(ql: Any, quotes: list[ParQuote]) -> list[Any]:
    return [_helper(ql, quote) for quote in quotes]


def _helper(ql: Any, quote: ParQuote) -> Any:
    rate = ql.QuoteHandle(ql.SimpleQuote(quote.rate))
    period = ql.Period(quote.months, ql.Months)
    if quote.months < SHORTEST_NOTE_MONTHS:
        return ql.DepositRateHelper(
            rate, period, 0, ql.NullCalendar(), ql.Unadjusted, False, ql.Actual365Fixed()
        )
    start = ql.Settings.instance().evaluationDate
    # Dates counted forward meet the maturity whatever the day of the month; counted back from
    # 28 February to a start on the 29th the first coupon would be a day short.
    whole = quote.months % 6 == 0
    schedule = ql.Schedule(
        start,
        start + period,
        ql.Period(ql.Semiannual),
        ql.NullCalendar(),
        ql.Unadjusted,
        ql.Unadjusted,
        ql.DateGeneration.Forward if whole else ql.DateGeneration.Backward,
        False,
    )
    par = ql.QuoteHandle(ql.SimpleQuote(100.0))
    basis = ql.ActualActual(ql.ActualActual.ISMA, schedule)
    return ql.FixedRateBondHelper(par, 0, 100.0, schedule, [quote.rate], basis, ql.Unadjusted)


def _curve(ql: Any, quotes: list[ParQuote]) -> Any:
    start = ql.Settings.instance().evaluationDate
    build = partial(ql.PiecewiseLinearZero, start, _helpers(ql, quotes), ql.Actual365Fixed())
    return build()


def _check(ql: Any, quotes: list[ParQuote], place: str) -> None:
    _nodes(ql, quotes, place)


def _nodes(ql: Any, quotes: list[ParQuote], place: str) -> list[tuple[dt.date, Decimal]]:
    try:
        pillars = _curve(ql, quotes).nodes()
    except RuntimeError as error:
        raise MarketError(place, f"the curve cannot be built: {error}") from None
    # The first pillar is the day itself, set to the first quote's rate: flat, as ours is.
    nodes: list[tuple[dt.date, Decimal]] = []
    for date, zero in pillars[1:]:
        if not math.isfinite(zero) or abs(zero) > 1.0:
            raise MarketError(place, f"the curve cannot be built: zero rate {zero:.6g}")
        day = dt.date(date.year(), date.month(), date.dayOfMonth())
        nodes.append((day, Decimal(f"{zero:.{DIGITS}f}").normalize()))
    return nodes


def jacobian(
    as_of: int, curve: ZeroCurve, months: Sequence[int], rates: Sequence[float]
) -> FloatArray:
    """Return (nodes, quotes): the derivative of each node's zero rate by each par yield.

    At a price of par F(z, y) = 0 the implicit function has dz/dy = -(dF/dz)^-1 dF/dy. A quote
    depends on no later node, so the system is solved forwards, row by row.
    """
    count = len(months)
    by_node = np.zeros((count, count))
    by_quote = np.zeros(count)
    for place, (length, rate) in enumerate(zip(months, rates, strict=True)):
        bill = length < SHORTEST_NOTE_MONTHS
        steps = [length] if bill else range(length % 6 or 6, length + 1, 6)
        days = [dates.add_months(as_of, step) - as_of for step in steps]
        times = np.array(days) / 365.0
        factors = np.exp(-curve.zero_rates(times) * times)
        earned = times if bill else np.full(len(times), 0.5)
        if not bill and length % 6:
            earned[0] = (length % 6) / 12.0
        paid = rate * earned
        paid[-1] += 1.0
        by_node[place] = -(curve.weights(times) * (paid * times * factors)).sum(axis=1)
        by_quote[place] = (earned * factors).sum()
    out = np.zeros((count, count))
    for place in range(count):
        right = np.zeros(count)
        right[place] = -by_quote[place]
        for before in range(place):
            right -= by_node[place, before] * out[before]
        out[place] = right / by_node[place, place]
    return out


def par_curve_document(
    name: str,
    currency: str,
    as_of: dt.date,
    quotes: Sequence[tuple[str, Any]],
    source: str,
) -> dict[str, Any]:
    """Return the curve's part of a market document: quotes as given and the nodes they make."""
    nodes = calibrate(as_of, quotes, name)
    return {
        "name": name,
        "currency": currency,
        "kind": "PAR",
        "interpolation": "LINEAR_ZERO",
        "compounding": "CONTINUOUS",
        "day_count": "ACT/365F",
        "quotes": [{"tenor": tenor, "rate": plain(rate)} for tenor, rate in quotes],
        "nodes": [[day.isoformat(), plain(zero)] for day, zero in nodes],
        "source": source,
        "method": METHOD,
    }
