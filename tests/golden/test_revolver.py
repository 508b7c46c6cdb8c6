"""Exposure at default of commitments against the factors of the standardised approach."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse
from tests.golden.quoted import case, flat

TERMS: dict[str, Any] = {
    "start_date": "2022-01-15", "first_payment_date": "2022-04-15", "maturity_date": "2026-01-15",
    "commitment": "100", "interest_basis": "ACT/360", "rate": "0.06",
}  # fmt: skip


def exposure(letters: str = "0", **terms: Any) -> float:
    state = {"outstanding_principal": "0", "spread": "0.02", "letters_of_credit": letters}
    position = PositionInput("R", "REVOLVER", "USD", {**TERMS, **terms}, state)
    day = dt.date(2022, 12, 30)
    axis = Axis((Cell("EAD", "BASE"),), day, "USD")
    states = States(snapshot.parse(flat(day.isoformat())), [parse({"code": "BASE"})], axis)
    packed = product("REVOLVER").pack([position], Names())
    assert packed.failures == [None]
    return float(valuation.value(packed.batch, states).values[0, 0])


def test_conversion_factors_are_those_of_cre20() -> None:
    """All drawn is 0 and the commitment 100: what is left of it, or of letters, is the factor."""
    published = case("revolver", "basel3.sa.ccf")
    names = [
        ("direct credit substitutes", {"letters": "100", "letter_of_credit_kind": "FINANCIAL"}),
        ("NIF/RUF and transaction-related contingencies",
         {"letters": "100", "letter_of_credit_kind": "PERFORMANCE"}),
        ("other commitments", {}),
        ("trade LCs", {"letters": "100", "letter_of_credit_kind": "TRADE"}),
        ("unconditionally cancellable", {"unconditionally_cancellable": True}),
    ]  # fmt: skip
    assert [name for name, _ in names] == published["inputs"]["buckets"]
    found = [exposure(**terms) for _, terms in names]
    assert found == pytest.approx(published["expected"]["percent"], abs=1e-12)
