"""Random floating notes against QuantLib: term rates, limits, and daily rates of every kind."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import QuantLib as ql

from pricing import cashflows, valuation
from pricing.axis import Cell
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States

COUNT = 120
DAY = dt.date(2022, 12, 30)
NODES = (("2023-06-30", 0.048), ("2024-12-30", 0.042), ("2032-12-30", 0.036), ("2060-12-30", 0.034))
GOVT = ql.UnitedStates(ql.UnitedStates.GovernmentBond)
SPREAD = 0.0075


def q_date(date: dt.date) -> ql.Date:
    return ql.Date(date.day, date.month, date.year)


def p_date(date: ql.Date) -> dt.date:
    return dt.date(date.year(), date.month(), date.dayOfMonth())


def curve() -> ql.YieldTermStructureHandle:
    days = [q_date(DAY), *(q_date(dt.date.fromisoformat(day)) for day, _ in NODES)]
    zeros = [NODES[0][1], *(zero for _, zero in NODES)]
    found = ql.ZeroCurve(
        days, zeros, ql.Actual365Fixed(), ql.NullCalendar(), ql.Linear(), ql.Continuous
    )
    found.enableExtrapolation()
    return ql.YieldTermStructureHandle(found)


@pytest.fixture(autouse=True)
def evaluated() -> Iterator[None]:
    """QuantLib's global state, put back afterwards."""
    settings = ql.Settings.instance()
    before = settings.evaluationDate
    settings.evaluationDate = q_date(DAY)
    settings.includeTodaysCashFlows = False
    yield
    settings.evaluationDate = before
    ql.IndexManager.instance().clearHistories()


def market(fixings: list[tuple[dt.date, float]], kind: str) -> dict[str, Any]:
    index: dict[str, Any] = {
        "currency": "USD",
        "kind": kind,
        "day_count": "ACT/360",
        "calendar": "US-GOVT",
        "curve": "ZERO",
    }
    if kind == "TERM":
        index |= {"tenor": "3M", "fixing_lag_days": 2}
    return {
        "format": "tieout.market/1",
        "as_of": DAY.isoformat(),
        "curves": [
            {"name": "ZERO", "currency": "USD", "nodes": [[day, repr(z)] for day, z in NODES]}
        ],
        "discount": {"USD": "ZERO"},
        "fx": [{"base": "EUR", "quote": "USD", "rate": "1"}],
        "indices": {"INDEX": index},
        "fixings": {"INDEX": [[day.isoformat(), repr(rate)] for day, rate in fixings]},
    }


def open_days(first: dt.date, last: dt.date) -> list[dt.date]:
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if GOVT.isBusinessDay(q_date(day))]


def term_case(
    rng: random.Random, number: int, index: ql.IborIndex
) -> tuple[PositionInput, ql.FloatingRateBond]:
    start = q_date(dt.date(2022, rng.randrange(9, 13), rng.randrange(1, 29)))
    start = GOVT.adjust(start, ql.Following)
    maturity = start + ql.Period(rng.randrange(2, 40) * 3, ql.Months)
    due = ql.Schedule(
        start, maturity, ql.Period(3, ql.Months), GOVT, ql.ModifiedFollowing,
        ql.ModifiedFollowing, ql.DateGeneration.Forward, False,
    )  # fmt: skip
    margin = round(rng.uniform(-0.001, 0.03), 5)
    floor, cap = rng.choice([(None, None), (0.045, None), (None, 0.05), (0.045, 0.05)])
    bond = ql.FloatingRateBond(
        0, 100.0, due, index, ql.Actual360(), ql.ModifiedFollowing, 2, [1.0], [margin],
        [] if cap is None else [cap], [] if floor is None else [floor], False, 100.0, start,
    )  # fmt: skip
    terms: dict[str, Any] = {
        "dated_date": p_date(start).isoformat(),
        "maturity_date": p_date(maturity).isoformat(),
        "index": "INDEX",
        "margin": repr(margin),
        "day_count": "ACT/360",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
    }
    if floor is not None:
        terms["floor"] = repr(floor)
    if cap is not None:
        terms["cap"] = repr(cap)
    state = {"quantity": "100", "spread": repr(SPREAD)}
    return PositionInput(f"N{number}", "FLOATING_NOTE", "USD", terms, state), bond


def test_notes_on_a_term_rate_are_worth_what_quantlib_says(
    make_states: Callable[..., States],
) -> None:
    rng = random.Random(3)
    fixings = [(d, round(rng.uniform(0.03, 0.05), 5)) for d in open_days(dt.date(2022, 8, 1), DAY)]
    forward = curve()
    index = ql.IborIndex(
        "INDEX", ql.Period(3, ql.Months), 2, ql.USDCurrency(), GOVT, ql.ModifiedFollowing, True,
        ql.Actual360(), forward,
    )  # fmt: skip
    for day, rate in fixings:
        index.addFixing(q_date(day), rate)
    volatility = ql.ConstantOptionletVolatility(
        0, GOVT, ql.ModifiedFollowing, 1e-9, ql.Actual365Fixed()
    )
    pricer = ql.BlackIborCouponPricer(ql.OptionletVolatilityStructureHandle(volatility))
    spreaded = ql.ZeroSpreadedTermStructure(
        forward, ql.QuoteHandle(ql.SimpleQuote(SPREAD)), ql.Continuous, ql.NoFrequency,
        ql.Actual365Fixed(),
    )  # fmt: skip
    spreaded.enableExtrapolation()
    cases = [term_case(rng, number, index) for number in range(COUNT)]
    states = make_states(market(fixings, "TERM"), [{"code": "BASE"}], ["PV", "ACCRUED"])
    packed = product("FLOATING_NOTE").pack([position for position, _ in cases], Names())
    valued = valuation.value(packed.batch, states)
    assert valued.failures == [None] * COUNT
    pv, accrued = (states.axis.places[Cell(code, "BASE")] for code in ("PV", "ACCRUED"))
    engine = ql.DiscountingBondEngine(ql.YieldTermStructureHandle(spreaded))
    for row, (position, bond) in zip(valued.values, cases, strict=True):
        ql.setCouponPricer(bond.cashflows(), pricer)
        bond.setPricingEngine(engine)
        wanted = 100.0 * spreaded.discount(bond.maturityDate())
        for coupon in filter(None, map(ql.as_floating_rate_coupon, bond.cashflows())):
            if coupon.date() <= q_date(DAY):
                continue
            rate = index.fixing(coupon.fixingDate()) + coupon.spread()
            rate = max(rate, float(position.terms.get("floor", rate)))
            rate = min(rate, float(position.terms.get("cap", rate)))
            amount = 100.0 * rate * coupon.accrualPeriod()
            wanted += amount * spreaded.discount(coupon.date())
        assert row[pv] == pytest.approx(wanted, abs=1e-12 * bond.NPV()), position.terms
        # QuantLib's own note projects over the coupon's days, not the deposit's.
        assert row[pv] == pytest.approx(bond.NPV(), abs=2e-5 * bond.NPV())
        assert row[accrued] == pytest.approx(bond.accruedAmount(q_date(DAY)), abs=1e-12)


DAILY = [
    pytest.param(lookback, shifted, lockout, averaged, id=f"{lookback}{shifted}{lockout}{averaged}")
    for lookback, shifted, lockout in (
        (0, False, 0),
        (2, False, 0),
        (5, False, 0),
        (5, True, 0),
        (0, False, 2),
        (2, False, 3),
    )
    for averaged in (False, True)
]


@pytest.mark.parametrize(("lookback", "shifted", "lockout", "averaged"), DAILY)
def test_coupons_of_daily_rates_are_quantlibs(
    lookback: int,
    shifted: bool,
    lockout: int,
    averaged: bool,
    make_states: Callable[..., States],
    position: Callable[..., PositionInput],
) -> None:
    """A coupon in progress and one to come, their days known, forward and mixed."""
    rng = random.Random(lookback + 10 * lockout)
    days = open_days(dt.date(2022, 10, 1), DAY - dt.timedelta(days=1))
    fixings = [(day, round(rng.uniform(0.03, 0.05), 5)) for day in days]
    index = ql.OvernightIndex("INDEX", 0, ql.USDCurrency(), GOVT, ql.Actual360(), curve())
    for day, rate in fixings:
        index.addFixing(q_date(day), rate)
    start = dt.date(2022, 11, 15)
    terms = {
        "dated_date": start.isoformat(),
        "maturity_date": "2023-05-15",
        "index": "INDEX",
        "margin": "0.01",
        "day_count": "ACT/360",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
        "lookback_days": lookback,
        "observation_shift": shifted,
        "lockout_days": lockout,
        "daily_rates": "AVERAGED" if averaged else "COMPOUNDED",
    }
    states = make_states(market(fixings, "OVERNIGHT"), [{"code": "BASE"}], ["PV"])
    note = position("FLOATING_NOTE", terms, {"quantity": "1000000"})
    packed = product("FLOATING_NOTE").pack([note], Names())
    assert valuation.value(packed.batch, states).failures == [None]
    flows = [f for f in cashflows.cashflows(packed.batch, states) if f.kind == "INTEREST"]
    assert [flow.date.isoformat() for flow in flows] == ["2023-02-15", "2023-05-15"]
    begin = q_date(start)
    for flow in flows:
        end = q_date(flow.date)
        if averaged:
            wanted = averaged_coupon(index, p_date(begin), flow.date, lookback, shifted, lockout)
        else:
            wanted = ql.OvernightIndexedCoupon(
                end, 1e6, begin, end, index, 1.0, 0.01, ql.Date(), ql.Date(), ql.Actual360(),
                False, ql.RateAveraging.Compound, lookback, lockout, shifted,
            ).amount()  # fmt: skip
        assert flow.amount == pytest.approx(wanted, abs=1e-6)
        begin = end


def averaged_coupon(
    index: ql.OvernightIndex,
    begin: dt.date,
    end: dt.date,
    lookback: int,
    shifted: bool,
    lockout: int,
) -> float:
    """Return 1% and the mean of daily rates on a million, a plain loop: QuantLib has none."""

    def back(day: dt.date, count: int) -> dt.date:
        return p_date(GOVT.advance(q_date(day), -count, ql.Days))

    days = (end - begin).days
    if shifted:
        begin, end = back(begin, lookback), back(end, lookback)
    dates = [*open_days(begin, end - dt.timedelta(days=1)), end]
    earned, frozen = 0.0, len(dates) - 1 - lockout
    for number, (day, following) in enumerate(itertools.pairwise(dates)):
        read = dates[frozen - 1] if number >= frozen else day
        fixed = back(read, 0 if shifted else lookback)
        earned += index.fixing(q_date(fixed)) * (following - day).days / 360.0
    return 1e6 * (earned / ((end - begin).days / 360.0) + 0.01) * days / 360.0
