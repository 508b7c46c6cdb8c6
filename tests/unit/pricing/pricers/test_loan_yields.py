"""Yields of loans, with the compounding in their names."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from tests.unit.pricing.pricers.loan_cases import cells, floating, loan, states

MEASURES = (
    "PV", "YIELD_MONTHLY_MORTGAGE", "YIELD_SEMI_BOND", "YIELD_ANNUAL", "YIELD_CONTINUOUS",
    "DIRTY_PRICE", "YIELD_MONTHLY_MORTGAGE@UP",
)  # fmt: skip
DUE = dt.date(2023, 1, 1)
"""A due date of the loan: nothing is accrued, and 119 of its payments are left."""
PAR = {"spread_source": "MARK", "mark_price": "100"}


@pytest.mark.parametrize("style", ["LEVEL_PAY", "LINEAR", "BULLET"])
@pytest.mark.parametrize("prepayment", [None, {"kind": "CPR", "speed": "0.2"}])
def test_a_loan_at_par_yields_its_rate_whatever_is_prepaid(style: str, prepayment: Any) -> None:
    terms = {"amortisation": style, "prepayment": prepayment}
    found = cells(loan(terms, PAR), states(measures=MEASURES, day=DUE))
    assert found["DIRTY_PRICE@BASE"] == pytest.approx(100.0, abs=1e-9)
    assert found["YIELD_MONTHLY_MORTGAGE@BASE"] == pytest.approx(0.06, abs=1e-10)


def test_one_yield_is_restated_for_every_compounding() -> None:
    found = cells(loan(state={"spread": "0.02"}), states(measures=MEASURES))
    monthly = found["YIELD_MONTHLY_MORTGAGE@BASE"]
    growth = (1 + monthly / 12) ** 12
    assert found["YIELD_ANNUAL@BASE"] == pytest.approx(growth - 1, abs=1e-12)
    assert found["YIELD_SEMI_BOND@BASE"] == pytest.approx(2 * (math.sqrt(growth) - 1), abs=1e-12)
    assert found["YIELD_CONTINUOUS@BASE"] == pytest.approx(math.log(growth), abs=1e-12)


def test_yield_reproduces_the_price_of_a_level_payment() -> None:
    """Price = payment x annuity at the yield (SIFMA Standard Formulas, SF-46)."""
    found = cells(loan(), states(measures=MEASURES, day=DUE))
    y = found["YIELD_MONTHLY_MORTGAGE@BASE"] / 12
    payment = 100 * 0.005 / (1 - 1.005**-119)
    assert found["DIRTY_PRICE@BASE"] == pytest.approx(payment * (1 - (1 + y) ** -119) / y, abs=1e-9)


def test_a_floating_loan_yields_what_its_index_is_projected_to_pay() -> None:
    at = states(measures=MEASURES)
    found = cells(loan({**floating(), "amortisation": "LINEAR"}, PAR), at)
    wide = cells(loan({**floating(margin="0.035"), "amortisation": "LINEAR"}, PAR), at)
    rise = wide["YIELD_MONTHLY_MORTGAGE@BASE"] - found["YIELD_MONTHLY_MORTGAGE@BASE"]
    # One percent more a year on 360 days, from the next payment on.
    assert rise == pytest.approx(0.01 * 365 / 360, abs=3e-4)
    # Payments and discounting move together: the yield rises with the curve.
    move = found["YIELD_MONTHLY_MORTGAGE@UP"] - found["YIELD_MONTHLY_MORTGAGE@BASE"]
    assert move == pytest.approx(0.01, abs=6e-4)


def test_a_faster_scenario_changes_the_yield_of_a_discount_loan() -> None:
    shocked = states(
        [{"code": "BASE"}, {"code": "FAST", "shocks": [{"risk": "PREPAYMENT", "size": "1"}]}],
        ("PV", "YIELD_ANNUAL", "YIELD_ANNUAL@FAST", "DIRTY_PRICE", "DIRTY_PRICE@FAST"),
    )
    terms = {"rate": "0.02", "prepayment": {"kind": "CPR", "speed": "0.1"}}
    found = cells(loan(terms), shocked)
    again = {"rate": "0.02", "prepayment": {"kind": "CPR", "speed": "0.2"}}
    twice = cells(loan(again), shocked)
    for measure in ("YIELD_ANNUAL", "DIRTY_PRICE"):
        assert found[f"{measure}@FAST"] == pytest.approx(twice[f"{measure}@BASE"], rel=1e-12)
        assert found[f"{measure}@FAST"] != pytest.approx(found[f"{measure}@BASE"], rel=1e-5)


@pytest.mark.parametrize("prepayment", [None, {"kind": "CPR", "speed": "0.13"}])
def test_a_loan_that_is_paid_off_long_before_its_last_date_has_a_yield(prepayment: Any) -> None:
    """Years of payments of nothing are no reason for none: prepaid mortgages end early."""
    terms = {"payments": 360, "prepayment": prepayment}
    paid_off = {**PAR, "current_payment": "10000"}
    found = cells(loan(terms, paid_off), states(measures=MEASURES, day=DUE))
    assert found["YIELD_MONTHLY_MORTGAGE@BASE"] == pytest.approx(0.06, abs=1e-10)
