"""Which day is in which bucket, what is no bucket, and sums that stay exact."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pricing import dates
from pricing.axis import Axis, AxisError, Cell, default_cells
from pricing.cashflow import bridge, buckets, node_yield, rounding
from pricing.cashflow.defaults import DEFAULT_BUCKETS
from pricing.failure import Failure
from pricing.measures import LADDER_MEASURES

DAY = dates.ordinal(dt.date(2023, 1, 31))


@pytest.mark.parametrize(
    ("bucket", "last"),
    [
        ("ON", dt.date(2023, 2, 1)),
        ("3D", dt.date(2023, 2, 3)),
        ("1W", dt.date(2023, 2, 7)),
        ("1M", dt.date(2023, 2, 28)),
        ("13M", dt.date(2024, 2, 29)),
        ("30Y", dt.date(2053, 1, 31)),
    ],
)
def test_a_bucket_ends_on_its_civil_day(bucket: str, last: dt.date) -> None:
    assert dates.date_of(buckets.day_of(bucket, DAY)) == last


def test_the_last_day_of_a_bucket_is_in_it_and_the_next_is_not() -> None:
    ends = buckets.edges(("ON", "1W", "1M"), DAY)
    found = buckets.places(ends, np.array([0, 1, 2, 7, 8, 28, 29, 9999]))
    assert found.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    "given_buckets", [(), ("1Y", "1M"), ("1M", "1M"), ("SOON",), ("0D",), ("-1M",), ("1W", "7D")]
)
def test_what_is_no_ladder_is_refused(given_buckets: tuple[str, ...]) -> None:
    with pytest.raises(buckets.BucketError):
        buckets.edges(given_buckets, DAY)
    with pytest.raises(AxisError):
        Axis((Cell("PV", "BASE"),), dt.date(2023, 1, 31), "USD", ladder_buckets=given_buckets)


def test_a_ladder_brings_the_principal_it_sums_to() -> None:
    cells = default_cells(["LADDER_PRINCIPAL@UP"], ["BASE", "UP"], ["USD"], "USD")
    assert Cell("PRINCIPAL", "UP") in cells
    assert Cell("PRINCIPAL", "BASE") not in cells
    assert Cell("LADDER_PRINCIPAL", "UP", buckets.NOT_PROJECTED) in cells
    interest = default_cells(["LADDER_INTEREST"], ["BASE"], ["USD"], "USD")
    assert Cell("LADDER_INTEREST", "BASE", buckets.NOT_PROJECTED) not in interest
    with pytest.raises(AxisError, match="no factor"):
        Axis((Cell(LADDER_MEASURES[0], "BASE", "4Y"),), dt.date(2023, 1, 31), "USD")


amounts = st.floats(-1e8, 1e8).map(lambda x: 0.0 if abs(x) < 1e-3 else x)


@given(parts=arrays(np.float64, (4, 16), elements=amounts))
def test_parts_sum_to_the_rounded_total_and_move_by_less_than_a_quantum_each(
    parts: np.ndarray,
) -> None:
    total = parts.sum(axis=1)
    made = rounding.exact_parts(parts, total, 6)
    counts = np.rint(made * 1e6).astype(np.int64)
    assert (counts.sum(axis=1) == np.rint(total * 1e6)).all()
    assert np.abs(made - parts).max() <= 1.6e-6
    assert (made[parts == 0.0] == 0.0).all()


def test_rounding_each_bucket_by_itself_would_not_sum() -> None:
    parts = np.full((1, 3), 1_000_000 / 3)
    assert np.rint(parts * 1e6).sum() != 1_000_000 * 1e6
    assert np.rint(rounding.exact_parts(parts, np.array([1e6]), 6) * 1e6).sum() == 1e12


def test_units_that_lack_go_to_the_largest_remainders() -> None:
    parts = np.array([[1.4, 1.4, 0.2, 0.0]])
    assert rounding.exact_parts(parts, np.array([3.0]), 0).tolist() == [[2.0, 1.0, 0.0, 0.0]]


def test_effects_add_to_the_change_of_duration() -> None:
    after = [500, 410, 415, 400, 390, 391, 380, 379]
    effects = bridge.effects(after)
    assert list(effects) == ["TIME", *bridge.PARTS, bridge.RESIDUAL]
    assert sum(effects.values()) == after[-1] - after[0]
    assert effects[bridge.RESIDUAL] == -1


def test_the_yield_of_a_par_bond_is_its_coupon_and_nonsense_has_none() -> None:
    years = np.arange(1.0, 11.0)
    coupon = np.expm1(0.05)
    flows = np.full(10, 100.0 * coupon)
    flows[-1] += 100.0
    assert node_yield.internal_rate(flows, years, 100.0) == pytest.approx(0.05, abs=1e-13)
    assert isinstance(node_yield.internal_rate(flows, years, -1.0), Failure)
    assert isinstance(node_yield.internal_rate(-flows, years, 100.0), Failure)


@pytest.mark.parametrize(("rate", "basis_points"), [(0.03, 1.0), (0.05, 2.6), (0.08, 5.9)])
def test_buckets_at_their_mean_time_keep_the_yield_of_a_level_loan(
    rate: float, basis_points: float
) -> None:
    years = np.arange(1, 361) / 12.0
    flows = np.ones(360)
    value = float((flows * np.exp(-rate * years)).sum())
    day = dates.ordinal(dt.date(2022, 12, 30))
    ends = buckets.edges(DEFAULT_BUCKETS, day)
    bucket = buckets.places(ends, np.rint(years * 365).astype(np.int64))
    amount, time = np.bincount(bucket, flows), np.bincount(bucket, flows * years)
    used = amount > 0.0
    found = node_yield.internal_rate(amount[used], time[used] / amount[used], value)
    assert isinstance(found, float)
    assert -basis_points * 1e-4 <= found - rate < 0.0
