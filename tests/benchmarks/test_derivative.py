"""Valuations per second of derivatives against QuantLib-Python, in one process.

One valuation is one instrument under one scenario. Ours is the whole library call, from packed
terms to values, rates of every period included; QuantLib's is pricing alone: its instruments and
engines are built beforehand and each scenario relinks one curve handle. CPU time, one thread.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import QuantLib as ql

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Batch, Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States
from tests.quantlib_derivatives import (
    DAY,
    GOVT,
    SWAP_NODES,
    TODAY,
    curve,
    evaluated,
    iso,
    market,
    schedule,
    sofr,
    term_index,
)

SCENARIO_COUNT = 100
SHIFTS = np.round(np.linspace(-0.02, 0.03, SCENARIO_COUNT), 6)
OURS = int(os.environ.get("TIEOUT_BENCH_DERIVATIVES", "20000"))
THEIRS = 60


def best(call: Callable[[], Any], repeats: int = 3) -> float:
    """Return the least CPU seconds of a call."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def states() -> States:
    """Return one curve under parallel shifts, projection and discounting."""
    document = market(
        discount={"USD": "USD-SWAP", "EUR": "EUR-SWAP"},
        volatilities=[
            {"name": kind, "currency": "USD", "kind": kind, "model": "NORMAL",
             "expiries": ["1Y", "10Y"], "values": [["0.01"], ["0.01"]],
             **({"tenors": ["5Y"]} if kind == "SWAPTION" else {})}
            for kind in ("CAP", "SWAPTION")
        ],
        credit=[{"name": "ACME", "currency": "USD", "recovery": "0.4",
                 "nodes": [["2060-12-30", "0.02"]]}],
    )  # fmt: skip
    document["indices"]["SOFR"]["curve"] = "USD-SWAP"
    documents = [{"code": "BASE"}] + [
        {"code": f"S{i}", "shocks": [{"risk": "RATE", "size": f"{shift:.6f}"}]}
        for i, shift in enumerate(SHIFTS[1:])
    ]
    scenarios = [parse_scenario(document) for document in documents]
    cells = tuple(Cell("PV", scenario.code) for scenario in scenarios)
    return States(snapshot.parse(document), scenarios, Axis(cells, DAY, "USD"))


def dates(rng: np.random.Generator) -> tuple[ql.Date, ql.Date]:
    """Return a start on a business day of the last months and a maturity in whole years."""
    start = GOVT.adjust(TODAY - int(rng.integers(0, 80)), ql.ModifiedFollowing)
    return start, start + ql.Period(int(rng.integers(1, 31)), ql.Years)


def terms(kind: str, rng: np.random.Generator) -> dict[str, Any]:
    """Return a contract of a kind."""
    start, maturity = dates(rng)
    life = {"start_date": iso(start), "maturity_date": iso(maturity), "notional": "1000000"}
    rate = f"{rng.uniform(0.02, 0.06):.5f}"
    floating = {"index": "TERM", "day_count": "ACT/360", "calendar": "US-GOVT"}
    fixed = {"rate": rate, "frequency": "SEMIANNUAL", "day_count": "30/360",
             "calendar": "US-GOVT"}  # fmt: skip
    if kind == "IRS":
        return {"kind": kind, "receive": floating, "pay": fixed, **life}
    if kind == "OIS":
        leg = {"day_count": "ACT/360", "frequency": "ANNUAL", "calendar": "US-GOVT"}
        return {"kind": kind, "receive": {"index": "SOFR", **leg}, "pay": {"rate": rate, **leg},
                **life}  # fmt: skip
    if kind == "CAP_FLOOR":
        return {"kind": kind, "option": "CAP", "strike": rate, "leg": floating, **life}
    if kind == "SWAPTION":
        expiry = GOVT.adjust(TODAY + int(rng.integers(20, 3000)), ql.ModifiedFollowing)
        return {"kind": kind, "option": "PAYER", "expiry_date": iso(expiry), "notional": "1000000",
                "start_date": iso(expiry), "maturity_date": iso(expiry + ql.Period(5, ql.Years)),
                "fixed": fixed, "floating": floating}  # fmt: skip
    years = int(rng.integers(1, 11))
    return {"kind": kind, "protection": "BOUGHT", "credit": "ACME", "premium": "0.01",
            "start_date": "2022-12-20", "maturity_date": f"{2022 + years}-12-20",
            "integration": "MID_POINT", "notional": "1000000"}  # fmt: skip


def packed(kind: str) -> Batch:
    """Return our positions of a kind."""
    rng = np.random.default_rng(1)
    inputs = [PositionInput(str(i), "DERIVATIVE", "USD", terms(kind, rng)) for i in range(OURS)]
    found = registry.product("DERIVATIVE").pack(inputs, Names())
    assert not any(found.failures)
    return found.batch


class Peer:
    """QuantLib instruments of a kind on one relinkable curve: the first of ours."""

    def __init__(self, kind: str) -> None:
        self.handle = ql.RelinkableYieldTermStructureHandle()
        self.curves = [
            curve(SWAP_NODES, float(shift)).currentLink() for shift in [0.0, *SHIFTS[1:]]
        ]
        self.handle.linkTo(self.curves[0])
        self.term, self.overnight = term_index(self.handle), sofr(self.handle)
        rng = np.random.default_rng(1)
        contracts = [terms(kind, rng) for _ in range(THEIRS)]
        self.instruments = [getattr(self, kind.lower())(contract) for contract in contracts]

    def _swap(self, contract: dict[str, Any], rate: str) -> ql.VanillaSwap:
        start = ql.Date(contract["start_date"], "%Y-%m-%d")
        maturity = ql.Date(contract["maturity_date"], "%Y-%m-%d")
        return ql.VanillaSwap(
            ql.Swap.Payer, 1e6, schedule(start, maturity, 6), float(rate),
            ql.Thirty360(ql.Thirty360.BondBasis), schedule(start, maturity, 3), self.term, 0.0,
            ql.Actual360(),
        )  # fmt: skip

    def irs(self, contract: dict[str, Any]) -> Any:
        swap = self._swap(contract, contract["pay"]["rate"])
        swap.setPricingEngine(ql.DiscountingSwapEngine(self.handle))
        return swap

    def ois(self, contract: dict[str, Any]) -> Any:
        start = ql.Date(contract["start_date"], "%Y-%m-%d")
        maturity = ql.Date(contract["maturity_date"], "%Y-%m-%d")
        swap = ql.OvernightIndexedSwap(
            ql.Swap.Payer, 1e6, schedule(start, maturity, 12), float(contract["pay"]["rate"]),
            ql.Actual360(), self.overnight,
        )  # fmt: skip
        swap.setPricingEngine(ql.DiscountingSwapEngine(self.handle))
        return swap

    def cap_floor(self, contract: dict[str, Any]) -> Any:
        start = ql.Date(contract["start_date"], "%Y-%m-%d")
        maturity = ql.Date(contract["maturity_date"], "%Y-%m-%d")
        leg = ql.IborLeg([1e6], schedule(start, maturity, 3), self.term, ql.Actual360())
        cap = ql.Cap(leg, [float(contract["strike"])])
        quote = ql.QuoteHandle(ql.SimpleQuote(0.01))
        cap.setPricingEngine(ql.BachelierCapFloorEngine(self.handle, quote))
        return cap

    def swaption(self, contract: dict[str, Any]) -> Any:
        swap = self._swap(contract, contract["fixed"]["rate"])
        expiry = ql.Date(contract["expiry_date"], "%Y-%m-%d")
        right = ql.Swaption(swap, ql.EuropeanExercise(expiry))
        quote = ql.QuoteHandle(ql.SimpleQuote(0.01))
        right.setPricingEngine(ql.BachelierSwaptionEngine(self.handle, quote))
        return right

    def cds(self, contract: dict[str, Any]) -> Any:
        maturity = ql.Date(contract["maturity_date"], "%Y-%m-%d")
        due = ql.Schedule(
            ql.Date(20, 12, 2022), maturity, ql.Period(3, ql.Months), ql.WeekendsOnly(),
            ql.Following, ql.Unadjusted, ql.DateGeneration.CDS2015, False,
        )  # fmt: skip
        swap = ql.CreditDefaultSwap(
            ql.Protection.Buyer, 1e6, 0.01, due, ql.Following, ql.Actual360(), True, True,
            ql.Date(20, 12, 2022), ql.FaceValueClaim(), ql.Actual360(True), False, TODAY,
        )  # fmt: skip
        hazard = ql.FlatHazardRate(TODAY, ql.QuoteHandle(ql.SimpleQuote(0.02)), ql.Actual365Fixed())
        survival = ql.DefaultProbabilityTermStructureHandle(hazard)
        swap.setPricingEngine(ql.MidPointCdsEngine(survival, 0.4, self.handle))
        return swap

    def value(self) -> list[float]:
        """Return values by scenario and instrument."""
        found = []
        for link in self.curves:
            self.handle.linkTo(link)
            found.extend(instrument.NPV() for instrument in self.instruments)
        return found


@pytest.mark.parametrize("kind", ["IRS", "OIS", "CAP_FLOOR", "SWAPTION", "CDS"])
def test_derivatives_per_second(kind: str, record_property: Any) -> None:
    assert os.environ.get("OPENBLAS_NUM_THREADS") == "1", "one thread is measured: `make bench`"
    with evaluated():
        batch, peer = packed(kind), Peer(kind)
        prepared = states()
        valued = valuation.value(batch, prepared)
        assert not any(valued.failures)
        # Both sides value the same contracts.
        wanted = np.reshape(peer.value(), (SCENARIO_COUNT, THEIRS)).T
        np.testing.assert_allclose(valued.values[:THEIRS], wanted, atol=1e-5)
        theirs = THEIRS * SCENARIO_COUNT / best(peer.value, 2)
    ours = OURS * SCENARIO_COUNT / best(lambda: valuation.value(batch, prepared))
    tracemalloc.start()
    valuation.value(batch, prepared)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    record_property(f"{kind}.ratio", ours / theirs)
    record_property(f"{kind}.peak_bytes", peak)
    print(
        f"\n{kind}: {ours:,.0f} valuations/s, QuantLib {theirs:,.0f}: {ours / theirs:,.0f} times; "
        f"peak {peak / 2**20:,.0f} MiB for {OURS:,} x {SCENARIO_COUNT}"
    )
