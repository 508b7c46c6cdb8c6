"""Loans of any terms against a scalar recursion that shares no code with the library."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import QuantLib as ql

from tests.quantlib_oracle import Shift, ql_date
from tests.unit.pricing.conftest import DAY
from tests.unit.pricing.pricers import loan_oracle as oracle
from tests.unit.pricing.pricers.loan_cases import S_CURVE, cells, floating, loan, states
from tests.unit.pricing.pricers.loan_oracle import FIXINGS, Loan

START, FIRST = dt.date(2022, 12, 1), dt.date(2023, 1, 1)
BASE = Shift()
UP = Shift(rate=lambda _: 0.01)
WIDER = Shift(spread=0.01)


def contract(**changes: Any) -> Loan:
    made: dict[str, Any] = {
        "start": START, "first": FIRST, "payments": 60, "balance": 100_000.0, "basis": "30/360",
        "rate": lambda *_: 0.06,
    }  # fmt: skip
    return Loan(**(made | changes))


def check(terms: dict[str, Any], wanted: Loan, **state: Any) -> dict[str, float]:
    found = cells(loan({"payments": 60, **terms}, state))
    for scenario, shift in (("BASE", BASE), ("UP", UP), ("WIDER", WIDER)):
        value = wanted.value(shift)
        assert found[f"PV@{scenario}"] == pytest.approx(value, abs=1e-12 * 60 * abs(value) + 1e-7)
    return found


def share(monthly: float) -> Any:
    return lambda *_: monthly


def test_rate_steps_recast_the_level_payment_from_the_period_they_begin_with() -> None:
    check(
        {"rate_steps": [["2024-01-01", "0.07"], ["2025-01-01", "0.08"]]},
        contract(
            rate=lambda k, *_: 0.06 if k < 13 else 0.07 if k < 25 else 0.08,
            recast=lambda k: k in (0, 13, 25),
        ),
    )


def test_custom_schedule_repays_its_amounts_and_the_rest_with_the_last_payment() -> None:
    found = check(
        {
            "amortisation": "CUSTOM",
            "principal_schedule": [["2023-06-01", "20000"], ["2024-06-01", "30000"]],
        },
        contract(style="CUSTOM", repaid={5: 0.2, 17: 0.375}),
    )
    assert found["PRINCIPAL_FLOWS@BASE"] == pytest.approx(100_000.0, abs=1e-6)


@pytest.mark.parametrize("deferred", [False, True])
def test_grace_pays_nothing_and_adds_or_defers_its_interest(deferred: bool) -> None:
    check(
        {"grace_payments": 6, "grace_interest": "DEFERRED" if deferred else "CAPITALISED"},
        contract(grace=6, deferred=deferred),
    )


@pytest.mark.parametrize("style", ["LEVEL_PAY", "LINEAR", "BULLET"])
def test_pik_rate_adds_to_the_balance_on_top_of_interest_paid(style: str) -> None:
    check({"pik_rate": "0.02", "amortisation": style}, contract(pik=0.02, style=style))


def test_vector_of_speeds_goes_on_with_its_last_and_waits_for_the_lock_out() -> None:
    speeds = [0.05, 0.10, 0.20]

    def prepaid(k: int, *_: Any) -> float:
        # Payments are due on the first of the month: the eleventh is that of November 2023.
        cpr = 0.0 if k < 10 else speeds[min(k, 2)]
        return 1.0 - (1.0 - cpr) ** (1.0 / 12.0)

    def penalty(day: ql.Date) -> float:
        if day < ql.Date(1, 1, 2025):
            return 0.03
        return 0.01 if day < ql.Date(1, 1, 2026) else 0.0

    check(
        {
            "prepayment": {
                "kind": "CPR",
                "vector": ["0.05", "0.10", "0.20"],
                "lock_out_until": "2023-11-01",
                "penalty_steps": [["2025-01-01", "0.03"], ["2026-01-01", "0.01"]],
            }
        },
        contract(prepaid=prepaid, penalty=penalty),
    )


@pytest.mark.parametrize("order", ["SIMULTANEOUS", "DEFAULT_FIRST", "PREPAYMENT_FIRST"])
@pytest.mark.parametrize("advanced", [False, True])
@pytest.mark.parametrize("style", ["LEVEL_PAY", "LINEAR"])
def test_defaults_leave_and_come_back_less_the_severity_after_the_lag(
    order: str, advanced: bool, style: str
) -> None:
    check(
        {
            "amortisation": style,
            "prepayment": {"kind": "SMM", "speed": "0.01"},
            "default": {
                "kind": "MDR", "speed": "0.005", "severity": "0.35", "recovery_lag_months": 9,
                "order": order, "advanced": advanced,
            },
        },
        contract(
            style=style, prepaid=share(0.01), order=order, advanced=advanced, lag=9,
            severity=0.35, defaults=lambda k: 0.005 if k < 51 else 0.0,
        ),
        credit_basis="CASHFLOW",
    )  # fmt: skip


def term(k: int, begin: ql.Date, end: ql.Date, before: float, shift: Shift) -> float:
    index = FIXINGS["TERM_SOFR_1M"] if k == 0 else oracle.term_rate(begin, 1, shift)
    return index + 0.025


def daily(k: int, begin: ql.Date, end: ql.Date, before: float, shift: Shift) -> float:
    return oracle.daily_rate(begin, end, FIXINGS["SOFR"], shift) + 0.025


@pytest.mark.parametrize("style", ["LEVEL_PAY", "LINEAR", "BULLET"])
@pytest.mark.parametrize("index", ["TERM_SOFR_1M", "SOFR"])
def test_floating_loan_pays_the_index_of_each_period_and_its_margin(style: str, index: str) -> None:
    check(
        {**floating(index=index), "amortisation": style},
        contract(
            style=style, basis="ACT/360", rate=term if index == "TERM_SOFR_1M" else daily,
            recast=lambda k: True,
        ),
    )  # fmt: skip


def standard_default(month: int) -> float:
    """Return the CDR of 100% SDA in a month, from 1 on (SIFMA, SF-20)."""
    if month <= 30:
        return 0.006 * month / 30
    return 0.006 if month <= 60 else max(0.006 - 0.000095 * (month - 60), 0.0003)


DEFAULTS = [
    pytest.param({"kind": "CDR", "speed": "0.04"}, lambda k: 0.04, id="CDR"),
    pytest.param({"kind": "SDA", "speed": "6"}, lambda k: 6 * standard_default(k + 1), id="SDA"),
    pytest.param({"kind": "CDR", "vector": ["0.02", "0.06", "0.03"]},
                 lambda k: (0.02, 0.06, 0.03)[min(k, 2)], id="vector"),
]  # fmt: skip


@pytest.mark.parametrize("order", ["SIMULTANEOUS", "DEFAULT_FIRST", "PREPAYMENT_FIRST"])
@pytest.mark.parametrize("style", ["LEVEL_PAY", "BULLET"])
@pytest.mark.parametrize(("assumption", "annual"), DEFAULTS)
def test_floating_loan_defaults_and_recovers_in_any_order(
    order: str, style: str, assumption: dict[str, Any], annual: Any
) -> None:
    """Linked (BULLET) and recursive (LEVEL_PAY) loans, prepayments and penalties beside."""

    def defaults(k: int) -> float:
        return 1.0 - (1.0 - annual(k)) ** (1.0 / 12.0) if k < 48 else 0.0

    check(
        {
            **floating(index="TERM_SOFR_1M"), "amortisation": style,
            "prepayment": {"kind": "SMM", "speed": "0.01",
                           "penalty_steps": [["2025-01-01", "0.02"]]},
            "default": {**assumption, "severity": "0.4", "recovery_lag_months": 12,
                        "order": order, "advanced": order == "SIMULTANEOUS"},
        },
        contract(
            style=style, basis="ACT/360", rate=term, recast=lambda k: True, prepaid=share(0.01),
            penalty=lambda day: 0.02 if day < ql.Date(1, 1, 2025) else 0.0, order=order,
            advanced=order == "SIMULTANEOUS", lag=12, severity=0.4, defaults=defaults,
        ),
        credit_basis="CASHFLOW",
    )  # fmt: skip


def test_margin_steps_limits_and_stated_rate_hold_payment_by_payment() -> None:
    def rate(k: int, begin: ql.Date, end: ql.Date, before: float, shift: Shift) -> float:
        if k == 0:
            return 0.0699
        index = min(max(oracle.term_rate(begin, 1, shift), 0.0435), 0.055)
        return min(index + (0.025 if k < 25 else 0.03), 0.0765)

    check(
        {
            **floating(
                index_floor="0.0435", index_cap="0.055", cap="0.0765",
                margin_steps=[["2025-01-01", "0.03"]],
            ),
            "amortisation": "LINEAR",
        },
        contract(style="LINEAR", basis="ACT/360", rate=rate),
        current_rate="0.0699",
    )  # fmt: skip


def test_adjustable_rate_moves_within_its_periodic_and_lifetime_limits() -> None:
    def rate(k: int, begin: ql.Date, end: ql.Date, before: float, shift: Shift) -> float:
        if k < 24:
            return 0.035
        if k % 12:
            return before
        index = oracle.term_rate(begin, 12, shift) + 0.0275
        return min(min(max(index, before - 0.005), before + 0.02), 0.06)

    check(
        {
            "rate": "0.035",
            "floating": {
                "index": "TERM_SOFR_12M", "margin": "0.0275", "fixed_payments": 24,
                "reset_payments": 12, "periodic_cap": "0.02", "periodic_floor": "0.005",
                "cap": "0.06",
            },
        },
        contract(rate=rate, recast=lambda k: k == 0 or (k >= 24 and k % 12 == 0)),
    )  # fmt: skip


@pytest.mark.parametrize("floats", [False, True])
def test_prepayment_follows_the_incentive_with_seasoning_and_burn_out(floats: bool) -> None:
    today = ql_date(DAY)

    def prepaid(k: int, rate: float, begin: ql.Date, shift: Shift, survived: float) -> float:
        if k < 6:
            return 0.0
        swap = oracle.swap_rate(max(begin, today), shift)
        curve = oracle.logistic(rate - swap - 0.015 - 0.005, 250.0)
        cpr = (0.02 + 0.38 * curve) * min((k + 1) / 30.0, 1.0) * survived**0.5
        return 1.0 - (1.0 - cpr) ** (1.0 / 12.0)

    terms: dict[str, Any] = {"prepayment": {**S_CURVE, "lock_out_until": "2023-07-01"}}
    if floats:
        terms |= floating()
    check(
        terms,
        contract(
            prepaid=prepaid, basis="ACT/360" if floats else "30/360",
            rate=term if floats else (lambda *_: 0.06),
            recast=(lambda k: True) if floats else (lambda k: k == 0),
        ),
    )  # fmt: skip


def test_prepayment_shock_multiplies_the_speed_of_fixed_and_floating_loans_alike() -> None:
    shocked = states(
        [{"code": "BASE"}, {"code": "FAST", "shocks": [{"risk": "PREPAYMENT", "size": "0.5"}]}]
    )
    for terms, wanted in (
        ({}, contract()),
        ({"rate_steps": [["2024-01-01", "0.06"]]}, contract()),
        (
            {**floating(), "amortisation": "LINEAR"},
            contract(style="LINEAR", basis="ACT/360", rate=term),
        ),
        (
            {**floating(), "amortisation": "LEVEL_PAY"},
            contract(basis="ACT/360", rate=term, recast=lambda k: True),
        ),
    ):
        made = loan({"payments": 60, **terms, "prepayment": {"kind": "CPR", "speed": "0.10"}})
        found = cells(made, shocked)
        for scenario, cpr in (("BASE", 0.10), ("FAST", 0.15)):
            wanted.prepaid = share(1.0 - (1.0 - cpr) ** (1.0 / 12.0))
            value = wanted.value()
            assert found[f"PV@{scenario}"] == pytest.approx(value, abs=1e-10 * value)
