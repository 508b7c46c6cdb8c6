"""Bad terms and states of derivatives: the code, the field that is named, no neighbour.

Each group of kinds has at least fifteen.
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
from tests.unit.pricing.derivative_book import EUROS, FIXED, FLOATING, KIND_TERMS, OVERNIGHT
from tests.unit.pricing.derivative_book import STATES_OF as BOOK_STATES

Bad = tuple[str, dict[str, Any], dict[str, Any], str, str]
DAILY = {**FLOATING, "index": "SOFR"}

SHARED: list[Bad] = [
    ("no_maturity", {"maturity_date": None}, {}, "TERMS_INVALID", "terms.maturity_date"),
    ("maturity_text", {"maturity_date": "soon"}, {}, "BAD_DATES", "terms.maturity_date"),
    ("maturity_1899", {"maturity_date": "1899-01-01"}, {}, "BAD_DATES", "terms.maturity_date"),
    ("no_start", {"start_date": None}, {}, "TERMS_INVALID", "terms.start_date"),
    ("before_start", {"maturity_date": "2010-01-04"}, {}, "BAD_DATES", "terms.maturity_date"),
    ("unknown_field", {"colour": "red"}, {}, "TERMS_INVALID", "colour"),
    ("no_kind", {"kind": None}, {}, "TERMS_INVALID", "terms.kind"),
    ("unknown_kind", {"kind": "LOTTERY"}, {}, "TERMS_INVALID", "terms.kind"),
    ("kind_list", {"kind": ["IRS"]}, {}, "TERMS_INVALID", "terms.kind"),
    ("quantity_nan", {}, {"quantity": "nan"}, "NOT_FINITE", "state.quantity"),
    ("quantity_1e16", {}, {"quantity": "1e16"}, "AMOUNT_OUT_OF_RANGE", "state.quantity"),
    ("quantity_text", {}, {"quantity": "much"}, "TERMS_INVALID", "state.quantity"),
    ("closed", {}, {"status": "CLOSED"}, "CLOSED", "closed"),
    ("defaulted", {}, {"status": "DEFAULTED"}, "TERMS_INVALID", "state.status"),
    ("collateral", {"collateral_currency": "XXQ"}, {}, "UNKNOWN_CURRENCY", "collateral_currency"),
    ("no_pair", {"collateral_currency": "JPY"}, {}, "UNKNOWN_CURVE", "collateral JPY"),
]
NOTIONAL: list[Bad] = [
    ("no_notional", {"notional": None}, {}, "TERMS_INVALID", "terms.notional"),
    ("negative_notional", {"notional": "-1"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.notional"),
    ("100_years", {"maturity_date": "2199-01-04"}, {}, "TERM_TOO_LONG", "terms"),
]


def in_leg(side: str, base: dict[str, Any], *, floating: bool) -> list[Bad]:
    """Return what may be wrong with a leg."""

    def leg(change: dict[str, Any]) -> dict[str, Any]:
        return {side: {**base, **change}}

    where = f"terms.{side}"
    steps = "rate_steps" if not floating else "notional_schedule"
    found: list[Bad] = [
        ("leg_missing", {side: None}, {}, "TERMS_INVALID", where),
        ("leg_text", {side: "fixed"}, {}, "TERMS_INVALID", where),
        ("leg_field", leg({"colour": "red"}), {}, "TERMS_INVALID", "colour"),
        ("day_count", leg({"day_count": "ACT/361"}), {}, "TERMS_INVALID", f"{where}.day_count"),
        ("no_day_count", leg({"day_count": None}), {}, "TERMS_INVALID", f"{where}.day_count"),
        ("frequency", leg({"frequency": "DAILY"}), {}, "TERMS_INVALID", f"{where}.frequency"),
        ("calendar", leg({"calendar": "MARS"}), {}, "UNKNOWN_CALENDAR", f"{where}.calendar"),
        ("currency", leg({"currency": "QQQ"}), {}, "UNKNOWN_CURRENCY", f"{where}.currency"),
        ("payment_lag", leg({"payment_lag_days": -1}), {}, "TERMS_INVALID", "payment_lag_days"),
        ("curve", leg({"discount_curve": "MARS"}), {}, "UNKNOWN_CURVE", "MARS"),
        ("first_date", leg({"first_date": "2023-03-03"}), {}, "SCHEDULE_INVALID",
         f"{where}.first_date"),
        ("off_grid", leg({steps: [["2023-03-03", "0.02"]]}), {}, "SCHEDULE_INVALID",
         f"{where}.{steps}[0]"),
        ("backwards", leg({steps: [["2024-05-15", "1"], ["2023-05-15", "1"]]}), {}, "BAD_DATES",
         f"{where}.{steps}[1]"),
    ]  # fmt: skip
    if floating:
        found += [
            ("unknown_index", leg({"index": "LIBOR"}), {}, "UNKNOWN_INDEX", "LIBOR"),
            ("cms", leg({"index": "USD_CMS_10Y"}), {}, "UNKNOWN_INDEX", "USD_CMS_10Y"),
            ("both", leg({"rate": "0.01"}), {}, "TERMS_INVALID", f"{where}.rate"),
            ("neither", leg({"index": None}), {}, "TERMS_INVALID", where),
        ]
    else:
        found += [
            ("rate_400_percent", leg({"rate": "4"}), {}, "RATE_OUT_OF_RANGE", f"{where}.rate"),
            ("spread_of_fixed", leg({"spread": "0.01"}), {}, "TERMS_INVALID", f"{where}.spread"),
            ("no_rate", leg({"rate": None}), {}, "TERMS_INVALID", f"{where}.rate"),
        ]
    return found


SWAP: list[Bad] = [
    *in_leg("receive", FIXED, floating=False),
    *[(f"pay_{name}", *rest) for name, *rest in in_leg("pay", FLOATING, floating=True)],  # type: ignore[misc]
    ("two_fixed", {"pay": FIXED}, {}, "TERMS_INVALID", "terms.pay.index"),
    ("two_floating", {"receive": FLOATING}, {}, "TERMS_INVALID", "terms.pay.index"),
    ("basis_fixed", {"kind": "BASIS"}, {}, "TERMS_INVALID", "terms.receive.index"),
    ("ois_on_term", {"kind": "OIS"}, {}, "UNKNOWN_INDEX", "OVERNIGHT"),
    ("two_currencies", {"pay": EUROS}, {}, "TERMS_INVALID", "terms.pay.currency"),
    ("one_currency", {"kind": "XCCY"}, {}, "TERMS_INVALID", "terms.pay.currency"),
    ("no_leg_notional", {"kind": "XCCY", "pay": EUROS}, {}, "TERMS_INVALID", "receive.notional"),
    ("irs_resets", {"resetting": "PAY"}, {}, "TERMS_INVALID", "terms.resetting"),
    ("resets_both", {"resetting": "BOTH"}, {}, "TERMS_INVALID", "terms.resetting"),
    ("matured", {"start_date": "2015-11-15", "maturity_date": "2020-11-15"}, {}, "MATURED", "left"),
    (
        "no_fixing",
        {"start_date": "2021-11-15", "pay": {**FLOATING, "frequency": "ANNUAL", "reset": "ADVANCE"},
         "maturity_date": "2031-07-15", },
        {},
        "FIXING_MISSING",
        "TERM_SOFR_3M",
    ),
]  # fmt: skip
OIS: list[Bad] = [
    *in_leg("receive", KIND_TERMS["OIS"]["receive"], floating=False),
    ("term_rate", {"pay": FLOATING}, {}, "UNKNOWN_INDEX", "OVERNIGHT"),
    ("unknown_index", {"pay": {**OVERNIGHT, "index": "LIBOR"}}, {}, "UNKNOWN_INDEX", "LIBOR"),
    ("two_fixed", {"pay": FIXED}, {}, "TERMS_INVALID", "terms.pay.index"),
    ("two_currencies", {"pay": EUROS}, {}, "TERMS_INVALID", "terms.pay.currency"),
    ("resets", {"resetting": "PAY"}, {}, "TERMS_INVALID", "terms.resetting"),
]
BASIS: list[Bad] = [
    *[case for case in in_leg("receive", FLOATING, floating=True) if case[0] != "neither"],
    ("no_index", {"receive": {**FLOATING, "index": None}}, {}, "TERMS_INVALID",
     "terms.receive.index"),
    ("fixed", {"pay": FIXED}, {}, "TERMS_INVALID", "terms.pay.index"),
    ("two_currencies", {"pay": EUROS}, {}, "TERMS_INVALID", "terms.pay.currency"),
    ("resets", {"resetting": "PAY"}, {}, "TERMS_INVALID", "terms.resetting"),
]  # fmt: skip
XCCY: list[Bad] = [
    *in_leg("pay", KIND_TERMS["XCCY"]["pay"], floating=True),
    ("one_currency", {"pay": {**FLOATING, "notional": "1"}}, {}, "TERMS_INVALID",
     "terms.pay.currency"),
    ("no_leg_notional", {"receive": FLOATING}, {}, "TERMS_INVALID", "receive.notional"),
    ("leg_notional_negative", {"receive": {**FLOATING, "notional": "-1"}}, {},
     "AMOUNT_OUT_OF_RANGE", "receive.notional"),
    ("resets_both", {"resetting": "BOTH"}, {}, "TERMS_INVALID", "terms.resetting"),
]  # fmt: skip
RESETTING: list[Bad] = [
    *[
        case
        for case in in_leg("pay", KIND_TERMS["RESETTING"]["pay"], floating=True)
        if case[0] not in ("off_grid", "backwards")
    ],
    ("no_notional_now", {}, {"resetting_notional": None}, "FIXING_MISSING", "resetting_notional"),
    ("negative_now", {}, {"resetting_notional": "-1"}, "AMOUNT_OUT_OF_RANGE", "resetting_notional"),
    ("unexchanged", {"exchange_notional": False}, {}, "TERMS_INVALID", "terms.exchange_notional"),
    ("two_frequencies", {"pay": EUROS}, {}, "TERMS_INVALID", "terms.pay.frequency"),
    (
        "own_notional",
        {"receive": {**FLOATING, "notional": "1"}},
        {},
        "TERMS_INVALID",
        "terms.receive.notional",
    ),
    (
        "schedule",
        {"receive": {**FLOATING, "notional_schedule": [["2023-11-15", "1"]]}},
        {},
        "TERMS_INVALID",
        "terms.receive.notional_schedule",
    ),
]
FX_SWAP: list[Bad] = [
    ("one_currency", {"sold_currency": "EUR"}, {}, "TERMS_INVALID", "terms.sold_currency"),
    ("no_currency", {"bought_currency": None}, {}, "TERMS_INVALID", "terms.bought_currency"),
    ("currency", {"bought_currency": "QQQ"}, {}, "UNKNOWN_CURRENCY", "terms.bought_currency"),
    ("nothing_bought", {"bought_amount": "0"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.bought_amount"),
    ("nothing_back", {"far_sold_amount": None}, {}, "TERMS_INVALID", "terms.far_sold_amount"),
    ("negative_back", {"far_bought_amount": "-1"}, {}, "AMOUNT_OUT_OF_RANGE", "far_bought_amount"),
    ("curve", {"sold_curve": "MARS"}, {}, "UNKNOWN_CURVE", "MARS"),
    ("other_curve", {"sold_curve": "EUR-GOVERNMENT"}, {}, "CURVE_CURRENCY", "EUR-GOVERNMENT"),
    ("no_fx", {"bought_currency": "CHF", "bought_curve": "EUR-GOVERNMENT"}, {}, "CURVE_CURRENCY",
     "EUR-GOVERNMENT"),
    ("calendar", {"calendar": "MARS"}, {}, "UNKNOWN_CALENDAR", "terms.calendar"),
    ("roll", {"roll_convention": "UP"}, {}, "TERMS_INVALID", "terms.roll_convention"),
    ("matured", {"start_date": "2020-01-06", "maturity_date": "2021-01-04"}, {}, "MATURED", "left"),
]  # fmt: skip
CAP: list[Bad] = [
    *in_leg("leg", EUROS, floating=True),
    ("no_strike", {"strike": None}, {}, "TERMS_INVALID", "terms.strike"),
    ("strike_text", {"strike": "ATM"}, {}, "TERMS_INVALID", "terms.strike"),
    ("strike_400_percent", {"strike": "4"}, {}, "RATE_OUT_OF_RANGE", "terms.strike"),
    ("option", {"option": "SWAP"}, {}, "TERMS_INVALID", "terms.option"),
    ("no_floor", {"option": "COLLAR"}, {}, "TERMS_INVALID", "terms.floor_strike"),
    ("floor_of_cap", {"floor_strike": "0.01"}, {}, "TERMS_INVALID", "terms.floor_strike"),
    (
        "floor_above_cap",
        {"option": "COLLAR", "floor_strike": "0.05"},
        {},
        "RATE_OUT_OF_RANGE",
        "terms.floor_strike",
    ),
    ("spread", {"leg": {**EUROS, "spread": "0.01"}}, {}, "TERMS_INVALID", "terms.leg.spread"),
    ("fixed", {"leg": {**FIXED, "currency": "EUR"}}, {}, "TERMS_INVALID", "terms.leg.index"),
    (
        "swap_rate",
        {"leg": {**FLOATING, "index": "USD_CMS_10Y"}},
        {},
        "UNKNOWN_INDEX",
        "USD_CMS_10Y",
    ),
    ("surface", {"volatility": "MARS"}, {}, "UNKNOWN_VOLATILITY", "MARS"),
    ("swaptions", {"volatility": "USD-SWAPTIONS"}, {}, "UNKNOWN_VOLATILITY", "USD-SWAPTIONS"),
    ("below_shift", {"strike": "-0.04"}, {}, "RATE_OUT_OF_RANGE", "EUR-CAPS"),
    (
        "one_period",
        {"maturity_date": "2023-03-15", "omit_first_period": True},
        {},
        "SCHEDULE_INVALID",
        "terms.omit_first_period",
    ),
]
SWAPTION: list[Bad] = [
    *in_leg("fixed", FIXED, floating=False),
    ("no_expiry", {"expiry_date": None}, {}, "TERMS_INVALID", "terms.expiry_date"),
    ("late_expiry", {"expiry_date": "2025-01-02"}, {}, "BAD_DATES", "terms.expiry_date"),
    ("expired", {"expiry_date": "2022-12-30"}, {}, "MATURED", "lapsed"),
    ("option", {"option": "STRADDLE"}, {}, "TERMS_INVALID", "terms.option"),
    ("settlement", {"settlement": "GOLD"}, {}, "TERMS_INVALID", "terms.settlement"),
    ("floating_fixed", {"floating": FIXED}, {}, "TERMS_INVALID", "terms.floating.index"),
    ("currencies", {"floating": EUROS}, {}, "TERMS_INVALID", "terms.floating.currency"),
    ("surface", {"volatility": "MARS"}, {}, "UNKNOWN_VOLATILITY", "MARS"),
    ("caps", {"volatility": "USD-CAPS"}, {}, "UNKNOWN_VOLATILITY", "USD-CAPS"),
    (
        "stepped_cash",
        {
            "settlement": "CASH_PAR_YIELD",
            "fixed": {**FIXED, "rate_steps": [["2026-05-15", "0.05"]]},
        },
        {},
        "TERMS_INVALID",
        "terms.settlement",
    ),
]
CDS: list[Bad] = [
    ("no_credit", {"credit": None}, {}, "TERMS_INVALID", "terms.credit"),
    ("credit", {"credit": "MARS"}, {}, "UNKNOWN_CREDIT", "MARS"),
    ("currency", {"currency": "EUR"}, {}, "CURVE_CURRENCY", "ACME-SENIOR"),
    ("no_premium", {"premium": None}, {}, "TERMS_INVALID", "terms.premium"),
    ("negative_premium", {"premium": "-0.01"}, {}, "RATE_OUT_OF_RANGE", "terms.premium"),
    ("premium_of_100bp_as_100", {"premium": "100"}, {}, "RATE_OUT_OF_RANGE", "terms.premium"),
    ("protection", {"protection": "LONG"}, {}, "TERMS_INVALID", "terms.protection"),
    ("recovery_of_40", {"recovery": "40"}, {}, "RATE_OUT_OF_RANGE", "terms.recovery"),
    ("integration", {"integration": "MONTE_CARLO"}, {}, "TERMS_INVALID", "terms.integration"),
    ("day_count", {"day_count": "ACT/ACT ICMA"}, {}, "TERMS_INVALID", "terms.day_count"),
    ("first_date", {"first_date": "2023-03-03"}, {}, "SCHEDULE_INVALID", "terms.first_date"),
    ("calendar", {"calendar": "MARS"}, {}, "UNKNOWN_CALENDAR", "terms.calendar"),
    ("curve", {"discount_curve": "MARS"}, {}, "UNKNOWN_CURVE", "MARS"),
    ("matured", {"start_date": "2015-06-20", "maturity_date": "2020-06-20"}, {}, "MATURED", "left"),
]
GROUPS: dict[str, list[Bad]] = {
    "IRS": [*SHARED, *NOTIONAL, *SWAP],
    "OIS": [*SHARED, *NOTIONAL, *OIS],
    "BASIS": [*SHARED, *NOTIONAL, *BASIS],
    "XCCY": [*SHARED, *NOTIONAL[2:], *XCCY],
    "RESETTING": [*SHARED, *NOTIONAL, *RESETTING],
    "FX_SWAP": [*SHARED, *FX_SWAP],
    "CAP_FLOOR": [*SHARED, *NOTIONAL, *CAP],
    "SWAPTION": [*SHARED, *NOTIONAL, *SWAPTION],
    "CDS": [*SHARED, *NOTIONAL, *CDS],
}
CASES = [
    pytest.param(group, *case[1:], id=f"{group}-{case[0]}")
    for group, cases in GROUPS.items()
    for case in cases
]


def contract(
    group: str, terms: dict[str, Any], state: dict[str, Any], number: int = 0
) -> PositionInput:
    now = {**BOOK_STATES.get(group, {}), **state}
    if number:
        now["quantity"] = str(1000 + number)
    return PositionInput("P", "DERIVATIVE", "USD", {**KIND_TERMS[group], **terms}, now)


@pytest.mark.parametrize(("group", "terms", "state", "code", "named"), CASES)
def test_bad_derivative_names_its_code_and_its_field(
    group: str,
    terms: dict[str, Any],
    state: dict[str, Any],
    code: str,
    named: str,
    failure: Callable[..., Failure],
) -> None:
    found = failure(contract(group, terms, state))
    assert (found.code, named in found.message) == (code, True), found


@pytest.mark.parametrize("group", GROUPS)
def test_bad_derivatives_leave_the_bits_of_their_neighbours(
    group: str, make_states: Callable[..., States]
) -> None:
    bad = [contract(group, case[1], case[2]) for case in GROUPS[group]]
    assert len(bad) >= 15
    good = [contract(group, {}, {}, 1 + i) for i in range(len(bad))]
    mixed = [one for pair in zip(good, bad, strict=True) for one in pair]
    states = make_states()
    pack = product("DERIVATIVE").pack
    alone = valuation.value(pack(good, Names()).batch, states)
    found = valuation.value(pack(mixed, Names()).batch, states)
    assert alone.failures == [None] * len(good)
    assert found.failures[::2] == [None] * len(good)
    assert None not in found.failures[1::2]
    assert np.array_equal(found.values[::2].view(np.int64), alone.values.view(np.int64))
    assert not found.values[1::2].any()
