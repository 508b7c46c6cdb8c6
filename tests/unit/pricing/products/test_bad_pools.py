"""Bad terms and states of pools: the code, the field that is named, no neighbour touched."""

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

DEFAULT = {"kind": "CDR", "speed": "0.01", "severity": "0.3"}
CURVE = {"kind": "S_CURVE", "highest": "0.4"}
Bad = tuple[str, dict[str, Any], dict[str, Any], str, str]

CASES: list[Bad] = [
    ("wam_below_zero", {"wam": -1}, {}, "TERM_TOO_LONG", "terms.wam"),
    ("wam_0", {"wam": 0}, {}, "TERM_TOO_LONG", "terms.wam"),
    ("wam_601", {"wam": 601}, {}, "TERM_TOO_LONG", "terms.wam"),
    ("wam_of_state_0", {}, {"wam": 0}, "TERM_TOO_LONG", "state.wam"),
    ("wam_text", {"wam": "many"}, {}, "TERMS_INVALID", "terms.wam"),
    ("no_wam", {"wam": None}, {}, "TERMS_INVALID", "terms.wam"),
    ("age_below_zero", {"age": -3}, {}, "TERMS_INVALID", "terms.age"),
    ("wac_below_zero", {"wac": "-0.01"}, {}, "RATE_OUT_OF_RANGE", "terms.wac"),
    ("wac_nan", {"wac": "nan"}, {}, "NOT_FINITE", "terms.wac"),
    ("wac_6", {"wac": "6"}, {}, "RATE_OUT_OF_RANGE", "terms.wac"),
    ("no_wac", {"wac": None}, {}, "TERMS_INVALID", "terms.wac"),
    ("fees_above_wac", {"servicing_fee": "0.07"}, {}, "RATE_OUT_OF_RANGE", "terms.servicing_fee"),
    ("fee_below_zero", {"guarantee_fee": "-1"}, {}, "RATE_OUT_OF_RANGE", "terms.guarantee_fee"),
    ("start", {"accrual_start_date": "1.12."}, {}, "BAD_DATES", "terms.accrual_start_date"),
    ("start_1899", {"accrual_start_date": "1899-12-01"}, {}, "BAD_DATES", "accrual_start_date"),
    ("delay_91", {"payment_delay_days": 91}, {}, "TERMS_INVALID", "terms.payment_delay_days"),
    ("strip", {"strip": "XO"}, {}, "TERMS_INVALID", "terms.strip"),
    ("amortised_early", {"amortisation_months": 100}, {}, "SCHEDULE_INVALID", "amortisation_"),
    ("unknown_field", {"wal": "3"}, {}, "TERMS_INVALID", "wal"),
    ("calendar", {"calendar": "MARS"}, {}, "UNKNOWN_CALENDAR", "terms.calendar"),
    ("speed_kind", {"prepayment": {"kind": "FAST"}}, {}, "TERMS_INVALID", "prepayment.kind"),
    ("no_speed", {"prepayment": {"kind": "PSA"}}, {}, "TERMS_INVALID", "prepayment.speed"),
    (
        "speed_and_vector",
        {"prepayment": {"kind": "CPR", "speed": "0.1", "vector": ["0.1"]}},
        {}, "TERMS_INVALID", "terms.prepayment.speed",
    ),
    (
        "cpr_above_1", {"prepayment": {"kind": "CPR", "speed": "6"}},
        {}, "RATE_OUT_OF_RANGE", "terms.prepayment.speed",
    ),
    (
        "vector_below_zero", {"prepayment": {"kind": "CPR", "vector": ["0.1", "-0.1"]}},
        {}, "RATE_OUT_OF_RANGE", "terms.prepayment.vector[1]",
    ),
    (
        "vector_empty", {"prepayment": {"kind": "CPR", "vector": []}},
        {}, "TERMS_INVALID", "terms.prepayment.vector",
    ),
    ("none_is_fast", {"prepayment": {"kind": "NONE", "speed": "1"}}, {}, "TERMS_INVALID", "speed"),
    ("no_highest", {"prepayment": {"kind": "S_CURVE"}}, {}, "TERMS_INVALID", "prepayment.highest"),
    (
        "highest_below_lowest", {"prepayment": {**CURVE, "lowest": "0.5"}},
        {}, "RATE_OUT_OF_RANGE", "terms.prepayment.highest",
    ),
    ("slope_0", {"prepayment": {**CURVE, "slope": "0"}}, {}, "AMOUNT_OUT_OF_RANGE", "slope"),
    (
        "burnout_2", {"prepayment": {**CURVE, "burnout": "2"}},
        {}, "RATE_OUT_OF_RANGE", "terms.prepayment.burnout",
    ),
    (
        "slope_1001", {"prepayment": {**CURVE, "kind": "ARCTAN", "slope": "1001"}},
        {}, "AMOUNT_OUT_OF_RANGE", "terms.prepayment.slope",
    ),
    (
        "slope_of_the_other_curve", {"prepayment": {**CURVE, "slope": "301"}},
        {}, "AMOUNT_OUT_OF_RANGE", "terms.prepayment.slope",
    ),
    (
        "arctan_speed", {"prepayment": {**CURVE, "kind": "ARCTAN", "speed": "0.1"}},
        {}, "TERMS_INVALID", "terms.prepayment.speed",
    ),
    (
        "eleven_months", {"prepayment": {**CURVE, "seasonality": ["1"] * 11}},
        {}, "TERMS_INVALID", "terms.prepayment.seasonality",
    ),
    (
        "season_below_zero", {"prepayment": {**CURVE, "seasonality": ["1"] * 11 + ["-1"]}},
        {}, "AMOUNT_OUT_OF_RANGE", "terms.prepayment.seasonality[11]",
    ),
    (
        "burnout_basis", {"prepayment": {**CURVE, "burnout_basis": "FACE"}},
        {}, "TERMS_INVALID", "terms.prepayment.burnout_basis",
    ),
    ("paths_0", {"monte_carlo": {"paths": 0}}, {}, "TERMS_INVALID", "terms.monte_carlo.paths"),
    ("paths_102", {"monte_carlo": {"paths": 102}}, {}, "TERMS_INVALID", "monte_carlo.paths"),
    ("paths_2e4", {"monte_carlo": {"paths": 20000}}, {}, "TERMS_INVALID", "monte_carlo.paths"),
    ("seed", {"monte_carlo": {"seed": -1}}, {}, "TERMS_INVALID", "terms.monte_carlo.seed"),
    ("no_object", {"monte_carlo": "yes"}, {}, "TERMS_INVALID", "terms.monte_carlo"),
    (
        "severity_2", {"default": {**DEFAULT, "severity": "2"}}, {"credit_basis": "CASHFLOW"},
        "RATE_OUT_OF_RANGE", "terms.default.severity",
    ),
    (
        "lag_61", {"default": {**DEFAULT, "recovery_lag": 61}}, {"credit_basis": "CASHFLOW"},
        "TERMS_INVALID", "terms.default.recovery_lag",
    ),
    ("credit_twice", {"default": DEFAULT}, {}, "CREDIT_COUNTED_TWICE", "terms.default"),
    (
        "credit_by_matrix", {"default": DEFAULT},
        {"credit_basis": "CASHFLOW", "spread_source": "MATRIX"},
        "CREDIT_COUNTED_TWICE", "terms.default",
    ),
    ("no_default", {}, {"credit_basis": "CASHFLOW"}, "TERMS_INVALID", "terms.default"),
    ("no_quantity", {}, {"quantity": None}, "TERMS_INVALID", "state.quantity"),
    ("factor_2", {}, {"pool_factor": "2"}, "AMOUNT_OUT_OF_RANGE", "state.pool_factor"),
    ("survival_2", {}, {"survival": "2"}, "AMOUNT_OUT_OF_RANGE", "state.survival"),
    ("no_spread", {}, {"spread": None}, "SPREAD_MISSING", "state.spread"),
    ("no_mark", {}, {"spread_source": "MARK"}, "MARK_MISSING", "state.mark_price"),
    ("absurd_mark", {}, {"spread_source": "MARK", "mark_price": "0.01"}, "SPREAD_NOT_SOLVED", ""),
    ("closed", {}, {"status": "CLOSED"}, "CLOSED", "closed"),
    ("charged_off", {}, {"status": "CHARGED_OFF"}, "RECOVERY_MISSING", "CHARGED_OFF"),
    ("curve", {"discount_curve": "MARS"}, {}, "UNKNOWN_CURVE", "MARS"),
    ("matured", {"accrual_start_date": "1990-01-01"}, {}, "MATURED", "no month"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "state", "code", "named"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_bad_pool_is_refused_by_name(
    terms: dict[str, Any],
    state: dict[str, Any],
    code: str,
    named: str,
    position: Callable[..., PositionInput],
    failure: Callable[..., Failure],
) -> None:
    found = failure(position("ABS_MBS", terms, state))
    assert (found.code, named in found.message) == (code, True), found


def test_bad_pools_leave_the_bits_of_their_neighbours(
    position: Callable[..., PositionInput], make_states: Callable[..., States]
) -> None:
    good = [position("ABS_MBS", state={"quantity": str(1000 + i)}) for i in range(len(CASES))]
    bad = [position("ABS_MBS", case[1], case[2]) for case in CASES]
    mixed = [one for pair in zip(good, bad, strict=True) for one in pair]
    states = make_states()
    alone = valuation.value(product("ABS_MBS").pack(good, Names()).batch, states)
    found = valuation.value(product("ABS_MBS").pack(mixed, Names()).batch, states)
    assert alone.failures == [None] * len(good)
    assert found.failures[::2] == alone.failures
    assert None not in found.failures[1::2]
    assert np.array_equal(found.values[::2].view(np.int64), alone.values.view(np.int64))
    assert not found.values[1::2].any()
