"""Loans against closed forms and loops written out, cash flow by cash flow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import cashflows, valuation
from pricing.axis import Cut
from pricing.batch import Names
from pricing.cashflows import ProjectedFlow
from pricing.failure import Failure
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States

Flows = Callable[..., list[ProjectedFlow]]


@pytest.fixture
def flows(
    position: Callable[..., PositionInput], make_states: Callable[..., States]
) -> Callable[..., list[ProjectedFlow]]:
    def run(
        terms: dict[str, Any] | None = None,
        state: dict[str, Any] | None = None,
        states: States | None = None,
        scenario: str = "BASE",
    ) -> list[ProjectedFlow]:
        found = product("AMORT_LOAN").pack([position(terms=terms, state=state)], Names())
        assert found.failures == [None]
        return cashflows.cashflows(found.batch, states or make_states(), scenario)

    return run


def amounts(found: list[ProjectedFlow], kind: str) -> list[float]:
    return [flow.amount for flow in found if flow.kind == kind]


def test_level_payment_is_the_annuity_and_repays_the_loan(flows: Flows) -> None:
    found = flows()
    interest, principal = amounts(found, "INTEREST"), amounts(found, "PRINCIPAL")
    payment = 100_000 * 0.005 / (1 - 1.005**-120)
    assert len(interest) == len(principal) == 120
    for paid in np.add(interest, principal):
        assert paid == pytest.approx(payment, rel=1e-12)
    assert interest[0] == pytest.approx(500.0, rel=1e-15)
    assert sum(principal) == pytest.approx(100_000, rel=1e-12)


def test_zero_rate_repays_evenly(flows: Flows) -> None:
    found = flows({"rate": "0"})
    assert amounts(found, "INTEREST") == []
    assert amounts(found, "PRINCIPAL") == pytest.approx([100_000 / 120] * 120)


def test_linear_repays_equal_principal(flows: Flows) -> None:
    found = flows({"amortisation": "LINEAR"})
    assert amounts(found, "PRINCIPAL") == pytest.approx([100_000 / 120] * 120)
    assert amounts(found, "INTEREST")[-1] == pytest.approx(100_000 / 120 * 0.005)


def test_bullet_repays_at_maturity(flows: Flows) -> None:
    found = flows({"amortisation": "BULLET"})
    assert amounts(found, "PRINCIPAL") == [100_000.0]
    assert found[-1].date == dt.date(2032, 12, 1)
    assert amounts(found, "INTEREST") == pytest.approx([500.0] * 120)


def test_interest_only_then_amortising(flows: Flows) -> None:
    found = flows({"interest_only_payments": 24})
    principal = amounts(found, "PRINCIPAL")
    payment = 100_000 * 0.005 / (1 - 1.005**-96)
    assert len(principal) == 96
    assert amounts(found, "INTEREST")[:24] == pytest.approx([500.0] * 24)
    assert principal[0] == pytest.approx(payment - 500.0)


def test_balloon_is_what_a_longer_amortisation_leaves(flows: Flows) -> None:
    found = flows({"amortisation_payments": 360})
    principal = amounts(found, "PRINCIPAL")
    payment = 100_000 * 0.005 / (1 - 1.005**-360)
    left = payment * (1 - 1.005**-241) / 0.005
    assert principal[0] == pytest.approx(payment - 500.0)
    assert principal[-1] == pytest.approx(left, rel=1e-10)
    assert sum(principal) == pytest.approx(100_000)


def test_actual_360_interest_on_a_30_360_payment(flows: Flows) -> None:
    found = flows({"interest_basis": "ACT/360", "payment_basis": "30/360"})
    payment = 100_000 * 0.005 / (1 - 1.005**-120)
    assert amounts(found, "INTEREST")[0] == pytest.approx(100_000 * 0.06 * 31 / 360)
    assert amounts(found, "PRINCIPAL")[0] == pytest.approx(payment - 100_000 * 0.06 * 31 / 360)
    assert sum(amounts(found, "PRINCIPAL")) == pytest.approx(100_000)
    # More interest than the payment assumes: the last payment is what is left, above the level.
    last = amounts(found, "INTEREST")[-1] + amounts(found, "PRINCIPAL")[-1]
    assert last > payment


def test_payment_basis_of_actual_360_takes_a_year_of_365(flows: Flows) -> None:
    found = flows({"interest_basis": "ACT/360", "payment_basis": "ACT/360"})
    rate = 0.06 / 12 * 365 / 360
    payment = 100_000 * rate / (1 - (1 + rate) ** -120)
    first = amounts(found, "INTEREST")[0] + amounts(found, "PRINCIPAL")[0]
    assert first == pytest.approx(payment, rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "speed", "smm"),
    [("CPR", "0.06", 1 - 0.94 ** (1 / 12)), ("SMM", "0.005", 0.005), ("NONE", "0", 0.0)],
)
def test_prepayment_takes_its_share_of_the_balance_after_each_payment(
    kind: str, speed: str, smm: float, flows: Flows
) -> None:
    found = flows({"prepayment": {"kind": kind, "speed": speed}})
    balance, payment, kept = 100_000.0, 100_000 * 0.005 / (1 - 1.005**-120), 1.0
    wanted = []
    for k in range(120):
        interest = balance * 0.005
        principal = balance if k == 119 else payment - interest
        balance -= principal
        wanted.append((kept * interest, kept * principal, kept * smm * balance))
        kept *= 1 - smm
    assert amounts(found, "INTEREST") == pytest.approx([w[0] for w in wanted])
    assert amounts(found, "PRINCIPAL") == pytest.approx([w[1] for w in wanted])
    prepaid = [w[2] for w in wanted if w[2] > 1e-9]
    assert amounts(found, "PREPAYMENT")[: len(prepaid)] == pytest.approx(prepaid, abs=1e-7)
    total = sum(amounts(found, "PRINCIPAL")) + sum(amounts(found, "PREPAYMENT"))
    assert total == pytest.approx(100_000)


def test_psa_ramps_by_age_and_quarterly_periods_prepay_three_months(flows: Flows) -> None:
    found = flows({"prepayment": {"kind": "PSA", "speed": "1.5"}})
    prepaid = amounts(found, "PREPAYMENT")
    payment = 100_000 * 0.005 / (1 - 1.005**-120)
    left = 100_000 - (payment - 500)
    assert prepaid[0] == pytest.approx(left * (1 - (1 - 0.003) ** (1 / 12)))
    quarterly = flows(
        {
            "frequency": "QUARTERLY",
            "first_payment_date": "2023-03-01",
            "payments": 40,
            "amortisation": "BULLET",
            "prepayment": {"kind": "PSA", "speed": "1"},
        }
    )
    prepaid = amounts(quarterly, "PREPAYMENT")
    months = (1 - 0.002) * (1 - 0.004) * (1 - 0.006)
    assert prepaid[0] == pytest.approx(100_000 * (1 - months ** (1 / 12)))
    kept = 100_000.0
    for k in range(12):
        ages = [min(3 * k + month, 30) for month in (1, 2, 3)]
        share = 1 - np.prod([(1 - 0.06 * age / 30) ** (1 / 12) for age in ages])
        assert prepaid[k] == pytest.approx(kept * share)
        kept *= 1 - share


def test_odd_first_period_accrues_from_the_start(flows: Flows) -> None:
    found = flows({"start_date": "2022-12-10", "first_payment_date": "2023-02-01"})
    assert amounts(found, "INTEREST")[0] == pytest.approx(100_000 * 0.06 * 51 / 360)
    assert found[0].date == dt.date(2023, 2, 1)


def test_icma_interest_counts_every_day_of_a_first_period_of_four_periods_and_a_part(
    flows: Flows,
) -> None:
    """ICMA Rule 251: 1 to 15 January is 14 of the 31 days from 15 December, then four months."""
    found = flows(
        {
            "start_date": "2023-01-01",
            "first_payment_date": "2023-05-15",
            "interest_basis": "ACT/ACT ICMA",
        }
    )
    interest = 100_000 * 0.06 / 12 * (4 + 14 / 31)
    assert amounts(found, "INTEREST")[0] == pytest.approx(interest, rel=1e-14)


def test_icma_interest_of_a_single_payment_off_its_payment_day_is_whole(flows: Flows) -> None:
    found = flows(
        {
            "start_date": "2023-02-20",
            "first_payment_date": "2023-03-20",
            "payment_day": 15,
            "payments": 1,
            "interest_basis": "ACT/ACT ICMA",
        }
    )
    assert amounts(found, "INTEREST") == pytest.approx([100_000 * 0.06 / 12], rel=1e-14)


def test_month_end_payments_and_leap_days(flows: Flows) -> None:
    found = flows(
        {
            "start_date": "2022-12-31",
            "first_payment_date": "2023-01-31",
            "payment_day": 31,
            "payments": 16,
            "interest_basis": "ACT/365F",
            "amortisation": "BULLET",
        }
    )
    dates = [flow.date for flow in found if flow.kind == "INTEREST"]
    assert dates[1] == dt.date(2023, 2, 28)
    assert dates[13] == dt.date(2024, 2, 29)
    assert dates[3] == dt.date(2023, 4, 30)
    assert amounts(found, "INTEREST")[13] == pytest.approx(100_000 * 0.06 * 29 / 365)


def test_weekend_payments_move_and_accrue_as_told(flows: Flows) -> None:
    moved = {"calendar": "US", "roll_convention": "MODIFIED_FOLLOWING", "interest_basis": "ACT/360"}
    found = flows(moved)
    # 2023-01-01 is a Sunday, the 2nd a holiday.
    assert found[0].date == dt.date(2023, 1, 3)
    assert amounts(found, "INTEREST")[0] == pytest.approx(100_000 * 0.06 * 31 / 360)
    found = flows({**moved, "accrual_dates": "ADJUSTED"})
    assert amounts(found, "INTEREST")[0] == pytest.approx(100_000 * 0.06 * 33 / 360)


def test_state_stands_and_terms_project(flows: Flows) -> None:
    seasoned = {"start_date": "2017-12-01", "first_payment_date": "2018-01-01"}
    found = flows(
        seasoned,
        {"outstanding_principal": "60000", "current_rate": "0.05", "current_payment": "1500"},
    )
    assert found[0].date == dt.date(2023, 1, 1)
    assert amounts(found, "INTEREST")[0] == pytest.approx(250.0)
    assert amounts(found, "PRINCIPAL")[0] == pytest.approx(1250.0)
    assert sum(amounts(found, "PRINCIPAL")) == pytest.approx(60_000)


def test_absent_state_is_derived_from_the_terms(flows: Flows) -> None:
    derived = flows({"start_date": "2017-12-01", "first_payment_date": "2018-01-01"})
    payment = 100_000 * 0.005 / (1 - 1.005**-120)
    balance = payment * (1 - 1.005**-60) / 0.005
    assert len(amounts(derived, "PRINCIPAL")) == 60
    assert sum(amounts(derived, "PRINCIPAL")) == pytest.approx(balance)
    first = amounts(derived, "INTEREST")[0] + amounts(derived, "PRINCIPAL")[0]
    assert first == pytest.approx(payment, rel=1e-10)


def test_later_next_due_date_skips_what_is_paid_ahead(flows: Flows) -> None:
    found = flows(state={"outstanding_principal": "99000", "next_due_date": "2023-04-01"})
    assert found[0].date == dt.date(2023, 4, 1)
    assert amounts(found, "INTEREST")[0] == pytest.approx(99_000 * 0.005)


def test_past_due_principal_is_at_face_beside_the_value(
    flows: Flows, value: Callable[..., dict[str, float]], position: Callable[..., PositionInput]
) -> None:
    state = {
        "outstanding_principal": "100000",
        "past_due_principal": "2000",
        "past_due_interest": "300",
        "next_due_date": "2022-11-01",
    }
    assert sum(amounts(flows(state=state), "PRINCIPAL")) == pytest.approx(98_000)
    cells = value(position(state=state))
    assert cells["PRINCIPAL@BASE"] == 100_000.0
    assert cells["PAST_DUE@BASE"] == 2_300.0


def test_past_due_principal_comes_on_top_of_a_derived_balance(
    flows: Flows, value: Callable[..., dict[str, float]], position: Callable[..., PositionInput]
) -> None:
    """The scheduled balance is what is left when all is paid: what is past due is not in it."""
    seasoned = {"start_date": "2017-12-01", "first_payment_date": "2018-01-01"}
    scheduled = sum(amounts(flows(seasoned), "PRINCIPAL"))
    late = {"past_due_principal": "2000", "next_due_date": "2022-11-01"}
    assert sum(amounts(flows(seasoned, late), "PRINCIPAL")) == pytest.approx(scheduled)
    cells = value(position(terms=seasoned, state=late))
    assert cells["PRINCIPAL@BASE"] == pytest.approx(scheduled + 2_000)


def test_value_is_the_sum_of_the_flows_under_every_scenario(
    flows: Flows,
    value: Callable[..., dict[str, float]],
    position: Callable[..., PositionInput],
    make_states: Callable[..., States],
) -> None:
    terms = {"prepayment": {"kind": "CPR", "speed": "0.08"}, "interest_only_payments": 12}
    for state in ({"spread": "0.02"}, {"spread_source": "MATRIX"}):
        cells = value(position(terms=terms, state=state))
        for scenario in ("BASE", "UP", "TWIST", "WIDER"):
            found = flows(terms, state, scenario=scenario)
            total = sum(flow.pv for flow in found)
            assert cells[f"PV@{scenario}"] == pytest.approx(total, rel=1e-13)
            for flow in found:
                expected = np.exp(-(flow.zero_rate + flow.spread) * flow.years)
                assert flow.pv == pytest.approx(flow.amount * expected, rel=1e-13)
                assert sum(weight for _, weight in flow.nodes) == pytest.approx(1.0)


def test_accrued_runs_from_the_last_due_date(
    value: Callable[..., dict[str, float]], position: Callable[..., PositionInput]
) -> None:
    cells = value(position(terms={"interest_basis": "ACT/365F"}))
    assert cells["ACCRUED@BASE"] == pytest.approx(100_000 * 0.06 * 29 / 365)
    assert cells["CLEAN_PV@BASE"] == cells["PV@BASE"] - cells["ACCRUED@BASE"]
    stopped = value(position(state={"accrual_status": "NON_ACCRUAL"}))
    assert stopped["ACCRUED@BASE"] == 0.0
    assert stopped["CLEAN_PV@BASE"] == stopped["PV@BASE"]


def test_liability_is_the_asset_with_the_other_sign(
    value: Callable[..., dict[str, float]], position: Callable[..., PositionInput]
) -> None:
    asset = value(position())
    liability = value(position(state={"side": "LIABILITY"}))
    for cell, amount in asset.items():
        sign = 1 if cell.startswith(("CLEAN_PRICE", "DIRTY_PRICE", "SPREAD")) else -1
        assert liability[cell] == sign * amount


def test_flows_of_the_cut_are_in_at_the_start_of_the_day_only(
    position: Callable[..., PositionInput], make_states: Callable[..., States]
) -> None:
    terms = {"first_payment_date": "2022-12-30", "payment_day": 30, "start_date": "2022-11-30"}
    batch = product("AMORT_LOAN").pack([position(terms=terms)], Names()).batch
    end = cashflows.cashflows(batch, make_states())
    start = cashflows.cashflows(batch, make_states(cut=Cut.START_OF_DAY))
    assert end[0].date == dt.date(2023, 1, 30)
    assert start[0].date == dt.date(2022, 12, 30)
    assert start[0].discount_factor == 1.0


def test_mark_is_reproduced_by_the_spread_that_is_solved(
    value: Callable[..., dict[str, float]],
    position: Callable[..., PositionInput],
    market: dict[str, Any],
    make_states: Callable[..., States],
) -> None:
    market["settlement_days"] = {"USD": 2}
    states = make_states(market)
    for basis, price in (("CLEAN", "97.25"), ("DIRTY", "101.5")):
        state = {"spread_source": "MARK", "mark_price": price, "price_quote_basis": basis}
        cells = value(position(state=state), states)
        assert cells[f"{basis}_PRICE@BASE"] == pytest.approx(float(price), abs=1e-9)
        # Frozen: the same residual in every scenario.
        assert cells["PV@UP"] < cells["PV@BASE"]


@pytest.mark.parametrize("cut", list(Cut))
def test_price_is_per_100_of_the_balance_at_settlement(
    cut: Cut,
    flows: Flows,
    value: Callable[..., dict[str, float]],
    position: Callable[..., PositionInput],
    market: dict[str, Any],
    make_states: Callable[..., States],
) -> None:
    """What is paid on 1 January is the seller's: 3 January buys the balance left, 2 days earned."""
    market["settlement_days"] = {"USD": 2}
    states = make_states(market, cut=cut)
    terms = {"prepayment": {"kind": "SMM", "speed": "0.05"}}
    found = flows(terms, states=states)
    then = 4 / 365.0
    settled = [flow for flow in found if flow.years > then]
    balance = sum(flow.amount for flow in settled if flow.kind != "INTEREST")
    assert balance < 95_000
    factor = np.exp(-(states.zero_rates("USD-TREASURY", np.array([then]), 0)[0] + 0.015) * then)
    dirty = sum(flow.pv for flow in settled) / factor / balance * 100
    cells = value(position(terms=terms), states)
    assert cells["DIRTY_PRICE@BASE"] == pytest.approx(dirty, rel=1e-12)
    earned = 100 * 0.06 * 2 / 360
    assert cells["CLEAN_PRICE@BASE"] == pytest.approx(dirty - earned, rel=1e-12)


def test_loan_repaid_before_settlement_has_no_spread_for_its_mark(
    position: Callable[..., PositionInput],
    failure: Callable[..., Failure],
    market: dict[str, Any],
    make_states: Callable[..., States],
) -> None:
    market["settlement_days"] = {"USD": 2}
    last = position(terms={"payments": 1}, state={"spread_source": "MARK", "mark_price": "99"})
    assert failure(last, make_states(market)).code == "SPREAD_NOT_SOLVED"


def test_wal_is_principal_time_over_principal(
    flows: Flows, value: Callable[..., dict[str, float]], position: Callable[..., PositionInput]
) -> None:
    terms = {"prepayment": {"kind": "SMM", "speed": "0.01"}}
    cells = value(position(terms=terms))
    found = [f for f in flows(terms) if f.kind in ("PRINCIPAL", "PREPAYMENT")]
    assert cells["PRINCIPAL_FLOWS@BASE"] == pytest.approx(sum(f.amount for f in found))
    weighted = sum(f.amount * f.years for f in found)
    assert cells["PRINCIPAL_TIME@BASE"] == pytest.approx(weighted)


def test_value_falls_as_rates_spreads_and_time_rise(
    value: Callable[..., dict[str, float]], position: Callable[..., PositionInput]
) -> None:
    values = [value(position(state={"spread": s}))["PV@BASE"] for s in ("0", "0.01", "0.02")]
    assert values[0] > values[1] > values[2]
    cells = value(position())
    assert cells["PV@UP"] < cells["PV@BASE"]
    assert cells["PV@UP"] == pytest.approx(cells["PV@WIDER"], rel=1e-13)


def test_valuation_date_after_the_market_keeps_the_tenors_of_the_curve(
    position: Callable[..., PositionInput], make_states: Callable[..., States]
) -> None:
    later = make_states(day=dt.date(2023, 1, 2))
    batch = product("AMORT_LOAN").pack([position()], Names()).batch
    valued = valuation.value(batch, later)
    assert valued.failures == [None]
    first = cashflows.cashflows(batch, later)[0]
    assert first.date == dt.date(2023, 2, 1)
    assert first.years == 30 / 365


def test_state_source_says_what_is_derived() -> None:
    whole = {
        "outstanding_principal": "99000",
        "current_rate": "0.06",
        "current_payment": "1110.21",
        "next_due_date": "2023-01-01",
    }
    assert product("AMORT_LOAN").state_source(whole) == "SUPPLIED"
    assert product("AMORT_LOAN").state_source({**whole, "current_rate": None}) == "DERIVED"
    assert product("AMORT_LOAN").state_source({}) == "DERIVED"
    assert product("FIXED_BOND").state_source({"quantity": "1"}) == "SUPPLIED"
