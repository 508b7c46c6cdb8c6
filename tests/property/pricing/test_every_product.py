"""What must hold for any position of any product: sums of flows and ladders, differences."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import cashflows, valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Batch, Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import PRODUCTS, product
from pricing.scenarios import States, parse
from tests.unit.pricing import test_bits as random_positions
from tests.unit.pricing.conftest import DAY, MARKET

COUNT = 5
CURRENCIES = ("USD", "EUR")
SCENARIOS: list[dict[str, Any]] = [
    {"code": "BASE"},
    {"code": "DOWN", "shocks": [{"risk": "RATE", "size": "-0.0001"}]},
    {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.0001"}]},
    {"code": "WIDER", "shocks": [{"risk": "SPREAD", "size": "0.0001"}]},
    {"code": "TIGHTER", "shocks": [{"risk": "SPREAD", "size": "-0.0001"}]},
]
MEASURES = ("PV", "DV01", "KEY_RATE_DV01", "CS01", "PRINCIPAL", "NOTIONAL")
MAKE: dict[str, Callable[[np.random.Generator, int], list[PositionInput]]] = {
    "ABS_MBS": random_positions.pools,
    "AMORT_LOAN": random_positions.loans,
    "CALLABLE_BOND": random_positions.callables,
    "DELAYED_DRAW": lambda rng, n: random_positions.facilities(rng, "DELAYED_DRAW", 7, n),
    "DERIVATIVE": random_positions.derivatives,
    "FIXED_BOND": random_positions.bonds,
    "FLOATING_NOTE": random_positions.notes,
    "FX_FWD": random_positions.forwards,
    "INFLATION_BOND": random_positions.linkers,
    "REVOLVER": lambda rng, n: random_positions.facilities(rng, "REVOLVER", 1, n),
    "STRUCTURED": random_positions.tranches,
    "ZERO_COUPON": random_positions.papers,
}
EVERY = tuple(sorted(PRODUCTS))
DEBTS = tuple(name for name in EVERY if name not in ("DERIVATIVE", "FX_FWD"))
REPAID = ("PRINCIPAL", "REDEMPTION", "PREPAYMENT")
REPAYING = tuple(name for name in DEBTS if name not in ("INFLATION_BOND", "STRUCTURED"))
"""An indexed principal grows, and what tranches lose is that of their collateral."""

KINKED = 2e-5
"""Of the notional: where a rate is within a basis point of its limit, the part of a bump that a
triangle carries moves it one way only; a quarter's rate by half a basis point, for some quarters.
"""
CURVED = 25.0 * 25.0 * 1e-8
"""Of the notional: (h T)^2 of flows that rates move, for bumps of a basis point over 25 years."""


@functools.cache
def states() -> States:
    codes = [str(document["code"]) for document in SCENARIOS]
    cells = default_cells(MEASURES, codes, CURRENCIES, "USD")
    read = [parse(document) for document in SCENARIOS]
    return States(snapshot.parse(MARKET), read, Axis(cells, DAY, "USD"))


Found = tuple[PositionInput, Batch, dict[str, float]]


def valued(product_type: str, seed: int) -> Iterator[Found]:
    """Return random positions, their own batches and their cells in dollars."""
    positions = MAKE[product_type](np.random.default_rng(seed), COUNT)
    batch = product(product_type).pack(positions, Names()).batch
    found = valuation.value(batch, states())
    names = [str(cell) for cell in states().axis.cells]
    rows = valuation.convert(found, states())
    kept = [i for i, failure in enumerate(found.failures) if failure is None]
    assert len(kept) >= 2
    for i in kept:
        yield positions[i], batch.take([i]), dict(zip(names, rows[i].tolist(), strict=True))


def size(cells: dict[str, float]) -> float:
    """Return what differences of a position are measured by."""
    return max(abs(cells[f"{name}@BASE"]) for name in ("PV", "NOTIONAL", "PRINCIPAL"))


def dollars(flow: cashflows.ProjectedFlow, scenario: str) -> float:
    fx = states().fx_value(flow.currency)
    assert fx is not None
    return float(fx[states().places[scenario]])


seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("product_type", EVERY)
@settings(max_examples=2)
@given(seed=seeds)
def test_flows_sum_to_the_value(product_type: str, seed: int) -> None:
    for _, batch, cells in valued(product_type, seed):
        for scenario in ("BASE", "UP"):
            flows = cashflows.cashflows(batch, states(), scenario)
            worth = [flow.pv * dollars(flow, scenario) for flow in flows]
            scale = sum(abs(part) for part in worth)
            assert sum(worth) == pytest.approx(cells[f"PV@{scenario}"], abs=1e-12 * scale)


@pytest.mark.parametrize("product_type", EVERY)
@settings(max_examples=4)
@given(seed=seeds)
def test_key_rates_sum_to_the_parallel_dv01(product_type: str, seed: int) -> None:
    for position, _, cells in valued(product_type, seed):
        limited = {"floor", "cap", "index_floor"} & {k for k, v in position.terms.items() if v}
        for currency in CURRENCIES:
            dv01 = cells[f"DV01@BASE/{currency}"]
            ladder = sum(
                v for k, v in cells.items() if k.startswith(f"KEY_RATE_DV01@BASE/{currency}")
            )
            limit = (KINKED if limited else CURVED) * size(cells)
            if product_type in ("AMORT_LOAN", "FIXED_BOND", "FX_FWD", "ZERO_COUPON"):
                # Flows that no rate moves: (h T)^2 / 6 of 30 years, and what doubles leave.
                limit = (30 * 1e-4) ** 2 / 6 * abs(dv01) + 1e-12 * size(cells)
            assert ladder == pytest.approx(dv01, abs=limit)


@pytest.mark.parametrize("product_type", EVERY)
@settings(max_examples=4)
@given(seed=seeds)
def test_bumped_less_base_is_the_sensitivity(product_type: str, seed: int) -> None:
    for _, _, cells in valued(product_type, seed):
        close = 1e-12 * size(cells)
        rates = (cells["PV@DOWN"] - cells["PV@UP"]) / 2
        assert cells["DV01@BASE/ALL"] == pytest.approx(rates, abs=close)
        spreads = (cells["PV@TIGHTER"] - cells["PV@WIDER"]) / 2
        assert cells["CS01@BASE"] == pytest.approx(
            spreads if product_type in DEBTS else 0.0, abs=close
        )


@pytest.mark.parametrize("product_type", DEBTS)
@settings(max_examples=4)
@given(seed=seeds)
def test_value_falls_as_the_spread_rises(product_type: str, seed: int) -> None:
    """A commitment yet to be drawn is also money to be lent: those that stay as they are."""
    for position, _, cells in valued(product_type, seed):
        if position.terms.get("utilisation") is not None or cells["PRINCIPAL@BASE"] == 0.0:
            continue
        held = 1.0 if cells["PRINCIPAL@BASE"] > 0.0 else -1.0
        wider, base, tighter = (held * cells[f"PV@{s}"] for s in ("WIDER", "BASE", "TIGHTER"))
        assert wider < base < tighter


@pytest.mark.parametrize("product_type", REPAYING)
@settings(max_examples=4)
@given(seed=seeds)
def test_principal_sums_to_what_is_outstanding(product_type: str, seed: int) -> None:
    for position, batch, cells in valued(product_type, seed):
        if position.terms.get("strip") == "IO" or position.terms.get("default") is not None:
            continue
        repaid = sum(
            flow.amount * dollars(flow, "BASE")
            for flow in cashflows.cashflows(batch, states())
            if flow.kind in REPAID
        )
        assert repaid == pytest.approx(cells["PRINCIPAL@BASE"], abs=1e-11 * size(cells))


@pytest.mark.parametrize("product_type", ["DELAYED_DRAW", "REVOLVER"])
@settings(max_examples=6)
@given(seed=seeds, strike=st.integers(100, 900))
def test_floored_and_capped_are_the_floating_and_the_fixed(
    product_type: str, seed: int, strike: int
) -> None:
    """max(r, k) + min(r, k) = r + k for the rate of every period."""
    limit = f"{strike / 1e4:.4f}"
    for position in MAKE[product_type](np.random.default_rng(seed), COUNT):
        if not position.terms.get("index"):
            continue
        state = {**(position.state or {}), "spread_source": "SUPPLIED", "spread": "0.02"}
        plain = {**position.terms, "floor": None, "cap": None, "index_floor": None}
        forms = [plain, {**plain, "floor": limit, "cap": limit}, {**plain, "floor": limit},
                 {**plain, "cap": limit}]  # fmt: skip
        made = [PositionInput("P", product_type, "USD", terms, state) for terms in forms]
        found = valuation.value(product(product_type).pack(made, Names()).batch, states())
        if found.failures[0] is not None:
            # A fee of a random maturity may step inside a period.
            continue
        assert found.failures == [None] * len(forms)
        floats, fixed, floored, capped = found.values
        close = 1e-11 * np.abs(found.values).max()
        np.testing.assert_allclose(floored + capped, floats + fixed, rtol=0, atol=close)
