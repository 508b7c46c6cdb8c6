"""Random derivatives: parity, sensitivities as differences, ladders, signs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse
from tests.unit.pricing.conftest import DAY, MARKET
from tests.unit.pricing.derivative_book import EUROS, FIXED, FLOATING, derivatives

BP = 1e-4
SCENARIOS: list[dict[str, Any]] = [
    {"code": "BASE"},
    {"code": "DOWN", "shocks": [{"risk": "RATE", "size": "-0.0001"}]},
    {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.0001"}]},
    {"code": "HIGH", "shocks": [{"risk": "RATE", "size": "0.02"}]},
    {"code": "RISKY", "shocks": [{"risk": "CREDIT", "size": "0.01"}]},
    {"code": "WILD", "shocks": [{"risk": "VOLATILITY", "mode": "RELATIVE", "size": "0.3"}]},
]
MEASURES = ("PV", "DV01", "KEY_RATE_DV01", "NOTIONAL")


def states() -> States:
    scenarios = [parse(document) for document in SCENARIOS]
    cells = default_cells(MEASURES, [s.code for s in scenarios], ["USD", "EUR"], "USD")
    return States(snapshot.parse(MARKET), scenarios, Axis(cells, DAY, "USD"))


STATES = states()
CELLS = [str(cell) for cell in STATES.axis.cells]


def values(*contracts: dict[str, Any]) -> list[dict[str, float]]:
    inputs = [PositionInput("D", "DERIVATIVE", "USD", terms, {}) for terms in contracts]
    valued = valuation.value(product("DERIVATIVE").pack(inputs, Names()).batch, STATES)
    assert valued.failures == [None] * len(inputs)
    rows = valuation.convert(valued, STATES)
    return [dict(zip(CELLS, row.tolist(), strict=True)) for row in rows]


life = st.tuples(st.integers(-80, 700), st.integers(60, 7000)).map(
    lambda days: {
        "start_date": (DAY + dt.timedelta(days=days[0])).isoformat(),
        "maturity_date": (DAY + dt.timedelta(days=max(days[0], 0) + days[1])).isoformat(),
        "notional": "1000000",
    }
)
rates = st.floats(-0.005, 0.09).map(lambda rate: f"{rate:.6f}")


@settings(max_examples=40)
@given(life=life, rate=rates, euros=st.booleans())
def test_cap_less_floor_is_the_swap(life: dict[str, Any], rate: str, euros: bool) -> None:
    leg = EUROS if euros else FLOATING
    option = {"kind": "CAP_FLOOR", "strike": rate, "leg": leg, **life}
    fixed = {key: value for key, value in leg.items() if key != "index"}
    swap = {"kind": "IRS", "receive": leg, "pay": {**fixed, "rate": rate}, **life}
    cap, floor, exchanged = values({**option, "option": "CAP"}, {**option, "option": "FLOOR"}, swap)
    for scenario in ("BASE", "HIGH", "WILD"):
        cell = f"PV@{scenario}"
        assert cap[cell] - floor[cell] == pytest.approx(exchanged[cell], abs=1e-6)
        assert cap[cell] >= -1e-9
        assert floor[cell] >= -1e-9
    assert cap["PV@WILD"] >= cap["PV@BASE"] - 1e-9


@settings(max_examples=40)
@given(
    ahead=st.integers(5, 3000),
    years=st.integers(1, 20),
    rate=rates,
    spread=st.floats(-0.005, 0.01).map(lambda rate: f"{rate:.6f}"),
)
def test_payer_less_receiver_is_the_forward_swap(
    ahead: int, years: int, rate: str, spread: str
) -> None:
    start = DAY + dt.timedelta(days=ahead)
    life = {
        "start_date": start.isoformat(),
        "maturity_date": (start + dt.timedelta(days=365 * years)).isoformat(),
        "notional": "1000000",
    }
    fixed, floating = {**FIXED, "rate": rate}, {**FLOATING, "spread": spread}
    right = {"kind": "SWAPTION", "expiry_date": start.isoformat(), "fixed": fixed,
             "floating": floating, **life}  # fmt: skip
    payer, receiver, swap = values(
        {**right, "option": "PAYER"},
        {**right, "option": "RECEIVER"},
        {"kind": "IRS", "receive": floating, "pay": fixed, **life},
    )
    for scenario in ("BASE", "HIGH", "WILD"):
        cell = f"PV@{scenario}"
        assert payer[cell] - receiver[cell] == pytest.approx(swap[cell], abs=1e-6)
        assert payer[cell] >= max(swap[cell], 0.0) - 1e-6


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_sensitivities_are_differences_and_ladders_add_up(seed: int) -> None:
    batch = product("DERIVATIVE").pack(derivatives(np.random.default_rng(seed), 45), Names()).batch
    valued = valuation.value(batch, STATES)
    good = [i for i, failure in enumerate(valued.failures) if failure is None]
    assert len(good) > 35
    for row in valuation.convert(valued, STATES)[good]:
        found = dict(zip(CELLS, row.tolist(), strict=True))
        notional = abs(found["NOTIONAL@BASE"])
        difference = (found["PV@DOWN"] - found["PV@UP"]) / 2
        assert found["DV01@BASE/ALL"] == pytest.approx(difference, abs=1e-12 * notional + 1e-9)
        single = found["DV01@BASE/USD"] + found["DV01@BASE/EUR"]
        ladder = sum(found[cell] for cell in CELLS if cell.startswith("KEY_RATE_DV01@BASE/"))
        # Each bump leaves out products of two rates' moves: (hT)^2 of the value moved.
        limit = notional * 25.0 * 25.0 * BP * BP
        assert found["DV01@BASE/ALL"] == pytest.approx(single, abs=limit)
        assert ladder == pytest.approx(single, abs=limit)


@settings(max_examples=25)
@given(
    years=st.integers(1, 10),
    premium=st.floats(0, 0.08).map(lambda rate: f"{rate:.6f}"),
    integration=st.sampled_from(["ISDA", "MID_POINT"]),
)
def test_protection_gains_when_default_is_likelier(
    years: int, premium: str, integration: str
) -> None:
    terms = {
        "kind": "CDS", "credit": "ACME-SENIOR", "start_date": "2022-12-20",
        "maturity_date": f"{2022 + years}-12-20", "notional": "1000000", "premium": premium,
        "integration": integration,
    }  # fmt: skip
    bought, sold = values({**terms, "protection": "BOUGHT"}, {**terms, "protection": "SOLD"})
    assert bought["PV@RISKY"] > bought["PV@BASE"]
    for scenario in ("BASE", "RISKY", "HIGH"):
        assert bought[f"PV@{scenario}"] == -sold[f"PV@{scenario}"]
