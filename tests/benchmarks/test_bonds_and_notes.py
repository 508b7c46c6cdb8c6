"""Yields, floating notes and linkers beside QuantLib-Python in the same process.

A valuation is one position in one scenario; CPU time, one thread. Ratios are printed and recorded;
nothing fails.
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
from pricing.axis import Axis, Cell, default_cells
from pricing.batch import Batch, Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse

AS_OF = dt.date(2022, 12, 30)
OURS, THEIRS, SCENARIOS = 20_000, 100, 100
NODES = (("2023-06-30", 0.046), ("2027-12-30", 0.04), ("2052-12-30", 0.039))
GOVT = ql.UnitedStates(ql.UnitedStates.GovernmentBond)


def ql_date(date: dt.date) -> ql.Date:
    return ql.Date(date.day, date.month, date.year)


def market() -> dict[str, Any]:
    return {
        "format": "tieout.market/1",
        "as_of": AS_OF.isoformat(),
        "curves": [
            {"name": "ZERO", "currency": "USD", "nodes": [[day, repr(zero)] for day, zero in NODES]}
        ],
        "discount": {"USD": "ZERO"},
        "spreads": [{"currency": "USD", "rating": "A", "sector": "ALL", "nodes": [["5Y", "0"]]}],
        "indices": {
            "TERM_3M": {
                "currency": "USD",
                "kind": "TERM",
                "tenor": "3M",
                "day_count": "ACT/360",
                "calendar": "US-GOVT",
                "fixing_lag_days": 2,
                "curve": "ZERO",
            }
        },
        "fixings": {
            "TERM_3M": [
                [(AS_OF - dt.timedelta(days=back)).isoformat(), "0.045"]
                for back in range(120, -1, -1)
            ]
        },
        "inflation": {
            "CPI": {
                "currency": "USD",
                "history": [
                    [f"{2020 + m // 12}-{1 + m % 12:02d}", f"{258 + m}"] for m in range(35)
                ],
                "nodes": [["2052-12-30", "0.024"]],
            }
        },
    }


def states(measures: tuple[str, ...], scenarios: int = SCENARIOS) -> States:
    documents: list[dict[str, Any]] = [{"code": "BASE"}]
    documents += [
        {"code": f"S{n}", "shocks": [{"risk": "RATE", "size": f"{n * 1e-3:.4f}"}]}
        for n in range(1, scenarios)
    ]
    codes = [document["code"] for document in documents]
    cells = default_cells(measures, codes, ["USD"], "USD")
    read = [parse(document) for document in documents]
    return States(snapshot.parse(market()), read, Axis(cells, AS_OF, "USD"))


def maturity(rng: np.random.Generator) -> dt.date:
    return AS_OF + dt.timedelta(days=int(rng.integers(200, 3_600)))


def note(rng: np.random.Generator, number: int) -> PositionInput:
    terms = {
        "dated_date": "2022-11-15",
        "maturity_date": maturity(rng).isoformat(),
        "index": "TERM_3M",
        "margin": f"{rng.uniform(0.001, 0.03):.5f}",
        "day_count": "ACT/360",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
    }
    state = {"quantity": "1000000", "spread": "0.01"}
    return PositionInput(f"N{number}", "FLOATING_NOTE", "USD", terms, state, "A", "ALL")


def bond(rng: np.random.Generator, number: int) -> PositionInput:
    terms = {
        "dated_date": "2010-02-15",
        "maturity_date": maturity(rng).isoformat(),
        "coupon": f"{rng.uniform(0.01, 0.07):.5f}",
        "day_count": "30/360",
    }
    price = f"{rng.uniform(85, 110):.3f}"
    state = {"quantity": "1000000", "spread_source": "MARK", "mark_price": price}
    return PositionInput(f"B{number}", "FIXED_BOND", "USD", terms, state, "A", "ALL")


def linker(rng: np.random.Generator, number: int) -> PositionInput:
    terms = {
        "dated_date": "2021-02-15",
        "maturity_date": maturity(rng).isoformat(),
        "coupon": f"{rng.uniform(0.0, 0.03):.5f}",
        "day_count": "ACT/ACT ICMA",
        "index": "CPI",
    }
    state = {"quantity": "1000000", "spread": "0"}
    return PositionInput(f"I{number}", "INFLATION_BOND", "USD", terms, state, "A", "ALL")


def packed(make: Callable[[np.random.Generator, int], PositionInput]) -> Batch:
    rng = np.random.default_rng(1)
    positions = [make(rng, number) for number in range(OURS)]
    found = product(positions[0].product_type).pack(positions, Names())
    assert not any(found.failures)
    return found.batch


def best(work: Callable[[], object], times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return min(seconds)


class Peer:
    """QuantLib's curve, moved from scenario to scenario."""

    def __init__(self) -> None:
        ql.Settings.instance().evaluationDate = ql_date(AS_OF)
        self.handle = ql.RelinkableYieldTermStructureHandle()
        spread = ql.QuoteHandle(ql.SimpleQuote(0.01))
        credit = ql.YieldTermStructureHandle(ql.ZeroSpreadedTermStructure(self.handle, spread))
        self.engine = ql.DiscountingBondEngine(credit)
        self.curves = [self._curve(n * 1e-3) for n in range(SCENARIOS)]
        self.handle.linkTo(self.curves[0])

    @staticmethod
    def _curve(shift: float) -> Any:
        days = [ql_date(AS_OF), *(ql_date(dt.date.fromisoformat(day)) for day, _ in NODES)]
        zeros = [NODES[0][1] + shift, *(zero + shift for _, zero in NODES)]
        curve = ql.ZeroCurve(
            days, zeros, ql.Actual365Fixed(), ql.NullCalendar(), ql.Linear(), ql.Continuous
        )
        curve.enableExtrapolation()
        return curve

    def notes(self) -> list[Any]:
        index = ql.IborIndex(
            "TERM_3M", ql.Period(3, ql.Months), 2, ql.USDCurrency(), GOVT, ql.ModifiedFollowing,
            True, ql.Actual360(), self.handle,
        )  # fmt: skip
        for back in range(120, -1, -1):
            day = ql_date(AS_OF - dt.timedelta(days=back))
            if GOVT.isBusinessDay(day):
                index.addFixing(day, 0.045)
        rng = np.random.default_rng(1)
        found = []
        for number in range(THEIRS):
            terms = note(rng, number).terms
            schedule = ql.Schedule(
                ql_date(dt.date.fromisoformat(terms["dated_date"])),
                ql_date(dt.date.fromisoformat(terms["maturity_date"])), ql.Period(3, ql.Months),
                GOVT, ql.ModifiedFollowing, ql.ModifiedFollowing, ql.DateGeneration.Backward, False,
            )  # fmt: skip
            one = ql.FloatingRateBond(
                0, 1e6, schedule, index, ql.Actual360(), ql.ModifiedFollowing, 2, [1.0],
                [float(terms["margin"])],
            )  # fmt: skip
            one.setPricingEngine(self.engine)
            found.append(one)
        return found

    def value(self, instruments: list[Any]) -> float:
        total = 0.0
        for curve in self.curves:
            self.handle.linkTo(curve)
            total += sum(instrument.NPV() for instrument in instruments)
        return total


def test_floating_notes_per_second(record_property: Any) -> None:
    peer = Peer()
    theirs_of = peer.notes()
    theirs = THEIRS * SCENARIOS / best(lambda: peer.value(theirs_of))
    batch, prepared = packed(note), states(("PV",))
    valuation.value(batch, prepared)
    ours = OURS * SCENARIOS / best(lambda: valuation.value(batch, prepared))
    record_property("FLOATING_NOTE.ratio", ours / theirs)
    print(
        f"\nFLOATING_NOTE: {ours:,.0f} valuations/s, QuantLib {theirs:,.0f}: {ours / theirs:,.0f}"
    )


def test_yields_per_second(record_property: Any) -> None:
    peer = Peer()
    assert peer.curves
    rng = np.random.default_rng(1)
    found = []
    for number in range(THEIRS):
        position = bond(rng, number)
        schedule = ql.Schedule(
            ql_date(dt.date.fromisoformat(position.terms["dated_date"])),
            ql_date(dt.date.fromisoformat(position.terms["maturity_date"])),
            ql.Period(6, ql.Months), ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted,
            ql.DateGeneration.Backward, False,
        )  # fmt: skip
        counter = ql.Thirty360(ql.Thirty360.BondBasis)
        one = ql.FixedRateBond(0, 100.0, schedule, [float(position.terms["coupon"])], counter)
        price = ql.BondPrice(float(position.state["mark_price"]), ql.BondPrice.Clean)
        found.append((one, price, counter))

    def solve() -> None:
        for one, price, counter in found:
            ql.BondFunctions.bondYield(
                one, price, counter, ql.Compounded, ql.Semiannual, ql_date(AS_OF), 1e-12, 100
            )

    theirs = THEIRS / best(solve)
    batch = packed(bond)
    axis = Axis((Cell("YIELD_SEMI_BOND", "BASE"),), AS_OF, "USD")
    prepared = States(snapshot.parse(market()), [parse({"code": "BASE"})], axis)
    # Our figure includes the spread solved from the mark, and the price made from it.
    ours = OURS / best(lambda: valuation.value(batch, prepared))
    record_property("YIELD_SEMI_BOND.ratio", ours / theirs)
    print(f"\nYIELD_SEMI_BOND: {ours:,.0f} yields/s, QuantLib {theirs:,.0f}: {ours / theirs:,.0f}")


@pytest.mark.parametrize("make", [note, linker], ids=["notes", "linkers"])
def test_peak_memory_of_a_batch(make: Any, record_property: Any) -> None:
    batch, prepared = packed(make), states(("PV", "DV01", "KEY_RATE_DV01", "CS01"))
    valuation.value(batch, prepared)
    tracemalloc.start()
    begun = time.process_time()
    valuation.value(batch, prepared)
    seconds = time.process_time() - begun
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    record_property(f"{batch.product_type}.peak_mb", peak)
    print(f"\n{batch.product_type}: {len(batch)} x {len(prepared.axis)} cells, "
          f"{seconds:.2f} s, peak {peak:.0f} MB")  # fmt: skip
