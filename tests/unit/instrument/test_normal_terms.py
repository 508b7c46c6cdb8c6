"""Terms in the one form that is hashed: lists of steps as files state them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apps.instrument import adapters

STEPS = [["2025-02-15", "0.05"], ["2026-02-15", "0.0525"]]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([["2025-02-15", "0.050"], ["2026-02-15", "0.0525"]], id="texts"),
        pytest.param(
            [["2025-02-15", Decimal("0.05")], ["2026-02-15", Decimal("0.05250")]], id="numbers"
        ),
        pytest.param('[["2025-02-15", 0.05], ["2026-02-15", "0.0525"]]', id="cell_of_a_csv_file"),
    ],
)
def test_steps_have_one_form_however_they_are_written(given: Any) -> None:
    terms, faults = adapters.normal_terms("FIXED_BOND", "USD", {"coupon_steps": given})
    assert faults == []
    assert terms == {"coupon_steps": STEPS}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("up", "terms.coupon_steps"),
        ([["2025-02-15"]], "terms.coupon_steps"),
        ([["2025-02-15", "five"]], "terms.coupon_steps[0]"),
    ],
)
def test_steps_that_are_none_are_named(given: Any, field: str) -> None:
    _, faults = adapters.normal_terms("FIXED_BOND", "USD", {"coupon_steps": given})
    assert [fault.field for fault in faults] == [field]


def test_legs_of_a_derivative_have_one_form_and_name_their_fields() -> None:
    leg = {"rate": Decimal("0.0400"), "day_count": "30/360", "payment_lag_days": "2"}
    given = {"kind": "IRS", "notional": 1000000, "receive": leg, "pay": {"colour": "red"}}
    terms, faults = adapters.normal_terms("DERIVATIVE", "USD", given)
    assert terms["receive"] == {"rate": "0.04", "day_count": "30/360", "payment_lag_days": 2}
    assert terms["notional"] == "1000000"
    assert [(fault.field, fault.code) for fault in faults] == [
        ("terms.pay.colour", "HEADER_UNKNOWN")
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "LOTTERY"}, "terms.kind"),
        ({"receive": {"day_count": "30/360"}}, "terms.receive.rate"),
        ({"pay": {"index": "SOFR", "day_count": "ACT/361"}}, "terms.pay.day_count"),
        ({"strike": "0.04"}, "terms.'strike' is no field of it"),
    ],
)
def test_a_derivative_that_is_refused_names_the_field(change: dict[str, Any], field: str) -> None:
    terms: dict[str, Any] = {
        "kind": "OIS",
        "start_date": "2022-12-15",
        "maturity_date": "2027-12-15",
        "notional": "1000000",
        "receive": {"rate": "0.04", "day_count": "ACT/360"},
        "pay": {"index": "SOFR", "day_count": "ACT/360"},
    }
    good, bad = adapters.check_terms("DERIVATIVE", [("USD", terms), ("USD", {**terms, **change})])
    assert good is None
    assert bad is not None
    assert field in (bad.field, bad.expected)


LOAN = {
    "start_date": "2022-06-15", "first_payment_date": "2022-07-15", "payments": 60,
    "original_principal": "1000000", "rate": "0.06", "interest_basis": "30/360",
}  # fmt: skip
POOL = {"accrual_start_date": "2022-12-01", "wac": "0.06", "wam": 348}
DEFAULTS = {"kind": "CDR", "speed": "0.02", "severity": "0.4"}


@pytest.mark.parametrize(("product_type", "terms"), [("AMORT_LOAN", LOAN), ("ABS_MBS", POOL)])
def test_terms_with_defaults_are_no_fault_and_their_own_faults_are_named(
    product_type: str, terms: dict[str, Any]
) -> None:
    # Whether the spread then counts credit once is a matter of the position, not of the terms.
    good, plain, bad = adapters.check_terms(
        product_type,
        [
            ("USD", {**terms, "default": DEFAULTS}),
            ("USD", terms),
            ("USD", {**terms, "default": {**DEFAULTS, "severity": "-1"}}),
        ],
    )
    assert good is None
    assert plain is None
    assert bad is not None
    assert bad.field == "terms.default.severity"
