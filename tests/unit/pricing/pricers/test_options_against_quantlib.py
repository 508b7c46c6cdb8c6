"""Caps, floors and swaptions against QuantLib's engines, in all three models."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
import QuantLib as ql

from tests.quantlib_derivatives import (
    A365,
    GOVT,
    OIS_NODES,
    SWAP_NODES,
    TODAY,
    curve,
    iso,
    market,
    schedule,
    sofr,
    term_index,
)

Values = Callable[..., list[dict[str, float]]]
COUNT = 40
MODELS = {
    "NORMAL": (0.0095, 0.0, 1e-4),
    "LOGNORMAL": (0.32, 0.0, 1e-2),
    "SHIFTED_LOGNORMAL": (0.24, 0.02, 1e-2),
}


def surface(kind: str, model: str, bump: float = 0.0) -> list[dict[str, Any]]:
    level, shift, _ = MODELS[model]
    found: dict[str, Any] = {
        "name": "SURFACE", "currency": "USD", "kind": kind, "model": model,
        "expiries": ["1Y", "10Y"], "values": [[repr(level)], [repr(level)]],
    }  # fmt: skip
    if shift:
        found["shift"] = repr(shift)
    if kind == "SWAPTION":
        found["tenors"] = ["5Y"]
    return [found]


def moved(make: Callable[[float, float], Any], unit: float) -> tuple[float, float, float]:
    """Return value, central difference for 1bp of all curves, and for a unit of volatility."""
    dv01 = (make(-1e-4, 0.0).NPV() - make(1e-4, 0.0).NPV()) / 2.0
    vega = (make(0.0, unit).NPV() - make(0.0, -unit).NPV()) / 2.0
    return make(0.0, 0.0).NPV(), dv01, vega


@pytest.mark.parametrize("model", MODELS)
def test_caps_floors_and_collars_equal_quantlibs(values: Values, model: str) -> None:
    rng = random.Random(5)
    level, shift, unit = MODELS[model]
    contracts, expected = [], []
    for _ in range(COUNT):
        start = GOVT.adjust(TODAY + rng.randint(-80, 200), ql.ModifiedFollowing)
        maturity = start + ql.Period(12 * rng.choice([1, 2, 5, 10]), ql.Months)
        option = rng.choice(["CAP", "FLOOR", "COLLAR"])
        strike, floor = rng.uniform(0.03, 0.06), rng.uniform(0.005, 0.03)
        terms = {
            "kind": "CAP_FLOOR", "option": option, "strike": repr(strike),
            "start_date": iso(start), "maturity_date": iso(maturity), "notional": "1000000",
            "leg": {"index": "TERM", "day_count": "ACT/360", "calendar": "US-GOVT"},
        }  # fmt: skip
        if option == "COLLAR":
            terms["floor_strike"] = repr(floor)
        contracts.append(terms)

        def make(
            rate: float, volatility: float, start: ql.Date = start, maturity: ql.Date = maturity,
            option: str = option, strike: float = strike, floor: float = floor,
        ) -> ql.CapFloor:  # fmt: skip
            leg = ql.IborLeg(
                [1e6], schedule(start, maturity, 3), term_index(curve(SWAP_NODES, rate)),
                ql.Actual360(), ql.ModifiedFollowing, fixingDays=[2],
            )  # fmt: skip
            instrument = {
                "CAP": lambda: ql.Cap(leg, [strike]),
                "FLOOR": lambda: ql.Floor(leg, [strike]),
                "COLLAR": lambda: ql.Collar(leg, [strike], [floor]),
            }[option]()
            quote = ql.QuoteHandle(ql.SimpleQuote(level + volatility))
            handle = curve(OIS_NODES, rate)
            if model == "NORMAL":
                engine = ql.BachelierCapFloorEngine(handle, quote)
            else:
                engine = ql.BlackCapFloorEngine(handle, quote, A365, shift)
            instrument.setPricingEngine(engine)
            return instrument

        expected.append(moved(make, unit))
    document = market(volatilities=surface("CAP", model))
    for found, (npv, dv01, vega) in zip(values(contracts, document), expected, strict=True):
        assert found["PV@BASE"] == pytest.approx(npv, abs=1e-6)
        assert found["DV01@BASE/ALL"] == pytest.approx(dv01, abs=1e-6)
        assert found["VEGA@BASE"] == pytest.approx(vega, abs=1e-6)


@pytest.mark.parametrize("settlement", ["PHYSICAL", "CASH_PAR_YIELD"])
@pytest.mark.parametrize("model", MODELS)
def test_swaptions_equal_quantlibs(values: Values, model: str, settlement: str) -> None:
    rng = random.Random(6)
    level, shift, unit = MODELS[model]
    contracts, expected = [], []
    for _ in range(COUNT):
        expiry = GOVT.adjust(TODAY + rng.randint(20, 3000), ql.ModifiedFollowing)
        start = GOVT.advance(expiry, 2, ql.Days)
        maturity = start + ql.Period(12 * rng.choice([1, 2, 5, 10, 20]), ql.Months)
        strike, spread, pays = rng.uniform(0.02, 0.06), rng.uniform(0, 0.005), rng.random() < 0.5
        cash = settlement != "PHYSICAL"
        if cash:
            spread = 0.0
        contracts.append(
            {
                "kind": "SWAPTION", "option": "PAYER" if pays else "RECEIVER",
                "expiry_date": iso(expiry), "start_date": iso(start),
                "maturity_date": iso(maturity), "notional": "1000000", "settlement": settlement,
                # The par yield formula counts whole periods: QuantLib's does on dates not moved.
                "fixed": {"rate": repr(strike), "frequency": "ANNUAL" if cash else "SEMIANNUAL",
                          "day_count": "30/360", "calendar": "NONE" if cash else "US-GOVT"},
                "floating": {"index": "TERM", "spread": repr(spread), "day_count": "ACT/360",
                             "calendar": "US-GOVT"},
            }
        )  # fmt: skip

        def make(
            rate: float, volatility: float, expiry: ql.Date = expiry, start: ql.Date = start,
            maturity: ql.Date = maturity, strike: float = strike, spread: float = spread,
            pays: bool = pays, cash: bool = cash,
        ) -> ql.Swaption:  # fmt: skip
            swap = ql.VanillaSwap(
                ql.Swap.Payer if pays else ql.Swap.Receiver, 1e6,
                schedule(start, maturity, 12, ql.NullCalendar())
                if cash
                else schedule(start, maturity, 6),
                strike, ql.Thirty360(ql.Thirty360.BondBasis), schedule(start, maturity, 3),
                term_index(curve(SWAP_NODES, rate)), spread, ql.Actual360(),
            )  # fmt: skip
            how = (
                (ql.Settlement.Cash, ql.Settlement.ParYieldCurve)
                if cash
                else (ql.Settlement.Physical, ql.Settlement.PhysicalOTC)
            )
            swaption = ql.Swaption(swap, ql.EuropeanExercise(expiry), *how)
            quote = ql.QuoteHandle(ql.SimpleQuote(level + volatility))
            handle = curve(OIS_NODES, rate)
            if model == "NORMAL":
                engine = ql.BachelierSwaptionEngine(handle, quote)
            else:
                engine = ql.BlackSwaptionEngine(handle, quote, A365, shift)
            swaption.setPricingEngine(engine)
            return swaption

        expected.append(moved(make, unit))
    document = market(volatilities=surface("SWAPTION", model))
    for found, (npv, dv01, vega) in zip(values(contracts, document), expected, strict=True):
        assert found["PV@BASE"] == pytest.approx(npv, abs=1e-6)
        assert found["DV01@BASE/ALL"] == pytest.approx(dv01, abs=1e-6)
        assert found["VEGA@BASE"] == pytest.approx(vega, abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_options_on_overnight_rates_equal_quantlibs(values: Values, model: str) -> None:
    """Caps, floors and collars on SOFR compounded in arrears, periods in progress among them."""
    rng = random.Random(6)
    level, shift, _ = MODELS[model]
    kind = ql.Normal if model == "NORMAL" else ql.ShiftedLognormal
    flat = ql.ConstantOptionletVolatility(
        TODAY, GOVT, ql.ModifiedFollowing, level, A365, kind, shift
    )
    pricer = ql.BlackCompoundingOvernightIndexedCouponPricer(
        ql.OptionletVolatilityStructureHandle(flat)
    )
    discount = curve(OIS_NODES)
    index = sofr(discount)
    contracts, expected = [], []
    for _ in range(20):
        start = GOVT.adjust(TODAY + rng.randint(-80, 200), ql.ModifiedFollowing)
        maturity = start + ql.Period(12 * rng.choice([1, 5]), ql.Months)
        days = list(schedule(start, maturity, 3))
        strike, floor = rng.uniform(0.03, 0.06), rng.uniform(0.005, 0.03)
        option = rng.choice(["CAP", "FLOOR", "COLLAR"])
        terms = {
            "kind": "CAP_FLOOR", "option": option, "strike": repr(strike),
            "start_date": iso(start), "maturity_date": iso(maturity), "notional": "1000000",
            "leg": {"index": "SOFR", "day_count": "ACT/360", "calendar": "US-GOVT"},
        }  # fmt: skip
        if option == "COLLAR":
            terms["floor_strike"] = repr(floor)
        contracts.append(terms)
        none = ql.nullDouble()
        cap = none if option == "FLOOR" else strike
        low = {"CAP": none, "FLOOR": strike, "COLLAR": floor}[option]
        worth = 0.0
        for begin, end in itertools.pairwise(days):
            if end <= TODAY:
                continue
            plain = ql.OvernightIndexedCoupon(
                end, 1e6, begin, end, index, 1.0, 0.0, ql.Date(), ql.Date(), ql.Actual360()
            )
            limited = ql.CappedFlooredOvernightIndexedCoupon(plain, cap, low)
            limited.setPricer(pricer)
            sign = 1.0 if option == "FLOOR" else -1.0
            worth += sign * (limited.amount() - plain.amount()) * discount.discount(end)
        expected.append(worth)
    found = values(contracts, market(volatilities=surface("CAP", model)))
    for own, worth, terms in zip(found, expected, contracts, strict=True):
        assert own["PV@BASE"] == pytest.approx(worth, abs=2e-6), terms
