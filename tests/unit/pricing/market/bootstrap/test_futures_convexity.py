"""The convexity of futures against moments of the short rate, and in the curve that is built."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from scipy.integrate import dblquad

from pricing.market import bootstrap, snapshot
from pricing.market.bootstrap import futures_convexity

SIGMA = 0.011
PERIODS = [(0.2, 0.45), (2.0, 2.25), (5.0, 5.5)]


def moments(begin: float, end: float, a: float) -> tuple[float, float]:
    """Return half the growth of Var I from begin to end, and Var of the integral between them."""

    def covariance(u: float, v: float) -> float:
        if a == 0.0:
            return SIGMA * SIGMA * min(u, v)
        return SIGMA * SIGMA / (2 * a) * (math.exp(-a * abs(u - v)) - math.exp(-a * (u + v)))

    def box(low: float, high: float) -> float:
        # The covariance has a kink at u = v: twice one triangle.
        return 2.0 * float(dblquad(covariance, low, high, lambda u: low, lambda u: u)[0])

    return (box(0.0, end) - box(0.0, begin)) / 2.0, box(begin, end)


@pytest.mark.parametrize("a", [0.0, 0.03, 0.2])
@pytest.mark.parametrize(("begin", "end"), PERIODS)
def test_overnight_futures_settle_on_the_expectation_of_the_compounded_rate(
    begin: float, end: float, a: float
) -> None:
    """E exp(I2 - I1) = P1/P2 exp(half Var growth + half Var between), times Gaussian."""
    forward, tau = 0.042, end - begin
    drift, variance = moments(begin, end, a)
    future = ((1.0 + forward * tau) * math.exp(drift + variance / 2.0) - 1.0) / tau
    found = futures_convexity.of_overnight_rate(100.0 * (1.0 - future), begin, end, a, SIGMA)
    assert future - found == pytest.approx(forward, abs=1e-12)


def test_convexity_of_no_mean_reversion_is_the_limit_of_a_small_one() -> None:
    for of in (futures_convexity.of_overnight_rate, futures_convexity.of_term_rate):
        none, small = (of(95.0, 4.0, 4.25, a, SIGMA) for a in (0.0, 1e-4))
        # Ho and Lee: sigma^2 (T1^2 / 2 + T1 tau), of a simple rate times 1 + F tau.
        assert none == pytest.approx(SIGMA**2 * 9.0 * (1.0 + 0.05 * 0.25), rel=3e-3)
        assert small == pytest.approx(none, rel=1e-3)


def test_a_model_in_place_of_a_number_gives_the_same_curve(quoted: dict[str, Any]) -> None:
    day = dt.date(2022, 12, 30)
    term = next(c for c in quoted["curves"] if c["name"] == "USD-TERM")
    sofr = next(c for c in quoted["curves"] if c["name"] == "USD-SOFR")
    model = {"mean_reversion": "0.03", "sigma": "0.011"}
    begin, end, last = dt.date(2023, 3, 15), dt.date(2023, 6, 21), dt.date(2023, 9, 21)
    times = [(date - day).days / 365.0 for date in (begin, end, last)]
    numbers = (
        futures_convexity.of_overnight_rate(95.08, times[0], times[1], 0.03, 0.011),
        futures_convexity.of_term_rate(94.90, times[1], times[2], 0.03, 0.011),
    )
    futures = [next(q for q in curve["quotes"] if q["kind"] == "FUTURES") for curve in (sofr, term)]
    for quote, number in zip(futures, numbers, strict=True):
        quote["convexity"] = repr(number)
    by_number = snapshot.parse(bootstrap.calibrated(quoted)).curves
    for quote in futures:
        del quote["convexity"]
        quote["hull_white"] = model
    by_model = snapshot.parse(bootstrap.calibrated(quoted)).curves
    for name in ("USD-SOFR", "USD-TERM"):
        assert by_model[name].zeros == pytest.approx(by_number[name].zeros, abs=1e-14)
