"""A CLO against the distributions of an independent scalar waterfall, kept as a file."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.pricers import debt, state_valued
from pricing.pricers.structured import Chunk
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States
from tests import scalar_deal, scalar_pool

CASE = "tieout.clo"
PUBLISHED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "structured" / f"{CASE}.json").read_text(encoding="utf-8")
)
INPUTS, EXPECTED = PUBLISHED["inputs"], PUBLISHED["expected"]
AS_OF = dt.date.fromisoformat(INPUTS["as_of"])
VARIANTS = {"payments": INPUTS["terms"]["default"], "stress": INPUTS["stress_default"]}


def states() -> States:
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": INPUTS["as_of"],
            "curves": [{"name": "ZERO", "currency": "USD", "nodes": INPUTS["nodes"]}],
            "discount": {"USD": "ZERO"},
        }
    )
    axis = Axis((Cell("PV", "BASE"),), AS_OF, "USD")
    return States(market, [parse_scenario({"code": "BASE"})], axis)


def holding(place: int, default: dict[str, Any], share: float = 1.0) -> PositionInput:
    terms = {**INPUTS["terms"], "default": default, "index_rate": INPUTS["index_rate"]}
    tranche = terms["tranches"][place]
    terms["tranche"] = tranche["name"]
    state = {
        "quantity": repr(share * float(tranche["balance"])), "spread": "0.01",
        "credit_basis": "CASHFLOW",
    }  # fmt: skip
    return PositionInput(tranche["name"], "STRUCTURED", "USD", terms, state)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_class_is_paid_what_the_file_says(variant: str) -> None:
    for place in range(len(INPUTS["terms"]["tranches"])):
        position = holding(place, VARIANTS[variant])
        batch = registry.product("STRUCTURED").pack([position], Names()).batch
        found: dict[tuple[str, str], float] = {
            (flow.date.isoformat(), flow.kind): flow.amount for flow in cashflows(batch, states())
        }
        for row in EXPECTED[variant]:
            for kind, column in (("INTEREST", 4), ("PRINCIPAL", 5)):
                amount = found.pop((row[0], kind), 0.0)
                assert amount == pytest.approx(row[column][place], abs=PUBLISHED["tolerance"])
        assert not found


@pytest.mark.parametrize("variant", VARIANTS)
def test_fees_purchases_and_calls_are_those_of_the_file(variant: str) -> None:
    prepared = states()
    position = holding(0, VARIANTS[variant])
    batch = registry.product("STRUCTURED").pack([position], Names()).batch
    chunk = Chunk.of(batch, np.array([0]), debt.context(batch, prepared), prepared)
    base = state_valued.base(prepared)
    made = chunk.deals.lines.pools.assumptions
    payments = list(
        chunk.deals.pay(
            lambda k, rows, share: made.speed(k, rows, np.ones(1)),
            chunk.index(base, 1), chunk.index(base, chunk.deals.period), 1,
        )
    )  # fmt: skip
    for row, payment in zip(EXPECTED[variant], payments, strict=True):
        for found, wanted in zip(
            (payment.fees, payment.bought, payment.called), row[1:4], strict=True
        ):
            assert found[0, 0] == pytest.approx(wanted, abs=PUBLISHED["tolerance"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_file_is_what_the_scalar_waterfall_pays(variant: str) -> None:
    zero = scalar_pool.linear_zero(AS_OF, INPUTS["nodes"])
    terms = {**INPUTS["terms"], "default": VARIANTS[variant]}
    run = scalar_deal.Deal(terms, AS_OF, zero).run(float(INPUTS["index_rate"]))
    for row, paid in zip(EXPECTED[variant], run, strict=True):
        assert paid.date.isoformat() == row[0]
        assert [paid.fees, paid.bought, paid.called] == pytest.approx(row[1:4], abs=1e-6)
        assert paid.interest == pytest.approx(row[4], abs=1e-6)
        assert paid.principal == pytest.approx(row[5], abs=1e-6)


def test_the_stress_diverts_interest_and_the_expected_case_does_not() -> None:
    """The fixture reaches the rules it is there for: failed tests, reinvestment, reserve, call."""
    residual = [row[4][-1] for row in EXPECTED["stress"]]
    senior = [row[5][0] for row in EXPECTED["stress"]]
    assert min(residual[:6]) == 0.0 < max(senior[:6])
    assert all(row[4][-1] > 0.0 for row in EXPECTED["payments"][:6])
    assert any(row[2] > 0.0 for row in EXPECTED["payments"])
    assert any(row[3] > 0.0 for row in EXPECTED["payments"])


def test_the_case_is_named_by_its_file() -> None:
    assert PUBLISHED["id"] == "tieout.clo"
