"""Prices and yields of bonds against published figures; each case file names its source.

A published pair of price and yield is tested from the price: the yield found, moved to the
published one along the bond's own duration, must not move the price by more than the tolerance.
"""

import datetime as dt
from typing import Any

import pytest

from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.position import PositionInput
from pricing.products.registry import product

from tests.golden.quoted import (  # isort: skip
    FLAT_ACT_360, case, flat, measured, priced, states,
)  # fmt: skip

MEASURES = (
    "CLEAN_PRICE", "DIRTY_PRICE", "ACCRUED", "YIELD_SEMI_BOND", "YIELD_ANNUAL",
    "YIELD_CONTINUOUS", "MODIFIED_DURATION", "MACAULAY_DURATION", "YIELD_CONVEXITY",
)  # fmt: skip


def at(day: str, terms: dict[str, Any], price: float, **state: Any) -> dict[str, float]:
    return measured(priced("FIXED_BOND", terms, price, **state), states(flat(day), MEASURES))


def price_error(found: dict[str, float], measure: str, rate: float) -> float:
    """Return how far the price is from that of the published yield."""
    return abs(found[measure] - rate) * found["MODIFIED_DURATION"] * found["DIRTY_PRICE"]


TREASURY = {"day_count": "ACT/ACT ICMA", "yield_convention": "US_TREASURY"}
APPENDIX_B = [
    pytest.param(
        "ust.II.A.regular_first",
        "1990-05-15",
        {"dated_date": "1990-05-15", "maturity_date": "2020-05-15", "coupon": "0.0875"},
        "price",
        id="regular_first_period",
    ),
    pytest.param(
        "ust.II.B.short_first",
        "1990-04-02",
        {
            "dated_date": "1990-04-02",
            "maturity_date": "1992-03-31",
            "coupon": "0.085",
            "end_of_month": True,
        },
        "price",
        id="short_first_period",
    ),
    pytest.param(
        "ust.II.C.long_first",
        "1990-03-01",
        {
            "dated_date": "1990-03-01",
            "first_coupon_date": "1990-11-15",
            "maturity_date": "1995-05-15",
            "coupon": "0.085",
        },
        "price",
        id="long_first_period",
    ),
    pytest.param(
        "ust.II.D.accrued",
        "1985-11-29",
        {"dated_date": "1985-11-15", "maturity_date": "1995-11-15", "coupon": "0.095"},
        "clean_price",
        id="regular_with_accrued",
    ),
    pytest.param(
        "ust.II.F.reopen_short_first",
        "1983-08-15",
        {"dated_date": "1983-05-16", "maturity_date": "1991-05-15", "coupon": "0.105"},
        "clean_price",
        id="reopened_in_short_first",
    ),
    pytest.param(
        "ust.II.E.reopen_long_first_regular",
        "1985-11-04",
        {
            "dated_date": "1985-07-02",
            "first_coupon_date": "1986-02-15",
            "maturity_date": "2005-08-15",
            "coupon": "0.1075",
        },
        "clean_price",
        id="reopened_in_the_regular_part_of_a_long_first",
    ),
    pytest.param(
        "ust.II.G.reopen_long_first_fraction",
        "1988-11-15",
        {
            "dated_date": "1988-10-15",
            "first_coupon_date": "1989-06-15",
            "maturity_date": "1994-12-15",
            "coupon": "0.0975",
        },
        "clean_price",
        id="reopened_in_the_short_part_of_a_long_first",
    ),
]


@pytest.mark.parametrize(("name", "settlement", "terms", "field"), APPENDIX_B)
def test_treasury_price_and_yield_are_those_of_31_cfr_356(
    name: str, settlement: str, terms: dict[str, Any], field: str
) -> None:
    published = case("bond", name)
    expected = published["expected"]
    found = at(settlement, {**TREASURY, **terms}, expected[field])
    assert found["CLEAN_PRICE"] == pytest.approx(expected[field], abs=1e-9)
    assert found["ACCRUED"] == pytest.approx(expected.get("accrued", 0.0), abs=1e-6)
    error = price_error(found, "YIELD_SEMI_BOND", published["inputs"]["yield_"])
    assert error <= published["tolerance"]


def test_street_convention_misses_the_treasury_price_as_the_case_says() -> None:
    """The guard of the cases above: the compound first period is 7.7e-3 away."""
    published = case("bond", "ust.II.D.accrued")
    terms = {
        "dated_date": "1985-11-15",
        "maturity_date": "1995-11-15",
        "coupon": "0.095",
        "day_count": "ACT/ACT ICMA",
        "yield_convention": "US_STREET",
    }
    found = at("1985-11-29", terms, published["expected"]["clean_price"])
    error = price_error(found, "YIELD_SEMI_BOND", published["inputs"]["yield_"])
    assert error == pytest.approx(7.7e-3, abs=1e-4)


def test_first_interest_of_a_short_period_is_that_of_31_cfr_356() -> None:
    published = case("bond", "ust.I.A3.short_first_interest")
    terms = {
        **TREASURY,
        "dated_date": "1990-07-02",
        "maturity_date": "1992-06-30",
        "coupon": "0.08375",
        "end_of_month": True,
    }
    state = {"quantity": "1000", "spread": "0"}
    position = PositionInput("N", "FIXED_BOND", "USD", terms, state)
    batch = product("FIXED_BOND").pack([position], Names()).batch
    first = cashflows(batch, states(flat("1990-07-02"), ("PV",)))[0]
    assert first.date == dt.date(1990, 12, 31)
    expected = published["expected"]
    assert first.amount == pytest.approx(
        expected["payment_per_1000"], abs=published["tolerance"]["payment"] * 100
    )
    assert first.amount * 20 == pytest.approx(
        expected["payment_20000"], abs=published["tolerance"]["cents"]
    )


def test_accrued_of_half_a_period_is_that_of_31_cfr_356() -> None:
    published = case("bond", "ust.I.D1.accrued_one_half")
    terms = {
        **TREASURY,
        "dated_date": "2000-05-15",
        "maturity_date": "2005-05-15",
        "coupon": "0.0675",
    }
    found = at("2000-08-15", terms, 100.0, quantity="1000")
    assert found["ACCRUED"] == pytest.approx(
        published["expected"]["accrued_per_1000"], abs=published["tolerance"]
    )


def test_ex_coupon_bond_is_quoted_as_the_market_quotes_it() -> None:
    """AU300TB01208 around its ex date; the values are Bloomberg's, as QuantLib says."""
    published = case("bond", "ql.bonds.excoupon_agb")
    terms = {
        "dated_date": published["inputs"]["accrual_start"],
        "maturity_date": published["inputs"]["maturity"],
        "coupon": "0.06",
        "day_count": "ACT/ACT ICMA",
        "ex_coupon_days": 7,
    }
    expected = published["expected"]
    for place, day in enumerate(published["inputs"]["settlements"]):
        found = at(day, terms, 103.0)
        assert found["ACCRUED"] == pytest.approx(expected["accrued"][place], abs=1e-3)
        assert found["DIRTY_PRICE"] == pytest.approx(expected["dirty"][place], abs=1e-3)
        assert found["YIELD_SEMI_BOND"] == pytest.approx(expected["yield_"][place], abs=1e-5)
        wanted = expected["modified_duration"][place]
        assert found["MODIFIED_DURATION"] == pytest.approx(wanted, abs=1e-5)
        assert found["YIELD_CONVEXITY"] == pytest.approx(expected["convexity"][place], abs=1e-4)


def test_gilt_around_its_ex_date_is_quoted_as_the_market_quotes_it() -> None:
    """GB0009997999 under UK_DMO; the values are Bloomberg's, as QuantLib says.

    Its ex date is seven business days before the coupon, and it still trades with it on that day.
    """
    published = case("bond", "ql.bonds.excoupon_gilt")
    inputs, expected = published["inputs"], published["expected"]
    terms = {
        "dated_date": inputs["issue"],
        "maturity_date": inputs["maturity"],
        "coupon": "0.08",
        "day_count": "ACT/ACT ICMA",
        "yield_convention": "UK_DMO",
        "ex_coupon_days": 6,
        "ex_coupon_day_type": "BUSINESS",
        "ex_coupon_calendar": "UK",
    }
    for place, day in enumerate(inputs["settlements"]):
        found = at(day, terms, inputs["clean_price"])
        for measure, name in (
            ("ACCRUED", "accrued"),
            ("DIRTY_PRICE", "dirty"),
            ("YIELD_SEMI_BOND", "yield_"),
            ("MODIFIED_DURATION", "modified_duration"),
            ("YIELD_CONVEXITY", "convexity"),
        ):
            tolerance = published["tolerance"]
            assert found[measure] == pytest.approx(expected[name][place], abs=tolerance)


def test_street_price_and_duration_are_stratas() -> None:
    published = case("bond", "strata.us_street")
    terms = {
        "dated_date": "2006-11-15",
        "maturity_date": "2016-11-15",
        "coupon": "0.04625",
        "day_count": "ACT/ACT ICMA",
        "yield_convention": "US_STREET",
    }
    expected = published["expected"]
    dirty = expected["dirty_price"] * 100.0
    found = at("2011-08-23", terms, dirty, price_quote_basis="DIRTY")
    assert found["YIELD_SEMI_BOND"] == pytest.approx(0.04, abs=1e-12)
    assert found["MACAULAY_DURATION"] == pytest.approx(expected["macaulay_duration"], abs=1e-12)
    bare = expected["dirty_price_zero_coupon"] * 100.0
    found = at("2011-08-23", {**terms, "coupon": "0"}, bare, price_quote_basis="DIRTY")
    assert found["YIELD_SEMI_BOND"] == pytest.approx(0.04, abs=1e-12)


def test_german_price_and_duration_are_stratas_in_the_last_period_too() -> None:
    published = case("bond", "strata.de_bonds")
    terms = {
        "dated_date": "2002-09-07",
        "maturity_date": "2014-09-07",
        "coupon": "0.05",
        "frequency": "ANNUAL",
        "day_count": "ACT/ACT ICMA",
        "yield_convention": "GERMAN",
    }
    expected = published["expected"]
    for place, day in enumerate(published["inputs"]["settlements"]):
        dirty = expected["dirty_price"][place] * 100.0
        found = at(day, terms, dirty, price_quote_basis="DIRTY")
        assert found["YIELD_ANNUAL"] == pytest.approx(0.04, abs=published["tolerance"])
        wanted = expected["macaulay_duration"][place]
        assert found["MACAULAY_DURATION"] == pytest.approx(wanted, abs=published["tolerance"])


def test_yields_are_those_quantlib_keeps() -> None:
    published = case("bond", "ql.bonds.cached.bond1")
    terms = {
        "dated_date": "2004-10-31",
        "maturity_date": "2006-10-31",
        "coupon": "0.025",
        "day_count": "ACT/ACT ICMA",
        "end_of_month": True,
    }
    expected, tolerance = published["expected"], published["tolerance"]
    market = states(
        flat("2004-11-22", FLAT_ACT_360, settlement_days={"USD": {"days": 1, "calendar": "US"}}),
        MEASURES,
    )
    clean = published["inputs"]["market_clean"]
    found = measured(priced("FIXED_BOND", terms, clean), market)
    assert found["YIELD_SEMI_BOND"] == pytest.approx(expected["yield_semi"], abs=tolerance)
    assert found["YIELD_CONTINUOUS"] == pytest.approx(expected["yield_cont"], abs=tolerance)
    found = measured(priced("FIXED_BOND", terms, expected["clean_from_yield"]), market)
    assert price_error(found, "YIELD_SEMI_BOND", 0.02925) <= tolerance
    state = {"quantity": "100", "spread": "0"}
    found = measured(PositionInput("B", "FIXED_BOND", "USD", terms, state), market)
    assert found["CLEAN_PRICE"] == pytest.approx(expected["clean_from_curve"], abs=tolerance)
    wanted = expected["yield_cont_from_curve_price"]
    assert found["YIELD_CONTINUOUS"] == pytest.approx(wanted, abs=tolerance)


def test_price_on_the_issue_date_is_the_one_quantlib_keeps() -> None:
    """QuantLib discounts to the pay date: 30 May 2005 was a holiday, worth 1.1e-4 of price."""
    published = case("bond", "ql.bonds.cached.bond3")
    terms = {
        "dated_date": "2004-11-30",
        "maturity_date": "2006-11-30",
        "coupon": "0.02875",
        "day_count": "ACT/ACT ICMA",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
        "yield_convention": "TRUE_YIELD",
    }
    found = at("2004-11-30", terms, published["expected"]["clean_from_yield"])
    assert price_error(found, "YIELD_SEMI_BOND", 0.02997) <= published["tolerance"]


def test_stepped_coupons_with_a_short_last_period_price_as_quantlib_keeps() -> None:
    published = case("bond", "ql.bonds.fixed.stub")
    first, *steps = published["inputs"]["coupons"]
    begins = ("2005-05-30", "2005-11-30", "2006-05-30")
    terms = {
        "dated_date": "2004-11-30",
        "maturity_date": "2009-03-30",
        "last_coupon_date": "2008-11-30",
        "coupon": repr(first),
        "coupon_steps": [[day, repr(rate)] for day, rate in zip(begins, steps, strict=True)],
        "day_count": "ACT/ACT ICMA",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
    }
    state = {"quantity": "100", "spread": "0"}
    position = PositionInput("B", "FIXED_BOND", "USD", terms, state)
    found = measured(position, states(flat("2004-11-22", FLAT_ACT_360), ("PV",)))
    # QuantLib settles on the issue date, eight days on; nothing has accrued by then.
    growth = 2.718281828459045 ** (FLAT_ACT_360 * 8 / 365.0)
    assert found["PV"] * growth == pytest.approx(
        published["expected"]["clean_price"], abs=published["tolerance"]
    )


SINKING = {
    "ore.bond18.Bond_Amortizing_Percentage_Previous": {
        "amortisation": "SHARE_OF_BALANCE",
        "balance_share": "0.05",
    },
    "ore.bond18.Bond_Amortizing_FixedAmount": {
        "amortisation": "SCHEDULE",
        "principal_schedule": [[f"20{year}-02-03", "10"] for year in (17, 18, 19, 20)],
    },
}


@pytest.mark.parametrize("name", SINKING)
def test_flows_of_a_sinking_bond_are_those_of_ore_example_18(name: str) -> None:
    published = case("loan", name)
    terms = {
        "dated_date": "2016-02-03",
        "maturity_date": "2021-02-03",
        "coupon": "0.05",
        "day_count": "ACT/ACT ISDA",
        "frequency": "ANNUAL",
        "calendar": "TARGET",
        "roll_convention": "FOLLOWING",
        "accrual_dates": "ADJUSTED",
        **SINKING[name],
    }
    state = {"quantity": "10000000", "spread": "0"}
    position = PositionInput("B", "FIXED_BOND", "EUR", terms, state)
    packed = product("FIXED_BOND").pack([position], Names())
    market = states(flat("2016-02-05", 0.02, "EUR"), ("PV",), "EUR")
    flows = [(f.date.isoformat(), f.amount) for f in cashflows(packed.batch, market)]
    expected = [(day, amount) for day, _, amount in published["expected"]["flows"]]
    assert [day for day, _ in flows] == [day for day, _ in expected]
    for (_, amount), (_, wanted) in zip(flows, expected, strict=True):
        assert amount == pytest.approx(wanted, abs=published["tolerance"]["flow"])
    factors = published["inputs"]["discount_factors"]
    value = sum(amount * factors[day] for day, amount in flows)
    assert value == pytest.approx(published["expected"]["npv"], abs=published["tolerance"]["npv"])


def test_yield_and_duration_of_the_31st_are_bloombergs() -> None:
    published = case("bond", "ql.bonds.thirty360_31st")
    inputs, expected = published["inputs"], published["expected"]
    terms = {
        "dated_date": inputs["dated"],
        "maturity_date": inputs["maturity"],
        "coupon": str(inputs["coupon"]),
        "day_count": "30/360",
    }
    found = at(inputs["settlement"], terms, inputs["clean_price"])
    tolerance = published["tolerance"]
    assert found["YIELD_SEMI_BOND"] == pytest.approx(expected["yield_"], abs=tolerance)
    wanted = expected["macaulay_duration"]
    assert found["MACAULAY_DURATION"] == pytest.approx(wanted, abs=tolerance)
    convexity = found["YIELD_CONVEXITY"] / 100.0
    assert convexity == pytest.approx(expected["convexity_over_100"], abs=tolerance)
