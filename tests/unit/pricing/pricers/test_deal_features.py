"""Each feature of a deal by a fact that a reader of its documents would check by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.pricers import debt, state_valued
from pricing.pricers.pool_flows import Speed
from pricing.pricers.structured import Chunk
from pricing.pricers.waterfall import Payment
from pricing.products.registry import product
from pricing.scenarios import States, parse

from tests.unit.pricing.conftest import DAY, MARKET  # isort: skip

STATES = States(
    snapshot.parse(MARKET), [parse({"code": "BASE"})], Axis((Cell("PV", "BASE"),), DAY, "USD")
)
LOANS = [{"balance": "1000000", "rate": "0.06", "months": 60}]
SENIOR = {"name": "A", "balance": "600000", "coupon": "0.04"}
JUNIOR = {"name": "B", "balance": "300000", "coupon": "0.05"}
EQUITY = {"name": "R", "balance": "100000", "kind": "RESIDUAL"}


def run(*notes: dict[str, Any], **terms: Any) -> list[Payment]:
    """Return the payments of a deal of the notes over the loans above."""
    made = {
        "accrual_start_date": "2022-12-01", "collateral": LOANS, "tranche": "R",
        "tranches": [*(notes or (SENIOR, JUNIOR)), EQUITY],
        "prepayment": {"kind": "CPR", "speed": "0.1"}, **terms,
    }  # fmt: skip
    state = {"quantity": "100000", "spread": "0", "credit_basis": "SPREAD"}
    if "default" in made:
        state["credit_basis"] = "CASHFLOW"
    position = PositionInput("T", "STRUCTURED", "USD", made, state)
    packed = product("STRUCTURED").pack([position], Names())
    assert packed.failures == [None]
    chunk = Chunk.of(packed.batch, np.array([0]), debt.context(packed.batch, STATES), STATES)
    assumed, base = chunk.deals.lines.pools.assumptions, state_valued.base(STATES)
    speed: Speed = lambda k, rows, share: assumed.speed(k, rows, np.ones(1))  # noqa: E731
    index, of_period = chunk.index(base, 1), chunk.index(base, chunk.deals.period)
    return list(chunk.deals.pay(speed, index, of_period, 1))


def column(paid: list[Payment], name: str, place: int | None = None) -> np.ndarray[Any, Any]:
    parts = (getattr(payment, name) for payment in paid)
    return np.array([float((part if place is None else part[place])[0, 0]) for part in parts])


def test_sequential_notes_are_repaid_one_after_the_other() -> None:
    paid = run()
    first, second = column(paid, "balance", 0), column(paid, "balance", 1)
    gone = int(np.argmax(first <= 1e-6))
    assert np.all(second[:gone] == 300000.0)
    assert np.all(np.diff(second[gone:]) <= 0.0)
    assert first[-1] == pytest.approx(0.0, abs=1e-6)


def test_notes_pro_rata_keep_their_shares() -> None:
    paid = run(principal_rule="PRO_RATA")
    first, second = column(paid, "balance", 0)[:-1], column(paid, "balance", 1)[:-1]
    assert first == pytest.approx(2.0 * second, rel=1e-9, abs=1e-5)
    assert 0.0 < second[20] < 300000.0


PLAN = [f"{600000 * (1 - k / 60):.2f}" for k in range(1, 61)]


@pytest.mark.parametrize("speed", ["0.08", "0.15", "0.2"])
def test_planned_note_follows_its_plan_while_its_support_takes_the_difference(speed: str) -> None:
    """Speeds that differ move the support alone."""
    pac = {**SENIOR, "kind": "PAC", "planned_balances": PLAN}
    paid = run(pac, JUNIOR, prepayment={"kind": "CPR", "speed": speed})
    planned, support = column(paid, "balance", 0), column(paid, "balance", 1)
    within = support > 0.0
    within[0] = False
    assert within[1:12].all()
    assert planned[within] == pytest.approx(np.array(PLAN, dtype=float)[within], abs=1e-6)


def test_planned_note_is_repaid_early_only_when_its_support_is_gone() -> None:
    pac = {**SENIOR, "kind": "PAC", "planned_balances": PLAN}
    paid = run(pac, JUNIOR, prepayment={"kind": "CPR", "speed": "0.6"})
    planned, support = column(paid, "balance", 0), column(paid, "balance", 1)
    below = planned < np.array(PLAN, dtype=float)[: len(planned)] - 1e-6
    assert below.any()
    assert np.all(support[below] <= 1e-6)


def test_z_note_accretes_its_coupon_until_the_seniors_are_repaid() -> None:
    z = {**JUNIOR, "kind": "Z", "coupon": "0.06"}
    paid = run(SENIOR, z)
    senior, balance = column(paid, "balance", 0), column(paid, "balance", 1)
    months = int(np.argmax(senior <= 1e-6))
    grown = 300000.0 * 1.005 ** np.arange(1, months + 1)
    assert balance[:months] == pytest.approx(grown, rel=1e-12)
    assert np.all(column(paid, "interest", 1)[:months] == 0.0)
    assert column(paid, "interest", 1)[months + 1] > 0.0


def test_fees_are_their_rate_on_the_collateral_before_each_payment() -> None:
    paid = run(senior_fee="0.003", subordinated_fee="0.0015")
    fees = column(paid, "fees")
    assert fees[0] == pytest.approx(1_000_000 * 0.0045 / 12, rel=1e-12)
    balances = sum(column(paid, "balance", place) for place in range(3))
    assert fees[1:] == pytest.approx(balances[:-1] * 0.0045 / 12, rel=1e-9)


def test_reserve_is_filled_to_its_target_and_returned() -> None:
    paid = run(reserve_balance="0", reserve_target="0.01")
    reserve = column(paid, "reserve")
    balances = sum(column(paid, "balance", place) for place in range(3))
    residual = column(paid, "interest", 2)
    short = reserve < 0.01 * balances - 1e-6
    assert short[0]
    assert np.all(residual[short] == 0.0)
    assert reserve[20] == pytest.approx(0.01 * balances[20], rel=1e-6)
    assert reserve[-1] == pytest.approx(0.0, abs=1e-6)


def test_reserve_pays_the_interest_that_collections_lack() -> None:
    """Half of the loans default at once and nothing is advanced: the note is paid nonetheless."""
    default = {
        "kind": "MDR", "vector": ["0.9", "0"], "severity": "1", "recovery_lag": 1,
        "advances": False,
    }  # fmt: skip
    still = {"default": default, "prepayment": None, "collateral": [
        {"balance": "1000000", "rate": "0.06", "months": 60, "amortisation": "BULLET"}
    ]}  # fmt: skip
    with_cash = run(reserve_balance="20000", reserve_target="0.02", **still)
    without = run(**still)
    due = 600000 * 0.04 / 12
    assert column(without, "interest", 0)[0] < due
    assert column(with_cash, "interest", 0)[0] == pytest.approx(due, rel=1e-12)
    assert column(with_cash, "reserve")[0] < 20000.0


@pytest.mark.parametrize("trigger", ["oc_trigger", "ic_trigger"])
def test_test_that_fails_turns_the_residuals_interest_to_the_senior_note(trigger: str) -> None:
    """1.2 of cover is asked where collateral is 1.11 times, and interest 1.77 times, the notes'."""
    level = {"oc_trigger": "1.2", "ic_trigger": "1.9"}[trigger]
    failing = run(SENIOR, {**JUNIOR, trigger: level})
    passing = run()
    assert column(passing, "interest", 2)[0] > 0.0
    assert column(failing, "interest", 2)[0] == 0.0
    more = column(failing, "principal", 0)[0] - column(passing, "principal", 0)[0]
    assert more == pytest.approx(column(passing, "interest", 2)[0], rel=1e-9)


def test_test_that_is_cured_lets_interest_through_again() -> None:
    paid = run(SENIOR, {**JUNIOR, "oc_trigger": "1.15"})
    residual = column(paid, "interest", 2)
    cured = int(np.argmax(residual > 0.0))
    assert cured > 0
    notes = column(paid, "balance", 0) + column(paid, "balance", 1)
    # A level payment at 6% over 60 months, 10% of what is left prepaid a year.
    month = np.arange(1, 61)
    pool = 1e6 * (1 - 1.005 ** (month - 60.0)) / (1 - 1.005**-60) * 0.9 ** (month / 12)
    cover = pool[:cured] / notes[:cured]
    assert cover[cured - 2] < 1.15 <= cover[cured - 1]


def test_losses_beyond_their_trigger_turn_pro_rata_into_sequential() -> None:
    default = {"kind": "CDR", "speed": "0.05", "severity": "0.5", "recovery_lag": 0}
    paid = run(principal_rule="PRO_RATA", loss_trigger="0.0101", default=default)
    junior = column(paid, "principal", 1)
    stopped = int(np.argmax(junior == 0.0))
    assert 1 < stopped < 12
    senior = column(paid, "balance", 0)
    while_senior = senior[stopped:] > 1e-6
    assert np.all(junior[stopped:][while_senior] == 0.0)


def test_principal_buys_loans_until_reinvestment_ends() -> None:
    paid = run(reinvestment_months=24, reinvestment_maturity=60, reinvestment_rate="0.06")
    bought, senior = column(paid, "bought"), column(paid, "balance", 0)
    assert np.all(senior[:24] == 600000.0)
    assert np.all(bought[:24] > 0.0)
    assert np.all(bought[24:] == 0.0)
    assert senior[24] < 600000.0


def test_clean_up_call_repays_what_is_left_at_par_once_collateral_is_small() -> None:
    paid = run(clean_up_call="0.203")
    called = column(paid, "called")
    (at,) = np.flatnonzero(called)
    before = sum(column(paid, "balance", place)[at - 1] for place in range(3))
    assert before > 203000.0 >= called[at]
    assert all(column(paid, "balance", place)[at] < 1e-6 for place in range(3))
