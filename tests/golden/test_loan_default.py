"""Defaults, recoveries, ABS speeds and principal schedules against published tables."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pytest

from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.position import PositionInput
from pricing.products import registry
from tests.golden.test_loan import case, months, mortgage, smm, states

AS_OF = dt.date(2020, 1, 1)


def defaulted(
    terms: dict[str, Any], prepayment: dict[str, Any], assumption: dict[str, Any]
) -> list[dict[str, float]]:
    made = terms | {"prepayment": prepayment, "default": assumption}
    return months(made, {"credit_basis": "CASHFLOW"}, AS_OF)


def table_a() -> tuple[list[dict[str, float]], float]:
    published = case("bma.cashflow_A")
    columns = published["expected"]["columns"]
    rows = [dict(zip(columns, row, strict=True)) for row in published["expected"]["rows"]]
    return rows, published["tolerance"]


@pytest.mark.parametrize("advanced", [True, False])
def test_every_cell_of_cash_flow_a_is_met(advanced: bool) -> None:
    rows, tolerance = table_a()
    found = defaulted(
        mortgage(100_000_000, 0.08, 360),
        {"kind": "SMM", "speed": "0.01"},
        {
            "kind": "MDR", "speed": "0.01", "severity": "0.2", "recovery_lag_months": 12,
            "advanced": advanced,
        },
    )  # fmt: skip
    assert len(found) == len(rows) == 360
    for row, month in zip(rows, found, strict=True):
        wanted = {
            "INTEREST": row["exp_int"] if advanced else row["act_int"],
            "PRINCIPAL": row["exp_am"] if advanced else row["act_am"],
            "PREPAYMENT": row["vol_prepay"],
        }
        if advanced:
            wanted["RECOVERY"] = row["prin_recov"]
        for kind, amount in wanted.items():
            # The table is rounded to the dollar.
            assert month.get(kind, 0.0) == pytest.approx(amount, abs=tolerance + 1e-3), row


def test_recoveries_without_advances_are_the_defaults_of_cash_flow_a_less_their_losses() -> None:
    rows, tolerance = table_a()
    found = defaulted(
        mortgage(100_000_000, 0.08, 360),
        {"kind": "SMM", "speed": "0.01"},
        {"kind": "MDR", "speed": "0.01", "severity": "0.2", "recovery_lag_months": 12},
    )
    for row, month in zip(rows[:-12], found[12:], strict=True):
        assert month["RECOVERY"] == pytest.approx(0.8 * row["new_def"], abs=tolerance)


def test_cumulative_defaults_are_those_of_the_matrix_of_sf_20() -> None:
    published = case("bma.sf20.cumdef_matrix")
    inputs, expected = published["inputs"], published["expected"]["cumulative_default_pct"]
    for psa in inputs["psa_pct"]:
        for column, sda in enumerate(inputs["sda_pct"]):
            found = defaulted(
                mortgage(100, inputs["wac"], inputs["term"]),
                {"kind": "PSA", "speed": str(psa / 100)},
                {
                    "kind": "SDA", "speed": str(sda / 100), "severity": "0",
                    "recovery_lag_months": inputs["recovery_lag"],
                },
            )  # fmt: skip
            total = sum(month.get("RECOVERY", 0.0) for month in found)
            assert total == pytest.approx(expected[str(psa)][column], abs=published["tolerance"])


def test_smm_of_an_abs_speed_is_that_of_sf_13_and_sf_14() -> None:
    single, table = case("bma.sf13.abs"), case("bma.sf14.abs_table")
    for speed, shares in [(str(single["inputs"]["abs_pct"]), None), *(
        table["expected"]["smm_pct"].items()
    )]:  # fmt: skip
        prepayment = {"kind": "ABS", "speed": str(float(speed) / 100)}
        found = months(mortgage(100, 0.0, 60, amortisation="BULLET", prepayment=prepayment))
        balance, monthly = 100.0, []
        for month in found[:50]:
            monthly.append(smm(month, balance) * 100 if balance > 1e-9 else 0.0)
            balance -= month["PREPAYMENT"]
        if shares is None:
            month_number = single["inputs"]["month"]
            assert monthly[month_number - 1] == pytest.approx(
                single["expected"]["smm_pct"], abs=5e-5
            )
            continue
        for number, wanted in enumerate(shares):
            if wanted is not None and monthly[number] < 100.0:
                assert monthly[number] == pytest.approx(wanted, abs=0.00501), (speed, number)


def test_a_share_of_the_previous_notional_pays_as_in_ore_example_18() -> None:
    published = case("ore.bond18.Bond_Amortizing_Percentage_Previous")
    expected: dict[str, dict[str, float]] = defaultdict(dict)
    for date, kind, amount in published["expected"]["flows"]:
        expected[date][kind] = amount
    dates = sorted(expected)
    schedule = [
        [f"{2017 + k}-02-03", str(10_000_000 * 0.05 * 0.95**k)] for k in range(len(dates) - 1)
    ]
    terms = {
        "start_date": "2016-02-03", "first_payment_date": "2017-02-03", "payments": len(dates),
        "original_principal": "10000000", "rate": "0.05", "interest_basis": "ACT/ACT ISDA",
        "frequency": "ANNUAL", "calendar": "TARGET", "roll_convention": "FOLLOWING",
        "accrual_dates": "ADJUSTED", "amortisation": "CUSTOM", "principal_schedule": schedule,
    }  # fmt: skip
    found = months(terms, as_of=dt.date(2016, 2, 5), currency="EUR")
    factors, value = published["inputs"]["discount_factors"], 0.0
    for month, date in zip(found, dates, strict=True):
        tolerance = published["tolerance"]["flow"]
        assert month["INTEREST"] == pytest.approx(expected[date]["Interest"], abs=tolerance)
        assert month["PRINCIPAL"] == pytest.approx(expected[date]["Notional"], abs=tolerance)
        value += (month["INTEREST"] + month["PRINCIPAL"]) * factors[date]
    assert value == pytest.approx(published["expected"]["npv"], abs=published["tolerance"]["npv"])


def test_average_life_of_what_is_added_and_repaid_is_the_accrual_convention_of_sf_56() -> None:
    published = case("bma.sf56.avg_life_accrual")
    added, _, repaid = published["inputs"]["principal"]
    terms = {
        "start_date": "2020-01-01", "first_payment_date": "2021-01-01", "payments": 3,
        "frequency": "ANNUAL", "original_principal": str(repaid + added), "rate": "0.10",
        "interest_basis": "30/360", "amortisation": "BULLET", "grace_payments": 1,
    }  # fmt: skip
    position = PositionInput("L", "AMORT_LOAN", "USD", terms, {"spread": "0"})
    packed = registry.product("AMORT_LOAN").pack([position], Names())
    flows = [f for f in cashflows(packed.batch, states(AS_OF)) if f.kind == "PRINCIPAL"]
    life = sum(f.amount * round(f.years) for f in flows) / sum(f.amount for f in flows)
    assert sum(f.amount for f in flows) == pytest.approx(repaid, abs=1e-9)
    assert life == pytest.approx(published["expected"]["z_bond"], abs=1e-9)
