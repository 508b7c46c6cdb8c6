"""Bad terms and states of bonds, notes and bills: the code, the field that is named, no neighbour.

Each product has at least fifteen kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.batch import Names
from pricing.failure import Failure
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States

Bad = tuple[str, dict[str, Any], dict[str, Any], str, str]

SHARED: list[Bad] = [
    ("no_maturity", {"maturity_date": None}, {}, "TERMS_INVALID", "terms.maturity_date"),
    ("maturity_text", {"maturity_date": "soon"}, {}, "BAD_DATES", "terms.maturity_date"),
    ("maturity_1899", {"maturity_date": "1899-01-01"}, {}, "BAD_DATES", "terms.maturity_date"),
    ("unknown_field", {"colour": "red"}, {}, "TERMS_INVALID", "colour"),
    ("redeemed_at_0", {"redemption": "0"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.redemption"),
    ("unknown_calendar", {"calendar": "MARS"}, {}, "UNKNOWN_CALENDAR", "terms.calendar"),
    ("unknown_roll", {"roll_convention": "UP"}, {}, "TERMS_INVALID", "terms.roll_convention"),
    ("no_quantity", {}, {"quantity": None}, "TERMS_INVALID", "state.quantity"),
    ("quantity_nan", {}, {"quantity": "nan"}, "NOT_FINITE", "state.quantity"),
    ("quantity_1e16", {}, {"quantity": "1e16"}, "AMOUNT_OUT_OF_RANGE", "state.quantity"),
    ("no_spread", {}, {"spread": None}, "SPREAD_MISSING", "state.spread"),
    ("spread_200_percent", {}, {"spread": "2"}, "RATE_OUT_OF_RANGE", "state.spread"),
    ("no_mark", {}, {"spread_source": "MARK"}, "MARK_MISSING", "state.mark_price"),
    ("closed", {}, {"status": "CLOSED"}, "CLOSED", "closed"),
    ("defaulted", {}, {"status": "DEFAULTED"}, "RECOVERY_MISSING", "DEFAULTED"),
    ("unknown_curve", {"discount_curve": "MARS"}, {}, "UNKNOWN_CURVE", "MARS"),
    ("other_curve", {"discount_curve": "EUR-GOVERNMENT"}, {}, "CURVE_CURRENCY", "EUR-GOVERNMENT"),
]
COUPONS: list[Bad] = [
    ("matured", {"maturity_date": "2022-02-15"}, {}, "MATURED", "no payment is left"),
    ("no_day_count", {"day_count": None}, {}, "TERMS_INVALID", "terms.day_count"),
    ("frequency", {"frequency": "DAILY"}, {}, "TERMS_INVALID", "terms.frequency"),
    ("maturity_first", {"maturity_date": "2019-02-15"}, {}, "BAD_DATES", "terms.maturity_date"),
    (
        "last_coupon_late",
        {"last_coupon_date": "2039-02-15"},
        {},
        "BAD_DATES",
        "terms.last_coupon_date",
    ),
    (
        "last_coupon_early",
        {"last_coupon_date": "2022-02-15"},
        {},
        "SCHEDULE_INVALID",
        "terms.last_coupon_date",
    ),
    (
        "first_off_grid",
        {"first_coupon_date": "2021-09-01"},
        {},
        "SCHEDULE_INVALID",
        "terms.first_coupon_date",
    ),
    ("no_month_end", {"end_of_month": True}, {}, "SCHEDULE_INVALID", "terms.end_of_month"),
]
BOND: list[Bad] = [
    ("coupon_of_400_percent", {"coupon": "4"}, {}, "RATE_OUT_OF_RANGE", "terms.coupon"),
    (
        "step_off_grid",
        {"coupon_steps": [["2023-03-01", "0.05"]]},
        {},
        "SCHEDULE_INVALID",
        "terms.coupon_steps[0]",
    ),
    (
        "steps_backwards",
        {"coupon_steps": [["2024-02-15", "0.05"], ["2023-02-15", "0.06"]]},
        {},
        "BAD_DATES",
        "terms.coupon_steps[1]",
    ),
    ("steps_text", {"coupon_steps": "up"}, {}, "TERMS_INVALID", "terms.coupon_steps"),
    ("steps_single", {"coupon_steps": [["2024-02-15"]]}, {}, "TERMS_INVALID", "coupon_steps[0]"),
    (
        "step_of_200_percent",
        {"coupon_steps": [["2024-02-15", "2"]]},
        {},
        "RATE_OUT_OF_RANGE",
        "terms.coupon_steps[0]",
    ),
    ("amortisation", {"amortisation": "SLOW"}, {}, "TERMS_INVALID", "terms.amortisation"),
    (
        "schedule_without",
        {"amortisation": "SCHEDULE"},
        {},
        "TERMS_INVALID",
        "terms.principal_schedule",
    ),
    (
        "sinks_too_much",
        {
            "amortisation": "SCHEDULE",
            "principal_schedule": [["2025-02-15", "60"], ["2026-02-15", "60"]],
        },
        {},
        "AMOUNT_OUT_OF_RANGE",
        "terms.principal_schedule[1]",
    ),
    (
        "sinks_off_grid",
        {"amortisation": "SCHEDULE", "principal_schedule": [["2025-03-01", "60"]]},
        {},
        "SCHEDULE_INVALID",
        "terms.principal_schedule[0]",
    ),
    (
        "sinks_short",
        {"amortisation": "SCHEDULE", "principal_schedule": [["2030-02-15", "60"]]},
        {},
        "AMOUNT_OUT_OF_RANGE",
        "terms.principal_schedule[0]",
    ),
    ("share_alone", {"balance_share": "0.05"}, {}, "TERMS_INVALID", "terms.balance_share"),
    (
        "share_of_150_percent",
        {"amortisation": "SHARE_OF_BALANCE", "balance_share": "1.5"},
        {},
        "RATE_OUT_OF_RANGE",
        "terms.balance_share",
    ),
    ("ex_days_negative", {"ex_coupon_days": -1}, {}, "TERMS_INVALID", "terms.ex_coupon_days"),
    (
        "ex_as_long_as_period",
        {"frequency": "MONTHLY", "ex_coupon_days": 30},
        {},
        "SCHEDULE_INVALID",
        "terms.ex_coupon_days",
    ),
    ("convention", {"yield_convention": "MARS"}, {}, "TERMS_INVALID", "terms.yield_convention"),
    ("factor_above_1", {}, {"pool_factor": "1.2"}, "AMOUNT_OUT_OF_RANGE", "state.pool_factor"),
]
ZERO: list[Bad] = [
    ("no_issue", {"issue_date": None}, {}, "TERMS_INVALID", "terms.issue_date"),
    ("maturity_first", {"maturity_date": "2022-10-06"}, {}, "BAD_DATES", "terms.maturity_date"),
    ("matured", {"maturity_date": "2022-12-30"}, {}, "MATURED", "no payment is left"),
    (
        "century",
        {"issue_date": "2022-01-01", "maturity_date": "2130-01-01"},
        {},
        "TERM_TOO_LONG",
        "terms.maturity_date",
    ),
    ("basis", {"money_market_basis": "30/360"}, {}, "TERMS_INVALID", "terms.money_market_basis"),
    ("frequency", {"yield_frequency": "DAILY"}, {}, "TERMS_INVALID", "terms.yield_frequency"),
]
NOTE: list[Bad] = [
    ("no_index", {"index": None}, {}, "TERMS_INVALID", "terms.index"),
    ("unknown_index", {"index": "LIBOR_3M"}, {}, "UNKNOWN_INDEX", "LIBOR_3M"),
    (
        "swap_rate_without_surface",
        {"index": "USD_CMS_10Y", "option_model": "VOLATILITY", "volatility": "CAPS"},
        {},
        "UNKNOWN_VOLATILITY",
        "CAPS",
    ),
    ("option_model", {"option_model": "SABR"}, {}, "TERMS_INVALID", "terms.option_model"),
    ("surface_unused", {"volatility": "CAPS"}, {}, "TERMS_INVALID", "terms.volatility"),
    (
        "surface_of_no_name",
        {"option_model": "VOLATILITY", "volatility": ""},
        {},
        "TERMS_INVALID",
        "terms.volatility",
    ),
    (
        "unknown_surface",
        {"option_model": "VOLATILITY", "volatility": "CAPS"},
        {},
        "UNKNOWN_VOLATILITY",
        "CAPS",
    ),
    ("index_of_euros", {"index": "EURIBOR_6M"}, {}, "CURVE_CURRENCY", "EURIBOR_6M"),
    ("margin_of_200_percent", {"margin": "2"}, {}, "RATE_OUT_OF_RANGE", "terms.margin"),
    ("floor_above_cap", {"floor": "0.06", "cap": "0.05"}, {}, "RATE_OUT_OF_RANGE", "terms.floor"),
    ("reset", {"reset": "NEVER"}, {}, "TERMS_INVALID", "terms.reset"),
    ("daily_rates", {"daily_rates": "SUMMED"}, {}, "TERMS_INVALID", "terms.daily_rates"),
    ("lag_of_a_year", {"fixing_lag_days": 365}, {}, "TERMS_INVALID", "terms.fixing_lag_days"),
    ("lookback_negative", {"lookback_days": -2}, {}, "TERMS_INVALID", "terms.lookback_days"),
    ("lockout_99", {"lockout_days": 99}, {}, "TERMS_INVALID", "terms.lockout_days"),
    ("fixed_without_coupon", {"fixed_until": "2024-02-15"}, {}, "TERMS_INVALID", "fixed_coupon"),
    (
        "fixed_until_off_grid",
        {"fixed_until": "2024-03-01", "fixed_coupon": "0.05"},
        {},
        "SCHEDULE_INVALID",
        "terms.fixed_until",
    ),
    (
        "margin_step_off_grid",
        {"margin_steps": [["2023-03-01", "0.02"]]},
        {},
        "SCHEDULE_INVALID",
        "terms.margin_steps[0]",
    ),
    (
        "fixing_missing",
        {"dated_date": "2022-07-15", "frequency": "SEMIANNUAL", "maturity_date": "2027-01-15"},
        {},
        "FIXING_MISSING",
        "2022-07-1",
    ),
    (
        "daily_fixing_missing",
        {"index": "SOFR", "dated_date": "2022-07-15", "frequency": "SEMIANNUAL",
         "maturity_date": "2027-01-15"},
        {},
        "FIXING_MISSING",
        "2022-07-15",
    ),
    ("current_rate", {}, {"current_rate": "7"}, "RATE_OUT_OF_RANGE", "state.current_rate"),
]  # fmt: skip
INFLATION: list[Bad] = [
    ("no_index", {"index": None}, {}, "TERMS_INVALID", "terms.index"),
    ("unknown_index", {"index": "UK_RPI"}, {}, "UNKNOWN_INDEX", "UK_RPI"),
    ("base_level_0", {"base_level": "0"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.base_level"),
    ("rounding", {"ratio_rounding": "UP"}, {}, "TERMS_INVALID", "terms.ratio_rounding"),
    ("floor_text", {"deflation_floor": "yes"}, {}, "TERMS_INVALID", "terms.deflation_floor"),
    ("base_unpublished", {"dated_date": "2015-01-15"}, {}, "FIXING_MISSING", "2015-01-15"),
    ("coupon_of_400_percent", {"coupon": "4"}, {}, "RATE_OUT_OF_RANGE", "terms.coupon"),
]
CALLABLE: list[Bad] = [
    (
        "matured",
        {"maturity_date": "2022-02-15", "call_schedule": [["2021-02-15", "100"]]},
        {},
        "MATURED",
        "no payment is left",
    ),
    (
        "no_rights",
        {"call_schedule": None},
        {},
        "TERMS_INVALID",
        "terms.call_schedule",
    ),
    (
        "call_after_maturity",
        {"call_schedule": [["2025-02-15", "100"], ["2033-02-15", "100"]]},
        {},
        "BAD_DATES",
        "terms.call_schedule[1]",
    ),
    (
        "call_before_issue",
        {"call_schedule": [["2019-02-15", "100"]]},
        {},
        "BAD_DATES",
        "terms.call_schedule[0]",
    ),
    (
        "calls_backwards",
        {"call_schedule": [["2027-02-15", "100"], ["2025-02-15", "101"]]},
        {},
        "BAD_DATES",
        "terms.call_schedule[1]",
    ),
    (
        "call_at_nothing",
        {"call_schedule": [["2025-02-15", "0"]]},
        {},
        "AMOUNT_OUT_OF_RANGE",
        "terms.call_schedule[0]",
    ),
    (
        "call_price_nan",
        {"call_schedule": [["2025-02-15", "nan"]]},
        {},
        "NOT_FINITE",
        "terms.call_schedule[0]",
    ),
    ("style", {"call_style": "ASIAN"}, {}, "TERMS_INVALID", "terms.call_style"),
    (
        "european_twice",
        {"call_style": "EUROPEAN"},
        {},
        "TERMS_INVALID",
        "terms.call_schedule",
    ),
    (
        "end_of_bermudan",
        {"call_end_date": "2030-02-15"},
        {},
        "TERMS_INVALID",
        "terms.call_end_date",
    ),
    (
        "end_before_last_price",
        {"call_style": "AMERICAN", "call_end_date": "2026-02-15"},
        {},
        "BAD_DATES",
        "terms.call_end_date",
    ),
    (
        "step_of_a_bermudan_call",
        {"exercise_step_days": 7},
        {},
        "TERMS_INVALID",
        "terms.exercise_step_days",
    ),
    (
        "step_of_no_days",
        {"call_style": "AMERICAN", "exercise_step_days": 0},
        {},
        "TERMS_INVALID",
        "terms.exercise_step_days",
    ),
    (
        "more_decisions_than_the_lattice_takes",
        {"call_style": "AMERICAN", "exercise_step_days": 1},
        {},
        "TERM_TOO_LONG",
        "terms.call_schedule",
    ),
    (
        "notice_negative",
        {"call_notice_days": -1},
        {},
        "TERMS_INVALID",
        "terms.call_notice_days",
    ),
    (
        "notice_of_two_years",
        {"call_notice_days": 730},
        {},
        "TERMS_INVALID",
        "terms.call_notice_days",
    ),
    (
        "notice_of_no_put",
        {"put_notice_days": 30},
        {},
        "TERMS_INVALID",
        "terms.put_schedule",
    ),
    (
        "put_after_maturity",
        {"put_schedule": [["2032-02-15", "100"]]},
        {},
        "BAD_DATES",
        "terms.put_schedule[0]",
    ),
    ("price_basis", {"call_price_basis": "GROSS"}, {}, "TERMS_INVALID", "terms.call_price_basis"),
    (
        "make_whole_of_60_percent",
        {"make_whole_spread": "0.6"},
        {},
        "RATE_OUT_OF_RANGE",
        "terms.make_whole_spread",
    ),
    (
        "make_whole_without_calls",
        {
            "call_schedule": None,
            "put_schedule": [["2025-02-15", "100"]],
            "make_whole_spread": "0.002",
        },
        {},
        "TERMS_INVALID",
        "terms.make_whole_spread",
    ),
    (
        "make_whole_end_alone",
        {"make_whole_end_date": "2030-02-15"},
        {},
        "TERMS_INVALID",
        "terms.make_whole_spread",
    ),
    (
        "interest_only_bullet",
        {"interest_only_payments": 3},
        {},
        "TERMS_INVALID",
        "terms.interest_only_payments",
    ),
    (
        "interest_only_for_ever",
        {"amortisation": "LEVEL_PAY", "interest_only_payments": 24},
        {},
        "SCHEDULE_INVALID",
        "terms.interest_only_payments",
    ),
    (
        "balloon_of_share",
        {"amortisation": "SHARE_OF_BALANCE", "balance_share": "0.1", "amortisation_payments": 9},
        {},
        "TERMS_INVALID",
        "terms.amortisation_payments",
    ),
    ("factor_of_0", {}, {"pool_factor": "0"}, "AMOUNT_OUT_OF_RANGE", "state.pool_factor"),
]
GRID: dict[str, dict[str, Any]] = {
    "FIXED_BOND": {},
    "FLOATING_NOTE": {},
    "INFLATION_BOND": {"dated_date": "2020-08-15", "maturity_date": "2030-08-15"},
    "ZERO_COUPON": {},
    "CALLABLE_BOND": {},
}
CASES = [
    pytest.param(product_type, *case[1:], id=f"{product_type}-{case[0]}")
    for product_type, lists in (
        ("FIXED_BOND", (SHARED, COUPONS, BOND)),
        ("FLOATING_NOTE", (SHARED, COUPONS, NOTE)),
        ("INFLATION_BOND", (SHARED, COUPONS, INFLATION)),
        ("ZERO_COUPON", (SHARED, ZERO)),
        ("CALLABLE_BOND", (SHARED, COUPONS[1:], CALLABLE)),
    )
    for cases in lists
    for case in cases
]


@pytest.mark.parametrize(("product_type", "terms", "state", "code", "named"), CASES)
def test_bad_position_names_its_code_and_its_field(
    product_type: str,
    terms: dict[str, Any],
    state: dict[str, Any],
    code: str,
    named: str,
    position: Callable[..., PositionInput],
    failure: Callable[..., Failure],
) -> None:
    bad = position(product_type, {**GRID[product_type], **terms}, state)
    found = failure(bad)
    assert (found.code, named in found.message) == (code, True), found


@pytest.mark.parametrize("product_type", GRID)
def test_bad_positions_leave_the_bits_of_their_neighbours(
    product_type: str,
    position: Callable[..., PositionInput],
    make_states: Callable[..., States],
) -> None:
    good = [position(product_type, state={"quantity": str(1000 + i)}) for i in range(40)]
    kinds = [case.values for case in CASES if case.values[0] == product_type]
    assert len(kinds) >= 15
    bad = [position(product_type, kind[1], kind[2]) for kind in kinds]
    mixed = [one for pair in zip(good, (bad * 40)[:40], strict=True) for one in pair]
    states = make_states()
    alone = valuation.value(product(product_type).pack(good, Names()).batch, states)
    found = valuation.value(product(product_type).pack(mixed, Names()).batch, states)
    assert alone.failures == [None] * 40
    assert found.failures[::2] == [None] * 40
    assert np.array_equal(found.values[::2].view(np.int64), alone.values.view(np.int64))
    assert not found.values[1::2].any()
