"""How much a futures rate lies above the forward rate, in Hull and White's model.

Futures settle every day, so that gains are reinvested when rates are high. With Gaussian short
rates the futures rate is ((1 + F tau) exp(z) - 1)/tau, hence a forward F of

    (100 - price)/100 - (1 - exp(-z)) ((100 - price)/100 + 1/tau)

Times are Act/365F from the valuation date.
"""

from __future__ import annotations

import math

import QuantLib as ql

SMALL = 1e-5
"""A mean reversion below this is taken as none: the difference is beyond the digits of a price."""


def of_term_rate(
    price: float, begin: float, end: float, mean_reversion: float, sigma: float
) -> float:
    """Return the convexity of a contract that settles on the term rate of [begin, end] at begin.

    Source: Hull and Kirikos, *Extended model for the futures convexity*, QuantLib's
    `HullWhite::convexityBias`.
    """
    return float(ql.HullWhite.convexityBias(price, begin, end, sigma, max(mean_reversion, SMALL)))


def of_overnight_rate(
    price: float, begin: float, end: float, mean_reversion: float, sigma: float
) -> float:
    """Return the convexity of a contract on the compounded overnight rate of [begin, end].

    It settles at the end on exp(I(end) - I(begin)), I the integral of the short rate, whose
    expectation is P(begin)/P(end) exp(z) with z = Cov(I(end), I(end) - I(begin)) =
    sigma^2 [int B(end - u)^2 du - int B(begin - u) B(end - u) du], B(t) = (1 - exp(-a t))/a.
    Source: Henrard, *Overnight Futures: Convexity Adjustment* (muRisQ, 2018), one-factor case.
    """
    a = mean_reversion
    whole = _product(end, end, a)
    z = sigma * sigma * (whole - _product(begin, end, a))
    rate = (100.0 - price) / 100.0
    return -math.expm1(-z) * (rate + 1.0 / (end - begin))


def _product(first: float, last: float, a: float) -> float:
    """Return the integral of B(first - u) B(last - u) over u in [0, first]."""
    if a < SMALL:
        return first**3 / 3.0 + (last - first) * first * first / 2.0
    gap = math.exp(-a * (last - first))
    one, two = -math.expm1(-a * first) / a, -math.expm1(-2.0 * a * first) / (2.0 * a)
    return (first - one - gap * one + gap * two) / (a * a)
