"""Inflation bonds against 31 CFR 356 Appendix B; each case file names its section."""

from typing import Any

import pytest

from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.position import PositionInput
from pricing.products.registry import product

from tests.golden.quoted import case, flat, measured, priced, states  # isort: skip

MEASURES = ("CLEAN_PRICE", "ACCRUED", "YIELD_REAL_SEMI_BOND", "INDEX_RATIO")


def cpi(day: str, history: list[list[str]]) -> dict[str, Any]:
    """Return a market with US CPI, three months' lag, interpolated by day."""
    index = {"currency": "USD", "history": history, "nodes": [["2100-01-01", "0.02"]]}
    return flat(day, inflation={"US_CPI_U": index})


def test_reference_level_and_index_ratio_are_those_of_appendix_b() -> None:
    """Issued 15 April 1996 on a reference level of 154.63333: the ratio a day later is 1.00011."""
    published = case("inflation_bond", "ust.I.B3.ref_cpi")
    inputs, expected = published["inputs"], published["expected"]
    history = [["1996-01", str(inputs["ref_cpi_m"])], ["1996-02", str(inputs["ref_cpi_m1"])]]
    terms = {
        "dated_date": inputs["issue_date"],
        "maturity_date": "2006-04-15",
        "coupon": "0.03",
        "day_count": "ACT/ACT ICMA",
        "index": "US_CPI_U",
        "ratio_rounding": "US_TREASURY",
    }
    market = states(cpi("1996-04-16", history), MEASURES)
    found = measured(priced("INFLATION_BOND", terms, 100.0), market)
    assert found["INDEX_RATIO"] == expected["index_ratio_16apr"]
    # With a base of one the ratio is the reference level itself.
    level = {**terms, "base_level": "1"}
    market = states(cpi("1996-04-15", history), MEASURES)
    found = measured(priced("INFLATION_BOND", level, 100.0), market)
    assert found["INDEX_RATIO"] == expected["ref_cpi"]


def test_real_yield_of_a_new_note_is_that_of_appendix_b() -> None:
    published = case("inflation_bond", "ust.III.A.tips_new")
    inputs, expected = published["inputs"], published["expected"]
    terms = {
        "dated_date": inputs["issue"],
        "maturity_date": "2009-01-15",
        "coupon": str(inputs["coupon"]),
        "day_count": "ACT/ACT ICMA",
        "index": "US_CPI_U",
        "base_level": str(inputs["ref_cpi_issue"]),
        "ratio_rounding": "US_TREASURY",
        "deflation_floor": True,
        "yield_convention": "US_TREASURY",
    }
    history = [["1998-10", "164"], ["1998-11", "164"]]
    market = states(cpi(inputs["issue"], history), MEASURES)
    found = measured(priced("INFLATION_BOND", terms, expected["price"]), market)
    assert found["INDEX_RATIO"] == 1.0
    assert found["ACCRUED"] == expected["accrued"]
    assert found["CLEAN_PRICE"] == pytest.approx(expected["price"], abs=1e-9)
    # The price moves by some 8 of 100 for 1 of yield.
    error = abs(found["YIELD_REAL_SEMI_BOND"] - inputs["real_yield"]) * 8.2 * 100.0
    assert error <= published["tolerance"]


def test_reopened_note_is_priced_as_appendix_b_says() -> None:
    """The inflation-adjusted price and interest are the real ones times the index ratio."""
    published = case("inflation_bond", "ust.III.B.tips_reopened")
    inputs, expected = published["inputs"], published["expected"]
    terms = {
        "dated_date": inputs["dated"],
        "maturity_date": inputs["maturity"],
        "coupon": str(inputs["coupon"]),
        "day_count": "ACT/ACT ICMA",
        "index": "US_CPI_U",
        "base_level": str(inputs["ref_cpi_issue"]),
        "ratio_rounding": "US_TREASURY",
        "deflation_floor": True,
        "yield_convention": "US_TREASURY",
    }
    # July 163.2 and August 163.4: 163.29032 on 15 October.
    history = [["1998-07", "163.2"], ["1998-08", "163.4"]]
    market = states(cpi(inputs["settlement"], history), MEASURES)
    found = measured(priced("INFLATION_BOND", terms, expected["real_price"]), market)
    assert found["INDEX_RATIO"] == expected["index_ratio"]
    tolerance = published["tolerance"]
    assert found["ACCRUED"] == pytest.approx(expected["adjusted_accrued"], abs=tolerance)
    adjusted = found["CLEAN_PRICE"] * found["INDEX_RATIO"]
    assert adjusted == pytest.approx(expected["adjusted_price"], abs=tolerance)
    assert adjusted + found["ACCRUED"] == pytest.approx(
        expected["settlement_amount"], abs=tolerance
    )
    # The price moves by some 7.6 of 100 for 1 of yield.
    error = abs(found["YIELD_REAL_SEMI_BOND"] - inputs["real_yield"]) * 7.6 * 100.0
    assert error <= tolerance


def test_payment_of_a_stripped_interest_component_is_that_of_appendix_b() -> None:
    published = case("inflation_bond", "ust.V.tips_strip")
    inputs, expected = published["inputs"], published["expected"]
    adjusted = inputs["par"] * inputs["coupon"] / 2.0 * 100.0 / inputs["ref_cpi_issue"]
    assert adjusted == pytest.approx(expected["adjusted_value"], abs=published["tolerance"])
    terms = {
        "dated_date": "1999-01-15",
        "maturity_date": "2000-07-15",
        "coupon": "0",
        "day_count": "ACT/ACT ICMA",
        "index": "US_CPI_U",
        "base_level": "100",
    }
    # A level without interpolation: the 15th lies between two equal months.
    level = str(inputs["ref_cpi_date"])
    history = [["2000-03", "168"], ["2000-04", level], ["2000-05", level]]
    state = {"quantity": str(expected["adjusted_value"]), "spread": "0"}
    position = PositionInput("S", "INFLATION_BOND", "USD", terms, state)
    batch = product("INFLATION_BOND").pack([position], Names()).batch
    (payment,) = cashflows(batch, states(cpi("2000-06-20", history), MEASURES))
    assert payment.amount == pytest.approx(expected["payment_amount"], abs=published["tolerance"])
