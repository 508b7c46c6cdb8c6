"""Bad terms and missing market data of loans: a code and the place, and neighbours untouched."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from tests.unit.pricing.conftest import DAY
from tests.unit.pricing.pricers.loan_cases import S_CURVE, floating, loan, market, states, valued

CURVE = S_CURVE["curve"]
DEFAULT = {"kind": "CDR", "speed": "0.02", "severity": "0.4"}


def term(**changes: Any) -> dict[str, Any]:
    return {"floating": {"index": "TERM_SOFR_1M", **changes}}


BAD: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"rate": None}, {}, "TERMS_INVALID", "terms.rate is missing"),
    ({"payments": -12}, {}, "TERM_TOO_LONG", "terms.payments"),
    ({"payments": None, "maturity_date": "2021-06-01"}, {}, "BAD_DATES", "terms.maturity_date"),
    (term(index_floor="0.05", index_cap="0.04"), {}, "RATE_OUT_OF_RANGE", "index_floor"),
    (term(floor="0.09", cap="0.08"), {}, "RATE_OUT_OF_RANGE", "terms.floating.floor"),
    (term(index="NO_SUCH"), {}, "UNKNOWN_INDEX", "NO_SUCH"),
    (term(index="USD_CMS_10Y"), {}, "UNKNOWN_INDEX", "USD_CMS_10Y"),
    (term(index="EURIBOR_3M"), {}, "CURVE_CURRENCY", "EURIBOR_3M is in EUR"),
    (term(index=None), {}, "TERMS_INVALID", "terms.floating.index is missing"),
    (term(margin="1.5"), {}, "RATE_OUT_OF_RANGE", "terms.floating.margin"),
    (term(margin_steps=[["2023-05-05", "0.01"]]), {}, "SCHEDULE_INVALID", "margin_steps[0]"),
    (term(reset_payments=0), {}, "TERMS_INVALID", "reset_payments"),
    (term(reset="ARREARS", reset_payments=3), {}, "TERMS_INVALID", "reset_payments"),
    (term(index="SOFR", reset_payments=3), {}, "TERMS_INVALID", "reset_payments"),
    (term(daily_rates="GEOMETRIC"), {}, "TERMS_INVALID", "daily_rates"),
    (term(lookback_days=-1), {}, "TERMS_INVALID", "lookback_days"),
    (term(periodic_cap="-0.01"), {}, "RATE_OUT_OF_RANGE", "periodic_cap"),
    (
        {**term(fixed_payments=12), "rate": None}, {}, "TERMS_INVALID", "fixed_payments",
    ),
    (
        {**term(), "rate_steps": [["2023-02-01", "0.05"]]}, {}, "TERMS_INVALID", "rate_steps",
    ),
    ({"rate_steps": [["2023-02-02", "0.05"]]}, {}, "SCHEDULE_INVALID", "terms.rate_steps[0]"),
    ({"rate_steps": [["2023-03-01", "0.05"], ["2023-02-01", "0.06"]]}, {}, "BAD_DATES",
     "rate_steps[1]"),
    ({"amortisation": "CUSTOM"}, {}, "TERMS_INVALID", "principal_schedule"),
    ({"principal_schedule": [["2023-02-01", "5"]]}, {}, "TERMS_INVALID", "CUSTOM"),
    ({"amortisation": "CUSTOM", "principal_schedule": [["2023-02-05", "5"]]}, {},
     "SCHEDULE_INVALID", "principal_schedule[0]"),
    ({"amortisation": "CUSTOM", "principal_schedule": [["2023-02-01", "100001"]]}, {},
     "AMOUNT_OUT_OF_RANGE", "principal_schedule[0]"),
    ({"amortisation": "CUSTOM", "principal_schedule": [["2023-02-01", "-1"]]}, {},
     "AMOUNT_OUT_OF_RANGE", "principal_schedule[0]"),
    ({"grace_payments": 121}, {}, "SCHEDULE_INVALID", "grace_payments"),
    ({"pik_rate": "-0.01"}, {}, "RATE_OUT_OF_RANGE", "pik_rate"),
    ({"strip": "COUPON"}, {}, "TERMS_INVALID", "terms.strip"),
    ({"prepayment": {"kind": "S_CURVE"}}, {}, "TERMS_INVALID", "prepayment.curve"),
    ({"prepayment": {"kind": "CPR", "curve": CURVE}}, {}, "TERMS_INVALID", "prepayment.curve"),
    ({"prepayment": {"kind": "S_CURVE", "curve": {**CURVE, "low": "0.5"}}}, {},  # type: ignore[dict-item]
     "RATE_OUT_OF_RANGE", "prepayment.curve.low"),
    ({"prepayment": {"kind": "S_CURVE", "curve": {**CURVE, "index": "NONE"}}}, {},  # type: ignore[dict-item]
     "UNKNOWN_INDEX", "NONE"),
    ({"prepayment": {"kind": "CPR", "vector": ["0.1", "1.0"]}}, {}, "RATE_OUT_OF_RANGE", "CPR 1"),
    ({"prepayment": {"kind": "SMM", "vector": "0.1"}}, {}, "TERMS_INVALID", "prepayment.vector"),
    ({"prepayment": {"kind": "NONE", "vector": ["0.1"]}}, {}, "TERMS_INVALID", "vector"),
    ({"prepayment": {"kind": "CPR", "penalty_steps": [["2025-01-01", "1.5"]]}}, {},
     "RATE_OUT_OF_RANGE", "penalty_steps[0]"),
    ({"default": DEFAULT}, {}, "CREDIT_COUNTED_TWICE", "terms.default"),
    ({"default": DEFAULT}, {"credit_basis": "CASHFLOW", "spread_source": "MATRIX"},
     "CREDIT_COUNTED_TWICE", "MATRIX"),
    ({}, {"credit_basis": "CASHFLOW"}, "TERMS_INVALID", "credit_basis"),
    ({"default": {**DEFAULT, "speed": "1"}}, {"credit_basis": "CASHFLOW"},
     "RATE_OUT_OF_RANGE", "CDR 1"),
    ({"default": {**DEFAULT, "severity": "1.2"}}, {"credit_basis": "CASHFLOW"},
     "RATE_OUT_OF_RANGE", "default.severity"),
    ({"default": {**DEFAULT, "recovery_lag_months": 4}, "frequency": "QUARTERLY"},
     {"credit_basis": "CASHFLOW"}, "SCHEDULE_INVALID", "recovery_lag_months"),
    ({"default": {**DEFAULT, "order": "LAST"}}, {"credit_basis": "CASHFLOW"}, "TERMS_INVALID",
     "default.order"),
    ({"floating": "SOFR"}, {}, "TERMS_INVALID", "terms.floating"),
    ({"floating": {"index": "SOFR", "spread": "0.01"}}, {}, "TERMS_INVALID", "'spread'"),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "state", "code", "place"), BAD)
def test_bad_terms_are_a_failure_that_names_its_place(
    terms: dict[str, Any], state: dict[str, Any], code: str, place: str
) -> None:
    at = states(measures=("PV", "DV01"))
    good = [loan(floating()), loan(), loan({"prepayment": S_CURVE})]
    alone, _ = valued(good, at)
    values, failures = valued([good[0], loan(terms, state), good[1], good[2]], at)
    found = failures[1]
    assert found is not None
    assert (found.code, place in found.message) == (code, True), found
    assert not values[1].any()
    assert [f for i, f in enumerate(failures) if i != 1] == [None] * 3
    assert np.array_equal(values[[0, 2, 3]].view(np.int64), alone.view(np.int64))


def without(index: str, day: dt.date) -> dict[str, Any]:
    document = market()
    kept = [pair for pair in document["fixings"][index] if pair[0] != day.isoformat()]
    document["fixings"][index] = kept
    return document


@pytest.mark.parametrize("style", ["LINEAR", "LEVEL_PAY"])
def test_term_rate_fixed_in_the_past_is_data(style: str) -> None:
    terms = {**floating(), "amortisation": style}
    reset = dt.date(2022, 12, 1)
    at = states(document=without("TERM_SOFR_1M", reset))
    values, failures = valued([loan(), loan(terms), loan(terms, {"current_rate": "0.07"})], at)
    assert failures[0] is None
    assert failures[2] is None
    found = failures[1]
    assert found is not None
    assert (found.code, "TERM_SOFR_1M has no fixing for 2022-12-01") == (
        "FIXING_MISSING", found.message,
    )  # fmt: skip
    assert not values[1].any()


@pytest.mark.parametrize("style", ["LINEAR", "LEVEL_PAY"])
def test_every_past_day_of_a_compounded_rate_is_data(style: str) -> None:
    day = DAY - dt.timedelta(days=9)
    at = states(document=without("SOFR", day))
    terms = {**floating(index="SOFR"), "amortisation": style}
    _, failures = valued([loan(terms, {"current_rate": "0.07"})], at)
    found = failures[0]
    assert found is not None
    assert (found.code, day.isoformat() in found.message) == ("FIXING_MISSING", True)


def test_days_before_the_period_are_not_asked_for() -> None:
    day = dt.date(2022, 11, 25)
    _, failures = valued([loan(floating(index="SOFR"))], states(document=without("SOFR", day)))
    assert failures == [None]


def test_fixed_period_of_a_hybrid_loan_needs_no_fixing() -> None:
    document = market(fixings={})
    terms = {**floating(fixed_payments=24), "rate": "0.05"}
    _, failures = valued([loan(terms)], states(document=document))
    assert failures == [None]


def test_balance_that_past_rates_made_is_asked_for() -> None:
    seasoned = {
        **floating(), "start_date": "2021-12-01", "first_payment_date": "2022-01-01",
    }  # fmt: skip
    at = states()
    _, failures = valued(
        [
            loan(seasoned),
            loan(seasoned, {"outstanding_principal": "95000"}),
            loan({**seasoned, "amortisation": "LINEAR"}),
        ],
        at,
    )
    assert failures[1:] == [None, None]
    found = failures[0]
    assert found is not None
    assert (found.code, "outstanding_principal" in found.message) == ("TERMS_INVALID", True)


def test_periodic_limits_start_at_the_rate_in_force() -> None:
    seasoned = {
        **floating(periodic_cap="0.01"),
        "start_date": "2021-12-01", "first_payment_date": "2022-01-01", "amortisation": "LINEAR",
    }  # fmt: skip
    _, failures = valued([loan(seasoned), loan(seasoned, {"current_rate": "0.06"})], states())
    assert failures[1] is None
    found = failures[0]
    assert found is not None
    assert (found.code, "current_rate" in found.message) == ("TERMS_INVALID", True)
