"""Random bonds with stubs of every kind, all day counts and calendars, against QuantLib.

The property test over all products (tests/property/pricing) varies scenarios; this one varies
schedules: maturities and starts fall where they like, so first periods are short ones of any
length. Tolerance of DEFINITIONS section 6: 1e-12 of the value.
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

COUNT = 300
DAY = dt.date(2022, 12, 30)
RATE, SPREAD = 0.0375, 0.0125

DAY_COUNTS: dict[str, Callable[[ql.Schedule], ql.DayCounter]] = {
    "30/360": lambda _: ql.Thirty360(ql.Thirty360.BondBasis),
    "30/360 US": lambda _: ql.Thirty360(ql.Thirty360.USA),
    "30E/360": lambda _: ql.Thirty360(ql.Thirty360.EurobondBasis),
    "ACT/360": lambda _: ql.Actual360(),
    "ACT/365F": lambda _: ql.Actual365Fixed(),
    "ACT/ACT ISDA": lambda _: ql.ActualActual(ql.ActualActual.ISDA),
    "ACT/ACT ICMA": lambda schedule: ql.ActualActual(ql.ActualActual.ISMA, schedule),
}
CALENDARS = {
    "NONE": ql.NullCalendar(),
    "WEEKENDS": ql.WeekendsOnly(),
    "US": ql.UnitedStates(ql.UnitedStates.Settlement),
    "US-GOVT": ql.UnitedStates(ql.UnitedStates.GovernmentBond),
    "TARGET": ql.TARGET(),
    "UK": ql.UnitedKingdom(),
    "JP": ql.Japan(),
}
ROLLS = {
    "UNADJUSTED": ql.Unadjusted,
    "FOLLOWING": ql.Following,
    "MODIFIED_FOLLOWING": ql.ModifiedFollowing,
    "PRECEDING": ql.Preceding,
}
MONTHS = {"MONTHLY": 1, "QUARTERLY": 3, "SEMIANNUAL": 6, "ANNUAL": 12}


def q_date(date: dt.date) -> ql.Date:
    return ql.Date(date.day, date.month, date.year)


def p_date(date: ql.Date) -> str:
    return dt.date(date.year(), date.month(), date.dayOfMonth()).isoformat()


@pytest.fixture
def evaluated() -> Iterator[None]:
    """QuantLib's evaluation date, put back afterwards."""
    before = ql.Settings.instance().evaluationDate
    ql.Settings.instance().evaluationDate = q_date(DAY)
    yield
    ql.Settings.instance().evaluationDate = before


def case(rng: random.Random, number: int) -> tuple[PositionInput, ql.FixedRateBond]:
    frequency, months = rng.choice(list(MONTHS.items()))
    calendar, roll = rng.choice(list(CALENDARS)), rng.choice(list(ROLLS))
    basis = rng.choice(list(DAY_COUNTS))
    maturity = q_date(dt.date(2023, 3, 1) + dt.timedelta(days=rng.randrange(11_000)))
    start = q_date(DAY) - ql.Period(rng.randrange(1, 40), ql.Months) + rng.randrange(28)
    start = min(start, q_date(DAY) - 1)

    def schedule(convention: int) -> ql.Schedule:
        return ql.Schedule(
            start, maturity, ql.Period(months, ql.Months), CALENDARS[calendar], convention,
            convention, ql.DateGeneration.Backward, False,
        )  # fmt: skip

    due = schedule(ql.Unadjusted)
    moved = schedule(ROLLS[roll])
    # Our first period starts on the date given, moved or not; ICMA counts due dates.
    adjusted = rng.random() < 0.4 and basis != "ACT/ACT ICMA" and moved[0] == start
    face, coupon = round(rng.uniform(1e4, 1e7), 2), round(rng.uniform(0.0, 0.09), 5)
    redemption = rng.choice([100.0, 100.0, 101.5])
    bond = ql.FixedRateBond(
        0, face, moved if adjusted else due, [coupon], DAY_COUNTS[basis](due), ROLLS[roll],
        redemption, start, CALENDARS[calendar],
    )  # fmt: skip
    terms = {
        "dated_date": p_date(start),
        "maturity_date": p_date(maturity),
        "coupon": str(coupon),
        "frequency": frequency,
        "day_count": basis,
        "redemption": str(redemption),
        "calendar": calendar,
        "roll_convention": roll,
        "accrual_dates": "ADJUSTED" if adjusted else "UNADJUSTED",
    }
    state = {"quantity": str(face), "spread": str(SPREAD)}
    return PositionInput(f"B{number}", "FIXED_BOND", "USD", terms, state), bond


@pytest.mark.usefixtures("evaluated")
def test_bonds_of_any_schedule_agree_with_quantlib(make_states: Callable[..., States]) -> None:
    market = {
        "format": "tieout.market/1",
        "as_of": DAY.isoformat(),
        "curves": [{"name": "FLAT", "currency": "USD", "nodes": [["2060-01-01", str(RATE)]]}],
        "discount": {"USD": "FLAT"},
        "fx": [{"base": "EUR", "quote": "USD", "rate": "1"}],
    }
    states = make_states(market, [{"code": "BASE"}], ["PV", "ACCRUED"])
    rng = random.Random(7)
    cases = [case(rng, number) for number in range(COUNT)]
    packed = product("FIXED_BOND").pack([position for position, _ in cases], Names())
    valued = valuation.value(packed.batch, states)
    assert valued.failures == [None] * COUNT
    flat = ql.FlatForward(q_date(DAY), RATE + SPREAD, ql.Actual365Fixed(), ql.Continuous)
    engine = ql.DiscountingBondEngine(ql.YieldTermStructureHandle(flat))
    pv, accrued = (states.axis.places[Cell(code, "BASE")] for code in ("PV", "ACCRUED"))
    for row, (position, bond) in zip(valued.values, cases, strict=True):
        bond.setPricingEngine(engine)
        tolerance = 1e-12 * bond.NPV()
        assert row[pv] == pytest.approx(bond.NPV(), abs=tolerance), position.terms
        face = bond.notional(q_date(DAY))
        wanted = bond.accruedAmount(q_date(DAY)) / 100.0 * face
        assert row[accrued] == pytest.approx(wanted, abs=tolerance), position.terms
