"""What must hold for any deal: nothing is lost, and the array waterfall is the scalar one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import valuation
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
from tests import scalar_deal, scalar_pool

from tests.unit.pricing.conftest import DAY, MARKET  # isort: skip

NODES = MARKET["curves"][0]["nodes"]
INDEX = "0.0425"
SHOCKS = {"BASE": (0.0, 1.0), "DOWN": (-0.02, 1.0), "UP": (0.015, 1.0), "FAST": (0.0, 1.5)}
DOCUMENTS: list[dict[str, Any]] = [
    {"code": "BASE"},
    {"code": "DOWN", "shocks": [{"risk": "RATE", "size": "-0.02"}]},
    {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.015"}]},
    {"code": "FAST", "shocks": [{"risk": "PREPAYMENT", "size": "0.5"}]},
]
SCENARIOS = [parse(document) for document in DOCUMENTS]
STATES = States(
    snapshot.parse(MARKET), SCENARIOS, Axis(tuple(Cell("PV", c) for c in SHOCKS), DAY, "USD")
)


@st.composite
def collateral(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["LEVEL_PAY", "LINEAR", "BULLET"]))
    months = draw(st.integers(1, 48))
    line = {
        "balance": str(draw(st.integers(1, 900)) * 1000),
        "rate": f"{draw(st.integers(0, 1200)) / 1e4:.4f}",
        "months": months,
        "age": draw(st.integers(0, 40)),
        "amortisation": kind,
    }
    if kind == "LEVEL_PAY":
        line["amortisation_months"] = months + draw(st.sampled_from([0, 0, 60]))
    elif draw(st.booleans()):
        line |= {"rate_kind": "FLOATING", "index_floor": "0.02"}
    return line


def odd(numerator: int) -> str:
    """Return a trigger in hundredths that no round balance meets exactly, where bits decide."""
    return f"{numerator / 100 + 0.003717:.6f}"


@st.composite
def deals(draw: st.DrawFn) -> dict[str, Any]:
    lines = draw(st.lists(collateral(), min_size=1, max_size=3))
    total = sum(int(line["balance"]) for line in lines)
    left, notes = total, []
    for place in range(draw(st.integers(1, 4))):
        size = total * draw(st.integers(0, 45)) // 100
        size = min(size, left - 1)
        left -= size
        kind = draw(st.sampled_from(["NOTE", "NOTE", "PAC", "Z"]))
        note: dict[str, Any] = {"name": f"N{place}", "balance": str(size), "kind": kind}
        if draw(st.booleans()):
            note |= {"margin": "0.02", "cap": "0.07", "floor": "0.01"}
        else:
            note["coupon"] = f"{draw(st.integers(0, 900)) / 1e4:.4f}"
        if kind == "PAC":
            steps = draw(st.lists(st.integers(0, 100), min_size=1, max_size=20))
            plan = sorted((size * step / 100 for step in steps), reverse=True)
            note["planned_balances"] = [repr(balance) for balance in plan]
        if draw(st.booleans()):
            note["oc_trigger"] = odd(draw(st.integers(90, 160)))
        if draw(st.booleans()):
            note["ic_trigger"] = odd(draw(st.integers(50, 300)))
        notes.append(note)
    notes.append({"name": "R", "balance": str(left), "kind": "RESIDUAL"})
    terms: dict[str, Any] = {
        "accrual_start_date": "2022-12-01",
        "payment_months": draw(st.sampled_from([1, 3])),
        "payment_delay_days": draw(st.integers(0, 45)),
        "collateral": lines,
        "tranches": notes,
        "tranche": "R",
        "index_rate": INDEX,
        "principal_rule": draw(st.sampled_from(["SEQUENTIAL", "PRO_RATA"])),
        "senior_fee": f"{draw(st.integers(0, 200)) / 1e4:.4f}",
        "subordinated_fee": f"{draw(st.integers(0, 200)) / 1e4:.4f}",
        "reserve_balance": str(draw(st.integers(0, total // 20))),
        "reserve_target": f"{draw(st.integers(0, 50)) / 1e3:.3f}",
        "clean_up_call": odd(draw(st.integers(0, 40))),
        "prepayment": {"kind": "CPR", "speed": f"{draw(st.integers(0, 60)) / 100:.2f}"},
    }
    if draw(st.booleans()):
        terms["loss_trigger"] = odd(draw(st.integers(0, 10)))
    if draw(st.booleans()):
        terms |= {
            "reinvestment_months": draw(st.integers(1, 20)),
            "reinvestment_maturity": draw(st.integers(21, 50)),
            "reinvestment_rate": "0.05",
            "reinvestment_rate_kind": draw(st.sampled_from(["FIXED", "FLOATING"])),
        }
    if draw(st.booleans()):
        terms["default"] = {
            "kind": "CDR", "speed": f"{draw(st.integers(0, 40)) / 100:.2f}",
            "severity": f"{draw(st.integers(0, 100)) / 100:.2f}",
            "recovery_lag": draw(st.integers(0, 12)), "advances": draw(st.booleans()),
        }  # fmt: skip
    return terms


def holding(terms: dict[str, Any], place: int) -> PositionInput:
    tranche = terms["tranches"][place]
    state = {
        "quantity": tranche["balance"], "spread": "0.01",
        "credit_basis": "CASHFLOW" if "default" in terms else "SPREAD",
    }  # fmt: skip
    return PositionInput(
        "T", "STRUCTURED", "USD", {**terms, "tranche": tranche["name"]}, state, "BBB", "RETAIL"
    )


def payments(terms: dict[str, Any]) -> list[Payment]:
    """Return all that the deal pays in the market as it is."""
    packed = product("STRUCTURED").pack([holding(terms, len(terms["tranches"]) - 1)], Names())
    assert packed.failures == [None]
    batch = packed.batch
    chunk = Chunk.of(batch, np.array([0]), debt.context(batch, STATES), STATES)
    base, made = state_valued.base(STATES), chunk.deals.lines.pools.assumptions
    speed: Speed = lambda k, rows, share: made.speed(k, rows, np.ones(1))  # noqa: E731
    index, of_period = chunk.index(base, 1), chunk.index(base, chunk.deals.period)
    return list(chunk.deals.pay(speed, index, of_period, 1))


def scalar(terms: dict[str, Any]) -> list[scalar_deal.Distribution]:
    zero = scalar_pool.linear_zero(DAY, NODES)
    return scalar_deal.Deal(terms, DAY, zero).run(float(INDEX))


@given(deals())
@settings(max_examples=150)
def test_every_payment_is_that_of_the_scalar_waterfall(terms: dict[str, Any]) -> None:
    total = sum(float(line["balance"]) for line in terms["collateral"])
    for ours, theirs in zip(payments(terms), scalar(terms), strict=True):
        for name in ("interest", "principal", "balance"):
            found = [float(part[0, 0]) for part in getattr(ours, name)]
            assert found == pytest.approx(getattr(theirs, name), abs=1e-9 * total), name
        for name in ("fees", "bought", "called", "reserve"):
            found_one = float(getattr(ours, name)[0, 0])
            assert found_one == pytest.approx(getattr(theirs, name), abs=1e-9 * total), name


@given(deals())
@settings(max_examples=80)
def test_tranches_fees_and_residual_are_what_the_collateral_paid(terms: dict[str, Any]) -> None:
    """Cash of the pool is from the other implementation: what comes in goes out or is kept."""
    total = sum(float(line["balance"]) for line in terms["collateral"])
    reserve = float(terms["reserve_balance"])
    for ours, theirs in zip(payments(terms), scalar(terms), strict=True):
        paid = sum(float(part[0, 0]) for part in (*ours.interest, *ours.principal))
        kept = float(ours.reserve[0, 0]) - reserve
        out = paid + float(ours.fees[0, 0]) + float(ours.bought[0, 0]) + kept
        came = theirs.collected + float(ours.called[0, 0])
        assert out == pytest.approx(came, abs=1e-9 * total)
        reserve = float(ours.reserve[0, 0])
    assert reserve == pytest.approx(0.0, abs=1e-9 * total)


@given(deals())
@settings(max_examples=40)
def test_every_tranche_is_worth_its_scalar_payments_in_every_scenario(
    terms: dict[str, Any],
) -> None:
    total = sum(float(line["balance"]) for line in terms["collateral"])
    places = [i for i, one in enumerate(terms["tranches"]) if float(one["balance"]) > 0.0]
    made = [holding(terms, place) for place in places]
    valued = valuation.value(product("STRUCTURED").pack(made, Names()).batch, STATES)
    assert valued.failures == [None] * len(made)
    for column, (shift, multiplier) in enumerate(SHOCKS.values()):
        zero = scalar_pool.linear_zero(DAY, NODES, shift)
        faster = {**terms, "prepayment": dict(terms["prepayment"])}
        speed = float(terms["prepayment"]["speed"]) * multiplier
        faster["prepayment"]["speed"] = repr(min(speed, 1.0))
        wanted = np.zeros(len(terms["tranches"]))
        for paid in scalar_deal.Deal(faster, DAY, zero).run(float(INDEX)):
            t = (paid.date - DAY).days / 365.0
            cash = np.array(paid.interest) + np.array(paid.principal)
            wanted += cash * np.exp(-(zero(t) + 0.01) * t)
        assert valued.values[:, column] == pytest.approx(wanted[places], abs=1e-9 * total)
