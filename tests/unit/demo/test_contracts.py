"""Loan contracts of the demo: dates and balances agree with a plain recursion."""

from __future__ import annotations

import datetime as dt

import pytest

from fixtures.book.bonds import Issue, clean_price
from fixtures.book.contracts import LoanContract, Shape
from fixtures.book.money import amount, cents, level_balance, level_payment, rate
from fixtures.book.months import AS_OF, add_months, payments_passed


def contract(**changes: object) -> LoanContract:
    fields: dict[str, object] = {
        "original": 300_000.0,
        "rate": 0.06,
        "origination": dt.date(2021, 1, 20),
        "first_payment": dt.date(2021, 3, 1),
        "payments": 360,
        "every": 1,
        "day_of_month": 1,
    }
    return LoanContract(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_balance_is_that_of_paying_month_by_month() -> None:
    loan = contract()
    balance = loan.original
    for _ in range(loan.paid):
        balance -= loan.level - balance * loan.rate / 12
    assert loan.paid == 22
    assert loan.balance == pytest.approx(balance, rel=1e-12)


def test_a_level_payment_repays_the_loan() -> None:
    # 100,000 at 8.125% a year over 360 months: 742.50, Fabozzi, Handbook of MBS, ch. 1.
    assert round(level_payment(100_000, 0.08125 / 12, 360), 2) == 742.50
    assert level_balance(100_000, 0.08125 / 12, 360, 360) == pytest.approx(0, abs=1e-6)
    assert level_payment(1_200, 0.0, 12) == 100


def test_interest_only_comes_before_the_level_payments() -> None:
    loan = contract(interest_only=24)
    assert loan.paid == 22
    assert not loan.is_repaying
    assert loan.balance == loan.original
    assert contract(interest_only=12).balance < loan.original


def test_a_bullet_owes_everything_to_the_end() -> None:
    loan = contract(shape=Shape.BULLET, payments=60)
    assert loan.balance == loan.original
    assert loan.maturity == dt.date(2026, 2, 1)


@pytest.mark.parametrize(
    ("day", "months", "day_of_month", "expected"),
    [
        (dt.date(2020, 1, 31), 1, 31, dt.date(2020, 2, 29)),
        (dt.date(2020, 2, 29), 12, 29, dt.date(2021, 2, 28)),
        (dt.date(2021, 2, 28), 36, 31, dt.date(2024, 2, 29)),
        (dt.date(2022, 12, 15), 1, None, dt.date(2023, 1, 15)),
        (dt.date(2022, 3, 31), -1, 31, dt.date(2022, 2, 28)),
    ],
)
def test_months_keep_the_agreed_day(
    day: dt.date, months: int, day_of_month: int | None, expected: dt.date
) -> None:
    assert add_months(day, months, day_of_month) == expected


@pytest.mark.parametrize(
    ("first", "day_of_month", "passed"),
    [
        (dt.date(2022, 12, 30), 30, 1),
        (dt.date(2022, 12, 31), 31, 0),
        (dt.date(2023, 1, 1), 1, 0),
        (dt.date(2022, 10, 31), 31, 2),
        (dt.date(2022, 11, 1), 1, 2),
    ],
)
def test_a_due_date_on_the_day_of_the_book_has_passed(
    first: dt.date, day_of_month: int, passed: int
) -> None:
    assert payments_passed(first, 1, AS_OF, day_of_month) == passed


def issue(**changes: object) -> Issue:
    fields: dict[str, object] = {
        "code": "X",
        "name": "X",
        "issuer": "X",
        "currency": "USD",
        "rating": "AAA",
        "sector": "SOVEREIGN",
        "coupon": 0.04,
        "dated": dt.date(2020, 6, 30),
        "years": 10,
        "every": 6,
        "day_count": "ACT/ACT ICMA",
        "month_end": True,
    }
    return Issue(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_bond_at_its_coupon_stands_near_par() -> None:
    assert clean_price(issue(), 0.04) == pytest.approx(100, abs=0.01)
    assert clean_price(issue(), 0.05) < clean_price(issue(), 0.04) < clean_price(issue(), 0.03)


def test_amounts_are_whole_cents_as_text() -> None:
    assert amount(cents(1234.565)) in ("1234.56", "1234.57")
    assert amount(-5) == "-0.05"
    assert rate(0.0425) == "0.0425"
    assert rate(0.0) == "0"
