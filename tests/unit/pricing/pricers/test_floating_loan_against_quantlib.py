"""Floating loans against QuantLib's own floating bonds and overnight legs."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
import QuantLib as ql

from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.products.registry import product
from tests.quantlib_oracle import ql_date
from tests.unit.pricing.conftest import DAY
from tests.unit.pricing.pricers.loan_cases import cells, floating, loan, market, states
from tests.unit.pricing.pricers.loan_oracle import FIXINGS, SOFR, TREASURY

PAYMENTS = 60
MARGIN = 0.025


def spreaded(curve: ql.YieldTermStructure, spread: float) -> ql.YieldTermStructureHandle:
    quote = ql.QuoteHandle(ql.SimpleQuote(spread))
    handle = ql.YieldTermStructureHandle(curve)
    return ql.YieldTermStructureHandle(
        ql.ZeroSpreadedTermStructure(handle, quote, ql.Continuous, ql.NoFrequency)
    )


def schedule() -> ql.Schedule:
    start = ql_date(dt.date(2022, 12, 1))
    return ql.Schedule(
        start, start + ql.Period(PAYMENTS, ql.Months), ql.Period(1, ql.Months),
        ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Forward, False,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def day() -> Any:
    ql.Settings.instance().evaluationDate = ql_date(DAY)
    yield
    ql.IndexManager.instance().clearHistories()


def term_index(handle: ql.YieldTermStructureHandle) -> ql.IborIndex:
    index = ql.IborIndex(
        "TERM1M", ql.Period(1, ql.Months), 0, ql.USDCurrency(), ql.NullCalendar(),
        ql.Unadjusted, False, ql.Actual360(), handle,
    )  # fmt: skip
    index.addFixing(ql.Date(1, 12, 2022), FIXINGS["TERM_SOFR_1M"], True)
    return index


def intrinsic() -> ql.BlackIborCouponPricer:
    pricer = ql.BlackIborCouponPricer()
    pricer.setCapletVolatility(
        ql.OptionletVolatilityStructureHandle(
            ql.ConstantOptionletVolatility(
                0, ql.NullCalendar(), ql.Unadjusted, 1e-12, ql.Actual365Fixed(), ql.Normal
            )
        )
    )
    return pricer


@pytest.mark.parametrize(
    ("floor", "cap"), [(None, None), ("0.04", None), (None, "0.0375"), ("0.036", "0.039")]
)
@pytest.mark.parametrize(("scenario", "shift"), [("BASE", 0.0), ("UP", 0.01)])
@pytest.mark.parametrize("amortises", [True, False])
def test_term_loan_with_limits_is_the_amortising_floating_bond(
    floor: str | None, cap: str | None, scenario: str, shift: float, amortises: bool
) -> None:
    index = term_index(spreaded(SOFR.handle, shift))
    notionals = [100_000.0 * (1 - k / PAYMENTS * amortises) for k in range(PAYMENTS)]
    bond = ql.AmortizingFloatingRateBond(
        0, notionals, schedule(), index, ql.Actual360(), ql.Unadjusted, 0, [1.0], [MARGIN],
        [float(cap) + MARGIN] if cap else [], [float(floor) + MARGIN] if floor else [],
    )  # fmt: skip
    ql.setCouponPricer(bond.cashflows(), intrinsic())
    bond.setPricingEngine(ql.DiscountingBondEngine(spreaded(TREASURY.handle, shift + 0.015)))
    terms = {
        **floating(index_floor=floor, index_cap=cap),
        "payments": PAYMENTS,
        "amortisation": "LINEAR" if amortises else "BULLET",
    }
    found = cells(loan(terms))[f"PV@{scenario}"]
    # The pricer's intrinsic value comes from a volatility of 1e-12, not 0.
    assert found == pytest.approx(bond.NPV(), abs=1e-9 * bond.NPV())


def test_limits_of_the_whole_rate_are_those_of_the_index_less_the_margin() -> None:
    by_index = floating(index_floor="0.0375", index_cap="0.039")
    by_rate = floating(floor="0.0625", cap="0.064")
    for style in ("LINEAR", "BULLET"):
        one = cells(loan({**by_index, "amortisation": style}))
        two = cells(loan({**by_rate, "amortisation": style}))
        assert one == pytest.approx(two, abs=1e-7)


@pytest.mark.parametrize(
    ("averaged", "lookback", "shifted", "lockout"),
    [
        (False, 0, False, 0),
        (False, 5, True, 0),
        (False, 5, False, 0),
        (False, 0, False, 2),
        (True, 0, False, 0),
    ],
)
def test_daily_loan_is_the_overnight_leg(
    averaged: bool, lookback: int, shifted: bool, lockout: int
) -> None:
    handle = spreaded(SOFR.handle, 0.0)
    index = ql.OvernightIndex(
        "DAILY", 0, ql.USDCurrency(), ql.NullCalendar(), ql.Actual360(), handle
    )
    for back in range(60):
        index.addFixing(ql_date(DAY) - back, FIXINGS["SOFR"], True)
    dates = [schedule()[k] for k in range(PAYMENTS + 1)]
    coupons = [
        ql.OvernightIndexedCoupon(
            end, 100_000.0, begin, end, index, 1.0, MARGIN, ql.Date(), ql.Date(),
            ql.Actual360(), False,
            ql.RateAveraging.Simple if averaged else ql.RateAveraging.Compound,
            lookback, lockout, shifted,
        )
        for begin, end in itertools.pairwise(dates)
    ]  # fmt: skip
    pricer = (
        ql.ArithmeticAveragedOvernightIndexedCouponPricer(0.03, 0.0, False)
        if averaged
        else ql.CompoundingOvernightIndexedCouponPricer()
    )
    for coupon in coupons:
        coupon.setPricer(pricer)
    terms = {
        **floating(
            index="SOFR",
            daily_rates="AVERAGED" if averaged else "COMPOUNDED",
            lookback_days=lookback,
            observation_shift=shifted,
            lockout_days=lockout,
        ),
        "payments": PAYMENTS,
        "amortisation": "BULLET",
    }
    packed = product("AMORT_LOAN").pack([loan(terms)], Names())
    assert packed.failures == [None]
    flows = [f for f in cashflows(packed.batch, states()) if f.kind == "INTEREST"]
    for flow, coupon in zip(flows, coupons, strict=True):
        assert flow.amount == pytest.approx(coupon.amount(), rel=1e-8)


def test_sonia_loan_compounds_on_its_own_day_count() -> None:
    document_index = {
        "currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/365F", "calendar": "NONE",
        "curve": "USD-SOFR",
    }  # fmt: skip
    document = market()
    document["indices"]["SONIA"] = document_index
    document["fixings"]["SONIA"] = document["fixings"]["SOFR"]
    terms = {**floating(index="SONIA"), "interest_basis": "ACT/365F", "payments": 6,
             "amortisation": "BULLET"}  # fmt: skip
    packed = product("AMORT_LOAN").pack([loan(terms)], Names())
    flows = cashflows(packed.batch, states(document=document))
    index = ql.OvernightIndex(
        "SONIAL", 0, ql.USDCurrency(), ql.NullCalendar(), ql.Actual365Fixed(),
        spreaded(SOFR.handle, 0.0),
    )  # fmt: skip
    for back in range(60):
        index.addFixing(ql_date(DAY) - back, FIXINGS["SOFR"], True)
    dates = [schedule()[k] for k in range(7)]
    for k, flow in enumerate([f for f in flows if f.kind == "INTEREST"]):
        coupon = ql.OvernightIndexedCoupon(
            dates[k + 1], 100_000.0, dates[k], dates[k + 1], index, 1.0, MARGIN
        )
        coupon.setPricer(ql.CompoundingOvernightIndexedCouponPricer())
        assert flow.amount == pytest.approx(coupon.amount(), rel=1e-8)
