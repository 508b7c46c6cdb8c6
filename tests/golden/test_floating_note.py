"""Floating notes against published figures; each case file names its source."""

import datetime as dt
import itertools
import math
from typing import Any

import pytest

from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.position import PositionInput
from pricing.products.registry import product

from tests.golden.quoted import (  # isort: skip
    FLAT_ACT_360, case, flat, measured, priced, states,
)  # fmt: skip

LIBOR = {
    "currency": "USD",
    "kind": "TERM",
    "tenor": "6M",
    "day_count": "ACT/360",
    "calendar": "UK",
    "fixing_lag_days": 2,
    "curve": "FORWARD",
}


@pytest.mark.parametrize(
    ("name", "discount"),
    [("ql.bonds.frn.same_curve", "FORWARD"), ("ql.bonds.frn.spreads", "FLAT")],
)
def test_note_on_a_term_index_prices_as_quantlib_keeps(name: str, discount: str) -> None:
    published = case("floating_note", name)
    market = flat("2004-11-22", FLAT_ACT_360)
    forward = {**market["curves"][0], "name": "FORWARD"}
    forward["nodes"] = [["2100-01-01", repr(0.025 * 365.0 / 360.0)]]
    market["curves"].append(forward)
    market["discount"] = {"USD": discount}
    market["indices"] = {"USD_LIBOR_6M": LIBOR}
    first, *steps = published["inputs"]["spreads"] or [0.0]
    terms = {
        "dated_date": "2004-11-30",
        "maturity_date": "2008-11-30",
        "index": "USD_LIBOR_6M",
        "margin": repr(first),
        "day_count": "ACT/ACT ICMA",
        "frequency": "SEMIANNUAL",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
        "accrual_dates": "UNADJUSTED",
        "fixing_lag_days": 1,
    }
    if steps:
        begins = ("2005-05-30", "2005-11-30", "2006-05-30")
        terms["margin_steps"] = [[d, repr(m)] for d, m in zip(begins, steps, strict=True)]
    state = {"quantity": "100", "spread": "0"}
    position = PositionInput("N", "FLOATING_NOTE", "USD", terms, state)
    found = measured(position, states(market, ("PV",)))
    rate = (0.025 if discount == "FORWARD" else 0.03) * 8 / 360.0
    assert found["PV"] * math.exp(rate) == pytest.approx(
        published["expected"]["clean_price"], abs=1e-6
    )


def constant_index(
    day: str, dates: list[str], rate: float, *, each_day: bool = False
) -> dict[str, Any]:
    """Return a market whose overnight index pays the same simple rate over each period, or day."""
    start = dt.date.fromisoformat(day)
    nodes, growth = [], 1.0
    for begin, end in itertools.pairwise([day, *dates]):
        days = (dt.date.fromisoformat(end) - dt.date.fromisoformat(begin)).days
        growth *= (1.0 + rate / 360.0) ** days if each_day else 1.0 + rate * days / 360.0
        years = (dt.date.fromisoformat(end) - start).days / 365.0
        nodes.append([end, repr(math.log(growth) / years)])
    market = flat(day)
    market["curves"].append({"name": "BILLS", "currency": "USD", "nodes": nodes})
    market["indices"] = {
        "BILL_13W": {
            "currency": "USD",
            "kind": "OVERNIGHT",
            "day_count": "ACT/360",
            "calendar": "NONE",
            "curve": "BILLS",
        }
    }
    return market


def treasury_note(dated: str, maturity: str, margin: float) -> dict[str, Any]:
    return {
        "dated_date": dated,
        "maturity_date": maturity,
        "index": "BILL_13W",
        "margin": repr(margin),
        "day_count": "ACT/360",
        "frequency": "QUARTERLY",
        "end_of_month": True,
        "accrual_dates": "UNADJUSTED",
    }


def test_discount_margin_of_a_new_treasury_note_is_that_of_31_cfr_356() -> None:
    published = case("floating_note", "ust.IV.A.frn_par")
    inputs, expected = published["inputs"], published["expected"]
    market = constant_index(inputs["issue"], inputs["payment_dates"], inputs["index_rate"])
    terms = treasury_note(inputs["issue"], inputs["payment_dates"][-1], inputs["spread"])
    measures = ("DISCOUNT_MARGIN", "CLEAN_PRICE")
    position = priced("FLOATING_NOTE", terms, expected["price"])
    found = measured(position, states(market, measures))
    # A margin off by x is worth about 2 years of it.
    error = abs(found["DISCOUNT_MARGIN"] - inputs["discount_margin"]) * 2.0 * 100.0
    assert error <= published["tolerance"]
    batch = product("FLOATING_NOTE").pack([position], Names()).batch
    flows = [f for f in cashflows(batch, states(market, measures)) if f.kind == "INTEREST"]
    assert [f.date.isoformat() for f in flows] == inputs["payment_dates"]
    # The published payments are daily interest rounded to 9 decimals times the days.
    assert flows[0].amount == pytest.approx(expected["first_payment"], abs=1e-6)
    assert flows[6].amount == pytest.approx(expected["seventh_payment"], abs=1e-6)


def test_treasury_note_dated_before_its_issue_is_priced_as_31_cfr_356_says() -> None:
    published = case("floating_note", "ust.IV.E.frn_dated_before_issue")
    inputs, expected = published["inputs"], published["expected"]
    market = constant_index(inputs["settlement"], inputs["payment_dates"], inputs["index_rate"])
    market["fixings"] = {
        "BILL_13W": [
            [day, repr(inputs["index_rate"])] for day in ("2011-12-31", "2012-01-01", "2012-01-02")
        ]
    }
    terms = treasury_note(inputs["dated"], inputs["payment_dates"][-1], inputs["spread"])
    measures = ("DISCOUNT_MARGIN", "ACCRUED", "DIRTY_PRICE")
    position = priced("FLOATING_NOTE", terms, expected["clean_price"])
    found = measured(position, states(market, measures))
    assert found["ACCRUED"] == pytest.approx(expected["accrued"], abs=published["tolerance"])
    assert found["DIRTY_PRICE"] == pytest.approx(
        expected["dirty_price"], abs=published["tolerance"]
    )
    error = abs(found["DISCOUNT_MARGIN"] - inputs["discount_margin"]) * 2.0 * 100.0
    assert error <= published["tolerance"]


QUARTERS = [
    "2012-10-31", "2013-01-31", "2013-04-30", "2013-07-31",
    "2013-10-31", "2014-01-31", "2014-04-30", "2014-07-31",
]  # fmt: skip


def test_treasury_note_whose_interest_is_floored_is_priced_as_31_cfr_356_says() -> None:
    published = case("floating_note", "ust.IV.B.frn_premium")
    inputs = published["inputs"]
    market = constant_index(inputs["dated"], QUARTERS, inputs["index_rate"])
    terms = treasury_note(inputs["dated"], inputs["maturity"], inputs["spread"])
    measures = ("DISCOUNT_MARGIN", "DIRTY_PRICE")
    position = priced("FLOATING_NOTE", {**terms, "floor": "0"}, published["expected"]["price"])
    found = measured(position, states(market, measures))
    error = abs(found["DISCOUNT_MARGIN"] - inputs["discount_margin"]) * 2.0 * 100.0
    assert error <= published["tolerance"]
    unfloored = measured(
        priced("FLOATING_NOTE", terms, published["expected"]["price"]), states(market, measures)
    )
    assert abs(unfloored["DISCOUNT_MARGIN"] - inputs["discount_margin"]) > 1e-4


def test_reopened_treasury_note_is_priced_as_31_cfr_356_says() -> None:
    """A month of interest at six auction rates is in the price, the rest at the last of them."""
    published = case("floating_note", "ust.IV.C.frn_reopened")
    inputs, expected = published["inputs"], published["expected"]
    market = constant_index(inputs["settlement"], QUARTERS, inputs["index_rate"], each_day=True)
    day, fixings = dt.date.fromisoformat(inputs["dated"]), []
    for days, daily in inputs["daily"]:
        for _ in range(days):
            fixings.append([day.isoformat(), f"{daily * 3.6 - inputs['spread']:.11f}"])
            day += dt.timedelta(days=1)
    assert day.isoformat() == inputs["settlement"]
    market["fixings"] = {"BILL_13W": fixings}
    terms = treasury_note(inputs["dated"], inputs["maturity"], inputs["spread"])
    terms["daily_rates"] = "AVERAGED"
    measures = ("DISCOUNT_MARGIN", "ACCRUED", "DIRTY_PRICE")
    position = priced("FLOATING_NOTE", terms, expected["clean_price"])
    found = measured(position, states(market, measures))
    tolerance = published["tolerance"]
    assert found["ACCRUED"] == pytest.approx(expected["accrued"], abs=tolerance)
    assert found["DIRTY_PRICE"] == pytest.approx(expected["dirty_price"], abs=tolerance)
    # The source discounts the rest of the period at tonight's index rate, we at the period's: the
    # two differ by 2.2e-6, which 61 of 730 days carry into the margin.
    assert found["DISCOUNT_MARGIN"] == pytest.approx(inputs["discount_margin"], abs=2.5e-7)
    batch = product("FLOATING_NOTE").pack([position], Names()).batch
    flows = [f for f in cashflows(batch, states(market, measures)) if f.kind == "INTEREST"]
    assert flows[0].amount == pytest.approx(expected["first_payment"], abs=tolerance)
    assert flows[-1].amount == pytest.approx(expected["last_payment"], abs=tolerance)


def test_index_rate_of_a_13_week_bill_is_that_of_31_cfr_356() -> None:
    """The simple 360-day rate that the discount rate of the auction makes."""
    published = case("floating_note", "ust.IV.index_rate")
    discount, days = published["inputs"]["discount_rate"], published["inputs"]["days"]
    price = 100.0 * (1.0 - discount * days / 360.0)
    due = (dt.date(2012, 7, 5) + dt.timedelta(days=days)).isoformat()
    terms = {"issue_date": "2012-07-05", "maturity_date": due}
    found = measured(priced("ZERO_COUPON", terms, price), states(flat("2012-07-05"), RATES))
    assert found["YIELD_SIMPLE"] == pytest.approx(
        published["expected"]["index_rate"], abs=published["tolerance"]
    )


RATES = ("YIELD_SIMPLE", "DISCOUNT_RATE")


def test_flows_of_a_note_are_those_of_ore_example_18() -> None:
    """Accruals, pay dates and flows at the published coupon rates, and the value at its factors.

    The rates are given to the index as fixings (coupon less spread): projection is not tested
    here. In two of the ten periods ORE's coupon is not its fixing plus the spread.
    """
    published = case("floating_note", "ore.bond18.Bond_Floating")
    periods = published["inputs"]["periods"]
    day = "2021-02-01"
    market = flat(day, 0.02, "EUR")
    market["indices"] = {
        "EURIBOR_6M": {
            "currency": "EUR",
            "kind": "TERM",
            "tenor": "6M",
            "day_count": "ACT/360",
            "calendar": "TARGET",
            "fixing_lag_days": 2,
            "curve": "FLAT",
        }
    }
    amounts = []
    for period in periods:
        day = (dt.date.fromisoformat(period["end"]) - dt.timedelta(days=3)).isoformat()
        market["as_of"] = day
        rate = period["coupon"] - published["inputs"]["spread"]
        market["fixings"] = {"EURIBOR_6M": [[period["fixing_date"], f"{rate:.10f}"]]}
        later = [p for p in periods if p["fixing_date"] <= day and p["end"] > period["end"]]
        for other in later:
            margin = other["coupon"] - published["inputs"]["spread"]
            market["fixings"]["EURIBOR_6M"].append([other["fixing_date"], f"{margin:.10f}"])
        terms = {
            "dated_date": "2016-02-03",
            "maturity_date": "2021-02-03",
            "index": "EURIBOR_6M",
            "margin": repr(published["inputs"]["spread"]),
            "day_count": "ACT/ACT ISDA",
            "frequency": "SEMIANNUAL",
            "calendar": "TARGET",
            "roll_convention": "FOLLOWING",
        }
        position = PositionInput(
            "N", "FLOATING_NOTE", "EUR", terms, {"quantity": "10000000", "spread": "0"}
        )
        batch = product("FLOATING_NOTE").pack([position], Names()).batch
        first = cashflows(batch, states(market, ("PV",), "EUR"))[0]
        assert first.date.isoformat() == period["pay"]
        amounts.append(first.amount)
    expected = published["expected"]["flows"]
    assert len(amounts) == len(expected) - 1
    for amount, (_, _, wanted) in zip(amounts, expected, strict=False):
        assert amount == pytest.approx(wanted, abs=published["tolerance"]["flow"])
    factors = published["inputs"]["discount_factors"]
    value = sum(a * factors[p["pay"]] for a, p in zip(amounts, periods, strict=True))
    assert value + 1e7 * factors["2021-02-03"] == pytest.approx(
        published["expected"]["npv"], abs=published["tolerance"]["npv"]
    )
