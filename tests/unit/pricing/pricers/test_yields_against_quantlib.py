"""Yields, durations and spreads of random bonds against QuantLib's BondFunctions.

Tolerance of DEFINITIONS section 6: yields and spreads 1e-10.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator

import pytest
import QuantLib as ql

from pricing import valuation
from pricing.axis import Cell
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States

COUNT = 200
DAY = dt.date(2022, 12, 30)
RATE = 0.0375
MEASURES = (
    "YIELD_SEMI_BOND", "YIELD_ANNUAL", "YIELD_CONTINUOUS", "MODIFIED_DURATION",
    "MACAULAY_DURATION", "YIELD_CONVEXITY", "Z_SPREAD", "ASSET_SWAP_SPREAD", "DIRTY_PRICE",
)  # fmt: skip
MONTHS = {"QUARTERLY": 3, "SEMIANNUAL": 6, "ANNUAL": 12}
FREQUENCY = {3: ql.Quarterly, 6: ql.Semiannual, 12: ql.Annual}


def q_date(date: dt.date) -> ql.Date:
    return ql.Date(date.day, date.month, date.year)


def p_date(date: ql.Date) -> str:
    return dt.date(date.year(), date.month(), date.dayOfMonth()).isoformat()


@pytest.fixture(autouse=True)
def evaluated() -> Iterator[None]:
    """QuantLib's evaluation date, put back afterwards."""
    before = ql.Settings.instance().evaluationDate
    ql.Settings.instance().evaluationDate = q_date(DAY)
    yield
    ql.Settings.instance().evaluationDate = before


def case(rng: random.Random, number: int) -> tuple[PositionInput, ql.FixedRateBond, int, float]:
    frequency, months = rng.choice(list(MONTHS.items()))
    basis = rng.choice(["30/360", "ACT/ACT ICMA"])
    years = rng.randrange(2, 30)
    maturity = q_date(dt.date(2022 + years, rng.randrange(1, 13), rng.randrange(1, 29)))
    start = maturity - ql.Period(years + 3, ql.Years)
    schedule = ql.Schedule(
        start, maturity, ql.Period(months, ql.Months), ql.NullCalendar(), ql.Unadjusted,
        ql.Unadjusted, ql.DateGeneration.Backward, False,
    )  # fmt: skip
    counter = (
        ql.Thirty360(ql.Thirty360.BondBasis)
        if basis == "30/360"
        else ql.ActualActual(ql.ActualActual.ISMA, schedule)
    )
    coupon, price = round(rng.uniform(0.0, 0.09), 5), round(rng.uniform(70.0, 125.0), 4)
    bond = ql.FixedRateBond(0, 100.0, schedule, [coupon], counter, ql.Unadjusted, 100.0, start)
    terms = {
        "dated_date": p_date(start),
        "maturity_date": p_date(maturity),
        "coupon": str(coupon),
        "frequency": frequency,
        "day_count": basis,
    }
    state = {"quantity": "100", "spread_source": "MARK", "mark_price": str(price)}
    position = PositionInput(f"B{number}", "FIXED_BOND", "USD", terms, state, "A", "ALL")
    return position, bond, months, price


def test_yields_durations_and_spreads_are_quantlibs(make_states: Callable[..., States]) -> None:
    market = {
        "format": "tieout.market/1",
        "as_of": DAY.isoformat(),
        "curves": [{"name": "FLAT", "currency": "USD", "nodes": [["2060-01-01", str(RATE)]]}],
        "discount": {"USD": "FLAT"},
        "spreads": [{"currency": "USD", "rating": "A", "sector": "ALL", "nodes": [["5Y", "0"]]}],
        "fx": [{"base": "EUR", "quote": "USD", "rate": "1"}],
    }
    states = make_states(market, [{"code": "BASE"}], MEASURES)
    rng = random.Random(11)
    cases = [case(rng, number) for number in range(COUNT)]
    packed = product("FIXED_BOND").pack([position for position, *_ in cases], Names())
    valued = valuation.value(packed.batch, states)
    assert valued.failures == [None] * COUNT
    curve = ql.FlatForward(q_date(DAY), RATE, ql.Actual365Fixed(), ql.Continuous)
    at = {code: states.axis.places[Cell(code, "BASE")] for code in MEASURES}
    for row, (position, bond, months, clean) in zip(valued.values, cases, strict=True):
        frequency, counter = FREQUENCY[months], bond.dayCounter()
        price = ql.BondPrice(clean, ql.BondPrice.Clean)
        rate = ql.BondFunctions.bondYield(
            bond, price, counter, ql.Compounded, frequency, q_date(DAY), 1e-14, 1000
        )
        quoted = ql.InterestRate(rate, counter, ql.Compounded, frequency)
        for code, compounding, other in (
            ("YIELD_SEMI_BOND", ql.Compounded, ql.Semiannual),
            ("YIELD_ANNUAL", ql.Compounded, ql.Annual),
            ("YIELD_CONTINUOUS", ql.Continuous, ql.NoFrequency),
        ):
            wanted = quoted.equivalentRate(compounding, other, 1.0).rate()
            assert row[at[code]] == pytest.approx(wanted, abs=1e-10), (code, position.terms)
        kinds = {
            "MODIFIED_DURATION": ql.Duration.Modified,
            "MACAULAY_DURATION": ql.Duration.Macaulay,
        }
        for code, kind in kinds.items():
            wanted = ql.BondFunctions.duration(bond, quoted, kind, q_date(DAY))
            assert row[at[code]] == pytest.approx(wanted, rel=1e-10), code
        wanted = ql.BondFunctions.convexity(bond, quoted, q_date(DAY))
        assert row[at["YIELD_CONVEXITY"]] == pytest.approx(wanted, rel=1e-10)
        wanted = ql.BondFunctions.zSpread(
            bond, price, curve, ql.Actual365Fixed(), ql.Continuous, ql.NoFrequency, q_date(DAY),
            1e-13, 1000,
        )  # fmt: skip
        assert row[at["Z_SPREAD"]] == pytest.approx(wanted, abs=1e-10)
        # A par-par swap: coupon days, Act/360, from settlement.
        begun = [d for d in bond.cashflows() if d.date() > q_date(DAY)]
        annuity, last = 0.0, q_date(DAY)
        for day in sorted({flow.date() for flow in begun}, key=lambda d: d.serialNumber()):
            annuity += (day - last) / 360.0 * curve.discount(day)
            last = day
        riskless = sum(flow.amount() * curve.discount(flow.date()) for flow in begun)
        dirty = clean + bond.accruedAmount(q_date(DAY))
        wanted = (riskless - dirty) / (100.0 * annuity)
        assert row[at["ASSET_SWAP_SPREAD"]] == pytest.approx(wanted, abs=1e-10)
        assert row[at["DIRTY_PRICE"]] == pytest.approx(dirty, abs=1e-9)


@pytest.mark.parametrize(
    ("convention", "measure", "compounding", "annual"),
    [
        ("UK_DMO", "YIELD_SEMI_BOND", ql.Compounded, False),
        ("ICMA", "YIELD_ANNUAL", ql.Compounded, True),
    ],
)
def test_yields_of_other_conventions_are_quantlibs(
    convention: str,
    measure: str,
    compounding: int,
    annual: bool,
    make_states: Callable[..., States],
) -> None:
    market = {
        "format": "tieout.market/1",
        "as_of": DAY.isoformat(),
        "curves": [{"name": "FLAT", "currency": "USD", "nodes": [["2060-01-01", str(RATE)]]}],
        "discount": {"USD": "FLAT"},
        "spreads": [{"currency": "USD", "rating": "A", "sector": "ALL", "nodes": [["5Y", "0"]]}],
        "fx": [{"base": "EUR", "quote": "USD", "rate": "1"}],
    }
    states = make_states(market, [{"code": "BASE"}], [measure])
    rng = random.Random(13)
    cases = [case(rng, number) for number in range(COUNT)]
    actual = [one for one in cases if one[0].terms["day_count"] == "ACT/ACT ICMA"]
    positions = [
        PositionInput(
            position.position_id, "FIXED_BOND", "USD",
            {**position.terms, "yield_convention": convention}, position.state, "A", "ALL",
        )
        for position, *_ in actual
    ]  # fmt: skip
    packed = product("FIXED_BOND").pack(positions, Names())
    valued = valuation.value(packed.batch, states)
    assert valued.failures == [None] * len(actual)
    place = states.axis.places[Cell(measure, "BASE")]
    for row, (position, bond, months, clean) in zip(valued.values, actual, strict=True):
        counter = bond.dayCounter()
        frequency = ql.Annual if annual else FREQUENCY[months]
        rate = ql.BondFunctions.bondYield(
            bond, ql.BondPrice(clean, ql.BondPrice.Clean), counter, compounding, frequency,
            q_date(DAY), 1e-14, 1000,
        )  # fmt: skip
        if convention == "UK_DMO":
            quoted = ql.InterestRate(rate, counter, compounding, frequency)
            rate = quoted.equivalentRate(ql.Compounded, ql.Semiannual, 1.0).rate()
        assert row[place] == pytest.approx(rate, abs=1e-10), position.terms


def test_simple_yields_are_quantlibs(make_states: Callable[..., States]) -> None:
    """Bills of one payment; bonds of several, each period's interest simple and reinvested."""
    market = {
        "format": "tieout.market/1",
        "as_of": DAY.isoformat(),
        "curves": [{"name": "FLAT", "currency": "USD", "nodes": [["2060-01-01", str(RATE)]]}],
        "discount": {"USD": "FLAT"},
        "spreads": [{"currency": "USD", "rating": "A", "sector": "ALL", "nodes": [["5Y", "0"]]}],
        "fx": [{"base": "EUR", "quote": "USD", "rate": "1"}],
    }
    measures = ("YIELD_SIMPLE", "DIRTY_PRICE", "MODIFIED_DURATION", "YIELD_CONVEXITY")
    states = make_states(market, [{"code": "BASE"}], measures)

    def found(position: PositionInput) -> dict[str, float]:
        batch = product(position.product_type).pack([position], Names()).batch
        valued = valuation.value(batch, states)
        assert valued.failures == [None]
        cells = states.axis.cells
        return {cell.measure: float(valued.values[0, i]) for i, cell in enumerate(cells)}

    for days, price in ((20, 99.8), (91, 98.9), (182, 97.6), (360, 95.2)):
        due = DAY + dt.timedelta(days=days)
        terms = {"issue_date": "2022-12-01", "maturity_date": due.isoformat()}
        state = {"quantity": "100", "spread_source": "MARK", "mark_price": str(price)}
        bill = PositionInput("Z", "ZERO_COUPON", "USD", terms, state, "A", "ALL")
        paper = ql.ZeroCouponBond(0, ql.NullCalendar(), 100.0, q_date(due))
        wanted = ql.BondFunctions.bondYield(
            paper, ql.BondPrice(price, ql.BondPrice.Clean), ql.Actual360(), ql.Simple, ql.Annual,
            q_date(DAY), 1e-14, 1000,
        )  # fmt: skip
        assert found(bill)["YIELD_SIMPLE"] == pytest.approx(wanted, abs=1e-10)
    rng = random.Random(11)
    for number in range(40):
        position, bond, _, _ = case(rng, number)
        terms = {**position.terms, "yield_convention": "MONEY_MARKET"}
        several = PositionInput("B", "FIXED_BOND", "USD", terms, position.state, "A", "ALL")
        ours, day = found(several), q_date(DAY)
        clean = ours["DIRTY_PRICE"] - bond.accruedAmount(day)
        wanted = ql.BondFunctions.bondYield(
            bond, ql.BondPrice(clean, ql.BondPrice.Clean), ql.Actual360(), ql.Simple, ql.Annual,
            day, 1e-14, 1000,
        )  # fmt: skip
        assert ours["YIELD_SIMPLE"] == pytest.approx(wanted, abs=1e-10)
        up, down = (
            bond.dirtyPrice(ours["YIELD_SIMPLE"] + h, ql.Actual360(), ql.Simple, ql.Annual, day)
            for h in (1e-4, -1e-4)
        )
        price = ours["DIRTY_PRICE"]
        assert ours["MODIFIED_DURATION"] == pytest.approx((down - up) / price / 2e-4, rel=1e-5)
        curved = (up + down - 2.0 * price) / price * 1e8
        assert ours["YIELD_CONVEXITY"] == pytest.approx(curved, rel=1e-4)
