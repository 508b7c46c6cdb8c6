"""Tranches of deals beside the scalar waterfall in the same process.

A valuation is one tranche in one scenario, CPU time, one thread: ours is the whole library call on
positions of which each has a deal of its own, theirs a run of tests/scalar_deal.py and the
discounting of the tranche. A scalar run pays all tranches at once, as does a run of ours; neither
is given credit for the others. Values of the scalar side are compared.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Batch, Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse
from tests import scalar_deal, scalar_pool
from tests.benchmarks.test_mbs_pool import cpu

CASE = Path(__file__).parents[1] / "golden" / "structured" / "tieout.clo.json"
INPUTS: dict[str, Any] = json.loads(CASE.read_text(encoding="utf-8"))["inputs"]
AS_OF = dt.date.fromisoformat(INPUTS["as_of"])
OURS, THEIRS, SCENARIOS = 400, 2, 100
SHIFTS = [0.0, *(-0.015 + 0.0003 * i for i in range(SCENARIOS - 1))]
MORTGAGES: dict[str, Any] = {
    "accrual_start_date": "2022-12-01",
    "payment_delay_days": 24,
    "collateral": [
        {"balance": "60000000", "rate": "0.055", "months": 300, "age": 30},
        {"balance": "40000000", "rate": "0.0525", "months": 172, "age": 5},
    ],
    "tranches": [
        {
            "name": "PAC", "balance": "50000000", "kind": "PAC", "coupon": "0.045",
            "planned_balances": [f"{50000000 * (1 - k / 120):.2f}" for k in range(1, 121)],
        },
        {"name": "SUPPORT", "balance": "30000000", "coupon": "0.05"},
        {"name": "Z", "balance": "19000000", "kind": "Z", "coupon": "0.05"},
        {"name": "R", "balance": "1000000", "kind": "RESIDUAL"},
    ],
    "clean_up_call": "0.0517",
    "prepayment": {"kind": "PSA", "speed": "1.65"},
}  # fmt: skip


def states() -> States:
    market = {
        "format": "tieout.market/1",
        "as_of": INPUTS["as_of"],
        "curves": [{"name": "ZERO", "currency": "USD", "nodes": INPUTS["nodes"]}],
        "discount": {"USD": "ZERO"},
    }
    documents: list[dict[str, Any]] = [{"code": "BASE"}] + [
        {"code": f"S{i}", "shocks": [{"risk": "RATE", "size": f"{shift:.4f}"}]}
        for i, shift in enumerate(SHIFTS[1:])
    ]
    read = [parse(document) for document in documents]
    axis = Axis(tuple(Cell("PV", scenario.code) for scenario in read), AS_OF, "USD")
    return States(snapshot.parse(market), read, axis)


def positions(terms: dict[str, Any]) -> list[PositionInput]:
    """Return tranches of deals that differ in speed and size of their loans' rates."""
    rng = np.random.default_rng(9)
    names = [tranche["name"] for tranche in terms["tranches"]]
    found = []
    for i in range(OURS):
        lines = [
            {**line, "rate": f"{float(line['rate']) + rng.uniform(-0.003, 0.003):.5f}"}
            for line in terms["collateral"]
        ]
        speed = float(terms["prepayment"]["speed"]) * rng.uniform(0.6, 1.4)
        made = {
            **terms, "collateral": lines, "tranche": names[i % len(names)],
            "prepayment": {"kind": terms["prepayment"]["kind"], "speed": f"{speed:.4f}"},
        }  # fmt: skip
        tranche = terms["tranches"][i % len(names)]
        state = {
            "quantity": tranche["balance"], "spread": "0.012",
            "credit_basis": "CASHFLOW" if "default" in terms else "SPREAD",
        }  # fmt: skip
        found.append(PositionInput(f"T{i}", "STRUCTURED", "USD", made, state))
    return found


def scalar(position: PositionInput) -> list[float]:
    """Return the tranche's value in every scenario, one waterfall each."""
    terms = position.terms
    place = [one["name"] for one in terms["tranches"]].index(terms["tranche"])
    out = []
    for shift in SHIFTS:
        zero = scalar_pool.linear_zero(AS_OF, INPUTS["nodes"], shift)
        worth = 0.0
        for paid in scalar_deal.Deal(terms, AS_OF, zero).run(float(terms.get("index_rate", 0))):
            t = (paid.date - AS_OF).days / 365.0
            if t > 0.0:
                cash = paid.interest[place] + paid.principal[place]
                worth += cash * math.exp(-(zero(t) + 0.012) * t)
        out.append(worth)
    return out


def packed(made: list[PositionInput]) -> Batch:
    return product("STRUCTURED").pack(made, Names()).batch


@pytest.mark.parametrize(
    ("name", "terms"), [("CLO", INPUTS["terms"]), ("PAC and Z", MORTGAGES)], ids=["clo", "pac"]
)
def test_tranches_beside_a_scalar_waterfall(
    name: str, terms: dict[str, Any], record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    terms = {**terms, "index_rate": INPUTS.get("index_rate")}
    made = positions(terms)
    batch, prepared = packed(made), states()
    ours, valued = cpu(lambda: valuation.value(batch, prepared), repeats=2)
    theirs, wanted = cpu(lambda: [scalar(position) for position in made[:THEIRS]], repeats=1)
    assert valued.failures == [None] * OURS
    total = sum(float(line["balance"]) for line in terms["collateral"])
    assert valued.values[:THEIRS] == pytest.approx(np.array(wanted), abs=1e-9 * total)
    tracemalloc.start()
    valuation.value(batch, prepared)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    speed, other = OURS * SCENARIOS / ours, THEIRS * SCENARIOS / theirs
    record_property("valuations_per_second", round(speed))
    record_property("ratio", round(speed / other, 1))
    record_property("peak_mb", round(peak / 1e6))
    result = OURS * SCENARIOS * 8 / 1e6
    with capsys.disabled():
        print(
            f"\n{name}: {speed:,.0f} valuations/s, scalar {other:,.0f}, ratio "
            f"{speed / other:.0f}; peak {peak / 1e6:.0f} MB, of which the result {result:.1f}; "
            f"100,000 x {SCENARIOS} about {peak / 1e6 - result + 80:.0f} MB"
        )
    assert speed / other >= 20.0
