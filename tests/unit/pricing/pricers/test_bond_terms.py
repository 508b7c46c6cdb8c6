"""Ex-coupon, stubs, steps and sinking: what each does to flows, accrued interest and prices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import cashflows
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.pricers import yields
from pricing.products.registry import product
from pricing.scenarios import States

Value = Callable[..., dict[str, float]]
Position = Callable[..., PositionInput]
MakeStates = Callable[..., States]

MEASURES = ("PV", "CLEAN_PV", "ACCRUED", "CLEAN_PRICE", "DIRTY_PRICE", "PRINCIPAL", "WAL")


def flows(position: PositionInput, states: States) -> list[Any]:
    batch = product(position.product_type).pack([position], Names()).batch
    return cashflows.cashflows(batch, states)


EX = {"dated_date": "2020-01-05", "maturity_date": "2030-01-05", "ex_coupon_days": 10,
      "day_count": "ACT/ACT ICMA"}  # fmt: skip


def test_bond_in_its_ex_period_is_worth_the_coupon_less(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    """30 December lies ten days before the coupon of 5 January."""
    states = make_states(measures=MEASURES)
    without = value(position("FIXED_BOND", EX), states)
    with_it = value(position("FIXED_BOND", {**EX, "ex_coupon_days": 0}), states)
    coupon = flows(position("FIXED_BOND", {**EX, "ex_coupon_days": 0}), states)[0]
    assert coupon.date == dt.date(2023, 1, 5)
    for scenario in ("BASE", "UP"):
        gone = with_it[f"PV@{scenario}"] - without[f"PV@{scenario}"]
        assert gone == pytest.approx(coupon.pv, rel=1e-3)
    assert without["ACCRUED@BASE"] == pytest.approx(-20_000 * 6 / 184, rel=1e-12)
    assert with_it["ACCRUED@BASE"] == pytest.approx(20_000 * 178 / 184, rel=1e-12)
    dates = {flow.date for flow in flows(position("FIXED_BOND", EX), states)}
    assert coupon.date not in dates


def test_coupon_we_are_entitled_to_stays_in_the_value_but_not_in_the_price(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    states = make_states(measures=MEASURES)
    ours = value(position("FIXED_BOND", EX, {"ex_coupon_entitled": True}), states)
    theirs = value(position("FIXED_BOND", EX), states)
    plain = value(position("FIXED_BOND", {**EX, "ex_coupon_days": 0}), states)
    assert ours["PV@BASE"] == plain["PV@BASE"]
    assert ours["ACCRUED@BASE"] == plain["ACCRUED@BASE"]
    for price in ("CLEAN_PRICE@BASE", "DIRTY_PRICE@BASE"):
        assert ours[price] == pytest.approx(theirs[price], abs=1e-10)


def test_ex_coupon_at_settlement_but_not_today_moves_the_price_alone(
    value: Value, position: Position, make_states: MakeStates, market: dict[str, Any]
) -> None:
    """Ex from 2 January, settled on 3 January: today's holder still gets the coupon of the 5th."""
    market["settlement_days"] = {"USD": 2}
    states = make_states(market, measures=MEASURES)
    terms = {**EX, "ex_coupon_days": 3}
    found = value(position("FIXED_BOND", terms), states)
    plain = value(position("FIXED_BOND", {**EX, "ex_coupon_days": 0}), states)
    assert found["PV@BASE"] == plain["PV@BASE"]
    assert found["ACCRUED@BASE"] == plain["ACCRUED@BASE"]
    dropped = plain["DIRTY_PRICE@BASE"] - found["DIRTY_PRICE@BASE"]
    assert dropped == pytest.approx(2.0, rel=1e-3)
    assert found["CLEAN_PRICE@BASE"] == pytest.approx(plain["CLEAN_PRICE@BASE"], abs=2e-3)
    mark = {"spread_source": "MARK", "mark_price": repr(found["CLEAN_PRICE@BASE"])}
    marked = value(position("FIXED_BOND", terms, mark), states)
    assert marked["CLEAN_PRICE@BASE"] == pytest.approx(found["CLEAN_PRICE@BASE"], abs=1e-9)


def test_business_days_before_a_coupon_skip_weekends_and_holidays(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    """Of seven business days before Thursday 5 January, 2 January is a holiday: 23 December."""
    terms = {**EX, "ex_coupon_day_type": "BUSINESS", "ex_coupon_calendar": "US"}
    inside = {**terms, "ex_coupon_days": 7}
    outside = {**terms, "ex_coupon_days": 3}
    states = make_states(measures=MEASURES)
    assert value(position("FIXED_BOND", inside), states)["ACCRUED@BASE"] < 0.0
    # Three business days: 4, 3 January and 30 December, which is today and ex.
    assert value(position("FIXED_BOND", outside), states)["ACCRUED@BASE"] < 0.0
    later = {**terms, "ex_coupon_days": 2}
    assert value(position("FIXED_BOND", later), states)["ACCRUED@BASE"] > 0.0


def test_long_last_coupon_is_a_period_and_a_share_of_the_next(
    position: Position, make_states: MakeStates
) -> None:
    """ICMA Rule 251: 15 February to 15 November is half a year and 92 of the next 184 days."""
    terms = {
        "dated_date": "2022-02-15",
        "last_coupon_date": "2024-02-15",
        "maturity_date": "2024-11-15",
        "day_count": "ACT/ACT ICMA",
        "coupon": "0.08",
    }
    found = flows(position("FIXED_BOND", terms), make_states())
    interest = [flow.amount for flow in found if flow.kind == "INTEREST"]
    assert interest == pytest.approx([4e4, 4e4, 4e4, 1e6 * 0.08 * (0.5 + 0.25)])


def test_canadian_accrual_counts_from_the_nearer_end(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    """IIAC: beyond 182 days the coupon less the days that are left, over 365."""
    terms = {"dated_date": "2022-07-01", "maturity_date": "2032-07-01", "coupon": "0.05",
             "day_count": "ACT/365 CANADIAN"}  # fmt: skip
    states = make_states(measures=MEASURES)
    found = value(position("FIXED_BOND", terms), states)
    # 1 July to 30 December is 182 of 184 days: 25,000 less two days of 50,000 / 365.
    assert found["ACCRUED@BASE"] == pytest.approx(25_000 - 50_000 * 2 / 365, rel=1e-12)
    early = {**terms, "dated_date": "2022-10-01", "maturity_date": "2032-10-01"}
    found = value(position("FIXED_BOND", early), states)
    assert found["ACCRUED@BASE"] == pytest.approx(50_000 * 90 / 365, rel=1e-12)


def test_step_up_changes_the_coupon_of_its_period_on(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    terms = {"coupon_steps": [["2022-08-15", "0.05"], ["2024-02-15", "0.06"]]}
    bond = position("FIXED_BOND", terms)
    found = flows(bond, make_states())
    interest = [flow.amount for flow in found if flow.kind == "INTEREST"]
    assert interest[:3] == pytest.approx([25_000, 25_000, 25_000])
    assert interest[3:] == pytest.approx([30_000] * 12)
    cells = value(bond, make_states(measures=MEASURES))
    assert cells["ACCRUED@BASE"] == pytest.approx(50_000 * 135 / 360, rel=1e-12)


def test_sinking_bond_repays_as_scheduled_and_quotes_its_balance(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    terms = {
        "amortisation": "SCHEDULE",
        "principal_schedule": [["2022-02-15", "20"], ["2025-02-15", "30"]],
    }
    bond = position("FIXED_BOND", terms)
    found = flows(bond, make_states())
    repaid = [(flow.date.year, flow.amount) for flow in found if flow.kind == "PRINCIPAL"]
    assert [(year, pytest.approx(amount)) for year, amount in repaid] == [(2025, 3e5)]
    cells = value(bond, make_states(measures=MEASURES))
    assert cells["PRINCIPAL@BASE"] == pytest.approx(8e5)
    assert cells["DIRTY_PRICE@BASE"] == pytest.approx(cells["PV@BASE"] / 8e3)
    # 300,000 in 778 days and 500,000 in 2604 days of 365.
    assert cells["PRINCIPAL_TIME@BASE"] == pytest.approx((3e5 * 778 + 5e5 * 2604) / 365)


def test_factor_of_the_holding_scales_what_is_left(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    terms = {"amortisation": "LINEAR"}
    states = make_states(measures=MEASURES)
    scheduled = value(position("FIXED_BOND", terms), states)
    factor = scheduled["PRINCIPAL@BASE"] / 1e6
    same = value(position("FIXED_BOND", terms, {"pool_factor": repr(factor)}), states)
    half = value(position("FIXED_BOND", terms, {"pool_factor": repr(factor / 2)}), states)
    assert same["PV@BASE"] == pytest.approx(scheduled["PV@BASE"], rel=1e-14)
    assert half["PV@BASE"] == pytest.approx(scheduled["PV@BASE"] / 2, rel=1e-14)
    assert half["CLEAN_PRICE@BASE"] == pytest.approx(scheduled["CLEAN_PRICE@BASE"], rel=1e-13)


def test_lowest_yield_of_the_candidates_is_the_worst() -> None:
    """Two bonds: one with two calls and maturity, one with maturity alone."""
    candidates = np.array([[0.05, 0.04], [0.03, 0.06], [0.045, 0.045], [0.02, 0.07]])
    offsets = np.array([0, 3, 4], dtype=np.int32)
    assert yields.to_worst(candidates, offsets).tolist() == [[0.03, 0.04], [0.02, 0.07]]


def test_bond_priced_after_its_last_payment_has_no_yield(
    value: Value, position: Position, make_states: MakeStates, market: dict[str, Any]
) -> None:
    """Redeemed between today and settlement: nothing is bought, every quoted figure is 0."""
    market["settlement_days"] = {"USD": 5}
    measures = ("DIRTY_PRICE", "YIELD_SEMI_BOND", "MODIFIED_DURATION", "Z_SPREAD")
    states = make_states(market, measures=measures)
    cells = value(position("FIXED_BOND", {"maturity_date": "2023-01-03",
                                          "dated_date": "2020-01-03"}), states)  # fmt: skip
    for measure in measures:
        assert cells[f"{measure}@BASE"] == 0.0
    assert cells["PV@BASE"] > 1e6


def test_price_beyond_any_yield_is_a_failure(
    position: Position, make_states: MakeStates, failure: Callable[..., Any]
) -> None:
    """A 30-year zero at 2,000 times its face: no simple yield above -100% over its life."""
    terms = {"issue_date": "2022-12-01", "maturity_date": "2053-01-01"}
    state = {"spread_source": "MARK", "mark_price": "200000"}
    states = make_states(measures=("YIELD_SIMPLE",))
    assert failure(position("ZERO_COUPON", terms, state), states).code == "YIELD_NOT_SOLVED"
