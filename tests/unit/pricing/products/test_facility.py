"""What a facility adds to a position: equal to the same terms stated, and refused where unclear."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.facility import under_facility
from pricing.products.registry import product

Terms = dict[str, Any]

LOAN: Terms = {
    "start_date": "2021-03-15", "first_payment_date": "2021-06-15", "maturity_date": "2026-03-15",
    "original_principal": "10000000", "interest_basis": "ACT/360", "frequency": "QUARTERLY",
    "amortisation": "LINEAR", "rate": "0.05", "prepayment": {"kind": "CPR", "speed": "0.1"},
}  # fmt: skip
FLOATING = {**LOAN, "floating": {"index": "TERM_SOFR_3M", "margin": "0.02", "index_floor": "0"}}
REVOLVER: Terms = {
    "start_date": "2021-03-15", "first_payment_date": "2021-06-15", "maturity_date": "2026-03-15",
    "commitment": "50000000", "interest_basis": "ACT/360", "index": "SOFR", "margin": "0.0275",
}  # fmt: skip
CALLABLE: Terms = {
    "dated_date": "2022-06-15", "maturity_date": "2030-06-15", "coupon": "0.06",
    "day_count": "30/360", "call_schedule": [["2025-06-15", "100"]], "call_style": "EUROPEAN",
}  # fmt: skip
STATE = {"outstanding_principal": "8000000", "spread": "0.02", "quantity": "8000000"}
BASE = {"code": "BASE", "index": "PRIME", "margin": "0.0125", "floor": "0.01"}
TERM = {"code": "TERM", "index": "TERM_SOFR_3M", "margin": "0.0225"}
GRID = {"code": "GRID", "index": "TERM_SOFR_3M", "margin_test": "LEVERAGE",
        "margin_grid": [{"above": "0", "margin": "0.02"}]}  # fmt: skip
FIXED = {"code": "FIXED", "rate": "0.07", "day_count": "30/360"}


def elected(*options: Terms) -> Terms:
    dates = {"amount": "1", "starts": "2022-12-15", "ends": "2023-03-15"}
    return {
        "rate_options": [BASE, TERM, GRID, FIXED],
        "elections": [{"option": option["code"], **dates} for option in options],
    }


def position(product_type: str, terms: Terms, facility: Terms | None = None) -> PositionInput:
    return PositionInput("P", product_type, "USD", terms, STATE, "BBB", "RETAIL", facility)


def changed(terms: Terms, **changes: Any) -> Terms:
    return {name: value for name, value in {**terms, **changes}.items() if value is not None}


SAME = [
    pytest.param(
        "AMORT_LOAN", LOAN,
        {"prepayment": {"lock_out_until": "2024-01-01",
                        "penalties": [{"until": "2025-01-01", "share": "0.02"},
                                      {"until": "2026-01-01", "share": "0.01"}]}},
        changed(LOAN, prepayment={"kind": "CPR", "speed": "0.1", "lock_out_until": "2024-01-01",
                                  "penalty_steps": [["2025-01-01", "0.02"],
                                                    ["2026-01-01", "0.01"]]}),
        id="lock_out_and_penalties",
    ),
    pytest.param(
        "AMORT_LOAN", changed(LOAN, prepayment=None),
        {"prepayment": {"yield_maintenance": True}}, changed(LOAN, prepayment=None),
        id="nothing_where_no_prepayment_is_assumed",
    ),
    pytest.param(
        "AMORT_LOAN", LOAN, elected(FIXED),
        changed(LOAN, rate="0.07", interest_basis="30/360"), id="fixed_option",
    ),
    pytest.param(
        "AMORT_LOAN", LOAN, elected(BASE),
        changed(LOAN, floating={"index": "PRIME", "margin": "0.0125", "index_floor": "0.01"}),
        id="index_option_of_a_fixed_loan",
    ),
    pytest.param(
        "AMORT_LOAN", FLOATING, elected(GRID, GRID),
        changed(FLOATING, floating={"index": "TERM_SOFR_3M", "margin": "0.02"}),
        id="grid_of_the_option_in_use",
    ),
    pytest.param(
        "REVOLVER", REVOLVER, elected(TERM),
        changed(REVOLVER, index="TERM_SOFR_3M", margin="0.0225"), id="option_of_a_revolver",
    ),
    pytest.param(
        "REVOLVER", REVOLVER, elected(FIXED),
        changed(REVOLVER, index=None, margin=None, rate="0.07", interest_basis="30/360"),
        id="fixed_option_of_a_revolver",
    ),
    pytest.param(
        "REVOLVER", REVOLVER,
        {"unconditionally_cancellable": True,
         "fees": [{"kind": "UTILISATION", "rate": "0.002", "above": "0.66"},
                  {"kind": "COMMITMENT", "rate": "0.00375"},
                  {"kind": "UTILISATION", "rate": "0.001", "above": "0.33"},
                  {"kind": "LETTER_OF_CREDIT", "rate": "0.0275"},
                  {"kind": "AGENCY", "amount": "50000"}]},
        changed(REVOLVER, unconditionally_cancellable=True,
                fees={"commitment": "0.00375", "letters_of_credit": "0.0275",
                      "utilisation_above": ["0.33", "0.66"], "utilisation": ["0.001", "0.002"]}),
        id="fees",
    ),
    pytest.param(
        "REVOLVER", REVOLVER,
        {"fees": [{"kind": "TICKING", "rate": "0.01", "starts": "2023-06-15",
                   "day_count": "30/360"}]},
        changed(REVOLVER, fees={"ticking_steps": [["2023-06-15", "0.01"]], "basis": "30/360"}),
        id="ticking_fee_that_starts_later",
    ),
    pytest.param(
        "CALLABLE_BOND", CALLABLE, {"prepayment": {"make_whole_spread": "0.005"}},
        changed(CALLABLE, make_whole_spread="0.005"), id="make_whole",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("product_type", "terms", "facility", "stated"), SAME)
def test_a_position_under_a_facility_packs_as_one_whose_terms_say_the_same(
    product_type: str, terms: Terms, facility: Terms, stated: Terms
) -> None:
    packed = product(product_type).pack([position(product_type, terms, facility)], Names())
    wanted = product(product_type).pack([position(product_type, stated)], Names())
    assert packed.failures == wanted.failures == [None]
    assert packed.batch.to_bytes() == wanted.batch.to_bytes()
    alone = product(product_type).pack([position(product_type, terms)], Names())
    assert (packed.batch.to_bytes() == alone.batch.to_bytes()) == (terms == stated)


def test_what_the_position_states_itself_goes_before_the_facility() -> None:
    own = {"kind": "CPR", "speed": "0.1", "lock_out_until": "2023-01-01",
           "penalty_steps": [["2024-01-01", "0.03"]]}  # fmt: skip
    terms = {**REVOLVER, "fees": {"commitment": "0.005"}, "unconditionally_cancellable": False}
    facility = {
        "prepayment": {"lock_out_until": "2025-01-01", "make_whole_spread": "0.01",
                       "penalties": [{"until": "2025-01-01", "share": "0.02"}]},
        "fees": [{"kind": "COMMITMENT", "amount": "1"}],
        "unconditionally_cancellable": True,
        "borrowing_base": {"amount": "9000000", "as_of": "2022-12-01"},
    }  # fmt: skip
    loan = under_facility(position("AMORT_LOAN", {**LOAN, "prepayment": own}, facility))
    assert loan.terms["prepayment"] == own
    revolver = under_facility(position("REVOLVER", terms, facility))
    assert revolver.terms == terms
    assert revolver.state == {**STATE, "borrowing_base": "9000000"}
    stated = dataclasses.replace(
        position("REVOLVER", terms, facility), state={**STATE, "borrowing_base": "8500000"}
    )
    assert under_facility(stated).state["borrowing_base"] == "8500000"


REFUSED = [
    ("AMORT_LOAN", elected(BASE, TERM), "facility.elections: BASE and TERM are in force"),
    ("AMORT_LOAN", {"elections": [{"option": "NONE"}]}, "facility.elections: NONE is no option"),
    ("AMORT_LOAN", elected(GRID), "facility.rate_options.margin_grid: the margin of GRID"),
    ("REVOLVER", elected(GRID), "facility.rate_options.margin_grid: the margin of GRID"),
    ("AMORT_LOAN", {"prepayment": {"yield_maintenance": True}},
     "facility.prepayment.yield_maintenance: not valued"),
    ("AMORT_LOAN", {"prepayment": {"make_whole_spread": "0.005"}},
     "facility.prepayment.make_whole_spread: not valued"),
    ("AMORT_LOAN", {"prepayment": "none"}, "facility.prepayment: an object is expected"),
    ("AMORT_LOAN", {"elections": "none"}, "facility.elections: a list of objects is expected"),
    ("AMORT_LOAN", {"prepayment": {"lock_out_until": "soon"}},
     "terms.prepayment.lock_out_until"),
    ("AMORT_LOAN", {"prepayment": {"penalties": [{"until": "2024-01-01", "share": "2"}]}},
     "terms.prepayment.penalty_steps"),
    ("AMORT_LOAN", "RCF-1", "facility: an object is expected"),
    ("REVOLVER", {"fees": ["COMMITMENT"]}, "facility.fees: a list of objects is expected"),
    ("REVOLVER", {"fees": [{"kind": "COMMITMENT", "amount": "1"}]}, "facility.fees[0].rate"),
    ("REVOLVER", {"fees": [{"kind": "BRIBE", "rate": "0.01"}]}, "facility.fees[0].kind"),
    ("REVOLVER", {"fees": [{"kind": "FACILITY", "rate": "0.01"}] * 2}, "facility.fees[1].kind"),
    ("REVOLVER", {"fees": [{"kind": "TICKING", "rate": "0.01"}] * 2}, "facility.fees[1]: stands"),
    ("REVOLVER", {"fees": [{"kind": "COMMITMENT", "rate": "0.01", "ends": "2024-01-01"}]},
     "facility.fees[0].ends"),
    ("REVOLVER", {"fees": [{"kind": "COMMITMENT", "rate": "0.01", "starts": "2024-01-01"}]},
     "facility.fees[0].starts"),
    ("REVOLVER", {"fees": [{"kind": "UTILISATION", "rate": "0.01", "above": "half"}]},
     "facility.fees[0].above"),
    ("REVOLVER", {"fees": [{"kind": "COMMITMENT", "rate": "0.01", "day_count": "ACT/360"},
                           {"kind": "FACILITY", "rate": "0.01", "day_count": "30/360"}]},
     "facility.fees: day counts differ"),
    ("REVOLVER", {"fees": [{"kind": "COMMITMENT", "rate": "-0.01"}]}, "terms.fees.commitment"),
    ("REVOLVER", {"borrowing_base": {"amount": "-1"}}, "state.borrowing_base"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("product_type", "facility", "message"), REFUSED, ids=[case[2] for case in REFUSED]
)
def test_a_facility_that_is_unclear_fails_its_position_by_field_and_no_other(
    product_type: str, facility: Any, message: str
) -> None:
    terms = {"AMORT_LOAN": LOAN, "REVOLVER": REVOLVER}[product_type]
    sound = position(product_type, terms)
    packed = product(product_type).pack(
        [sound, position(product_type, terms, facility), sound], Names()
    )
    before, failure, after = packed.failures
    assert before is after is None
    assert failure is not None
    assert failure.message.startswith(message)


def test_other_products_take_nothing_from_a_facility() -> None:
    held = position("FIXED_BOND", {"coupon": "0.05"}, elected(FIXED))
    assert under_facility(held).terms == held.terms
