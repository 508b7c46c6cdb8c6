"""Valuations per second of loans and bonds against QuantLib-Python, in one process.

One valuation is one instrument under one scenario. Ours is the whole library call, from packed
terms to values; QuantLib's is pricing alone: its instruments and engines are built beforehand and
each scenario relinks one curve handle. CPU time, best of several, one thread.
"""

from __future__ import annotations

import datetime as dt
import os
import time
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
from tests.quantlib_oracle import ql_date

AS_OF = dt.date(2022, 12, 30)
SCENARIO_COUNT = 100
OURS, THEIRS = 50_000, 1_000
NODES = [(0.25, 0.0434), (1, 0.0462), (2, 0.0438), (5, 0.0395), (10, 0.0383), (30, 0.0401)]


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


def states() -> States:
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": AS_OF.isoformat(),
            "curves": [
                {
                    "name": "USD-TREASURY",
                    "currency": "USD",
                    "kind": "ZERO",
                    "nodes": [
                        [date.isoformat(), str(zero)]
                        for date, (_, zero) in zip(node_dates(), NODES, strict=True)
                    ],
                }
            ],
            "discount": {"USD": "USD-TREASURY"},
        }
    )
    shifts = np.linspace(-0.02, 0.03, SCENARIO_COUNT - 1)
    documents = [{"code": "BASE"}] + [
        {"code": f"S{i}", "shocks": [{"risk": "RATE", "size": f"{shift:.6f}"}]}
        for i, shift in enumerate(shifts)
    ]
    scenarios = [parse_scenario(document) for document in documents]
    cells = tuple(Cell("PV", scenario.code) for scenario in scenarios)
    return States(market, scenarios, Axis(cells, AS_OF, "USD"))


def loan_position(rng: np.random.Generator, number: int) -> tuple[PositionInput, int]:
    payments = int(rng.integers(1, 241))
    day = int(rng.integers(1, 29))
    first = dt.date(2023, 1, day)
    start = dt.date(2022, 12, day)
    balance = float(np.round(rng.uniform(5e4, 5e5), 2))
    terms: dict[str, Any] = {
        "start_date": start.isoformat(),
        "first_payment_date": first.isoformat(),
        "original_principal": str(balance),
        "rate": f"{rng.uniform(0.03, 0.08):.5f}",
        "interest_basis": str(rng.choice(["ACT/360", "30/360"])),
        "payments": payments,
        "prepayment": {"kind": "CPR", "speed": "0.06"},
    }
    state = {
        "outstanding_principal": str(balance),
        "next_due_date": first.isoformat(),
        "spread_source": "SUPPLIED",
        "spread": "0.015",
    }
    return PositionInput(f"L{number}", "AMORT_LOAN", "USD", terms, state), payments


def bond_position(rng: np.random.Generator, number: int) -> tuple[PositionInput, int]:
    years = int(rng.integers(1, 31))
    maturity = dt.date(2022 + years, int(rng.integers(1, 13)), int(rng.integers(1, 29)))
    if maturity <= AS_OF:
        maturity = maturity.replace(year=maturity.year + 1)
    terms = {
        "dated_date": dt.date(maturity.year - 35, maturity.month, maturity.day).isoformat(),
        "maturity_date": maturity.isoformat(),
        "coupon": f"{rng.uniform(0.01, 0.07):.5f}",
        "day_count": "30/360",
        "frequency": "SEMIANNUAL",
    }
    state = {"quantity": "1000000", "spread_source": "SUPPLIED", "spread": "0.015"}
    return PositionInput(f"B{number}", "FIXED_BOND", "USD", terms, state), years


def packed(make: Any, product_type: str) -> Batch:
    rng = np.random.default_rng(1)
    positions = [make(rng, number)[0] for number in range(OURS)]
    result = registry.product(product_type).pack(positions, Names())
    assert not any(result.failures)
    return result.batch


class Peer:
    """QuantLib instruments on one relinkable curve."""

    def __init__(self) -> None:
        ql.Settings.instance().evaluationDate = ql_date(AS_OF)
        self.handle = ql.RelinkableYieldTermStructureHandle()
        spread = ql.QuoteHandle(ql.SimpleQuote(0.015))
        discounting = ql.YieldTermStructureHandle(ql.ZeroSpreadedTermStructure(self.handle, spread))
        self.engine = ql.DiscountingBondEngine(discounting)
        self.curves = [self._curve(shift) for shift in np.linspace(-0.02, 0.03, SCENARIO_COUNT)]
        self.instruments: list[Any] = []

    @staticmethod
    def _curve(shift: float) -> Any:
        dates = [ql_date(AS_OF), *(ql_date(date) for date in node_dates())]
        zeros = [NODES[0][1] + shift, *(zero + shift for _, zero in NODES)]
        curve = ql.ZeroCurve(
            dates, zeros, ql.Actual365Fixed(), ql.NullCalendar(), ql.Linear(), ql.Continuous
        )
        curve.enableExtrapolation()
        return curve

    def add_loans(self) -> None:
        rng = np.random.default_rng(1)
        for number in range(THEIRS):
            position, payments = loan_position(rng, number)
            balance = float(position.terms["original_principal"])
            rate = float(position.terms["rate"])
            start = ql_date(dt.date.fromisoformat(position.terms["start_date"]))
            term = ql.Period(payments, ql.Months)
            schedule = ql.sinkingSchedule(start, term, ql.Monthly, ql.NullCalendar())
            notionals = ql.sinkingNotionals(term, ql.Monthly, rate, balance)
            bond = ql.AmortizingFixedRateBond(
                0, notionals, schedule, [rate], ql.Thirty360(ql.Thirty360.BondBasis)
            )
            bond.setPricingEngine(self.engine)
            self.instruments.append(bond)

    def add_bonds(self) -> None:
        rng = np.random.default_rng(1)
        for number in range(THEIRS):
            position, _ = bond_position(rng, number)
            schedule = ql.Schedule(
                ql_date(dt.date.fromisoformat(position.terms["dated_date"])),
                ql_date(dt.date.fromisoformat(position.terms["maturity_date"])),
                ql.Period(6, ql.Months),
                ql.NullCalendar(),
                ql.Unadjusted,
                ql.Unadjusted,
                ql.DateGeneration.Backward,
                False,
            )
            bond = ql.FixedRateBond(
                0,
                1e6,
                schedule,
                [float(position.terms["coupon"])],
                ql.Thirty360(ql.Thirty360.BondBasis),
            )
            bond.setPricingEngine(self.engine)
            self.instruments.append(bond)

    def value(self) -> float:
        total = 0.0
        for curve in self.curves:
            self.handle.linkTo(curve)
            for instrument in self.instruments:
                total += instrument.NPV()
        return total


@pytest.mark.parametrize(
    ("product_type", "make", "add", "target"),
    [
        ("AMORT_LOAN", loan_position, Peer.add_loans, {"record": 250, "fast": 500}),
        ("FIXED_BOND", bond_position, Peer.add_bonds, {"record": 250, "fast": 500}),
    ],
    ids=["loans", "bonds"],
)
def test_valuations_per_second(
    product_type: str, make: Any, add: Any, target: dict[str, int], record_property: Any
) -> None:
    # A second BLAS thread spins while it waits: its CPU time would be charged to the fast profile.
    assert os.environ.get("OPENBLAS_NUM_THREADS") == "1", "one thread is measured: `make bench`"
    batch, peer = packed(make, product_type), Peer()
    add(peer)
    prepared = states()
    theirs = THEIRS * SCENARIO_COUNT / best(peer.value)
    print(f"\n{product_type}: QuantLib {theirs:,.0f} valuations/s")
    for profile, ratio in target.items():
        valuation.value(batch, prepared, prepared.axis, profile=profile)
        seconds = best(lambda p=profile: valuation.value(batch, prepared, prepared.axis, profile=p))
        ours = OURS * SCENARIO_COUNT / seconds
        record_property(f"{product_type}.{profile}.ratio", ours / theirs)
        print(
            f"{product_type} {profile}: {ours:,.0f} valuations/s, "
            f"{ours / theirs:,.0f} times QuantLib (target {ratio})"
        )
