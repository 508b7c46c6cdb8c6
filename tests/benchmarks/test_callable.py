"""Callable bonds against QuantLib's tree in one process: speed, accuracy, memory.

One valuation is one bond under one scenario. Ours is the whole library call, from packed terms to
values; QuantLib's is pricing alone, its instruments, model and engines built beforehand and the
curve relinked for each scenario. CPU time, best of several, one thread. Accuracy is against the
same lattice with 1,025 nodes, which agrees with QuantLib's tree of 3,000 steps to that tree's own
error.
"""

from __future__ import annotations

import datetime as dt
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import QuantLib as ql

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.hull_white import grid
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States
from tests.quantlib_oracle import ql_date

pytestmark = pytest.mark.benchmark

AS_OF = dt.date(2022, 12, 30)
OURS, THEIRS, SCENARIO_COUNT = 400, 40, 100
NODES = [(0.25, 0.0434), (1, 0.0462), (2, 0.0438), (5, 0.0395), (10, 0.0383), (30, 0.0401)]
REVERSION, SIGMA = 0.03, 0.0095
SHIFTS = [0.0, *np.linspace(-0.02, 0.03, SCENARIO_COUNT - 1).round(6)]


def best(call: Callable[[], Any], repeats: int = 3) -> float:
    """Return the least CPU seconds of a call."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def node_dates() -> list[dt.date]:
    return [AS_OF + dt.timedelta(days=round(years * 365)) for years, _ in NODES]


def states(count: int = SCENARIO_COUNT) -> States:
    nodes = [[d.isoformat(), str(z)] for d, (_, z) in zip(node_dates(), NODES, strict=True)]
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": AS_OF.isoformat(),
            "curves": [{"name": "USD", "currency": "USD", "kind": "ZERO", "nodes": nodes}],
            "discount": {"USD": "USD"},
            "models": {
                "USD": {"hull_white": {"mean_reversion": str(REVERSION), "sigma": str(SIGMA)}}
            },
        }
    )
    documents: list[dict[str, Any]] = [{"code": "BASE"}] + [
        {"code": f"S{i}", "shocks": [{"risk": "RATE", "size": f"{shift:.6f}"}]}
        for i, shift in enumerate(SHIFTS[1:count])
    ]
    scenarios = [parse_scenario(document) for document in documents]
    cells = tuple(Cell("PV", scenario.code) for scenario in scenarios)
    return States(market, scenarios, Axis(cells, AS_OF, "USD"))


def terms(rng: np.random.Generator) -> dict[str, Any]:
    """Return a bond of 5 to 20 years, called at par on coupon dates after 1 to 4 years."""
    years = int(rng.integers(5, 21))
    month, day = int(rng.integers(1, 7)), int(rng.integers(1, 29))
    quiet = int(rng.integers(1, min(years - 1, 5)))
    calls = [
        dt.date(2022 + year, month + half, day)
        for year in range(1 + quiet, years)
        for half in (0, 6)
    ]
    return {
        "dated_date": dt.date(2012, month, day).isoformat(),
        "maturity_date": dt.date(2022 + years, month, day).isoformat(),
        "coupon": f"{rng.uniform(0.03, 0.06):.5f}",
        "day_count": "30/360",
        "call_schedule": [[call.isoformat(), "100"] for call in calls],
    }


def position(number: int, what: dict[str, Any]) -> PositionInput:
    return PositionInput(
        f"C{number}", "CALLABLE_BOND", "USD", what, {"quantity": "100", "spread": "0"}
    )


class Peer:
    """QuantLib's callable bonds on one relinkable curve and one model."""

    def __init__(self, book: list[dict[str, Any]]) -> None:
        ql.Settings.instance().evaluationDate = ql_date(AS_OF)
        self.handle = ql.RelinkableYieldTermStructureHandle()
        self.curves = [self._curve(float(shift)) for shift in SHIFTS]
        self.handle.linkTo(self.curves[0])
        self.model = ql.HullWhite(self.handle, REVERSION, SIGMA)
        self.bonds = [self._bond(what) for what in book]

    @staticmethod
    def _curve(shift: float) -> Any:
        dates = [ql_date(AS_OF), *(ql_date(date) for date in node_dates())]
        zeros = [NODES[0][1] + shift, *(zero + shift for _, zero in NODES)]
        curve = ql.ZeroCurve(
            dates, zeros, ql.Actual365Fixed(), ql.NullCalendar(), ql.Linear(), ql.Continuous
        )
        curve.enableExtrapolation()
        return curve

    @staticmethod
    def _bond(what: dict[str, Any]) -> Any:
        day = [
            ql_date(dt.date.fromisoformat(what[name])) for name in ("dated_date", "maturity_date")
        ]
        schedule = ql.Schedule(
            *day, ql.Period(6, ql.Months), ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted,
            ql.DateGeneration.Backward, False,
        )  # fmt: skip
        calls = ql.CallabilitySchedule()
        for date, price in what["call_schedule"]:
            at = ql.BondPrice(float(price), ql.BondPrice.Clean)
            calls.append(
                ql.Callability(at, ql.Callability.Call, ql_date(dt.date.fromisoformat(date)))
            )
        return ql.CallableFixedRateBond(
            0, 100.0, schedule, [float(what["coupon"])], ql.Thirty360(ql.Thirty360.BondBasis),
            ql.Unadjusted, 100.0, day[0], calls,
        )  # fmt: skip

    def engines(self, steps: int) -> None:
        engine = ql.TreeCallableFixedRateBondEngine(self.model, steps, self.handle)
        for bond in self.bonds:
            bond.setPricingEngine(engine)

    def values(self, scenarios: int) -> np.ndarray:
        out = np.empty((len(self.bonds), scenarios))
        for at in range(scenarios):
            self.handle.linkTo(self.curves[at])
            for row, bond in enumerate(self.bonds):
                out[row, at] = bond.NPV()
        return out


def test_callable_bonds_are_faster_and_no_less_accurate_than_a_tree_of_100_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(4)
    book = [terms(rng) for _ in range(OURS)]
    product = registry.product("CALLABLE_BOND")
    packed = product.pack([position(i, what) for i, what in enumerate(book)], Names())
    assert not any(packed.failures)
    market = states()
    ours = best(lambda: valuation.value(packed.batch, market)) / (OURS * SCENARIO_COUNT)
    found = valuation.value(packed.batch, market).values[:THEIRS]

    peer = Peer(book[:THEIRS])
    peer.engines(100)
    few = 10
    theirs = best(lambda: peer.values(few)) / (THEIRS * few)
    tree = peer.values(few)

    few_batch = packed.batch.take(np.arange(THEIRS))
    with monkeypatch.context() as patch:
        patch.setattr(grid, "NODES", (1025,))
        fine = valuation.value(few_batch, market).values
    peer.bonds = peer.bonds[:3]
    peer.engines(3000)
    converged = peer.values(1)
    error, tree_error = np.abs(found - fine), np.abs(tree - fine[:, :few])
    tracemalloc.start()
    valuation.value(packed.batch, market)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    results = OURS * SCENARIO_COUNT * 8
    print(
        f"\ncallable bonds: {ours * 1e6:.1f} us a valuation, QuantLib 100 steps "
        f"{theirs * 1e6:.0f} us: {theirs / ours:.1f} times"
        f"\n  error per 100: ours worst {error.max():.1e} mean {error.mean():.1e}, tree worst "
        f"{tree_error.max():.1e} mean {tree_error.mean():.1e}"
        f"\n  QuantLib 3,000 steps less the fine lattice: "
        f"{np.abs(converged - fine[:3, :1]).max():.1e}"
        f"\n  peak memory {peak / 1e6:.0f} MB, results {results / 1e6:.1f} MB; 100,000 x 100: "
        f"{(peak - results + 100_000 * 100 * 8) / 1e6:.0f} MB"
    )
    assert theirs >= 5.0 * ours
    assert error.max() <= min(1e-3, tree_error.max())
    assert error.mean() <= tree_error.mean()
