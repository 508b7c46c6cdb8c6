"""What must hold for the ladder and the bridge of any position of any product."""

from __future__ import annotations

import functools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.exact import quantise
from pricing import cashflows, valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Batch, Names
from pricing.cashflow import bridge, buckets
from pricing.cashflow.defaults import DEFAULT_BUCKETS
from pricing.dates import ordinal
from pricing.market import snapshot
from pricing.measures import BRIDGE_MEASURES, LADDER_MEASURES, SUMMING_TO_PRINCIPAL, measure
from pricing.products.registry import product
from pricing.scenarios import States, parse
from tests.property.pricing.test_every_product import COUNT, CURRENCIES, DEBTS, EVERY, MAKE
from tests.property.pricing.test_every_product import SCENARIOS as BUMPS
from tests.unit.pricing.conftest import DAY, MARKET

SCENARIOS = [
    *BUMPS,
    {"code": "FASTER", "shocks": [{"risk": "PREPAYMENT", "size": "0.5", "mode": "RELATIVE"}]},
]
ASKED = [f"{code}@{scenario}" for code in (*LADDER_MEASURES, *BRIDGE_MEASURES)
         for scenario in ("BASE", "UP", "FASTER")]  # fmt: skip
NAMES = buckets.names(DEFAULT_BUCKETS)


@functools.cache
def states() -> States:
    read = [parse(document) for document in SCENARIOS]
    codes = [scenario.code for scenario in read]
    cells = default_cells(["PV", "NOTIONAL", *ASKED], codes, CURRENCIES, "USD")
    return States(snapshot.parse(MARKET), read, Axis(cells, DAY, "USD"))


def valued(product_type: str, seed: int) -> tuple[Batch, np.ndarray, list[int]]:
    """Return a batch of random positions, their cells in dollars, and the rows with a value."""
    positions = MAKE[product_type](np.random.default_rng(seed), COUNT)
    batch = product(product_type).pack(positions, Names()).batch
    found = valuation.value(batch, states())
    kept = [i for i, failure in enumerate(found.failures) if failure is None]
    return batch, valuation.convert(found, states()), kept


def place(code: str, scenario: str = "BASE", factor: str = "") -> int:
    return [str(cell) for cell in states().axis.cells].index(
        f"{code}@{scenario}" + (f"/{factor}" if factor else "")
    )


seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("product_type", DEBTS)
@settings(max_examples=2)
@given(seed=seeds)
def test_a_stored_ladder_of_principal_sums_to_what_is_outstanding(
    product_type: str, seed: int
) -> None:
    _, rows, kept = valued(product_type, seed)
    axis = states().axis
    stored, bad = quantise(rows[kept], [axis.quantum(cell) for cell in axis.cells])
    assert not bad.any()
    for code in SUMMING_TO_PRINCIPAL:
        if not measure(code).applies(product_type):
            continue
        for scenario in ("BASE", "UP", "FASTER"):
            at = [place(code, scenario, name) for name in (*NAMES, buckets.NOT_PROJECTED)]
            total = stored[:, place("PRINCIPAL", scenario)]
            assert (stored[:, at].sum(axis=1) == total).all()


@pytest.mark.parametrize("product_type", DEBTS)
@settings(max_examples=2)
@given(seed=seeds)
def test_buckets_hold_the_flows_that_are_listed_for_a_position(
    product_type: str, seed: int
) -> None:
    batch, rows, kept = valued(product_type, seed)
    ends = buckets.edges(DEFAULT_BUCKETS, ordinal(DAY))
    for i in kept:
        for scenario in ("BASE", "UP", "FASTER"):
            flows = [
                flow
                for flow in cashflows.cashflows(batch.take([i]), states(), scenario)
                if flow.kind != "OPTION" and not flow.kind.startswith("EXERCISE")
            ]
            expected = np.zeros(len(NAMES))
            for flow in flows:
                fx = states().fx_value(flow.currency)
                assert fx is not None
                days = (flow.date - DAY).days
                bucket = int(np.searchsorted(ends, days))
                expected[bucket] += flow.amount * fx[states().places[scenario]]
            made = np.zeros(len(NAMES))
            for code in ("LADDER_PRINCIPAL", "LADDER_INTEREST"):
                made += rows[i, [place(code, scenario, name) for name in NAMES]]
            size = np.abs(expected).sum()
            assert made == pytest.approx(expected, abs=1e-11 * size + 2e-6), (
                product_type,
                scenario,
            )


@pytest.mark.parametrize("product_type", [name for name in DEBTS if name != "CALLABLE_BOND"])
@settings(max_examples=2)
@given(seed=seeds)
def test_a_bridge_opens_with_the_value_and_its_columns_sum(product_type: str, seed: int) -> None:
    _, rows, kept = valued(product_type, seed)
    axis = states().axis
    stored, _ = quantise(rows, [axis.quantum(cell) for cell in axis.cells])
    for i in kept:
        for scenario in ("BASE", "UP", "FASTER"):
            value = rows[i, place("PV", scenario)]
            opening = rows[i, place("BRIDGE_VALUE", scenario, "OPENING")]
            size = abs(rows[i, place("NOTIONAL")])
            assert opening == pytest.approx(value, rel=1e-11, abs=1e-11 * size)
    for scenario in ("BASE", "UP", "FASTER"):
        total = stored[kept].sum(axis=0)
        made = [
            [Fraction(int(total[place(code, scenario, step)])) for step in bridge.STEPS]
            for code in ("BRIDGE_VALUE", "BRIDGE_TIME")
        ]
        after = bridge.durations(*made)
        if after is None:
            continue
        counts = [round(each * 10**10) for each in after]
        effects = bridge.effects(counts)
        assert sum(effects.values()) == counts[-1] - counts[0]
        assert abs(effects[bridge.RESIDUAL]) <= 10**5


@pytest.mark.parametrize("product_type", EVERY)
def test_a_ladder_changes_no_bit_of_the_other_cells(product_type: str) -> None:
    positions = MAKE[product_type](np.random.default_rng(7), COUNT)
    batch = product(product_type).pack(positions, Names()).batch
    plain = default_cells(
        ["PV", "NOTIONAL"], [s.code for s in states().scenarios], CURRENCIES, "USD"
    )
    bare = States(snapshot.parse(MARKET), states().scenarios, Axis(plain, DAY, "USD"))
    without = valuation.convert(valuation.value(batch, bare), bare)
    with_ladder = valuation.convert(valuation.value(batch, states()), states())
    shared = [states().axis.places[cell] for cell in plain]
    assert (without == with_ladder[:, shared]).all()
    kept = [i for i, f in enumerate(valuation.value(batch, states()).failures) if f is None]
    if product_type in DEBTS:
        assert with_ladder[kept][:, place("PRINCIPAL")].any()
    else:
        asked = [p for p, cell in enumerate(states().axis.cells) if cell.measure in LADDER_MEASURES]
        assert not with_ladder[:, asked].any()


@pytest.mark.parametrize("product_type", DEBTS)
def test_a_ladder_does_not_depend_on_the_positions_beside_it(product_type: str) -> None:
    positions = MAKE[product_type](np.random.default_rng(11), 12)
    batch = product(product_type).pack(positions, Names()).batch
    whole = valuation.convert(valuation.value(batch, states()), states())
    some = batch.take([7, 2])
    alone = valuation.convert(valuation.value(some, states()), states())
    assert (alone == whole[[7, 2]]).all()
