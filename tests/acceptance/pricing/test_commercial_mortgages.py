"""Every performing loan-month of a commercial mortgage trust from the terms of its loans.

UBS Commercial Mortgage Trust 2017-C1: 58 loans and 105 months of SEC ABS-EE reports. A loan is
projected once, from the terms filed at the start: original amount, rate, Actual/360, amortisation
term, interest-only term, maturity. Scheduled interest and end balance of each month it was reported
performing are then compared, to 1 USD and what float32 leaves of a balance (2e-7 of it): the
carrier of the file stored amounts so.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse

REPORTS = (
    Path(__file__).parents[4] / "shared" / "data" / "loans_cmbs_ubs2017c1" / "loan_monthly.csv.gz"
)
PERFORMING = "0"
PLANNED = "0001706060-3"
"""A part of a loan whose principal follows a schedule in its agreement, which is not filed."""

Row = dict[str, str]
Month = tuple[int, int]


@pytest.fixture(scope="module")
def reports() -> dict[str, list[Row]]:
    if not REPORTS.exists():
        pytest.skip(f"real data is not here: {REPORTS.name}")
    found: dict[str, list[Row]] = defaultdict(list)
    with gzip.open(REPORTS, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found[row["loanID"]].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: row["reportingPeriodEndDate"])
    return found


def number(text: str) -> float:
    return float(text) if text else 0.0


def month_of(text: str) -> Month:
    day = dt.date.fromisoformat(text)
    return day.year, day.month


def states(day: dt.date) -> States:
    market = {
        "format": "tieout.market/1", "as_of": day.isoformat(), "discount": {"USD": "F"},
        "curves": [{"name": "F", "currency": "USD", "nodes": [["2130-01-01", "0.04"]]}],
    }  # fmt: skip
    return States(
        snapshot.parse(market), [parse({"code": "BASE"})], Axis((Cell("PV", "BASE"),), day, "USD")
    )


def terms_of(row: Row) -> dict[str, Any]:
    first = dt.date.fromisoformat(row["firstLoanPaymentDueDate"])
    before = first.replace(day=1) - dt.timedelta(days=1)
    amortising = int(number(row["originalAmortizationTermNumber"]))
    kind: dict[str, Any] = {"amortisation": "BULLET"}
    if amortising:
        kind = {"amortisation_payments": amortising}
    return kind | {
        "start_date": before.replace(day=first.day).isoformat(),
        "first_payment_date": first.isoformat(),
        "maturity_date": row["maturityDate"],
        "original_principal": row["originalLoanAmount"],
        "rate": row["originalInterestRatePercentage"],
        "interest_basis": "ACT/360",
        "payment_basis": "30/360",
        "interest_only_payments": int(number(row["originalInterestOnlyTermNumber"])),
    }


def projected(terms: dict[str, Any]) -> dict[Month, tuple[float, float, float]]:
    """Return balance before, interest and balance after each month's payment."""
    packed = product("AMORT_LOAN").pack(
        [PositionInput("L", "AMORT_LOAN", "USD", terms, {"spread": "0"})], Names()
    )
    assert packed.failures == [None]
    paid: dict[dt.date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for flow in cashflows(packed.batch, states(dt.date.fromisoformat(terms["start_date"]))):
        paid[flow.date][flow.kind] += flow.amount
    found: dict[Month, tuple[float, float, float]] = {}
    balance = float(terms["original_principal"])
    for day in sorted(paid):
        after = balance - paid[day]["PRINCIPAL"]
        found[day.year, day.month] = (balance, paid[day]["INTEREST"], after)
        balance = after
    return found


def met(row: Row, month: tuple[float, float, float]) -> tuple[bool, bool]:
    """Return whether interest and end balance are those reported."""
    before, interest, after = month
    allowed = 1.0 + 2e-7 * before
    return (
        abs(number(row["scheduledInterestAmount"]) - interest) <= allowed,
        abs(number(row["reportPeriodEndScheduledLoanBalanceAmount"]) - after) <= allowed,
    )


def test_scheduled_interest_and_balance_follow_from_the_terms(
    reports: dict[str, list[Row]],
) -> None:
    months = reproduced = 0
    ended, planned = [], []
    for name, rows in reports.items():
        schedule = projected(terms_of(rows[0]))
        for row in rows:
            if row["paymentStatusLoanCode"] != PERFORMING:
                continue
            months += 1
            month = schedule[month_of(row["reportingPeriodEndDate"])]
            if all(met(row, month)):
                reproduced += 1
            elif number(row["reportPeriodEndScheduledLoanBalanceAmount"]) == 0.0:
                # Repaid, defeased or liquidated in the month: not on the schedule of the terms.
                ended.append(name)
            else:
                planned.append(name)
    print(f"\n{reproduced:,} of {months:,} performing loan-months, {reproduced / months:.2%}")
    print(f"loans that ended in the month: {len(ended)}; planned principal: {len(planned)}")
    assert months == 5378
    assert reproduced >= 5319
    assert len(ended) == len(set(ended)) == 9
    assert set(planned) == {PLANNED}
    assert reproduced + len(ended) + len(planned) == months


def test_loan_of_planned_principal_follows_once_its_schedule_is_a_term(
    reports: dict[str, list[Row]],
) -> None:
    rows = reports[PLANNED]
    terms = terms_of(rows[0])
    due_day = dt.date.fromisoformat(terms["first_payment_date"]).day
    schedule = []
    for row in rows:
        year, month = month_of(row["reportingPeriodEndDate"])
        if number(row["scheduledPrincipalAmount"]) > 0.0:
            schedule.append(
                [dt.date(year, month, due_day).isoformat(), row["scheduledPrincipalAmount"]]
            )
    terms = {k: v for k, v in terms.items() if k != "amortisation_payments"}
    terms |= {"amortisation": "CUSTOM", "principal_schedule": schedule}
    found = projected(terms)
    performing = [row for row in rows if row["paymentStatusLoanCode"] == PERFORMING]
    assert len(performing) == 104
    # The rate is filed with six decimals and reported with eight: 3e-8 of 40 million a year.
    for row in performing:
        assert met(row, found[month_of(row["reportingPeriodEndDate"])]) == (True, True), row
