"""Bad terms of facilities: each with its code and field, and the neighbours as if alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States

Case = tuple[str, dict[str, Any], dict[str, Any], str, str]
STEPPED = {"kind": "VECTOR", "levels": ["0.4", "0.3"]}

BOTH: list[Case] = [
    ("no_commitment", {"commitment": None}, {}, "TERMS_INVALID", "terms.commitment"),
    ("commitment_zero", {"commitment": "0"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.commitment"),
    ("commitment_nan", {"commitment": "nan"}, {}, "NOT_FINITE", "terms.commitment"),
    ("maturity_first", {"maturity_date": "2020-01-15"}, {}, "BAD_DATES", "maturity"),
    ("no_such_day", {"maturity_date": "2026-02-30"}, {}, "BAD_DATES", "terms.maturity_date"),
    ("matured", {"maturity_date": "2022-12-15", "availability_end": "2022-12-15", "fees": None},
     {}, "MATURED", "no payment"),
    ("no_rate", {"index": None, "margin": None, "index_floor": None, "floor": None}, {},
     "TERMS_INVALID", "terms.rate"),
    ("rate_and_index", {"rate": "0.05"}, {}, "TERMS_INVALID", "terms.rate"),
    ("no_margin", {"margin": None}, {}, "TERMS_INVALID", "terms.margin"),
    ("margin_of_a_fixed_rate", {"rate": "0.05", "index": None}, {}, "TERMS_INVALID",
     "terms.margin"),
    ("unknown_index", {"index": "LIBOR"}, {}, "UNKNOWN_INDEX", "LIBOR"),
    ("swap_rate", {"index": "USD_CMS_10Y"}, {}, "UNKNOWN_INDEX", "USD_CMS_10Y"),
    ("index_of_other_currency", {"index": "EURIBOR_6M"}, {}, "CURVE_CURRENCY", "EURIBOR_6M"),
    ("floor_above_cap", {"floor": "0.06", "cap": "0.05"}, {}, "RATE_OUT_OF_RANGE", "terms.floor"),
    ("margin_step_inside_a_period", {"margin_steps": [["2023-05-01", "0.03"]]}, {},
     "SCHEDULE_INVALID", "terms.margin_steps[0]"),
    ("unknown_day_count", {"interest_basis": "ACT/361"}, {}, "TERMS_INVALID",
     "terms.interest_basis"),
    ("unknown_calendar", {"calendar": "MARS"}, {}, "UNKNOWN_CALENDAR", "terms.calendar"),
    ("unknown_field", {"colour": "red"}, {}, "TERMS_INVALID", "colour"),
    ("fee_negative", {"fees": {"commitment": "-0.001"}}, {}, "RATE_OUT_OF_RANGE",
     "terms.fees.commitment"),
    ("fee_unknown", {"fees": {"closing": "0.01"}}, {}, "TERMS_INVALID", "terms.fees.'closing'"),
    ("fee_day_count", {"fees": {"basis": "ACT/361"}}, {}, "TERMS_INVALID", "terms.fees.basis"),
    ("tiers_without_fees", {"fees": {"utilisation_above": ["0.5"]}}, {}, "TERMS_INVALID",
     "terms.fees.utilisation"),
    ("tiers_falling", {"fees": {"utilisation_above": ["0.5", "0.4"], "utilisation":
     ["0.001", "0.002"]}}, {}, "TERMS_INVALID", "terms.fees.utilisation_above[1]"),
    ("ticking_inside_a_period", {"fees": {"ticking_steps": [["2023-05-01", "0.01"]]}}, {},
     "SCHEDULE_INVALID", "terms.fees.ticking_steps[0]"),
    ("path_unknown", {"utilisation": {"kind": "GUESS"}}, {}, "TERMS_INVALID",
     "terms.utilisation.kind"),
    ("level_above_one", {"utilisation": {"kind": "CONSTANT", "level": "1.2"}}, {},
     "RATE_OUT_OF_RANGE", "terms.utilisation.level"),
    ("level_missing", {"utilisation": {"kind": "CONSTANT"}}, {}, "TERMS_INVALID",
     "terms.utilisation.level"),
    ("levels_missing", {"utilisation": {"kind": "VECTOR"}}, {}, "TERMS_INVALID",
     "terms.utilisation.levels"),
    ("levels_empty", {"utilisation": {"kind": "VECTOR", "levels": []}}, {}, "TERMS_INVALID",
     "terms.utilisation.levels"),
    ("levels_text", {"utilisation": {"kind": "VECTOR", "levels": "0.5"}}, {}, "TERMS_INVALID",
     "terms.utilisation.levels"),
    ("levels_negative", {"utilisation": {"kind": "VECTOR", "levels": ["0.5", "-0.1"]}}, {},
     "RATE_OUT_OF_RANGE", "terms.utilisation.levels[1]"),
    ("level_of_tonight", {"utilisation": {"kind": "TODAY", "level": "0.5"}}, {}, "TERMS_INVALID",
     "terms.utilisation.level"),
    ("leq_missing", {"utilisation": {"kind": "CREDIT", "widening": "0.02"}}, {}, "TERMS_INVALID",
     "terms.utilisation.leq"),
    ("leq_above_one", {"utilisation": {"kind": "CREDIT", "leq": "1.5", "widening": "0.02"}}, {},
     "RATE_OUT_OF_RANGE", "terms.utilisation.leq"),
    ("widening_zero", {"utilisation": {"kind": "CREDIT", "leq": "0.5", "widening": "0"}}, {},
     "RATE_OUT_OF_RANGE", "terms.utilisation.widening"),
    ("drawn_missing", {}, {"outstanding_principal": None}, "TERMS_INVALID",
     "state.outstanding_principal"),
    ("drawn_negative", {}, {"outstanding_principal": "-1"}, "AMOUNT_OUT_OF_RANGE",
     "state.outstanding_principal"),
    ("overdrawn", {}, {"outstanding_principal": "60000000", "letters_of_credit": "0"},
     "AMOUNT_OUT_OF_RANGE", "state.outstanding_principal"),
    ("undrawn_above_our_share", {}, {"undrawn": "40000000"}, "AMOUNT_OUT_OF_RANGE",
     "state.undrawn"),
    ("share_above_one", {}, {"share_of_facility": "1.01"}, "RATE_OUT_OF_RANGE",
     "state.share_of_facility"),
    ("ccf_above_one", {}, {"ccf_override": "40"}, "RATE_OUT_OF_RANGE", "state.ccf_override"),
    ("all_past_due", {}, {"past_due_principal": "25000000"}, "AMOUNT_OUT_OF_RANGE",
     "state.past_due_principal"),
    ("defaulted", {}, {"status": "DEFAULTED"}, "RECOVERY_MISSING", "DEFAULTED"),
    ("closed", {}, {"status": "CLOSED"}, "CLOSED", "closed"),
    ("no_spread", {}, {"spread": None}, "SPREAD_MISSING", "state.spread"),
]  # fmt: skip
REVOLVER: list[Case] = [
    ("step_inside_a_period", {"commitment_steps": [["2023-05-01", "1"]]}, {}, "SCHEDULE_INVALID",
     "terms.commitment_steps[0]"),
    ("step_negative", {"commitment_steps": [["2023-06-15", "-1"]]}, {}, "AMOUNT_OUT_OF_RANGE",
     "terms.commitment_steps[0]"),
    ("letters_sublimit", {"letter_of_credit_sublimit": "60000000"}, {}, "AMOUNT_OUT_OF_RANGE",
     "terms.letter_of_credit_sublimit"),
    ("swingline_sublimit", {"swingline_sublimit": "60000000"}, {}, "AMOUNT_OUT_OF_RANGE",
     "terms.swingline_sublimit"),
    ("letters_above_sublimit", {}, {"letters_of_credit": "11000000"}, "AMOUNT_OUT_OF_RANGE",
     "state.letters_of_credit"),
    ("letters_above_undrawn", {"letter_of_credit_sublimit": None},
     {"letters_of_credit": "31000000"}, "AMOUNT_OUT_OF_RANGE", "state.letters_of_credit"),
    ("swingline_above_drawn", {}, {"swingline": "21000000"}, "AMOUNT_OUT_OF_RANGE",
     "state.swingline"),
    ("letters_of_an_unknown_kind", {"letter_of_credit_kind": "VERBAL"}, {}, "TERMS_INVALID",
     "terms.letter_of_credit_kind"),
    ("reduced_below_the_drawn", {"commitment_steps": [["2022-12-15", "15000000"]]},
     {"letters_of_credit": "0"}, "AMOUNT_OUT_OF_RANGE", "state.outstanding_principal"),
]  # fmt: skip
DELAYED_DRAW: list[Case] = [
    ("no_end", {"availability_end": None}, {}, "TERMS_INVALID", "terms.availability_end"),
    ("ends_inside_a_period", {"availability_end": "2024-05-01"}, {}, "SCHEDULE_INVALID",
     "terms.availability_end"),
    ("path_falls", {"utilisation": STEPPED}, {}, "TERMS_INVALID", "terms.utilisation.levels[1]"),
    ("draws_and_a_path", {"draws": [["2023-06-15", "1"]]}, {}, "TERMS_INVALID", "terms.draws"),
    ("draw_too_late", {"utilisation": None, "draws": [["2024-06-15", "1"]]}, {}, "BAD_DATES",
     "terms.draws"),
    ("draws_too_large", {"utilisation": None, "draws": [["2023-06-15", "31000000"]]}, {},
     "AMOUNT_OUT_OF_RANGE", "terms.draws"),
    ("repaid_backwards", {"amortisation_rate": "-0.01"}, {}, "RATE_OUT_OF_RANGE",
     "terms.amortisation_rate"),
    ("commitment_steps_are_of_revolvers", {"commitment_steps": [["2023-06-15", "1"]]}, {},
     "TERMS_INVALID", "commitment_steps"),
]  # fmt: skip
CASES = [
    pytest.param(product_type, *case[1:], id=f"{product_type}-{case[0]}")
    for product_type, cases in (
        ("REVOLVER", [*BOTH, *REVOLVER]),
        ("DELAYED_DRAW", [*BOTH, *DELAYED_DRAW]),
    )
    for case in cases
]


def only_its_own(product_type: str, terms: dict[str, Any]) -> dict[str, Any]:
    """Return terms without the field of the other product."""
    return {k: v for k, v in terms.items() if product_type != "REVOLVER" or k != "availability_end"}


@pytest.mark.parametrize(("product_type", "terms", "state", "code", "named"), CASES)
def test_bad_facility_is_a_failure_that_names_its_field_and_leaves_its_neighbours(
    product_type: str,
    terms: dict[str, Any],
    state: dict[str, Any],
    code: str,
    named: str,
    make_states: Callable[..., States],
    position: Callable[..., PositionInput],
) -> None:
    good = position(product_type)
    bad = position(product_type, only_its_own(product_type, terms), state, name="BAD")
    states = make_states()
    pack = product(product_type).pack
    alone = valuation.value(pack([good], Names()).batch, states)
    valued = valuation.value(pack([good, bad, good], Names()).batch, states)
    failure = valued.failures[1]
    assert failure is not None
    assert failure.code == code
    assert named in failure.message
    assert valued.failures[0] is valued.failures[2] is alone.failures[0] is None
    for row in (0, 2):
        assert np.array_equal(valued.values[row].view(np.int64), alone.values[0].view(np.int64))
