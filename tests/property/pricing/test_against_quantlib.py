"""400 random loans, bonds and FX forwards under ten scenarios against QuantLib.

Tolerances are those of docs/methods: |a - b| <= 1e-12 x sum |flow PV|. The worst figure of each
measure is printed (`pytest -s`) and recorded as a property of the test report.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import QuantLib as ql

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States
from tests.quantlib_oracle import (
    CALENDARS,
    ROLLS,
    Curve,
    Discount,
    Flow,
    LoanContract,
    Shift,
    absolute_value,
    present_value,
    ql_date,
)

AS_OF = dt.date(2022, 12, 30)
TOLERANCE = 1e-12
BP = 1e-4
EURUSD = 1.0666

NODES = {
    "USD": [(0.25, 0.0434), (1, 0.0462), (2, 0.0438), (5, 0.0395), (10, 0.0383), (30, 0.0401)],
    "EUR": [(0.25, 0.0195), (1, 0.0260), (2, 0.0268), (5, 0.0255), (10, 0.0258), (30, 0.0210)],
}
TENORS = (0.25, 0.5, 1, 2, 3, 5, 10, 15, 20, 30)
TENOR_NAMES = ("3M", "6M", "1Y", "2Y", "3Y", "5Y", "10Y", "15Y", "20Y", "30Y")

SCENARIOS: dict[str, tuple[list[dict[str, Any]], Shift]] = {
    "BASE": ([], Shift()),
    "RATES_UP_1": ([{"risk": "RATE", "size": "0.0001"}], Shift(rate=lambda _: 0.0001)),
    "RATES_UP_200": ([{"risk": "RATE", "size": "0.02"}], Shift(rate=lambda _: 0.02)),
    "RATES_DOWN_100": ([{"risk": "RATE", "size": "-0.01"}], Shift(rate=lambda _: -0.01)),
    "STEEPER": (
        [{"risk": "RATE", "tenors": [["1Y", "-0.005"], ["10Y", "0.0075"]]}],
        Shift(rate=lambda t: float(np.interp(t, [1, 10], [-0.005, 0.0075]))),
    ),
    "FLATTER": (
        [{"risk": "RATE", "tenors": [["2Y", "0.004"], ["5Y", "0"], ["20Y", "-0.006"]]}],
        Shift(rate=lambda t: float(np.interp(t, [2, 5, 20], [0.004, 0.0, -0.006]))),
    ),
    "SPREAD_25BP": ([{"risk": "SPREAD", "size": "0.0025"}], Shift(spread=0.0025)),
    "SPREAD_DOWN": ([{"risk": "SPREAD", "size": "-0.004"}], Shift(spread=-0.004)),
    "FX_SPOT_1PCT": ([{"risk": "FX", "size": "0.01", "currency": "ALL"}], Shift(fx=1.01)),
    "CRISIS": (
        [
            {"risk": "RATE", "size": "-0.015"},
            {"risk": "SPREAD", "size": "0.03"},
            {"risk": "FX", "size": "-0.1", "currency": "EUR"},
        ],
        Shift(rate=lambda _: -0.015, spread=0.03, fx=0.9),
    ),
}


@cache
def curve(currency: str) -> Curve:
    """Return the oracle's curve of a currency."""
    return Curve(AS_OF, [(node_date(years), zero) for years, zero in NODES[currency]])


def node_date(years: float) -> dt.date:
    return AS_OF + dt.timedelta(days=round(years * 365.25))


@cache
def states() -> States:
    """Return the library's states of the same market and scenarios."""
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": AS_OF.isoformat(),
            "curves": [
                {
                    "name": f"{currency}-OIS",
                    "currency": currency,
                    "kind": "ZERO",
                    "nodes": [[node_date(y).isoformat(), str(zero)] for y, zero in nodes],
                }
                for currency, nodes in NODES.items()
            ],
            "discount": {currency: f"{currency}-OIS" for currency in NODES},
            "fx": [{"base": "EUR", "quote": "USD", "rate": str(EURUSD)}],
        }
    )
    scenarios = [
        parse_scenario({"code": code, "kind": "INSTANT", "shocks": shocks})
        for code, (shocks, _) in SCENARIOS.items()
    ]
    cells = [Cell("PV", code) for code in SCENARIOS]
    cells += [Cell("ACCRUED", "BASE"), Cell("CS01", "BASE"), Cell("DV01", "BASE", "ALL")]
    cells += [Cell("DV01", "BASE", currency) for currency in NODES]
    cells += [
        Cell("KEY_RATE_DV01", "BASE", f"{currency}/{tenor}")
        for currency in NODES
        for tenor in TENOR_NAMES
    ]
    return States(market, scenarios, Axis(tuple(cells), AS_OF, "USD"))


@dataclass(frozen=True)
class Instrument:
    """A position as the library takes it, with what the oracle needs."""

    position: PositionInput
    currency: str
    spread: float
    flows: list[Flow]
    accrued: float


def random_loan(rng: np.random.Generator, number: int) -> Instrument:
    """Return a random loan, fresh or seasoned, with its projected payments."""
    currency = str(rng.choice(["USD", "EUR"]))
    months = int(rng.choice([1, 1, 1, 3, 6]))
    pay_day = int(rng.integers(1, 32))
    first = month_day(AS_OF.year, AS_OF.month + int(rng.integers(1, months + 1)), pay_day)
    paid = int(rng.integers(0, 40))
    origin = month_day(first.year, first.month - paid * months, pay_day)
    start = month_day(origin.year, origin.month - months, pay_day)
    accrual_start = month_day(first.year, first.month - months, pay_day)
    payments = int(rng.integers(1, 240 // months))
    style = str(rng.choice(["LEVEL_PAY", "LEVEL_PAY", "LINEAR", "BULLET"]))
    day_count = str(rng.choice(["ACT/360", "ACT/365F", "30/360", "30E/360", "ACT/ACT ISDA"]))
    calendar = str(rng.choice(["NONE", "TARGET", "US-GOVT"]))
    roll = "UNADJUSTED" if calendar == "NONE" else str(rng.choice(list(ROLLS)))
    adjusts = bool(rng.random() < 0.5)
    interest_only = int(rng.integers(0, payments)) if rng.random() < 0.3 else 0
    balloon = int(rng.integers(1, 120)) if rng.random() < 0.3 and style == "LEVEL_PAY" else 0
    amortising = payments - interest_only + balloon
    balance = float(np.round(rng.lognormal(12.5, 1.0), 2))
    rate = float(np.round(rng.uniform(0.0, 0.12), 5))
    prepayment = str(rng.choice(["NONE", "CPR", "SMM", "PSA"]))
    speed = {"NONE": 0.0, "CPR": 0.08, "SMM": 0.01, "PSA": 1.65}[prepayment]
    spread = float(np.round(rng.uniform(-0.002, 0.05), 6))
    # The contract's own counts run from its first payment; `paid` of them lie behind.
    held_interest_only = interest_only + paid if interest_only else 0
    held_amortising = amortising if interest_only else amortising + paid
    level = float(
        np.round(rng.uniform(1.0, 1.2) * annuity(balance, rate * months / 12, amortising), 2)
    )
    # The payment in force while only interest is paid says nothing of the level payment to come.
    pays_level = style == "LEVEL_PAY" and not interest_only
    contract = LoanContract(
        balance=balance,
        rate=rate,
        accrual_start=adjusted(accrual_start, calendar, roll)
        if adjusts and paid
        else accrual_start,
        first_due=first,
        pay_day=pay_day,
        payments=payments,
        months=months,
        day_count=day_count,
        calendar=calendar,
        roll=roll,
        adjusts_accrual=adjusts,
        interest_only=interest_only,
        amortisation_payments=interest_only + amortising,
        style="LEVEL" if style == "LEVEL_PAY" else style,
        cpr=speed if prepayment == "CPR" else 0.0,
        smm=speed if prepayment == "SMM" else 0.0,
        psa=speed if prepayment == "PSA" else 0.0,
        age=paid * months + 1,
        payment=level if pays_level else 0.0,
    )
    terms: dict[str, Any] = {
        "start_date": start.isoformat(),
        "first_payment_date": origin.isoformat(),
        "original_principal": str(balance),
        "rate": str(rate),
        "interest_basis": day_count,
        "payment_basis": "30/360",
        "payments": payments + paid,
        "frequency": {1: "MONTHLY", 3: "QUARTERLY", 6: "SEMIANNUAL"}[months],
        "payment_day": pay_day,
        "amortisation": style,
        "interest_only_payments": held_interest_only,
        "amortisation_payments": held_amortising,
        "calendar": calendar,
        "roll_convention": roll,
        "accrual_dates": "ADJUSTED" if adjusts else "UNADJUSTED",
    }
    if prepayment != "NONE":
        terms["prepayment"] = {"kind": prepayment, "speed": str(speed)}
    state = {
        "outstanding_principal": str(balance),
        "next_due_date": first.isoformat(),
        "spread_source": "SUPPLIED",
        "spread": str(spread),
    }
    if pays_level:
        state["current_payment"] = str(level)
    from_day = ql_date(contract.accrual_start)
    counter = oracle_day_count(day_count)
    accrued = balance * rate * counter.yearFraction(from_day, ql_date(AS_OF))
    if from_day > ql_date(AS_OF):
        accrued = 0.0
    position = PositionInput(f"LOAN-{number}", "AMORT_LOAN", currency, terms, state)
    return Instrument(position, currency, spread, contract.flows(), accrued)


def oracle_day_count(name: str) -> ql.DayCounter:
    from tests.quantlib_oracle import DAY_COUNTS

    return DAY_COUNTS[name]


def annuity(balance: float, periodic: float, count: int) -> float:
    if periodic == 0:
        return balance / count
    return balance * periodic / (1 - (1 + periodic) ** -count)


def adjusted(date: dt.date, calendar: str, roll: str) -> dt.date:
    moved = CALENDARS[calendar].adjust(ql_date(date), ROLLS[roll])
    return dt.date(moved.year(), moved.month(), moved.dayOfMonth())


def month_day(year: int, month: int, day: int) -> dt.date:
    """Return day `day` of a month counted from January of a year, or the month's last day."""
    year, index = year + (month - 1) // 12, (month - 1) % 12 + 1
    last = ql.Date.endOfMonth(ql.Date(1, index, year)).dayOfMonth()
    return dt.date(year, index, min(day, last))


def random_bond(rng: np.random.Generator, number: int) -> Instrument:
    """Return a random bond with QuantLib's own coupons and redemption."""
    currency = str(rng.choice(["USD", "EUR"]))
    frequency = str(rng.choice(["ANNUAL", "SEMIANNUAL", "QUARTERLY"]))
    months = {"ANNUAL": 12, "SEMIANNUAL": 6, "QUARTERLY": 3}[frequency]
    maturity = AS_OF + dt.timedelta(days=int(rng.integers(20, 365 * 30)))
    maturity = maturity.replace(day=min(maturity.day, 28))
    dated = AS_OF - dt.timedelta(days=int(rng.integers(1, 365 * 8)))
    calendar = str(rng.choice(["NONE", "TARGET", "US-GOVT"]))
    roll = "UNADJUSTED" if calendar == "NONE" else str(rng.choice(list(ROLLS)))
    day_count = str(rng.choice(["ACT/ACT ICMA", "30/360", "ACT/360", "ACT/365F", "30E/360"]))
    coupon = float(np.round(rng.uniform(0.0, 0.09), 5))
    face = float(np.round(rng.lognormal(14, 1.0), 0))
    spread = float(np.round(rng.uniform(0.0, 0.04), 6))
    schedule = ql.Schedule(
        ql_date(dated),
        ql_date(maturity),
        ql.Period(months, ql.Months),
        ql.NullCalendar(),
        ql.Unadjusted,
        ql.Unadjusted,
        ql.DateGeneration.Backward,
        False,
    )
    counter = (
        ql.ActualActual(ql.ActualActual.ISMA, schedule)
        if day_count == "ACT/ACT ICMA"
        else oracle_day_count(day_count)
    )
    bond = ql.FixedRateBond(
        0,
        face,
        schedule,
        [coupon],
        counter,
        ROLLS[roll],
        100.0,
        ql_date(dated),
        CALENDARS[calendar],
    )
    flows = []
    for cash in bond.cashflows():
        fixed = ql.as_fixed_rate_coupon(cash)
        interest = cash.amount() if fixed is not None else 0.0
        flows.append(Flow(cash.date(), interest, 0.0 if fixed is not None else cash.amount()))
    ql.Settings.instance().evaluationDate = ql_date(AS_OF)
    accrued = bond.accruedAmount(ql_date(AS_OF)) * face / 100.0
    terms = {
        "dated_date": dated.isoformat(),
        "maturity_date": maturity.isoformat(),
        "coupon": str(coupon),
        "day_count": day_count,
        "frequency": frequency,
        "calendar": calendar,
        "roll_convention": roll,
    }
    state = {"quantity": str(face), "spread_source": "SUPPLIED", "spread": str(spread)}
    position = PositionInput(f"BOND-{number}", "FIXED_BOND", currency, terms, state)
    return Instrument(position, currency, spread, flows, accrued)


def values_of(instruments: list[Instrument]) -> dict[str, np.ndarray]:
    """Return the library's value of each cell by label, in position currency."""
    names = Names()
    product_type = instruments[0].position.product_type
    packed = registry.product(product_type).pack([i.position for i in instruments], names)
    assert not any(packed.failures), [f for f in packed.failures if f][:3]
    valued = valuation.value(packed.batch, states(), states().axis)
    assert not any(valued.failures), [f for f in valued.failures if f][:3]
    return {str(cell): valued.values[:, place] for place, cell in enumerate(states().axis.cells)}


def central(flows: list[Flow], factor: Discount, weight: Any) -> float:
    """Return (PV(-1bp) - PV(+1bp)) / 2 of a weighted zero shift, from bumped discount factors."""

    def value(step: float) -> float:
        terms = []
        for flow in flows:
            t = (flow.date - ql_date(AS_OF)) / 365.0
            if t > 0:
                terms.append(flow.amount * factor(flow.date) * math.exp(-step * weight(t) * t))
        return math.fsum(terms)

    return (value(-BP) - value(BP)) / 2


@pytest.mark.parametrize(
    ("make", "count"), [(random_loan, 250), (random_bond, 110)], ids=["loans", "bonds"]
)
def test_values_agree_with_quantlib(make: Any, count: int, record_property: Any) -> None:
    rng = np.random.default_rng(20221230)
    instruments = [make(rng, number) for number in range(count)]
    found = values_of(instruments)
    worst: dict[str, float] = defaultdict(float)
    for row, instrument in enumerate(instruments):
        base = curve(instrument.currency).discount(Shift(), instrument.spread)
        scale = absolute_value(instrument.flows, base, AS_OF)

        def note(name: str, value: float, expected: float, scale: float = scale) -> None:
            worst[name] = max(worst[name], abs(value - expected) / scale)

        for code, (_, shift) in SCENARIOS.items():
            factor = curve(instrument.currency).discount(shift, instrument.spread)
            note("PV", found[f"PV@{code}"][row], present_value(instrument.flows, factor, AS_OF))
        note("ACCRUED", found["ACCRUED@BASE"][row], instrument.accrued)
        parallel = central(instrument.flows, base, lambda _: 1.0)
        note("CS01", found["CS01@BASE"][row], parallel)
        note("DV01", found["DV01@BASE/ALL"][row], parallel)
        note("DV01", found[f"DV01@BASE/{instrument.currency}"][row], parallel)
        for place, tenor in enumerate(TENOR_NAMES):
            unit = np.eye(len(TENORS))[place]
            expected = central(
                instrument.flows, base, lambda t, u=unit: float(np.interp(t, TENORS, u))
            )
            key = f"KEY_RATE_DV01@BASE/{instrument.currency}/{tenor}"
            note("KEY_RATE_DV01", found[key][row], expected)
    for name, figure in worst.items():
        print(f"{make.__name__} {name}: worst {figure:.2e} of sum |flow PV|")
        record_property(f"{make.__name__}.{name}", figure)
    assert all(figure <= TOLERANCE for figure in worst.values()), worst


def test_fx_forwards_agree_with_discounted_legs(record_property: Any) -> None:
    rng = np.random.default_rng(7)
    positions, legs = [], []
    for number in range(60):
        maturity = AS_OF + dt.timedelta(days=int(rng.integers(1, 3000)))
        euros = float(np.round(rng.lognormal(13, 1.0), 2))
        dollars = float(np.round(euros * EURUSD * rng.uniform(0.9, 1.1), 2))
        buys_euro = bool(rng.random() < 0.5)
        bought, sold = ("EUR", "USD") if buys_euro else ("USD", "EUR")
        amounts = {"EUR": euros, "USD": dollars}
        terms = {
            "bought_currency": bought,
            "bought_amount": str(amounts[bought]),
            "sold_currency": sold,
            "sold_amount": str(amounts[sold]),
            "maturity_date": maturity.isoformat(),
        }
        positions.append(PositionInput(f"FX-{number}", "FX_FWD", "USD", terms, {}))
        sign = {bought: 1.0, sold: -1.0}
        legs.append((ql_date(maturity), {c: sign[c] * amounts[c] for c in amounts}))
    packed = registry.product("FX_FWD").pack(positions, Names())
    assert not any(packed.failures)
    valued = valuation.value(packed.batch, states(), states().axis)
    converted = valuation.convert(valued, states(), states().axis)
    place = {str(cell): index for index, cell in enumerate(states().axis.cells)}
    worst = 0.0
    for row, (date, amounts) in enumerate(legs):
        for code, (_, shift) in SCENARIOS.items():
            unspread = Shift(rate=shift.rate)
            euro = amounts["EUR"] * curve("EUR").discount(unspread)(date) * EURUSD * shift.fx
            dollar = amounts["USD"] * curve("USD").discount(unspread)(date)
            difference = abs(converted[row, place[f"PV@{code}"]] - (euro + dollar))
            worst = max(worst, difference / (abs(euro) + abs(dollar)))
    print(f"FX forwards PV: worst {worst:.2e}")
    record_property("fx_forward.PV", worst)
    assert worst <= TOLERANCE
