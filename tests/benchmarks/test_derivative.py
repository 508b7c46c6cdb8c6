"""Valuations per second of derivatives against QuantLib-Python, in one process.

One valuation is one instrument under one scenario. Ours is the whole library call, from packed
terms to values, rates of every period included; QuantLib's is pricing alone: its instruments and
engines are built beforehand and each scenario relinks one curve handle. CPU time, one thread.
"""

from __future__ import annotations

import datetime as dt
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
    A365,
    DAY,
    EUR_NODES,
    FX,
    GOVT,
    MF,
    SWAP_NODES,
    TARGET,
    TODAY,
    curve,
    euribor,
    evaluated,
    iso,
    market,
    q_date,
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
    # The ISDA model, ours and QuantLib's, has flat forwards between nodes.
    document["curves"].append(
        {"name": "USD-FLAT-FORWARD", "currency": "USD", "interpolation": "LOG_LINEAR_DISCOUNT",
         "nodes": [[day, repr(zero)] for day, zero in SWAP_NODES]}
    )  # fmt: skip
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
    if kind == "BASIS":
        daily = {**floating, "index": "SOFR", "spread": "0.001"}
        return {"kind": kind, "receive": floating, "pay": daily, **life}
    if kind == "XCCY":
        euros = {"index": "EURO", "currency": "EUR", "notional": "900000", "day_count": "ACT/360",
                 "frequency": "SEMIANNUAL", "calendar": "TARGET", "spread": "-0.001"}  # fmt: skip
        return {"kind": kind, "receive": {**floating, "notional": "1000000"}, "pay": euros, **life}
    if kind == "FX_FWD":
        paid = DAY + dt.timedelta(days=int(rng.integers(1, 700)))
        return {"bought_currency": "EUR", "bought_amount": "1000000", "sold_currency": "USD",
                "sold_amount": "1079000", "maturity_date": paid.isoformat()}  # fmt: skip
    if kind == "FX_SWAP":
        near = DAY + dt.timedelta(days=int(rng.integers(1, 10)))
        far = near + dt.timedelta(days=int(rng.integers(20, 700)))
        return {"kind": kind, "bought_currency": "EUR", "bought_amount": "1000000",
                "sold_currency": "USD", "sold_amount": "1066600", "far_sold_amount": "1079000",
                "start_date": near.isoformat(), "maturity_date": far.isoformat()}  # fmt: skip
    years = int(rng.integers(1, 11))
    model = (
        {"integration": "MID_POINT"}
        if kind == "CDS_MID_POINT"
        else {"integration": "ISDA", "discount_curve": "USD-FLAT-FORWARD"}
    )
    return {"kind": "CDS", "protection": "BOUGHT", "credit": "ACME", "premium": "0.01",
            "start_date": "2022-12-20", "maturity_date": f"{2022 + years}-12-20",
            "notional": "1000000", **model}  # fmt: skip


def packed(kind: str) -> Batch:
    """Return our positions of a kind."""
    rng = np.random.default_rng(1)
    product_type = "FX_FWD" if kind == "FX_FWD" else "DERIVATIVE"
    inputs = [PositionInput(str(i), product_type, "USD", terms(kind, rng)) for i in range(OURS)]
    found = registry.product(product_type).pack(inputs, Names())
    assert not any(found.failures)
    return found.batch


def flat_forwards(shift: float) -> ql.YieldTermStructure:
    """Return the dollar curve with flat forwards between nodes, as ISDA's engine asks for."""
    days = [TODAY, *(q_date(day) for day, _ in SWAP_NODES)]
    grown = [0.0, *((z + shift) * (q_date(day) - TODAY) / 365 for day, z in SWAP_NODES)]
    steps = [
        (b - a) * 365 / (end - start)
        for a, b, start, end in zip(grown, grown[1:], days, days[1:], strict=False)
    ]
    found = ql.ForwardCurve(days, [steps[0], *steps], A365)
    found.enableExtrapolation()
    return found


class Legs:
    """Flows of two currencies on their curves, less each other in dollars."""

    def __init__(self, dollars: Any, euros: Any, on: ql.YieldTermStructureHandle, eur: Any) -> None:
        self.legs = ((dollars, on, 1.0), (euros, eur, FX))

    def NPV(self) -> float:
        """Return the value in dollars, by the name that QuantLib's instruments have for it."""
        return sum(
            fx * ql.CashFlows.npv(leg, curve.currentLink(), False) for leg, curve, fx in self.legs
        )


class Peer:
    """QuantLib instruments of a kind on relinkable curves: the first of ours."""

    def __init__(self, kind: str) -> None:
        self.handle = ql.RelinkableYieldTermStructureHandle()
        self.curves = [
            curve(SWAP_NODES, float(shift)).currentLink() for shift in [0.0, *SHIFTS[1:]]
        ]
        if kind == "CDS_ISDA":
            self.curves = [flat_forwards(float(shift)) for shift in [0.0, *SHIFTS[1:]]]
        self.handle.linkTo(self.curves[0])
        self.euro = ql.RelinkableYieldTermStructureHandle()
        self.euros = [curve(EUR_NODES, float(shift)).currentLink() for shift in [0.0, *SHIFTS[1:]]]
        self.euro.linkTo(self.euros[0])
        self.euribor = euribor(self.euro)
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

    def basis(self, contract: dict[str, Any]) -> Any:
        start, maturity = q_date(contract["start_date"]), q_date(contract["maturity_date"])
        due = schedule(start, maturity, 3)
        daily = ql.OvernightLeg([1e6], due, self.overnight, ql.Actual360(), MF, spreads=[0.001])
        term = ql.IborLeg([1e6], due, self.term, ql.Actual360(), MF, fixingDays=[2])
        swap = ql.Swap(daily, term)
        swap.setPricingEngine(ql.DiscountingSwapEngine(self.handle))
        return swap

    def xccy(self, contract: dict[str, Any]) -> Any:
        start, maturity = q_date(contract["start_date"]), q_date(contract["maturity_date"])

        def leg(size: float, months: int, days: ql.Calendar, index: Any, spread: float) -> Any:
            due = schedule(start, maturity, months, days)
            coupons = ql.IborLeg([abs(size)], due, index, ql.Actual360(), MF, fixingDays=[2],
                                 spreads=[spread], gearings=[1.0])  # fmt: skip
            last = days.adjust(maturity, MF)
            return ql.Leg([*coupons, ql.SimpleCashFlow(size, last)])

        found = Legs(
            leg(1e6, 3, GOVT, self.term, 0.0), leg(9e5, 6, TARGET, self.euribor, -0.001),
            self.handle, self.euro,
        )  # fmt: skip
        (dollars, on, _), (euros, eur, fx) = found.legs
        found.legs = ((dollars, on, 1.0), (euros, eur, -fx))
        return found

    def fx_swap(self, contract: dict[str, Any]) -> Any:
        near, far = q_date(contract["start_date"]), q_date(contract["maturity_date"])
        flow = ql.SimpleCashFlow
        return Legs(
            ql.Leg([flow(-1066600.0, near), flow(1079000.0, far)]),
            ql.Leg([flow(1e6, near), flow(-1e6, far)]),
            self.handle, self.euro,
        )  # fmt: skip

    def fx_fwd(self, contract: dict[str, Any]) -> Any:
        paid = q_date(contract["maturity_date"])
        return Legs(
            ql.Leg([ql.SimpleCashFlow(-1079000.0, paid)]), ql.Leg([ql.SimpleCashFlow(1e6, paid)]),
            self.handle, self.euro,
        )  # fmt: skip

    def cds_mid_point(self, contract: dict[str, Any]) -> Any:
        return self._cds(contract, ql.MidPointCdsEngine)

    def cds_isda(self, contract: dict[str, Any]) -> Any:
        return self._cds(contract, ql.IsdaCdsEngine)

    def _cds(self, contract: dict[str, Any], engine: Any) -> Any:
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
        swap.setPricingEngine(engine(survival, 0.4, self.handle))
        return swap

    def value(self) -> list[float]:
        """Return values by scenario and instrument."""
        found = []
        for link, euro in zip(self.curves, self.euros, strict=True):
            self.handle.linkTo(link)
            self.euro.linkTo(euro)
            found.extend(instrument.NPV() for instrument in self.instruments)
        return found


KINDS = (
    "IRS", "OIS", "BASIS", "XCCY", "FX_SWAP", "FX_FWD", "CAP_FLOOR", "SWAPTION", "CDS_MID_POINT",
    "CDS_ISDA",
)  # fmt: skip
CLOSE = {"CDS_ISDA": 0.02}
"""Of a million: QuantLib's engine reads survival a day earlier at moved payments and the last."""


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_per_second(kind: str, record_property: Any) -> None:
    assert os.environ.get("OPENBLAS_NUM_THREADS") == "1", "one thread is measured: `make bench`"
    with evaluated():
        batch, peer = packed(kind), Peer(kind)
        prepared = states()
        valued = valuation.value(batch, prepared)
        assert not any(valued.failures)
        # Both sides value the same contracts.
        wanted = np.reshape(peer.value(), (SCENARIO_COUNT, THEIRS)).T
        np.testing.assert_allclose(valued.values[:THEIRS], wanted, atol=CLOSE.get(kind, 1e-5))
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
