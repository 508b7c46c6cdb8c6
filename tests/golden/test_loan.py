"""Projected loan payments against published tables; each case file names its source."""

import datetime as dt
import json
from collections import defaultdict
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

CASES = Path(__file__).parent / "loan"


def case(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text())


def states(as_of: dt.date, currency: str = "USD", measures: tuple[str, ...] = ("PV",)) -> States:
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": as_of.isoformat(),
            "curves": [
                {
                    "name": "FLAT",
                    "currency": currency,
                    "kind": "ZERO",
                    "nodes": [[(as_of + dt.timedelta(days=365)).isoformat(), "0.03"]],
                }
            ],
            "discount": {currency: "FLAT"},
            "spreads": [
                {"currency": currency, "rating": "AAA", "sector": "ALL", "nodes": [["1Y", "0"]]}
            ],
        }
    )
    axis = Axis(tuple(Cell(measure, "BASE") for measure in measures), as_of, currency)
    return States(market, [parse_scenario({"code": "BASE"})], axis)


Month = dict[str, float]


def months(
    terms: dict[str, Any],
    state: dict[str, Any] | None = None,
    as_of: dt.date = dt.date(2020, 1, 1),
    currency: str = "USD",
) -> list[Month]:
    """Return interest, principal and prepayment of each payment date in order."""
    full_state = {"spread_source": "SUPPLIED", "spread": "0"} | (state or {})
    position = PositionInput("L", "AMORT_LOAN", currency, terms, full_state)
    packed = registry.product("AMORT_LOAN").pack([position], Names())
    assert packed.failures == [None]
    by_date: dict[dt.date, Month] = defaultdict(lambda: defaultdict(float))
    for flow in cashflows(packed.batch, states(as_of, currency)):
        by_date[flow.date][flow.kind] += flow.amount
    return [by_date[date] for date in sorted(by_date)]


def mortgage(principal: float, rate: float, payments: int, **more: Any) -> dict[str, Any]:
    return {
        "start_date": "2020-01-01",
        "first_payment_date": "2020-02-01",
        "original_principal": str(principal),
        "rate": str(rate),
        "interest_basis": "30/360",
        "payments": payments,
    } | more


def smm(month: Month, balance: float) -> float:
    """Return the share prepaid of the balance left after the scheduled payment."""
    return month["PREPAYMENT"] / (balance - month["PRINCIPAL"])


def test_every_level_payment_is_that_of_the_annuity_table() -> None:
    published = case("ql.amortizing.pmt360")
    rates, payments = published["inputs"]["rates"], published["expected"]["payment"]
    for rate, payment in zip(rates, payments, strict=True):
        found = months(mortgage(100, rate, 360))
        assert len(found) == 360
        balance = 100.0
        for month in found:
            interest = month.get("INTEREST", 0.0)
            assert interest == pytest.approx(balance * rate / 12, abs=1e-9)
            assert interest + month["PRINCIPAL"] == pytest.approx(
                payment, abs=published["tolerance"]
            )
            balance -= month["PRINCIPAL"]


def test_first_month_of_a_pool_at_150_psa_is_that_of_sf_4() -> None:
    published = case("bma.sf4.first_month")
    inputs, expected = published["inputs"], published["expected"]
    prepayment = {"kind": "PSA", "speed": str(inputs["psa"] / 100)}
    terms = mortgage(1_000_000, inputs["gross_coupon"], inputs["term"], prepayment=prepayment)
    month = months(terms)[0]
    tolerance = published["tolerance"] * 1_000_000
    assert month["PRINCIPAL"] == pytest.approx(expected["amortization"] * 1e6, abs=tolerance)
    assert month["PREPAYMENT"] == pytest.approx(expected["prepayment"] * 1e6, abs=tolerance)
    assert month["INTEREST"] == pytest.approx(expected["gross_interest"] * 1e6, abs=tolerance)


def test_prepayment_of_month_17_at_150_psa_is_that_backed_out_in_sf_7() -> None:
    published = case("bma.sf7.smm_cpr_psa")
    inputs, expected = published["inputs"], published["expected"]
    prepayment = {"kind": "PSA", "speed": str(expected["psa_pct"] / 100)}
    terms = mortgage(1.0, inputs["gross_coupon"], inputs["original_wam"], prepayment=prepayment)
    found = months(terms)
    month = inputs["month"]
    balance = 1.0 - sum(m["PRINCIPAL"] + m["PREPAYMENT"] for m in found[: month - 1])
    assert smm(found[month - 1], balance) * 100 == pytest.approx(
        expected["smm_pct"], abs=published["tolerance"]["rates"]
    )


def test_a_year_of_smm_is_the_cpr_of_sf_8() -> None:
    published = case("bma.sf8.smm_cpr_table")
    rates = published["inputs"]["smm_pct"]
    for rate, cpr in zip(rates, published["expected"]["cpr_pct"], strict=True):
        prepayment = {"kind": "SMM", "speed": str(rate / 100)}
        terms = mortgage(
            100, 0.06, 3, frequency="ANNUAL", first_payment_date="2021-01-01", prepayment=prepayment
        )
        assert smm(months(terms)[0], 100.0) * 100 == pytest.approx(cpr, abs=0.0501)


def test_psa_after_the_ramp_prepays_the_smm_of_sf_8() -> None:
    published = case("bma.sf8.smm_cpr_table")
    away = published["tolerance"]["psa"]
    state = {"outstanding_principal": "100", "next_due_date": "2022-09-01"}
    for rate, psa in zip(
        published["inputs"]["smm_pct"], published["expected"]["psa_pct"], strict=True
    ):
        shares = []
        for speed in (psa - away, psa + away):
            prepayment = {"kind": "PSA", "speed": str(speed / 100)}
            terms = mortgage(100, 0.06, 60, prepayment=prepayment)
            shares.append(smm(months(terms, state, dt.date(2022, 8, 15))[0], 100.0) * 100)
        assert shares[0] <= rate <= shares[1]


def test_the_psa_ramp_is_that_of_sf_10() -> None:
    published = case("bma.sf10.psa_to_smm")
    wanted = published["inputs"]["months"]
    for column, speed in enumerate(published["inputs"]["psa_pct"]):
        prepayment = {"kind": "PSA", "speed": str(speed / 100)}
        balance, share = 100.0, {}
        for number, month in enumerate(months(mortgage(100, 0.08, 360, prepayment=prepayment)), 1):
            share[number] = smm(month, balance) * 100
            balance -= month["PRINCIPAL"] + month["PREPAYMENT"]
            if number == max(wanted):
                break
        for month_number in wanted:
            expected = published["expected"]["smm_pct"][str(month_number)][column]
            assert share[month_number] == pytest.approx(expected, abs=published["tolerance"])


def test_a_seasoned_pool_pays_as_in_fabozzis_table() -> None:
    published = case("fabozzi.passthrough_400m")
    inputs = published["inputs"]
    terms = mortgage(
        inputs["balance"],
        inputs["wac"],
        inputs["wam"] + inputs["seasoning_months"],
        prepayment={"kind": "PSA", "speed": str(inputs["psa"] / 100)},
    )
    state = {"outstanding_principal": str(inputs["balance"]), "next_due_date": "2020-04-01"}
    found = months(terms, state, as_of=dt.date(2020, 3, 1))
    assert len(found) == inputs["wam"]
    columns = published["expected"]["columns"]
    rows = {row[0]: dict(zip(columns, row, strict=True)) for row in published["expected"]["rows"]}
    balance = inputs["balance"]
    for number, month in enumerate(found, 1):
        if number in rows:
            row = rows[number]
            tolerance = published["tolerance"]
            assert balance == pytest.approx(row["beg_balance"], abs=tolerance)
            assert smm(month, balance) == pytest.approx(row["smm"], abs=6e-6)
            assert month["PRINCIPAL"] == pytest.approx(row["scheduled_principal"], abs=tolerance)
            assert month["PREPAYMENT"] == pytest.approx(row["prepayment"], abs=tolerance)
            payment = month["INTEREST"] + month["PRINCIPAL"]
            assert payment == pytest.approx(row["mortgage_payment"], abs=tolerance)
        balance -= month["PRINCIPAL"] + month["PREPAYMENT"]
    assert balance == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("psa", [100, 165])
def test_smm_of_a_psa_speed_is_that_of_fabozzi(psa: int) -> None:
    published = case("fabozzi.smm_100psa")
    prepayment = {"kind": "PSA", "speed": str(psa / 100)}
    found = months(mortgage(100, 0.08, 360, prepayment=prepayment))
    balance, shares = 100.0, []
    for month in found[:31]:
        shares.append(smm(month, balance))
        balance -= month["PRINCIPAL"] + month["PREPAYMENT"]
    expected = published["expected"][f"smm_{psa}"]
    for month_number, value in zip(published["inputs"]["months"], expected, strict=True):
        assert shares[month_number - 1] == pytest.approx(value, abs=published["tolerance"])


def test_an_amortising_loan_pays_as_in_ore_example_18() -> None:
    published = case("ore.bond18.Bond_Amortizing_FixedAmount")
    terms = {
        "start_date": "2016-02-03",
        "first_payment_date": "2017-02-03",
        "original_principal": "10000000",
        "rate": "0.05",
        "interest_basis": "ACT/ACT ISDA",
        "payments": 5,
        "frequency": "ANNUAL",
        "amortisation": "LINEAR",
        "amortisation_payments": 10,
        "calendar": "TARGET",
        "roll_convention": "FOLLOWING",
        "accrual_dates": "ADJUSTED",
    }
    found = months(terms, as_of=dt.date(2016, 2, 5), currency="EUR")
    expected: dict[str, Month] = defaultdict(dict)
    for date, kind, amount in published["expected"]["flows"]:
        expected[date][kind] = amount
    factors = published["inputs"]["discount_factors"]
    value = 0.0
    for month, date in zip(found, sorted(expected), strict=True):
        tolerance = published["tolerance"]["flow"]
        assert month["INTEREST"] == pytest.approx(expected[date]["Interest"], abs=tolerance)
        assert month["PRINCIPAL"] == pytest.approx(expected[date]["Notional"], abs=tolerance)
        value += (month["INTEREST"] + month["PRINCIPAL"]) * factors[date]
    assert value == pytest.approx(published["expected"]["npv"], abs=published["tolerance"]["npv"])


def test_a_loan_repaying_a_share_of_its_balance_pays_as_in_ore_example_18() -> None:
    """5% of the previous notional each year is a bullet of which 5% CPR is prepaid."""
    published = case("ore.bond18.Bond_Amortizing_Percentage_Previous")
    terms = {
        "start_date": "2016-02-03",
        "first_payment_date": "2017-02-03",
        "original_principal": "10000000",
        "rate": "0.05",
        "interest_basis": "ACT/ACT ISDA",
        "payments": 5,
        "frequency": "ANNUAL",
        "amortisation": "BULLET",
        "prepayment": {"kind": "CPR", "speed": "0.05"},
        "calendar": "TARGET",
        "roll_convention": "FOLLOWING",
        "accrual_dates": "ADJUSTED",
    }
    found = months(terms, as_of=dt.date(2016, 2, 5), currency="EUR")
    expected: dict[str, Month] = defaultdict(dict)
    for date, kind, amount in published["expected"]["flows"]:
        expected[date][kind] = amount
    value = 0.0
    for month, date in zip(found, sorted(expected), strict=True):
        repaid = month.get("PREPAYMENT", 0.0) + month.get("PRINCIPAL", 0.0)
        tolerance = published["tolerance"]["flow"]
        assert month["INTEREST"] == pytest.approx(expected[date]["Interest"], abs=tolerance)
        assert repaid == pytest.approx(expected[date]["Notional"], abs=tolerance)
        value += (month["INTEREST"] + repaid) * published["inputs"]["discount_factors"][date]
    assert value == pytest.approx(published["expected"]["npv"], abs=published["tolerance"]["npv"])


def test_full_price_of_a_pool_a_week_after_issue_is_that_of_sf_51() -> None:
    """Clean 100 and seven days of 30/360 at the net coupon; the yield is no measure yet."""
    published = case("bma.sf51.settle7")
    inputs = published["inputs"]
    terms = mortgage(1_000_000, inputs["net_coupon"], 360)
    state = {"spread_source": "MARK", "mark_price": str(inputs["clean_price"])}
    position = PositionInput("L", "AMORT_LOAN", "USD", terms, state, "AAA", "ALL")
    packed = registry.product("AMORT_LOAN").pack([position], Names())
    prepared = states(dt.date(2020, 1, 8), measures=("DIRTY_PRICE",))
    valued = valuation.value(packed.batch, prepared)
    assert valued.failures == [None]
    assert valued.values[0, 0] == pytest.approx(
        published["expected"]["full_price"], abs=published["tolerance"]
    )


def test_average_life_with_negative_amortisation_is_that_of_sf_56() -> None:
    """Principal of -10, 0 and 110: a first period of two years at 1/9 and a payment of 110/9.

    The convention is that of graduated payments and adjustable rates: what is added counts
    negative. The other figure of the case is that of a Z bond, which is no loan.
    """
    published = case("bma.sf56.avg_life_accrual")
    terms = {
        "start_date": "2020-01-01",
        "first_payment_date": "2022-01-01",
        "original_principal": "100",
        "rate": "0.1111111111111111111",
        "interest_basis": "30/360",
        "payments": 3,
        "frequency": "ANNUAL",
    }
    state = {"current_payment": "12.2222222222222222222"}
    as_of = dt.date(2021, 1, 1)
    found = months(terms, state, as_of)
    assert [m.get("PRINCIPAL", 0.0) for m in found] == pytest.approx(
        published["inputs"]["principal"], abs=1e-12
    )
    full = {"spread": "0", **state}
    packed = registry.product("AMORT_LOAN").pack(
        [PositionInput("L", "AMORT_LOAN", "USD", terms, full)], Names()
    )
    prepared = states(as_of, measures=("PRINCIPAL_TIME", "PRINCIPAL_FLOWS"))
    amount_years, amount = valuation.value(packed.batch, prepared).values[0]
    assert amount_years / amount == pytest.approx(
        published["expected"]["gpm_arm"], abs=published["tolerance"]
    )


@pytest.mark.parametrize(("loan", "frequency"), [("c1i", "MONTHLY"), ("c5ii", "SEMIANNUAL")])
def test_a_loan_at_its_apr_ends_with_the_payment_of_regulation_z(loan: str, frequency: str) -> None:
    """The two loans of Appendix J with whole unit-periods of a month or more to the first payment.

    At an APR half a step of the tolerance lower the last payment is less than the regular one, at
    one half a step higher it is more: the published rate is the one between.
    """
    published = case("regz.appJ")
    number = [entry["id"] for entry in published["inputs"]["loans"]].index(loan)
    entry = published["inputs"]["loans"][number]
    rate, away = published["expected"]["apr_pct"][number], published["tolerance"]
    last = []
    for apr in (rate - away, rate + away):
        terms = mortgage(
            entry["A"],
            apr / 100,
            entry["n"],
            frequency=frequency,
            first_payment_date="2020-02-01" if frequency == "MONTHLY" else "2020-07-01",
        )
        found = months(terms, {"current_payment": str(entry["P"])})
        assert len(found) == entry["n"]
        last.append(found[-1]["INTEREST"] + found[-1]["PRINCIPAL"])
    assert last[0] < entry["P"] < last[1]
