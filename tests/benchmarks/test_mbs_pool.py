"""Pools whose prepayment depends on rates beside a scalar recursion in the same process.

A valuation is one pool in one scenario, CPU time, one thread: ours is the whole library call,
theirs the recursion of tests/scalar_pool.py. The ratio is printed and recorded; the values of
the recursion are compared.
"""

from __future__ import annotations

import datetime as dt
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Batch, Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse
from tests import scalar_paths, scalar_pool

AS_OF = dt.date(2022, 12, 30)
OURS, THEIRS, SCENARIOS = 10_000, 4, 100
NODES = [["2023-06-30", "0.046"], ["2027-12-30", "0.04"], ["2052-12-30", "0.039"]]
SHIFTS = [0.0, *(-0.02 + 0.0004 * i for i in range(SCENARIOS - 1))]


def states(shifts: list[float] = SHIFTS) -> States:
    market = {
        "format": "tieout.market/1",
        "as_of": AS_OF.isoformat(),
        "curves": [{"name": "ZERO", "currency": "USD", "nodes": NODES}],
        "discount": {"USD": "ZERO"},
        "models": {"USD": {"hull_white": {"mean_reversion": "0.03", "sigma": "0.01"}}},
    }
    documents: list[dict[str, Any]] = [{"code": "BASE"}] + [
        {"code": f"S{i}", "shocks": [{"risk": "RATE", "size": f"{shift:.4f}"}]}
        for i, shift in enumerate(shifts[1:])
    ]
    read = [parse(document) for document in documents]
    axis = Axis(tuple(Cell("PV", scenario.code) for scenario in read), AS_OF, "USD")
    return States(snapshot.parse(market), read, axis)


def positions(count: int, kind: str = "S_CURVE", paths: int = 0) -> list[PositionInput]:
    rng = np.random.default_rng(5)
    found = []
    for i in range(count):
        prepayment = {"kind": "PSA", "speed": f"{rng.uniform(0.5, 4):.2f}"}
        if kind == "S_CURVE":
            prepayment = {
                "kind": kind, "lowest": "0.05", "highest": "0.5", "slope": "150",
                "centre": "0.01", "mortgage_spread": "0.015", "seasoning": 30,
                "burnout": f"{rng.uniform(0, 0.6):.3f}",
            }  # fmt: skip
        terms = {
            "accrual_start_date": "2022-12-01", "wac": f"{rng.uniform(0.025, 0.07):.5f}",
            "wam": int(rng.integers(120, 361)), "age": int(rng.integers(0, 60)),
            "servicing_fee": "0.0025", "guarantee_fee": "0.0025", "payment_delay_days": 24,
            "prepayment": prepayment,
        }  # fmt: skip
        if paths:
            terms["monte_carlo"] = {"paths": paths}
        state = {"quantity": "1000000", "spread": "0.005"}
        found.append(PositionInput(f"P{i}", "ABS_MBS", "USD", terms, state))
    return found


def packed(made: list[PositionInput]) -> Batch:
    return product("ABS_MBS").pack(made, Names()).batch


def scalar_of(position: PositionInput) -> scalar_pool.Pool:
    terms = position.terms
    wac = float(terms["wac"])
    return scalar_pool.Pool(
        dt.date.fromisoformat(terms["accrual_start_date"]), 1_000_000.0, wac, wac - 0.005,
        terms["wam"], terms["age"], terms["prepayment"], None, 24,
    )  # fmt: skip


def scalar(position: PositionInput) -> list[float]:
    pool = scalar_of(position)
    return [pool.value(AS_OF, scalar_pool.linear_zero(AS_OF, NODES, s), 0.005) for s in SHIFTS]


def cpu(call: Any, repeats: int = 3) -> tuple[float, Any]:
    """Return the least CPU seconds of a call, and what it returned."""
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        result = call()
        best = min(best, time.process_time() - start)
    return best, result


@pytest.mark.parametrize(("kind", "least"), [("S_CURVE", 100.0), ("PSA", 100.0)])
def test_pools_beside_a_scalar_recursion(
    kind: str, least: float, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made = positions(OURS, kind)
    batch, prepared = packed(made), states()
    ours, valued = cpu(lambda: valuation.value(batch, prepared))
    theirs, wanted = cpu(lambda: [scalar(position) for position in made[:THEIRS]], repeats=2)
    assert valued.failures == [None] * OURS
    assert valued.values[:THEIRS] == pytest.approx(np.array(wanted), rel=1e-11)
    speed, other = OURS * SCENARIOS / ours, THEIRS * SCENARIOS / theirs
    record_property("valuations_per_second", round(speed))
    record_property("ratio", round(speed / other, 1))
    with capsys.disabled():
        print(
            f"\n{kind}: {speed:,.0f} valuations/s, scalar {other:,.0f}, ratio {speed / other:.0f}"
        )
    assert speed / other >= least


def test_paths_beside_a_scalar_simulation(
    record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Recursions of a pool on a path in a scenario; the scalar side walks its own paths once."""
    count, few, shifts = 256, 16, SHIFTS[:20]
    prepared = states(shifts)
    batch = packed(positions(100, paths=count))
    valuation.value(batch.take(np.arange(2)), prepared)
    ours, valued = cpu(lambda: valuation.value(batch, prepared), repeats=2)
    assert valued.failures == [None] * 100
    small = positions(1, paths=few)

    def theirs() -> list[float]:
        found = []
        for shift in shifts[:2]:
            zero = scalar_pool.linear_zero(AS_OF, NODES, shift)
            one = scalar_paths.Paths(scalar_of(small[0]), AS_OF, zero, 0.03, 0.01, few)
            moves = one.moves()
            found.append((one, zero, moves))
        start = time.process_time()
        for one, zero, moves in found:
            for rates, factors in moves:
                months = one.pool.run(AS_OF, zero, 1.0, rates)
                sum(one._cash(paid)[0] * f for paid, f in zip(months, factors, strict=True))
        return [time.process_time() - start]

    (taken,) = theirs()
    base = scalar_paths.Paths(
        scalar_of(small[0]), AS_OF, scalar_pool.linear_zero(AS_OF, NODES), 0.03, 0.01, few
    )
    found = valuation.value(packed(small), prepared).values[0, 0]
    assert found == pytest.approx(base.value(0.005)[0], rel=1e-10)
    speed, other = 100 * count * len(shifts) / ours, 2 * few / taken
    record_property("paths_per_second", round(speed))
    record_property("ratio", round(speed / other, 1))
    tracemalloc.start()
    valuation.value(batch, prepared)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    record_property("peak_mb", round(peak / 1e6))
    with capsys.disabled():
        print(
            f"\npaths: {speed:,.0f} recursions/s ({100 / ours:,.0f} pools x {count} paths x "
            f"{len(shifts)} scenarios), scalar {other:,.0f}, ratio {speed / other:.0f}; peak "
            f"{peak / 1e6:.0f} MB, the same for any number of pools but for their results"
        )
    assert speed / other >= 100.0


def test_memory_of_pools_in_a_hundred_scenarios(
    record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is held beside the result, which is 8 bytes a value: it does not grow with the rows."""
    batch, prepared = packed(positions(OURS)), states()
    valuation.value(batch.take(np.arange(100)), prepared)
    tracemalloc.start()
    valuation.value(batch, prepared)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    result = OURS * SCENARIOS * 8
    per_100k = (peak - result) / 1e6 + 100_000 * SCENARIOS * 8 / 1e6
    record_property("peak_mb", round(peak / 1e6))
    with capsys.disabled():
        print(
            f"\n{OURS:,} pools x {SCENARIOS}: peak {peak / 1e6:.0f} MB of which the result "
            f"{result / 1e6:.0f}; 100,000 x {SCENARIOS} about {per_100k:.0f} MB"
        )
    assert peak < 4 * result + 200e6
