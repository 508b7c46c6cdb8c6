"""Interpolations of curves against QuantLib's, and what each promises."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.market import snapshot
from pricing.market.curves import ZeroCurve
from pricing.market.interpolation import Interpolation, zero_rates

KNOTS = np.array([0.25, 1.0, 2.0, 5.0, 10.0, 30.0])
ZEROS = np.array([0.0437, 0.0451, 0.0439, 0.0401, 0.0385, 0.0397])


@pytest.mark.parametrize(
    ("kind", "oracle"),
    [
        (Interpolation.LOG_LINEAR_DISCOUNT, ql.DiscountCurve),
        (Interpolation.LOG_CUBIC_DISCOUNT, ql.NaturalLogCubicDiscountCurve),
    ],
    ids=["log_linear", "log_cubic"],
)
def test_discount_factors_are_those_of_quantlib(kind: Interpolation, oracle: Any) -> None:
    start = ql.Date(30, 12, 2022)
    days = np.array([91, 365, 730, 1826, 3652, 10958])
    knots = days / 365.0
    dates = [start, *(start + int(day) for day in days)]
    factors = [1.0, *np.exp(-ZEROS * knots).tolist()]
    inside = np.array([1, 40, 91, 200, 365, 500, 1500, 3000, 3652, 7000, 10957])
    curve = oracle(dates, factors, ql.Actual365Fixed())
    wanted = [curve.discount(start + int(day)) for day in inside]
    times = inside / 365.0
    got = np.exp(-zero_rates(kind, times, knots, ZEROS) * times)
    assert got == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize("kind", list(Interpolation))
def test_nodes_are_met_and_weights_rebuild_every_rate(kind: Interpolation) -> None:
    curve = ZeroCurve("C", "USD", KNOTS, ZEROS, tuple(range(6)), interpolation=kind)
    assert curve.zero_rates(KNOTS) == pytest.approx(ZEROS, rel=1e-14)
    for time in (0.0, 0.1, 0.25, 1.5, 7.0, 30.0, 55.0):
        rebuilt = sum(ZEROS[node] * weight for node, weight in curve.node_weights(time))
        assert rebuilt == pytest.approx(curve.zero_rates(np.array([time]))[0], rel=1e-13)


@pytest.mark.parametrize("kind", list(Interpolation))
def test_flat_curve_is_flat_everywhere(kind: Interpolation) -> None:
    times = np.array([0.0, 0.01, 0.3, 4.0, 29.0, 80.0])
    assert zero_rates(kind, times, KNOTS, np.full(6, 0.04)) == pytest.approx(0.04, rel=1e-14)
    single = zero_rates(kind, times, KNOTS[:1], np.array([0.04]))
    assert single == pytest.approx(0.04, rel=1e-14)


def test_forward_is_constant_between_log_linear_nodes_and_beyond_the_last() -> None:
    times = np.linspace(0.0, 60.0, 6001)[1:]
    kind = Interpolation.LOG_LINEAR_DISCOUNT
    exponent = zero_rates(kind, times, KNOTS, ZEROS) * times
    forward = np.diff(exponent) / np.diff(times)
    for first, last in ((0.0, 0.25), (2.0, 5.0), (10.0, 30.0), (10.0, 60.0)):
        inside = (times[:-1] > first + 0.005) & (times[1:] < last - 0.005)
        assert np.ptp(forward[inside]) < 1e-10


@settings(max_examples=100, deadline=None)
@given(
    zeros=st.lists(st.floats(-0.02, 0.15), min_size=6, max_size=6),
    shift=st.floats(-0.02, 0.02),
    kind=st.sampled_from(list(Interpolation)),
)
def test_parallel_move_of_nodes_moves_every_rate_by_it(
    zeros: list[float], shift: float, kind: Interpolation
) -> None:
    times = np.linspace(0.0, 50.0, 101)
    before = zero_rates(kind, times, KNOTS, np.array(zeros))
    after = zero_rates(kind, times, KNOTS, np.array(zeros) + shift)
    assert after - before == pytest.approx(shift, abs=1e-14)


def test_default_interpolation_changes_no_hash_and_another_does(market: dict[str, Any]) -> None:
    before = snapshot.parse(market).hash_of("curve/USD-TREASURY")
    market["curves"][0]["interpolation"] = "LINEAR_ZERO"
    assert snapshot.parse(market).hash_of("curve/USD-TREASURY") == before
    other = copy.deepcopy(market)
    other["curves"][0]["interpolation"] = "LOG_LINEAR_DISCOUNT"
    parsed = snapshot.parse(other)
    assert parsed.hash_of("curve/USD-TREASURY") != before
    assert parsed.as_of == dt.date(2022, 12, 30)
    assert parsed.curves["USD-TREASURY"].interpolation is Interpolation.LOG_LINEAR_DISCOUNT
