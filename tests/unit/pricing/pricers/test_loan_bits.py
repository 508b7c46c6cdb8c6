"""Loans of any terms: bits depend on the loan, the market, the cell and the profile alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Batch, Names
from pricing.cashflows import cashflows
from pricing.products.registry import product
from pricing.scenarios import States
from tests.unit.pricing.conftest import DAY, SCENARIOS
from tests.unit.pricing.pricers.loan_cases import random_loan, states

COUNT = 96
SHOCKED = [
    *SCENARIOS,
    {"code": "FASTER", "shocks": [{"risk": "PREPAYMENT", "size": "0.5"}]},
    {
        "code": "SLOWER",
        "shocks": [
            {"risk": "PREPAYMENT", "size": "-0.4", "sector": "RETAIL"},
            {"risk": "RATE", "size": "0.005"},
        ],
    },
]


def bits(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(values).view(np.int64)


@pytest.fixture(scope="module")
def batch() -> Batch:
    rng = np.random.default_rng(20221230)
    loans = [random_loan(rng, number) for number in range(COUNT)]
    packed = product("AMORT_LOAN").pack(loans, Names())
    assert not any(packed.failures)
    assert set(Counter(packed.batch.column("path").tolist())) == {1, 2, 3}
    return packed.batch


@pytest.fixture(scope="module")
def reference(batch: Batch) -> npt.NDArray[np.float64]:
    found = valuation.value(batch, states(SHOCKED))
    assert not any(found.failures)
    return found.values


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, COUNT))
def test_any_subset_of_loans_in_any_order_has_the_same_bits(
    seed: int, size: int, batch: Batch, reference: npt.NDArray[np.float64]
) -> None:
    index = np.random.default_rng(seed).permutation(COUNT)[:size]
    found = valuation.value(batch.take(index), states(SHOCKED))
    assert np.array_equal(bits(found.values), bits(reference[index]))


def test_loans_have_the_same_bits_whatever_the_chunks_they_are_worked_on_in(
    batch: Batch, reference: npt.NDArray[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pricing.pricers.loan_paths.NUMBERS", 1)
    monkeypatch.setattr("pricing.pricers.loan_paths.CHUNK", 17)
    found = valuation.value(batch, states(SHOCKED))
    assert np.array_equal(bits(found.values), bits(reference))


@pytest.mark.parametrize("kept", [["BASE"], ["WIDER", "BASE"], ["SLOWER", "TWIST", "BASE", "UP"]])
def test_any_subset_of_scenarios_has_the_same_bits(
    kept: list[str], batch: Batch, reference: npt.NDArray[np.float64]
) -> None:
    whole = states(SHOCKED).axis
    by_code = {document["code"]: document for document in SHOCKED}
    some = states([by_code[code] for code in kept])
    found = valuation.value(batch, some)
    places = [whole.places[cell] for cell in some.axis.cells]
    assert np.array_equal(bits(found.values), bits(reference[:, places]))


@pytest.mark.parametrize(
    "cell",
    [
        Cell("PV", "SLOWER"),
        Cell("CLEAN_PV", "BASE"),
        Cell("KEY_RATE_DV01", "BASE", "USD/5Y"),
        Cell("CONVEXITY_AMOUNT", "BASE"),
        Cell("CLEAN_PRICE", "BASE"),
        Cell("PRINCIPAL_TIME", "BASE"),
    ],
)
def test_one_cell_has_the_bits_it_has_among_many(
    cell: Cell, batch: Batch, reference: npt.NDArray[np.float64]
) -> None:
    whole = states(SHOCKED)
    one = States(whole.market, whole.scenarios, Axis((cell,), DAY, "USD"))
    found = valuation.value(batch, one)
    assert np.array_equal(bits(found.values[:, 0]), bits(reference[:, whole.axis.places[cell]]))


def test_stored_bytes_and_a_small_budget_of_tables_cost_no_bit(
    batch: Batch, reference: npt.NDArray[np.float64]
) -> None:
    again = Batch.from_bytes(batch.to_bytes(), Names(batch.names.as_tuple()))
    tight = states(SHOCKED, budget=1)
    tight.grid._limit = 50
    for first in range(0, COUNT, 29):
        index = np.arange(first, min(first + 53, COUNT))
        found = valuation.value(again.take(index), tight)
        assert np.array_equal(bits(found.values), bits(reference[index]))


def test_flows_of_every_loan_add_up_to_its_value_in_every_scenario(
    batch: Batch, reference: npt.NDArray[np.float64]
) -> None:
    whole = states(SHOCKED)
    for row in range(0, COUNT, 3):
        one = batch.take([row])
        for code in ("BASE", "TWIST", "SLOWER"):
            flows = cashflows(one, whole, code)
            scale = sum(abs(flow.pv) for flow in flows)
            found = reference[row, whole.axis.places[Cell("PV", code)]]
            assert sum(flow.pv for flow in flows) == pytest.approx(found, abs=1e-12 * scale + 1e-9)
