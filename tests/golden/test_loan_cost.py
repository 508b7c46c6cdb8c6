"""Amortised cost by the effective interest method against a published schedule."""

from __future__ import annotations

import pytest

from pricing.position import PositionInput
from tests.golden.quoted import case, flat, measured, states


def test_carrying_amounts_are_those_of_the_published_schedule() -> None:
    """The source rounds interest to a cent, and its rate is 1.5e-6 off that of its own payments."""
    published = case("loan", "ifrs.sme.s11.amortised_cost")
    inputs, expected = published["inputs"], published["expected"]
    principal = inputs["principal"]
    terms = {
        "start_date": "2000-01-01", "first_payment_date": "2001-01-01",
        "payments": inputs["years"], "original_principal": str(principal),
        "rate": repr(inputs["interest"] / principal), "interest_basis": "30/360",
        "frequency": "ANNUAL", "amortisation": "BULLET",
        "issue_price": repr(100.0 * inputs["acquired_for"] / principal),
    }  # fmt: skip
    state = {"outstanding_principal": str(principal), "spread": "0"}
    loan = PositionInput("L", "AMORT_LOAN", "USD", terms, state, "A", "ALL")
    for year, carrying in enumerate(expected["carrying"]):
        market = states(flat(f"{2000 + year}-01-01"), ("AMORTISED_COST", "EIR_ANNUAL"))
        found = measured(loan, market)
        tolerance = published["tolerance"]
        assert found["AMORTISED_COST"] == pytest.approx(carrying, abs=tolerance["carrying"])
        assert found["EIR_ANNUAL"] == pytest.approx(
            expected["effective_rate"], abs=tolerance["effective_rate"]
        )
