"""Bills and other paper that pays once against published figures; each file names its source."""

import pytest

from pricing.position import PositionInput

from tests.golden.quoted import (  # isort: skip
    FLAT_ACT_360, case, flat, measured, priced, states,
)  # fmt: skip

RATES = ("CLEAN_PRICE", "DISCOUNT_RATE", "INVESTMENT_RATE", "YIELD_ANNUAL", "YIELD_SIMPLE")


@pytest.mark.parametrize("name", ["ql.bonds.zero.1", "ql.bonds.zero.3"])
def test_zero_coupon_bond_prices_as_quantlib_keeps(name: str) -> None:
    published = case("bond", name)
    terms = {
        "issue_date": published["inputs"]["issue"],
        "maturity_date": published["inputs"]["maturity"],
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
    }
    state = {"quantity": "100", "spread": "0"}
    position = PositionInput("Z", "ZERO_COUPON", "USD", terms, state)
    found = measured(position, states(flat("2004-11-22", FLAT_ACT_360), ("PV",)))
    growth = 2.718281828459045 ** (FLAT_ACT_360 * 8 / 365.0)
    assert found["PV"] * growth == pytest.approx(
        published["expected"]["clean_price"], abs=published["tolerance"]
    )


def test_discount_rate_of_a_bill_is_that_of_31_cfr_356() -> None:
    published = case("zero_coupon", "ust.VI.A.bill_price")
    terms = {"issue_date": "1990-01-02", "maturity_date": "1990-04-02"}
    found = measured(
        priced("ZERO_COUPON", terms, published["expected"]["price"]),
        states(flat("1990-01-02"), RATES),
    )
    assert found["DISCOUNT_RATE"] == pytest.approx(0.0761, abs=1e-9)


def test_investment_rate_of_a_short_bill_is_that_of_31_cfr_356() -> None:
    published = case("zero_coupon", "ust.VI.D1.bill_bey_short")
    terms = {"issue_date": "1990-06-01", "maturity_date": "1990-06-21"}
    found = measured(
        priced("ZERO_COUPON", terms, published["inputs"]["price"]),
        states(flat("1990-06-01"), RATES),
    )
    assert found["INVESTMENT_RATE"] == pytest.approx(
        published["expected"]["investment_rate"], abs=published["tolerance"]
    )


def test_investment_rate_of_a_year_bill_is_that_of_31_cfr_356() -> None:
    """Appendix B, VI.D.2: issued 1990-06-07, due 1991-06-06, price 92.265000: 8.237%."""
    terms = {"issue_date": "1990-06-07", "maturity_date": "1991-06-06"}
    found = measured(priced("ZERO_COUPON", terms, 92.265), states(flat("1990-06-07"), RATES))
    assert found["INVESTMENT_RATE"] == pytest.approx(0.08237, abs=5e-6)


def test_annual_yield_is_the_annual_percentage_yield_of_regulation_dd() -> None:
    published = case("zero_coupon", "regdd.appA.apy")
    due = {365: "2023-01-01", 182: "2022-07-02", 30: "2022-01-31"}
    rows = zip(published["inputs"]["rows"], published["expected"]["apy_pct"], strict=True)
    for (principal, interest, days), apy in rows:
        terms = {
            "issue_date": "2022-01-01",
            "maturity_date": due[days],
            "redemption": repr(100.0 * (1.0 + interest / principal)),
            "yield_frequency": "ANNUAL",
        }
        found = measured(priced("ZERO_COUPON", terms, 100.0), states(flat("2022-01-01"), RATES))
        assert found["YIELD_ANNUAL"] * 100.0 == pytest.approx(apy, abs=published["tolerance"])
