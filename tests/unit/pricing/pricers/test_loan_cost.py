"""Amortised cost and effective rate against a scalar recursion, and what the ledger states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States
from tests.golden.quoted import flat
from tests.unit.pricing.conftest import ALL_MEASURES, MARKET

MakeStates = Callable[..., States]

TERMS: dict[str, Any] = {
    "start_date": "2021-01-01", "first_payment_date": "2021-02-01", "payments": 120,
    "original_principal": "100000", "rate": "0.06", "interest_basis": "30/360",
    "issue_price": "98",
}  # fmt: skip
STATE = {"outstanding_principal": "85000", "spread": "0.02"}
MEASURES = ("AMORTISED_COST", "EIR_ANNUAL", "PRINCIPAL")


def loan(terms: dict[str, Any] | None = None, state: dict[str, Any] | None = None) -> PositionInput:
    return PositionInput(
        "L", "AMORT_LOAN", "USD", {**TERMS, **(terms or {})}, {**STATE, **(state or {})},
        "BBB", "RETAIL",
    )  # fmt: skip


def cells(position: PositionInput, states: States) -> dict[str, float]:
    packed = product("AMORT_LOAN").pack([position], Names())
    assert packed.failures == [None]
    valued = valuation.value(packed.batch, states)
    assert valued.failures == [None]
    return {c.measure: float(valued.values[0, i]) for i, c in enumerate(states.axis.cells)}


def on(make_states: MakeStates, day: str) -> States:
    market = MARKET if day == MARKET["as_of"] else flat(day)
    market = {**market, "fx": [{"base": "EUR", "quote": "USD", "rate": "1"}]}
    return make_states(market, [{"code": "BASE"}], MEASURES, day=dt.date.fromisoformat(day))


def schedule(rate: float, payments: int, issue: float) -> tuple[float, list[tuple[float, float]]]:
    """Return the monthly effective rate and (balance, carrying amount) after each payment."""
    payment = rate / 12 / (1 - (1 + rate / 12) ** -payments)
    low, high = 0.0, 0.05
    for _ in range(200):
        y = (low + high) / 2
        worth = payment * (1 - (1 + y) ** -payments) / y
        low, high = (y, high) if worth > issue else (low, y)
    balance, carrying, found = 1.0, issue, [(1.0, issue)]
    for _ in range(payments):
        carrying = carrying * (1 + y) - payment
        balance = balance * (1 + rate / 12) - payment
        found.append((balance, carrying))
    return y, found


@pytest.mark.parametrize("issue", [92.0, 98.0, 103.5])
@pytest.mark.parametrize("done", [0, 1, 23, 60, 119])
def test_carrying_amount_is_that_of_the_recursion(
    issue: float, done: int, make_states: MakeStates
) -> None:
    y, rows = schedule(0.06, 120, issue / 100)
    month = done
    day = f"{2021 + month // 12}-{1 + month % 12:02d}-01"
    found = cells(loan({"issue_price": str(issue)}), on(make_states, day))
    balance, carrying = rows[done]
    assert found["EIR_ANNUAL"] == pytest.approx((1 + y) ** 12 - 1, abs=1e-11)
    assert found["AMORTISED_COST"] == pytest.approx(85_000 * carrying / balance, rel=1e-10)


def test_discount_is_earned_evenly_at_the_effective_rate_and_is_gone_at_the_end(
    make_states: MakeStates,
) -> None:
    shares = [
        cells(loan(), on(make_states, day))["AMORTISED_COST"] / 85_000
        for day in ("2021-01-01", "2021-01-16", "2022-01-01", "2025-06-10", "2030-12-20")
    ]
    assert shares[0] == pytest.approx(0.98, rel=1e-12)
    assert shares == sorted(shares)
    assert 0.9997 < shares[-1] < 1.0


def test_without_an_issue_price_cost_is_principal_and_the_rate_the_contracts(
    make_states: MakeStates,
) -> None:
    found = cells(loan({"issue_price": None}), on(make_states, "2022-12-30"))
    assert found["AMORTISED_COST"] == found["PRINCIPAL"] == 85_000
    assert found["EIR_ANNUAL"] == pytest.approx(1.005**12 - 1, rel=1e-12)
    par = cells(loan({"issue_price": "100"}), on(make_states, "2022-12-30"))
    assert par["AMORTISED_COST"] == pytest.approx(85_000, rel=1e-12)
    assert par["EIR_ANNUAL"] == pytest.approx(found["EIR_ANNUAL"], abs=1e-12)


def test_what_prepays_takes_its_discount_along(make_states: MakeStates) -> None:
    states = on(make_states, "2022-12-30")
    half = cells(loan(state={"outstanding_principal": "42500"}), states)
    whole = cells(loan({"prepayment": {"kind": "CPR", "speed": "0.2"}}), states)
    assert 2 * half["AMORTISED_COST"] == pytest.approx(whole["AMORTISED_COST"], rel=1e-12)
    assert half["EIR_ANNUAL"] == whole["EIR_ANNUAL"]


def test_a_floating_loan_earns_its_discount_at_the_rate_it_began_with(
    make_states: MakeStates,
) -> None:
    bullet = {"amortisation": "BULLET"}
    floating = {**bullet, "floating": {"index": "TERM_SOFR_3M", "margin": "0.02"}}
    states = on(make_states, "2022-12-30")
    found = cells(loan(floating, {"current_rate": "0.075"}), states)
    fixed = cells(loan(bullet), states)
    assert all(found[measure] == fixed[measure] for measure in MEASURES)


def test_what_the_ledger_states_goes_first(make_states: MakeStates) -> None:
    states = on(make_states, "2022-12-30")
    ledger = cells(loan(state={"unamortised_premium_discount": "-900"}), states)
    assert ledger["AMORTISED_COST"] == 84_100
    more = {"unamortised_premium_discount": "-900", "deferred_fees_costs": "-250",
            "basis_adjustment": "40"}  # fmt: skip
    assert cells(loan(state=more), states)["AMORTISED_COST"] == 83_890
    stated = {**more, "amortised_cost": "83000", "effective_interest_rate": "0.0655"}
    found = cells(loan(state=stated), states)
    assert (found["AMORTISED_COST"], found["EIR_ANNUAL"]) == (83_000, 0.0655)
    owed = cells(loan(state={**stated, "side": "LIABILITY"}), states)
    assert owed["AMORTISED_COST"] == -83_000


def test_a_balance_that_is_derived_carries_its_discount(make_states: MakeStates) -> None:
    states = on(make_states, "2022-12-30")
    found = cells(loan(state={"outstanding_principal": None}), states)
    stated = {"outstanding_principal": repr(found["PRINCIPAL"])}
    assert found["AMORTISED_COST"] == pytest.approx(
        cells(loan(state=stated), states)["AMORTISED_COST"], rel=1e-12
    )


def test_a_loan_in_default_is_carried_at_what_is_owed(make_states: MakeStates) -> None:
    state = {
        "status": "DEFAULTED", "credit_basis": "CASHFLOW", "expected_recovery": "30000",
        "expected_recovery_date": "2024-06-30", "deferred_fees_costs": "-100",
    }  # fmt: skip
    found = cells(loan(state=state), on(make_states, "2022-12-30"))
    assert found["AMORTISED_COST"] == 84_900


REFUSED = [
    ({"issue_price": "0"}, "AMOUNT_OUT_OF_RANGE", "terms.issue_price"),
    ({"issue_price": "201"}, "AMOUNT_OUT_OF_RANGE", "terms.issue_price"),
    ({"issue_price": "nan"}, "NOT_FINITE", "terms.issue_price"),
    ({"rate_steps": [["2022-02-01", "0.07"]]}, "TERMS_INVALID", "terms.issue_price"),
    ({"grace_payments": 3}, "TERMS_INVALID", "terms.issue_price"),
    ({"pik_rate": "0.02"}, "TERMS_INVALID", "terms.issue_price"),
    ({"strip": "INTEREST"}, "TERMS_INVALID", "terms.issue_price"),
    ({"amortisation": "CUSTOM", "principal_schedule": [["2022-02-01", "5000"]]}, "TERMS_INVALID",
     "terms.issue_price"),
    ({"rate": None, "floating": {"index": "TERM_SOFR_3M", "margin": "0.02"},
      "amortisation": "BULLET"}, "TERMS_INVALID", "terms.rate is missing, an issue_price"),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "code", "message"), REFUSED, ids=[str(c[0]) for c in REFUSED])
def test_an_issue_price_that_cannot_be_amortised_is_refused_by_field(
    terms: dict[str, Any], code: str, message: str, make_states: MakeStates
) -> None:
    states = make_states(measures=(*ALL_MEASURES, *MEASURES))
    packed = product("AMORT_LOAN").pack([loan(), loan(terms), loan()], Names())
    failure = packed.failures[1]
    assert failure is not None
    assert failure.code == code
    assert failure.message.startswith(message)
    values = valuation.value(packed.batch, states).values
    alone = valuation.value(product("AMORT_LOAN").pack([loan()], Names()).batch, states).values
    assert np.array_equal(values[[0, 2]], alone[[0, 0]])
