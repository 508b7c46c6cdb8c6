"""Bond prices published for a yield: our flows and accrued on the published yield's factors.

The library prices on curves. A curve through the source's own discount factors, 1 / (1 + y/f) by
period as its convention says, makes every published price a test of dates, coupons and accrued.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States

CASES = Path(__file__).parent / "bond"
MEASURES = ("DIRTY_PRICE", "CLEAN_PRICE", "ACCRUED")
Factors = dict[dt.date, float]


def case(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text())


def states(day: dt.date, factors: Factors) -> States:
    """Return a market of these discount factors, settling on the day itself."""
    nodes = [
        [date.isoformat(), format(-math.log(factor) / ((date - day).days / 365.0), ".18f")]
        for date, factor in sorted(factors.items())
    ]
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": day.isoformat(),
            "curves": [{"name": "YIELD", "currency": "USD", "nodes": nodes}],
            "discount": {"USD": "YIELD"},
        }
    )
    cells = tuple(Cell(code, "BASE") for code in MEASURES)
    return States(market, [parse_scenario({"code": "BASE"})], Axis(cells, day, "USD"))


def bond(terms: dict[str, Any], **state: str) -> PositionInput:
    full = {"quantity": "100", "spread": "0", **state}
    return PositionInput("B", "FIXED_BOND", "USD", {"day_count": "ACT/ACT ICMA", **terms}, full)


def priced(position: PositionInput, market: States) -> dict[str, float]:
    packed = registry.product("FIXED_BOND").pack([position], Names())
    valued = valuation.value(packed.batch, market)
    assert valued.failures == [None]
    return dict(zip(MEASURES, valued.values[0].tolist(), strict=True))


def coupon_dates(first: str, count: int, months: int = 6, last_day: bool = False) -> list[dt.date]:
    """Return dates on the same day of every `months`th month, or on month ends."""
    start = dt.date.fromisoformat(first)
    found = []
    for k in range(count):
        year, month = divmod(start.year * 12 + start.month - 1 + k * months, 12)
        following = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
        end = (following - dt.timedelta(days=1)).day
        found.append(dt.date(year, month + 1, end if last_day else min(start.day, end)))
    return found


def street(rate: float, frequency: int, part: float) -> Callable[[int], float]:
    """Compound yield in the broken first period too: (1 + y/f)^-(part + k)."""
    return lambda k: (1 + rate / frequency) ** -(part + k)


def treasury(rate: float, part: float) -> Callable[[int], float]:
    """31 CFR 356 Appendix B: simple interest in the broken first period, then compound."""
    return lambda k: (1 + rate / 2) ** -k / (1 + part * rate / 2)


def test_treasury_price_of_a_regular_first_period() -> None:
    published = case("ust.II.A.regular_first")
    inputs = published["inputs"]
    dates = coupon_dates("1990-11-15", inputs["n"] + 1)
    factor = treasury(inputs["yield_"], inputs["r"] / inputs["s"])
    terms = {"dated_date": inputs["issue"], "maturity_date": inputs["maturity"], "coupon": "0.0875"}
    day = dt.date.fromisoformat(inputs["settlement"])
    found = priced(bond(terms), states(day, {date: factor(k) for k, date in enumerate(dates)}))
    assert found["ACCRUED"] == 0.0
    assert found["CLEAN_PRICE"] == pytest.approx(
        published["expected"]["price"], abs=published["tolerance"]
    )


def test_treasury_price_of_a_long_first_period() -> None:
    published = case("ust.II.C.long_first")
    inputs = published["inputs"]
    # The first coupon is paid a whole period after the quasi-coupon date of 15 May 1990.
    dates = coupon_dates(inputs["first_coupon"], inputs["n"])
    factor = treasury(inputs["yield_"], inputs["r"] / inputs["s"])
    terms = {
        "dated_date": inputs["issue"],
        "first_coupon_date": inputs["first_coupon"],
        "maturity_date": inputs["maturity"],
        "coupon": "0.085",
    }
    day = dt.date.fromisoformat(inputs["issue"])
    found = priced(bond(terms), states(day, {date: factor(k) for k, date in enumerate(dates, 1)}))
    assert found["CLEAN_PRICE"] == pytest.approx(
        published["expected"]["price"], abs=published["tolerance"]
    )


@pytest.mark.parametrize(
    ("name", "dated", "first"),
    [
        ("ust.II.D.accrued", "1985-11-15", "1986-05-15"),
        ("ust.II.F.reopen_short_first", "1983-05-16", "1983-11-15"),
    ],
)
def test_treasury_price_and_accrued_inside_a_period(name: str, dated: str, first: str) -> None:
    published = case(name)
    inputs, expected = published["inputs"], published["expected"]
    dates = coupon_dates(first, inputs["n"] + 1)
    factor = treasury(inputs["yield_"], inputs["r"] / inputs["s"])
    terms = {
        "dated_date": dated,
        "maturity_date": inputs["maturity"],
        "coupon": str(inputs["coupon"]),
    }
    day = dt.date.fromisoformat(inputs["settlement"])
    found = priced(bond(terms), states(day, {date: factor(k) for k, date in enumerate(dates)}))
    tolerance = published["tolerance"]
    assert found["ACCRUED"] == pytest.approx(expected["accrued"], abs=tolerance)
    assert found["CLEAN_PRICE"] == pytest.approx(expected["clean_price"], abs=tolerance)
    assert found["DIRTY_PRICE"] == pytest.approx(expected["dirty_price"], abs=tolerance)


def test_short_first_interest_of_a_treasury_note_is_a_share_of_its_half_year() -> None:
    """The source rounds the daily decimal to 9 places before it multiplies: 5e-8 of 1,000."""
    published = case("ust.I.A3.short_first_interest")
    inputs, expected = published["inputs"], published["expected"]
    terms = {
        "dated_date": inputs["issue"],
        "maturity_date": "1992-06-30",
        "end_of_month": True,
        "coupon": str(inputs["coupon"]),
    }
    for face, payment, tolerance in (
        ("1000", expected["payment_per_1000"], 1e-7),
        ("20000", expected["payment_20000"], published["tolerance"]["cents"]),
    ):
        packed = registry.product("FIXED_BOND").pack([bond(terms, quantity=face)], Names())
        market = states(dt.date(1990, 7, 2), {dt.date(1992, 6, 30): 0.9})
        first = cashflows(packed.batch, market)[0]
        assert first.date.isoformat() == inputs["first_coupon"]
        assert first.amount == pytest.approx(payment, abs=tolerance)


def test_accrued_of_half_a_half_year_is_half_a_coupon() -> None:
    published = case("ust.I.D1.accrued_one_half")
    inputs, expected = published["inputs"], published["expected"]
    terms = {
        "dated_date": inputs["accrual_start"],
        "maturity_date": "2005-05-15",
        "coupon": str(inputs["coupon"]),
    }
    market = states(dt.date.fromisoformat(inputs["settlement"]), {dt.date(2005, 5, 15): 0.8})
    for face, accrued in (("1000", "accrued_per_1000"), ("150000", "accrued_150000")):
        found = priced(bond(terms, quantity=face), market)
        assert found["ACCRUED"] == pytest.approx(expected[accrued], abs=published["tolerance"])


def test_clean_price_from_yield_is_quantlibs() -> None:
    """The coupon of 30 May 2005, a holiday, is paid and discounted a day of 184 later."""
    published = case("ql.bonds.cached.bond3")
    inputs = published["inputs"]
    dates = coupon_dates("2005-05-30", 4)
    factor = street(inputs["market_yield"], 2, 1.0)
    factors = {date: factor(k) for k, date in enumerate(dates)}
    moved = factors.pop(dates[0]) * (1 + inputs["market_yield"] / 2) ** (-1 / 184)
    factors[dt.date(2005, 5, 31)] = moved
    terms = {
        "dated_date": inputs["start"],
        "maturity_date": inputs["maturity"],
        "coupon": str(inputs["coupon"]),
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
    }
    found = priced(bond(terms), states(dt.date.fromisoformat(inputs["settlement"]), factors))
    assert found["CLEAN_PRICE"] == pytest.approx(
        published["expected"]["clean_from_yield"], abs=published["tolerance"]
    )


def test_clean_price_from_yield_of_a_month_end_bond_is_quantlibs() -> None:
    published = case("ql.bonds.cached.bond1")
    inputs = published["inputs"]
    dates = coupon_dates("2005-04-30", 4, last_day=True)
    day = dt.date(2004, 11, 23)
    part = (dates[0] - day).days / (dates[0] - dt.date(2004, 10, 31)).days
    factor = street(inputs["market_yield"], 2, part)
    terms = {
        "dated_date": inputs["start"],
        "maturity_date": inputs["maturity"],
        "end_of_month": True,
        "coupon": str(inputs["coupon"]),
    }
    found = priced(bond(terms), states(day, {date: factor(k) for k, date in enumerate(dates)}))
    assert found["CLEAN_PRICE"] == pytest.approx(
        published["expected"]["clean_from_yield"], abs=published["tolerance"]
    )


def test_dirty_price_of_the_south_african_r2048_is_the_quoted_one() -> None:
    """Coupons at the ends of February and August; the source moves 29 to 28 February."""
    published = case("ql.bonds.r2048")
    inputs = published["inputs"]
    dates = coupon_dates("2016-02-29", 65, last_day=True)
    day = dt.date.fromisoformat(inputs["settlement"])
    part = (dt.date(2016, 2, 28) - day).days / (dt.date(2016, 2, 28) - dt.date(2015, 8, 31)).days
    factor = street(inputs["yield_"], 2, part)
    terms = {
        "dated_date": inputs["issue"],
        "maturity_date": "2048-02-29",
        "end_of_month": True,
        "coupon": str(inputs["coupon"]),
    }
    found = priced(bond(terms), states(day, {date: factor(k) for k, date in enumerate(dates)}))
    assert found["DIRTY_PRICE"] == pytest.approx(
        published["expected"]["dirty_price"], abs=published["tolerance"]
    )


def test_dirty_price_of_an_australian_bond_before_its_ex_date_is_clean_plus_accrued() -> None:
    """The first of the case's three settlements: ex-coupon periods are not modelled."""
    published = case("ql.bonds.excoupon_agb")
    inputs, expected = published["inputs"], published["expected"]
    terms = {
        "dated_date": inputs["accrual_start"],
        "maturity_date": inputs["maturity"],
        "coupon": str(inputs["coupon"]),
    }
    marked = bond(terms, spread_source="MARK", mark_price=str(inputs["clean_price"]))
    day = dt.date.fromisoformat(inputs["settlements"][0])
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": day.isoformat(),
            "curves": [{"name": "C", "currency": "USD", "nodes": [["2017-02-15", "0.04"]]}],
            "discount": {"USD": "C"},
            "spreads": [
                {"currency": "USD", "rating": "AAA", "sector": "ALL", "nodes": [["1Y", "0"]]}
            ],
        }
    )
    axis = states(day, {dt.date(2017, 2, 15): 0.9}).axis
    rated = PositionInput("B", "FIXED_BOND", "USD", marked.terms, marked.state, "AAA", "ALL")
    found = priced(rated, States(market, [parse_scenario({"code": "BASE"})], axis))
    tolerance = published["tolerance"]
    assert found["ACCRUED"] == pytest.approx(expected["accrued"][0], abs=tolerance)
    assert found["DIRTY_PRICE"] == pytest.approx(expected["dirty"][0], abs=tolerance)


@pytest.mark.parametrize(
    ("coupon", "price"), [("0.04625", "dirty_price"), ("0", "dirty_price_zero_coupon")]
)
def test_us_street_price_is_stratas(coupon: str, price: str) -> None:
    published = case("strata.us_street")
    inputs = published["inputs"]
    dates = coupon_dates("2011-11-15", 11)
    day = dt.date(2011, 8, 23)
    part = (dates[0] - day).days / (dates[0] - dt.date(2011, 5, 15)).days
    factor = street(inputs["yield_"], 2, part)
    terms = {
        "dated_date": inputs["start"],
        "maturity_date": inputs["maturity"],
        "coupon": coupon,
    }
    found = priced(bond(terms), states(day, {date: factor(k) for k, date in enumerate(dates)}))
    assert found["DIRTY_PRICE"] / 100 == pytest.approx(
        published["expected"][price], abs=published["tolerance"]
    )


@pytest.mark.parametrize("number", [0, 1])
def test_german_price_is_stratas_with_simple_yield_in_the_last_period(number: int) -> None:
    published = case("strata.de_bonds")
    inputs = published["inputs"]
    day = dt.date.fromisoformat(inputs["settlements"][number])
    dates = [d for d in coupon_dates("2012-09-07", 3, months=12) if d > day]
    before = dt.date(dates[0].year - 1, 9, 7)
    part = (dates[0] - day).days / (dates[0] - before).days
    simple = 1 / (1 + part * inputs["yield_"])
    compound = street(inputs["yield_"], 1, part)
    factors = {d: simple if len(dates) == 1 else compound(k) for k, d in enumerate(dates)}
    terms = {
        "dated_date": inputs["start"],
        "maturity_date": inputs["maturity"],
        "coupon": str(inputs["coupon"]),
        "frequency": "ANNUAL",
    }
    found = priced(bond(terms), states(day, factors))
    assert found["DIRTY_PRICE"] / 100 == pytest.approx(
        published["expected"]["dirty_price"][number], abs=published["tolerance"]
    )
