"""Floating loans against QuantLib-Python in one process: term SOFR, a floor, linear amortisation.

One valuation is one loan under one scenario. Ours is the whole library call, from packed terms to
values; QuantLib's is pricing alone: bonds, index and floorlet pricers are built beforehand and each
scenario relinks two curve handles. CPU time, best of several, one thread.
"""

from __future__ import annotations

import datetime as dt
import resource
from typing import Any

import numpy as np
import QuantLib as ql

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Batch, Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States
from tests.benchmarks.test_valuations import AS_OF, NODES, best, node_dates
from tests.quantlib_oracle import ql_date

SCENARIO_COUNT = 100
OURS, THEIRS, RECURSIVE = 50_000, 300, 2_000
TARGET = 300
SHIFTS = np.linspace(-0.02, 0.03, SCENARIO_COUNT)
VOLATILITY = 0.0105
BASIS = 0.0011
"""How much the projection curve lies above the discount curve."""


def market() -> dict[str, Any]:
    def curve(name: str, shift: float) -> dict[str, Any]:
        nodes = [
            [date.isoformat(), f"{zero + shift:.6f}"]
            for date, (_, zero) in zip(node_dates(), NODES, strict=True)
        ]
        return {"name": name, "currency": "USD", "kind": "ZERO", "nodes": nodes}

    return {
        "format": "tieout.market/1",
        "as_of": AS_OF.isoformat(),
        "curves": [curve("USD-TREASURY", 0.0), curve("USD-TERM", BASIS)],
        "discount": {"USD": "USD-TREASURY"},
        "indices": {
            "TERM_SOFR_1M": {
                "currency": "USD", "kind": "TERM", "tenor": "1M", "day_count": "ACT/360",
                "calendar": "NONE", "roll": "UNADJUSTED", "curve": "USD-TERM",
            }
        },
        "volatilities": [
            {
                "name": "USD-CAP", "currency": "USD", "kind": "CAP", "model": "NORMAL",
                "expiries": ["1Y"], "values": [[repr(VOLATILITY)]],
            }
        ],
    }  # fmt: skip


def states() -> States:
    documents = [{"code": "BASE"}] + [
        {"code": f"S{i}", "shocks": [{"risk": "RATE", "size": f"{shift:.6f}"}]}
        for i, shift in enumerate(SHIFTS[1:])
    ]
    scenarios = [parse_scenario(document) for document in documents]
    cells = tuple(Cell("PV", scenario.code) for scenario in scenarios)
    return States(snapshot.parse(market()), scenarios, Axis(cells, AS_OF, "USD"))


def loan(rng: np.random.Generator, number: int) -> tuple[PositionInput, int]:
    payments = int(rng.integers(12, 241))
    day = int(rng.integers(1, 29))
    balance = float(np.round(rng.uniform(5e4, 5e6), 2))
    terms: dict[str, Any] = {
        "start_date": dt.date(2022, 12, day).isoformat(),
        "first_payment_date": dt.date(2023, 1, day).isoformat(),
        "original_principal": str(balance),
        "interest_basis": "ACT/360",
        "payments": payments,
        "amortisation": "LINEAR",
        "floating": {
            "index": "TERM_SOFR_1M",
            "margin": f"{rng.uniform(0.0175, 0.045):.4f}",
            "index_floor": str(rng.choice(["0", "0.005", "0.01"])),
        },
    }
    state = {"current_rate": "0.06", "spread": "0.015"}
    return PositionInput(f"L{number}", "AMORT_LOAN", "USD", terms, state), payments


def packed(count: int, **floating: str) -> Batch:
    rng = np.random.default_rng(1)
    positions = [loan(rng, number)[0] for number in range(count)]
    for position in positions:
        position.terms["floating"].update(floating)  # type: ignore[index]
    result = registry.product("AMORT_LOAN").pack(positions, Names())
    assert not any(result.failures)
    return result.batch


class Peer:
    """QuantLib's amortising floating bonds on two relinkable curves."""

    def __init__(self, volatility: float = 0.0) -> None:
        ql.Settings.instance().evaluationDate = ql_date(AS_OF)
        self.discount = ql.RelinkableYieldTermStructureHandle()
        self.projection = ql.RelinkableYieldTermStructureHandle()
        spread = ql.QuoteHandle(ql.SimpleQuote(0.015))
        curve = ql.YieldTermStructureHandle(ql.ZeroSpreadedTermStructure(self.discount, spread))
        self.engine = ql.DiscountingBondEngine(curve)
        self.index = ql.IborIndex(
            "TERM", ql.Period(1, ql.Months), 0, ql.USDCurrency(), ql.NullCalendar(),
            ql.Unadjusted, False, ql.Actual360(), self.projection,
        )  # fmt: skip
        for day in range(1, 31):
            self.index.addFixing(ql.Date(day, 12, 2022), 0.04)
        self.pricer = ql.BlackIborCouponPricer()
        # A floor without volatility is the intrinsic value that our projection has.
        self.pricer.setCapletVolatility(
            ql.OptionletVolatilityStructureHandle(
                ql.ConstantOptionletVolatility(
                    0, ql.NullCalendar(), ql.Unadjusted, volatility, ql.Actual365Fixed(), ql.Normal
                )
            )
        )
        self.curves = [(self._curve(s), self._curve(s + BASIS)) for s in SHIFTS]
        self.bonds = [self._bond(*loan(rng, n)) for rng in [np.random.default_rng(1)]
                      for n in range(THEIRS)]  # fmt: skip

    @staticmethod
    def _curve(shift: float) -> Any:
        dates = [ql_date(AS_OF), *(ql_date(date) for date in node_dates())]
        zeros = [NODES[0][1] + shift, *(zero + shift for _, zero in NODES)]
        curve = ql.ZeroCurve(
            dates, zeros, ql.Actual365Fixed(), ql.NullCalendar(), ql.Linear(), ql.Continuous
        )
        curve.enableExtrapolation()
        return curve

    def _bond(self, position: PositionInput, payments: int) -> Any:
        terms = position.terms
        balance = float(terms["original_principal"])
        start = ql_date(dt.date.fromisoformat(terms["start_date"]))
        schedule = ql.Schedule(
            start, start + ql.Period(payments, ql.Months), ql.Period(1, ql.Months),
            ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Forward, False,
        )  # fmt: skip
        notionals = [balance * (1 - k / payments) for k in range(payments)]
        margin = float(terms["floating"]["margin"])
        bond = ql.AmortizingFloatingRateBond(
            0, notionals, schedule, self.index, ql.Actual360(), ql.Unadjusted, 0, [1.0],
            [margin], [], [margin + float(terms["floating"]["index_floor"])],
        )  # fmt: skip
        ql.setCouponPricer(bond.cashflows(), self.pricer)
        bond.setPricingEngine(self.engine)
        return bond

    def value(self) -> float:
        total = 0.0
        for discount, projection in self.curves:
            self.discount.linkTo(discount)
            self.projection.linkTo(projection)
            for bond in self.bonds:
                total += bond.NPV()
        return total


def test_floating_valuations_per_second(record_property: Any) -> None:
    prepared = states()
    theirs, valued = (THEIRS * SCENARIO_COUNT / best(Peer(v).value, 2) for v in (0.0, VOLATILITY))
    print(f"\nQuantLib {theirs:,.0f} valuations/s, {valued:,.0f} with time value of floors")
    for name, batch, peer in (
        ("balances fixed", packed(OURS), theirs),
        ("time value", packed(OURS, option_model="VOLATILITY"), valued),
        ("recursive", packed(RECURSIVE, periodic_cap="0.5"), theirs),
    ):
        valuation.value(batch, prepared)
        seconds = best(lambda b=batch: valuation.value(b, prepared))
        ours = len(batch) * SCENARIO_COUNT / seconds
        record_property(f"AMORT_LOAN.floating.{name}.ratio", ours / peer)
        print(
            f"{name}: {ours:,.0f} valuations/s, {ours / peer:,.0f} times QuantLib "
            f"(target {TARGET} where balances are fixed)"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MB with {OURS:,} loans x {SCENARIO_COUNT} scenarios")
