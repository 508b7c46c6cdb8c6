"""Defaulted loans against the discounted recovery and a zero-coupon loan of the same payment."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import cashflows, valuation
from pricing.axis import Cut
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States
from tests.unit.pricing.conftest import ALL_MEASURES, LOAN_TERMS

MakeStates = Callable[..., States]

YIELDS = ("YIELD_MONTHLY_MORTGAGE", "YIELD_SEMI_BOND", "YIELD_ANNUAL", "YIELD_CONTINUOUS")
MEASURES = (*ALL_MEASURES, *YIELDS)
DEFAULTED: dict[str, Any] = {
    "status": "DEFAULTED", "outstanding_principal": "90000", "credit_basis": "CASHFLOW",
    "spread": "0.06",
}  # fmt: skip
EXPECTED = {**DEFAULTED, "expected_recovery": "36000", "expected_recovery_date": "2024-09-30"}


def loan(state: dict[str, Any], **terms: Any) -> PositionInput:
    return PositionInput("L", "AMORT_LOAN", "USD", {**LOAN_TERMS, **terms}, state, "BBB", "RETAIL")


def valued(positions: list[PositionInput], states: States) -> valuation.Valued:
    packed = product("AMORT_LOAN").pack(positions, Names())
    return valuation.value(packed.batch, states)


def cells(position: PositionInput, states: States) -> dict[str, float]:
    found = valued([position], states)
    assert found.failures == [None]
    return {str(c): float(found.values[0, i]) for i, c in enumerate(states.axis.cells)}


def test_value_is_the_recovery_discounted_from_its_day(make_states: MakeStates) -> None:
    states = make_states(measures=("PV", "CS01", "WAL", "ACCRUED", "DIRTY_PRICE"))
    found = cells(loan(EXPECTED), states)
    days = 640
    zero = 0.0437 + (0.0439 - 0.0437) * (days - 90) / (731 - 90)
    worth = 36_000 * math.exp(-(zero + 0.06) * days / 365)
    assert found["PV@BASE"] == pytest.approx(worth, rel=1e-12)
    assert found["CS01@BASE"] == pytest.approx(worth * days / 365 * 1e-4, rel=1e-7)
    assert found["ACCRUED@BASE"] == 0.0
    assert found["PRINCIPAL_FLOWS@BASE"] == 36_000


def test_cells_are_those_of_a_zero_coupon_loan_of_the_recovery(make_states: MakeStates) -> None:
    """All but what refers to the balance: principal, and prices per 100 of it."""
    states = make_states(measures=MEASURES)
    found = cells(loan({**EXPECTED, "past_due_principal": "5000"}), states)
    twin = loan(
        {"spread": "0.06"}, first_payment_date="2024-09-30", payments=1, rate="0",
        frequency="ANNUAL", original_principal="36000", amortisation="BULLET",
    )  # fmt: skip
    wanted = cells(twin, states)
    balance = {"NOTIONAL", "PRINCIPAL", "PAST_DUE", "CLEAN_PRICE", "DIRTY_PRICE", *YIELDS}
    for name, value in found.items():
        code = name.partition("@")[0]
        if code not in balance:
            assert value == pytest.approx(wanted[name], rel=1e-12, abs=1e-9), name
    assert found["PRINCIPAL@BASE"] == found["NOTIONAL@BASE"] == 90_000
    assert found["PAST_DUE@BASE"] == 5_000
    for name in ("CLEAN_PRICE@BASE", "DIRTY_PRICE@BASE"):
        assert found[name] == pytest.approx(wanted[name] * 36 / 90, rel=1e-12)
    # One payment: the compoundings restate one another.
    continuous = found["YIELD_CONTINUOUS@BASE"]
    years = (640 - states.settlement_days("USD")) / 365
    paid = found["DIRTY_PRICE@BASE"] / 100 * 90 / 36
    assert continuous == pytest.approx(-math.log(paid) / years, rel=1e-12)
    # The twin counts time in 30/360 periods: another day count of the same rate.
    assert wanted["YIELD_CONTINUOUS@BASE"] == pytest.approx(continuous, abs=5e-4)
    for name, f in (("MONTHLY_MORTGAGE", 12), ("SEMI_BOND", 2), ("ANNUAL", 1)):
        restated = f * math.expm1(continuous / f)
        assert found[f"YIELD_{name}@BASE"] == pytest.approx(restated, rel=1e-12)


def test_severity_and_lag_make_the_amount_and_the_day(make_states: MakeStates) -> None:
    """(1 - 60%) of what was owed at default, less what has come in, 18 months after it."""
    states = make_states(measures=MEASURES)
    by_severity = {
        **DEFAULTED, "outstanding_principal": "80000", "charge_off_to_date": "10000",
        "recovery_severity": "0.6", "recovery_lag_months": 18, "default_date": "2022-10-31",
        "recovery_to_date": "4000",
    }  # fmt: skip
    stated = {
        **DEFAULTED, "outstanding_principal": "80000",
        "expected_recovery": "32000", "expected_recovery_date": "2024-04-30",
    }  # fmt: skip
    assert cells(loan(by_severity), states) == cells(loan(stated), states)
    batch = product("AMORT_LOAN").pack([loan(by_severity)], Names()).batch
    (flow,) = cashflows.cashflows(batch, states, "UP")
    assert (flow.kind, flow.amount, flow.date.isoformat()) == ("RECOVERY", 32_000, "2024-04-30")
    assert flow.pv == pytest.approx(cells(loan(stated), states)["PV@UP"], rel=1e-12)


def test_a_charged_off_loan_may_still_bring_something(make_states: MakeStates) -> None:
    state = {**EXPECTED, "status": "CHARGED_OFF", "outstanding_principal": "0"}
    states = make_states(measures=("PV", "DIRTY_PRICE", "PRINCIPAL"))
    found, owed = cells(loan(state), states), cells(loan(EXPECTED), states)
    assert found["PV@BASE"] == owed["PV@BASE"]
    assert found["PRINCIPAL@BASE"] == found["DIRTY_PRICE@BASE"] == 0.0


def test_terms_of_before_default_change_nothing_after_it(make_states: MakeStates) -> None:
    states = make_states(measures=MEASURES)
    plain = cells(loan(EXPECTED), states)
    for terms in (
        {"prepayment": {"kind": "CPR", "speed": "0.2"}},
        {"floating": {"index": "TERM_SOFR_3M", "margin": "0.02"}, "amortisation": "BULLET"},
        {"default": {"kind": "CDR", "speed": "0.05", "severity": "0.4"}},
        {"grace_payments": 6},
    ):
        assert cells(loan(EXPECTED, **terms), states) == plain


def test_liabilities_carry_the_other_sign(make_states: MakeStates) -> None:
    states = make_states(measures=("PV", "DV01", "CLEAN_PRICE"))
    ours, theirs = (
        cells(loan(EXPECTED), states),
        cells(loan({**EXPECTED, "side": "LIABILITY"}), states),
    )
    assert theirs["PV@BASE"] == -ours["PV@BASE"]
    assert theirs["CLEAN_PRICE@BASE"] == ours["CLEAN_PRICE@BASE"]


def test_a_recovery_due_today_counts_at_the_start_of_the_day_alone(
    make_states: MakeStates,
) -> None:
    due = loan({**EXPECTED, "expected_recovery_date": "2022-12-30"})
    early = make_states(measures=("PV",), cut=Cut.START_OF_DAY)
    assert cells(due, early)["PV@BASE"] == 36_000
    (failure,) = valued([due], make_states(measures=("PV",))).failures
    assert failure is not None
    assert failure.code == "RECOVERY_MISSING"


REFUSED = [
    ({"expected_recovery": "1"}, "TERMS_INVALID", "state.expected_recovery_date: is missing"),
    ({}, "RECOVERY_MISSING", "status DEFAULTED"),
    ({"expected_recovery_date": "2024-09-30"}, "RECOVERY_MISSING", "status DEFAULTED"),
    ({**EXPECTED, "recovery_severity": "0.5"}, "TERMS_INVALID", "state.recovery_severity"),
    ({"recovery_severity": "1.1"}, "RATE_OUT_OF_RANGE", "state.recovery_severity"),
    ({"recovery_severity": "0.5", "recovery_lag_months": 6}, "TERMS_INVALID",
     "state.default_date: is missing"),
    ({"recovery_severity": "0.5", "default_date": "2022-10-31"}, "TERMS_INVALID",
     "state.recovery_lag_months: is missing"),
    ({"recovery_severity": "0.5", "default_date": "2022-10-31", "recovery_lag_months": -1},
     "TERMS_INVALID", "state.recovery_lag_months"),
    ({"recovery_severity": "0.5", "default_date": "2199-10-31", "recovery_lag_months": 6},
     "TERM_TOO_LONG", "recovery is beyond 2199"),
    ({**EXPECTED, "expected_recovery": "-1"}, "AMOUNT_OUT_OF_RANGE", "state.expected_recovery"),
    ({**EXPECTED, "expected_recovery": "nan"}, "NOT_FINITE", "state.expected_recovery"),
    ({**EXPECTED, "expected_recovery_date": "soon"}, "BAD_DATES", "state.expected_recovery_date"),
    ({**EXPECTED, "charge_off_to_date": "-1"}, "AMOUNT_OUT_OF_RANGE", "state.charge_off_to_date"),
    ({**EXPECTED, "recovery_to_date": "x"}, "TERMS_INVALID", "state.recovery_to_date"),
    ({**EXPECTED, "outstanding_principal": None}, "TERMS_INVALID",
     "state.outstanding_principal: is missing"),
    ({**EXPECTED, "credit_basis": "SPREAD"}, "CREDIT_COUNTED_TWICE", "expected recoveries"),
    ({**EXPECTED, "spread_source": "MATRIX"}, "CREDIT_COUNTED_TWICE", "credit_basis is CASHFLOW"),
    ({**EXPECTED, "spread": None}, "SPREAD_MISSING", "spread_source is SUPPLIED"),
    ({**EXPECTED, "status": "CLOSED"}, "CLOSED", "the position is closed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "code", "message"), REFUSED, ids=[f"{c[1]}-{c[2]}" for c in REFUSED]
)
def test_a_recovery_that_is_unclear_is_refused_by_field_and_neighbours_keep_their_bits(
    state: dict[str, Any], code: str, message: str, make_states: MakeStates
) -> None:
    states = make_states(measures=ALL_MEASURES)
    sound = [loan(EXPECTED), loan({"spread": "0.02"})]
    alone = valued(sound, states)
    among = valued([sound[0], loan({**DEFAULTED, **state}), sound[1]], states)
    failure = among.failures[1]
    assert failure is not None
    assert failure.code == code
    assert failure.message.startswith(message)
    assert alone.failures == [None, None]
    assert np.array_equal(among.values[[0, 2]], alone.values)
    assert not among.values[1].any()
