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
