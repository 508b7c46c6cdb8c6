"""Bad terms and states of tranches: the code, the field that is named, no neighbour touched."""

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

from tests.unit.pricing.conftest import DEAL_TERMS  # isort: skip

LINE: dict[str, Any] = DEAL_TERMS["collateral"][0]
SENIOR, JUNIOR, RESIDUAL = DEAL_TERMS["tranches"]
DEFAULT = {"kind": "CDR", "speed": "0.01", "severity": "0.3"}
FLOATING = {"amortisation": "BULLET", "rate_kind": "FLOATING"}
Bad = tuple[str, dict[str, Any], dict[str, Any], str, str]


def lines(**change: Any) -> dict[str, Any]:
    return {"collateral": [{**LINE, **change}, *DEAL_TERMS["collateral"][1:]]}


def tranches(*changed: dict[str, Any]) -> dict[str, Any]:
    found = [dict(one) for one in (SENIOR, JUNIOR, RESIDUAL)]
    for place, change in enumerate(changed):
        found[place] |= change
    return {"tranches": found}


CASES: list[Bad] = [
    (
        "sizes", tranches({"balance": "600001"}), {}, "TERMS_INVALID",
        "terms.tranches: balances sum to 1000001.00, the collateral to 1000000.00",
    ),
    ("no_collateral", {"collateral": []}, {}, "TERMS_INVALID", "terms.collateral"),
    ("collateral_text", {"collateral": "loans"}, {}, "TERMS_INVALID", "terms.collateral"),
    ("line_balance", lines(balance="0"), {}, "AMOUNT_OUT_OF_RANGE", "terms.collateral[0].balance"),
    ("line_months", lines(months=-5), {}, "TERM_TOO_LONG", "terms.collateral[0].months"),
    ("line_rate", lines(rate="-0.01"), {}, "RATE_OUT_OF_RANGE", "terms.collateral[0].rate"),
    ("line_field", lines(wal=3), {}, "TERMS_INVALID", "terms.collateral[0].'wal'"),
    (
        "level_floating", lines(rate_kind="FLOATING"), {}, "TERMS_INVALID",
        "terms.collateral[0].amortisation",
    ),
    (
        "amortised_early", lines(amortisation_months=10), {}, "SCHEDULE_INVALID",
        "terms.collateral[0].amortisation_months",
    ),
    ("unknown_tranche", {"tranche": "Q"}, {}, "TERMS_INVALID", "terms.tranche"),
    (
        "twice", tranches({}, {"name": "A"}), {}, "TERMS_INVALID", "terms.tranches[1].name",
    ),
    (
        "no_residual", {"tranches": [SENIOR, JUNIOR]}, {}, "TERMS_INVALID",
        "terms.tranches[1].kind",
    ),
    (
        "residual_first", tranches({"kind": "RESIDUAL"}), {}, "TERMS_INVALID",
        "terms.tranches[0].kind",
    ),
    (
        "residual_coupon", tranches({}, {}, {"coupon": "0.1"}), {}, "TERMS_INVALID",
        "terms.tranches[2].coupon",
    ),
    ("no_coupon", tranches({"coupon": None}), {}, "TERMS_INVALID", "terms.tranches[0].coupon"),
    (
        "coupon_and_margin", tranches({"margin": "0.01"}), {}, "TERMS_INVALID",
        "terms.tranches[0].coupon",
    ),
    (
        "floor_above_cap", tranches({"floor": "0.09", "cap": "0.05"}), {}, "RATE_OUT_OF_RANGE",
        "terms.tranches[0].floor",
    ),
    (
        "pac_without_plan", tranches({"kind": "PAC"}), {}, "TERMS_INVALID",
        "terms.tranches[0].planned_balances",
    ),
    (
        "plan_below_zero", tranches({"kind": "PAC", "planned_balances": ["-1"]}), {},
        "AMOUNT_OUT_OF_RANGE", "terms.tranches[0].planned_balances[0]",
    ),
    (
        "oc_0", tranches({"oc_trigger": "0"}), {}, "AMOUNT_OUT_OF_RANGE",
        "terms.tranches[0].oc_trigger",
    ),
    ("period_13", {"payment_months": 13}, {}, "TERMS_INVALID", "terms.payment_months"),
    ("fee", {"senior_fee": "-0.01"}, {}, "RATE_OUT_OF_RANGE", "terms.senior_fee"),
    ("reserve", {"reserve_balance": "-1"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.reserve_balance"),
    (
        "reinvests_at_nothing", {"reinvestment_months": 12}, {}, "TERMS_INVALID",
        "terms.reinvestment_rate",
    ),
    (
        "reinvests_into_the_past",
        {"reinvestment_months": 12, "reinvestment_rate": "0.05", "reinvestment_maturity": 6},
        {}, "BAD_DATES", "terms.reinvestment_maturity",
    ),
    ("call", {"clean_up_call": "2"}, {}, "RATE_OUT_OF_RANGE", "terms.clean_up_call"),
    (
        "original", {"original_collateral": "5"}, {}, "AMOUNT_OUT_OF_RANGE",
        "terms.original_collateral",
    ),
    ("rule", {"principal_rule": "FAIR"}, {}, "TERMS_INVALID", "terms.principal_rule"),
    ("start", {"accrual_start_date": "2022-13-01"}, {}, "BAD_DATES", "terms.accrual_start_date"),
    ("credit_twice", {"default": DEFAULT}, {}, "CREDIT_COUNTED_TWICE", "terms.default"),
    ("no_default", {}, {"credit_basis": "CASHFLOW"}, "TERMS_INVALID", "terms.default"),
    ("no_quantity", {}, {"quantity": None}, "TERMS_INVALID", "state.quantity"),
    ("no_spread", {}, {"spread": None}, "SPREAD_MISSING", "state.spread"),
    ("no_fixing", lines(**FLOATING), {}, "FIXING_MISSING", "terms.index_rate"),
    ("matured", {"accrual_start_date": "1990-01-01"}, {}, "MATURED", "no payment"),
    ("closed", {}, {"status": "CLOSED"}, "CLOSED", "closed"),
    ("curve", {"discount_curve": "MARS"}, {}, "UNKNOWN_CURVE", "MARS"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "state", "code", "named"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_bad_tranche_is_refused_by_name(
    terms: dict[str, Any],
    state: dict[str, Any],
    code: str,
    named: str,
    position: Callable[..., PositionInput],
    failure: Callable[..., Failure],
) -> None:
    found = failure(position("STRUCTURED", terms, state))
    assert (found.code, named in found.message) == (code, True), found


def test_bad_tranches_leave_the_bits_of_their_neighbours(
    position: Callable[..., PositionInput], make_states: Callable[..., States]
) -> None:
    good = [position("STRUCTURED", state={"quantity": str(1000 + i)}) for i in range(len(CASES))]
    bad = [position("STRUCTURED", case[1], case[2]) for case in CASES]
    mixed = [one for pair in zip(good, bad, strict=True) for one in pair]
    states = make_states()
    alone = valuation.value(product("STRUCTURED").pack(good, Names()).batch, states)
    found = valuation.value(product("STRUCTURED").pack(mixed, Names()).batch, states)
    assert alone.failures == [None] * len(good)
    assert found.failures[::2] == alone.failures
    assert None not in found.failures[1::2]
    assert np.array_equal(found.values[::2].view(np.int64), alone.values.view(np.int64))
    assert not found.values[1::2].any()
