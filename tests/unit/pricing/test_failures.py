"""Bad positions are failures with codes, and their neighbours never notice."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.batch import Batch, Names
from pricing.failure import CODES, Failure
from pricing.position import PositionInput
from pricing.products.registry import product

LOAN: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("principal_missing", {"original_principal": None}, {}, "TERMS_INVALID"),
    ("principal_nan", {"original_principal": "NaN"}, {}, "NOT_FINITE"),
    ("principal_infinite", {"original_principal": "-Infinity"}, {}, "NOT_FINITE"),
    ("principal_beyond_float", {"original_principal": "1e400"}, {}, "NOT_FINITE"),
    ("principal_huge_integer", {"original_principal": 10**5000}, {}, "NOT_FINITE"),
    ("principal_decimal_nan", {"original_principal": Decimal("sNaN")}, {}, "NOT_FINITE"),
    ("principal_zero", {"original_principal": "0"}, {}, "AMOUNT_OUT_OF_RANGE"),
    ("principal_negative", {"original_principal": "-5"}, {}, "AMOUNT_OUT_OF_RANGE"),
    ("principal_text", {"original_principal": "many"}, {}, "TERMS_INVALID"),
    ("principal_underscore", {"original_principal": "1_000"}, {}, "TERMS_INVALID"),
    ("principal_list", {"original_principal": [1]}, {}, "TERMS_INVALID"),
    ("principal_true", {"original_principal": True}, {}, "TERMS_INVALID"),
    ("rate_of_600_percent", {"rate": "6"}, {}, "RATE_OUT_OF_RANGE"),
    ("rate_not_finite", {"rate": float("nan")}, {}, "NOT_FINITE"),
    ("date_of_1899", {"start_date": "1899-12-31"}, {}, "BAD_DATES"),
    ("date_of_2200", {"maturity_date": "2200-01-01", "payments": None}, {}, "BAD_DATES"),
    ("date_impossible", {"start_date": "2022-02-30"}, {}, "BAD_DATES"),
    ("date_compact", {"start_date": "20221201"}, {}, "BAD_DATES"),
    ("date_of_a_week", {"start_date": "2022-W01-1"}, {}, "BAD_DATES"),
    ("date_number", {"start_date": 20221201}, {}, "BAD_DATES"),
    ("date_with_time", {"start_date": dt.datetime(2022, 1, 1, tzinfo=dt.UTC)}, {}, "BAD_DATES"),
    (
        "maturity_before_start",
        {"maturity_date": "2021-01-01", "payments": None},
        {},
        "BAD_DATES",
    ),
    ("first_payment_before_start", {"first_payment_date": "2022-12-01"}, {}, "BAD_DATES"),
    ("term_of_10000_years", {"payments": 120_000}, {}, "TERM_TOO_LONG"),
    ("term_beyond_2199", {"payments": 300, "frequency": "ANNUAL"}, {}, "TERM_TOO_LONG"),
    (
        "long_dated",
        {"payments": None, "maturity_date": "2190-01-01"},
        {},
        "TERM_TOO_LONG",
    ),
    ("no_maturity", {"payments": None}, {}, "TERMS_INVALID"),
    ("maturity_contradicts", {"maturity_date": "2033-02-01"}, {}, "SCHEDULE_INVALID"),
    ("off_the_payment_day", {"payment_day": 15}, {}, "SCHEDULE_INVALID"),
    ("first_period_of_years", {"start_date": "2020-12-01"}, {}, "SCHEDULE_INVALID"),
    ("interest_only_too_long", {"interest_only_payments": 121}, {}, "SCHEDULE_INVALID"),
    ("unknown_field", {"colour": "red"}, {}, "TERMS_INVALID"),
    ("unknown_day_count", {"interest_basis": "ACT/361"}, {}, "TERMS_INVALID"),
    ("no_day_count", {"interest_basis": None}, {}, "TERMS_INVALID"),
    ("unknown_calendar", {"calendar": "MARS"}, {}, "UNKNOWN_CALENDAR"),
    ("calendar_list", {"calendar": ["US"]}, {}, "UNKNOWN_CALENDAR"),
    ("unknown_frequency", {"frequency": "DAILY"}, {}, "TERMS_INVALID"),
    (
        "prepays_all",
        {"prepayment": {"kind": "CPR", "speed": "1"}},
        {},
        "RATE_OUT_OF_RANGE",
    ),
    ("prepayment_text", {"prepayment": "CPR"}, {}, "TERMS_INVALID"),
    ("unknown_curve", {"discount_curve": "MARS"}, {}, "UNKNOWN_CURVE"),
    ("curve_of_other_currency", {"discount_curve": "EUR-GOVERNMENT"}, {}, "CURVE_CURRENCY"),
    ("spread_missing", {}, {"spread": None}, "SPREAD_MISSING"),
    ("spread_of_200_percent", {}, {"spread": "2"}, "RATE_OUT_OF_RANGE"),
    ("mark_missing", {}, {"spread_source": "MARK"}, "MARK_MISSING"),
    (
        "mark_absurd",
        {},
        {"spread_source": "MARK", "mark_price": "999999"},
        "SPREAD_NOT_SOLVED",
    ),
    (
        "default_adjusted_and_a_credit_spread",
        {},
        {"credit_basis": "CASHFLOW", "spread_source": "MATRIX"},
        "CREDIT_COUNTED_TWICE",
    ),
    ("default_adjusted", {}, {"credit_basis": "CASHFLOW"}, "TERMS_INVALID"),
    ("unknown_source", {}, {"spread_source": "GUESS"}, "TERMS_INVALID"),
    ("defaulted", {}, {"status": "DEFAULTED"}, "RECOVERY_MISSING"),
    ("charged_off", {}, {"status": "CHARGED_OFF"}, "RECOVERY_MISSING"),
    ("closed", {}, {"status": "CLOSED"}, "CLOSED"),
    ("unknown_status", {}, {"status": "HAPPY"}, "TERMS_INVALID"),
    ("balance_negative", {}, {"outstanding_principal": "-1"}, "AMOUNT_OUT_OF_RANGE"),
    ("all_past_due", {}, {"past_due_principal": "100001"}, "AMOUNT_OUT_OF_RANGE"),
    ("next_due_after_maturity", {}, {"next_due_date": "2040-01-01"}, "MATURED"),
    ("matured", {"start_date": "2010-12-01", "first_payment_date": "2011-01-01"}, {}, "MATURED"),
]  # fmt: skip
BOND: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("no_quantity", {}, {"quantity": None}, "TERMS_INVALID"),
    ("quantity_nan", {}, {"quantity": "nan"}, "NOT_FINITE"),
    ("matured", {"maturity_date": "2022-02-15"}, {}, "MATURED"),
    ("paid_today", {"maturity_date": "2022-12-30"}, {}, "MATURED"),
    ("maturity_first", {"maturity_date": "2019-02-15"}, {}, "BAD_DATES"),
    ("coupons_off_the_grid", {"first_coupon_date": "2020-09-01"}, {}, "SCHEDULE_INVALID"),
    ("last_coupon_after", {"last_coupon_date": "2031-02-15"}, {}, "BAD_DATES"),
    ("no_month_end", {"end_of_month": True}, {}, "SCHEDULE_INVALID"),
    ("redeemed_at_nothing", {"redemption": "0"}, {}, "AMOUNT_OUT_OF_RANGE"),
    ("coupon_of_100", {"coupon": "4"}, {}, "RATE_OUT_OF_RANGE"),
]
FX: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("one_currency", {"sold_currency": "EUR"}, {}, "TERMS_INVALID"),
    ("unknown_currency", {"sold_currency": "XXQ"}, {}, "UNKNOWN_CURRENCY"),
    ("no_curve", {"sold_currency": "CHF"}, {}, "UNKNOWN_CURVE"),
    ("settled", {"maturity_date": "2022-12-30"}, {}, "MATURED"),
    ("closed", {}, {"status": "CLOSED"}, "CLOSED"),
    ("amount_negative", {"bought_amount": "-1"}, {}, "AMOUNT_OUT_OF_RANGE"),
]
OF_FIELDS = {
    "TERMS_INVALID", "BAD_DATES", "SCHEDULE_INVALID", "TERM_TOO_LONG", "NOT_FINITE",
    "AMOUNT_OUT_OF_RANGE", "RATE_OUT_OF_RANGE", "SPREAD_MISSING", "MARK_MISSING",
}  # fmt: skip
"""Codes of what a position says of itself: the message names the field."""
CASES = [
    pytest.param(product_type, *case[1:], id=f"{product_type}-{case[0]}")
    for product_type, cases in (("AMORT_LOAN", LOAN), ("FIXED_BOND", BOND), ("FX_FWD", FX))
    for case in cases
]


@pytest.mark.parametrize(("product_type", "terms", "state", "code"), CASES)
def test_bad_position_is_a_failure_with_its_code(
    product_type: str,
    terms: dict[str, Any],
    state: dict[str, Any],
    code: str,
    position: Callable[..., PositionInput],
    failure: Callable[..., Failure],
) -> None:
    found = failure(position(product_type, terms, state))
    assert found.code == code
    if code in OF_FIELDS:
        assert re.search(r"\b(terms|state)[.:]", found.message), found.message


@pytest.mark.parametrize(
    ("currency", "code"),
    [("XXQ", "UNKNOWN_CURRENCY"), ("CHF", "UNKNOWN_CURVE"), (None, "UNKNOWN_CURRENCY"),
     (["USD"], "UNKNOWN_CURRENCY")],
)  # fmt: skip
def test_currency_must_be_known_and_have_a_curve(
    currency: Any,
    code: str,
    position: Callable[..., PositionInput],
    failure: Callable[..., Failure],
) -> None:
    assert failure(position(currency=currency)).code == code


def test_curve_without_fx_is_a_failure(
    market: dict[str, Any],
    make_states: Callable[..., Any],
    position: Callable[..., PositionInput],
    failure: Callable[..., Failure],
) -> None:
    market["curves"].append({"name": "CHF", "currency": "CHF", "nodes": [["2030-01-01", "0.01"]]})
    market["discount"]["CHF"] = "CHF"
    found = failure(position(currency="CHF"), make_states(market))
    assert found.code == "FX_MISSING"


def test_rating_without_spread_curve_is_a_failure(
    position: Callable[..., PositionInput], failure: Callable[..., Failure]
) -> None:
    matrix = {"spread_source": "MATRIX"}
    assert failure(position(state=matrix, rating="CCC")).code == "SPREAD_MISSING"
    assert failure(position(state=matrix, rating=None)).code == "SPREAD_MISSING"


def test_value_beyond_float_names_its_first_cell(
    market: dict[str, Any],
    make_states: Callable[..., Any],
    position: Callable[..., PositionInput],
    failure: Callable[..., Failure],
) -> None:
    market["curves"][0]["nodes"] = [["2023-03-30", "-1"]]
    down = {"code": "DOWN", "shocks": [{"risk": "RATE", "size": "-2"}]}
    states = make_states(market, [{"code": "BASE"}, down])
    bond = position(
        "FIXED_BOND",
        {"dated_date": "2100-02-15", "maturity_date": "2199-02-15"},
        {"spread": "-1", "quantity": "1e15"},
    )
    found = failure(bond, states)
    assert (found.code, found.cell) == ("NOT_FINITE", "PV@DOWN")


def test_every_code_that_occurs_is_declared() -> None:
    codes = {case.values[-1] for case in CASES}
    assert codes <= set(CODES)
    with pytest.raises(ValueError, match="unknown failure code"):
        Failure("NO_SUCH_CODE", "")


def test_terms_that_are_no_mapping_fail_alone(
    position: Callable[..., PositionInput],
) -> None:
    bad: Any = PositionInput("X", "AMORT_LOAN", "USD", "terms")  # type: ignore[arg-type]
    packed = product("AMORT_LOAN").pack([position(), bad, position()], Names())
    assert [f and f.code for f in packed.failures] == [None, "TERMS_INVALID", None]


def test_500_poisoned_among_10000_leave_9500_bits_untouched(
    position: Callable[..., PositionInput], make_states: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(500)
    good = [
        position(
            terms={
                "payments": int(rng.integers(1, 361)),
                "original_principal": f"{rng.uniform(1e4, 1e6):.2f}",
                "rate": f"{rng.uniform(0.02, 0.09):.5f}",
                "first_payment_date": f"2023-01-{int(rng.integers(1, 29)):02d}",
            },
            state={"spread": f"{rng.uniform(0.0, 0.05):.5f}"},
            name=f"G{i}",
        )
        for i in range(9_500)
    ]
    poisons = [case for case in LOAN if case[0] != "currency"]
    bad = [
        position(terms=poisons[i % len(poisons)][1], state=poisons[i % len(poisons)][2])
        for i in range(500)
    ]
    where = np.sort(rng.choice(10_000, 500, replace=False))
    mixed: list[PositionInput] = []
    waiting, poisoned = iter(good), iter(bad)
    for i in range(10_000):
        mixed.append(next(poisoned) if i in set(where.tolist()) else next(waiting))
    states = make_states()
    clean = valuation.value(product("AMORT_LOAN").pack(good, Names()).batch, states)
    names = Names()
    packed = product("AMORT_LOAN").pack(mixed, names)
    # Stored and read back, as a worker meets it.
    batch = Batch.from_bytes(packed.batch.to_bytes(), Names(names.as_tuple()))
    found = valuation.value(batch, states)
    failed = [i for i, failure in enumerate(found.failures) if failure is not None]
    assert failed == where.tolist()
    codes = [found.failures[i] for i in failed]
    expected = [poisons[i % len(poisons)][3] for i in range(500)]
    assert [failure.code for failure in codes if failure] == expected
    kept = np.delete(found.values, where, axis=0)
    assert np.array_equal(kept.view(np.int64), clean.values.view(np.int64))
    assert not found.values[where].any()
