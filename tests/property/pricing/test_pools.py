"""What must hold for any pool: parts and whole, no prepayment, sums, orders and differences."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import cashflows, valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse

from tests.unit.pricing.conftest import DAY, MARKET  # isort: skip

SCENARIOS = [
    {"code": "BASE"},
    {"code": "DOWN", "shocks": [{"risk": "RATE", "size": "-0.0001"}]},
    {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.0001"}]},
    {"code": "CHEAPER", "shocks": [{"risk": "SPREAD", "size": "0.0001"}]},
]
MEASURES = ("PV", "DV01", "KEY_RATE_DV01", "CS01", "CONVEXITY", "PRINCIPAL", "ACCRUED")


def prepared() -> States:
    codes = [str(document["code"]) for document in SCENARIOS]
    cells = default_cells(MEASURES, codes, ["USD"], "USD")
    read = [parse(document) for document in SCENARIOS]
    return States(snapshot.parse(MARKET), read, Axis(cells, DAY, "USD"))


STATES = prepared()

rates = st.integers(0, 1200).map(lambda bp: f"{bp / 1e4:.4f}")
speeds = st.one_of(
    st.just({"kind": "NONE"}),
    st.builds(lambda s: {"kind": "CPR", "speed": f"{s / 100:.2f}"}, st.integers(0, 100)),
    st.builds(lambda s: {"kind": "PSA", "speed": f"{s / 100:.2f}"}, st.integers(0, 1500)),
    st.builds(lambda s: {"kind": "ABS", "speed": f"{s / 1e4:.4f}"}, st.integers(0, 300)),
    st.builds(
        lambda s: {"kind": "SMM", "vector": [f"{x / 1000:.3f}" for x in s]},
        st.lists(st.integers(0, 200), min_size=1, max_size=8),
    ),
    st.builds(
        lambda low, more, slope, burnout: {
            "kind": "S_CURVE", "lowest": f"{low / 100:.2f}", "highest": f"{(low + more) / 100:.2f}",
            "slope": str(slope), "burnout": f"{burnout / 100:.2f}", "mortgage_spread": "0.015",
        },
        st.integers(0, 20), st.integers(0, 60), st.integers(1, 300), st.integers(0, 100),
    ),
    st.builds(
        lambda low, more, slope, burnout: {
            "kind": "ARCTAN", "lowest": f"{low / 100:.2f}", "highest": f"{(low + more) / 100:.2f}",
            "slope": str(slope), "burnout": f"{burnout / 100:.2f}", "burnout_basis": "BALANCE",
            "seasonality": ["0.9", "0.8", "1.3"] * 4,
        },
        st.integers(0, 20), st.integers(0, 60), st.integers(1, 600), st.integers(0, 100),
    ),
)  # fmt: skip
defaults = st.one_of(
    st.none(),
    st.builds(
        lambda kind, speed, severity, lag, advances: {
            "kind": kind, "speed": f"{speed / 100:.2f}", "severity": f"{severity / 100:.2f}",
            "recovery_lag": lag, "advances": advances,
        },
        st.sampled_from(["CDR", "SDA"]), st.integers(0, 100), st.integers(0, 100),
        st.integers(0, 24), st.booleans(),
    ),
)  # fmt: skip
pools = st.builds(
    lambda wac, fee, wam, age, balloon, delay, prepayment, default: {
        "accrual_start_date": "2022-12-01",
        "wac": wac, "servicing_fee": f"{float(wac) * fee / 100:.6f}", "wam": wam, "age": age,
        "amortisation_months": wam + balloon, "payment_delay_days": delay,
        "prepayment": prepayment, **({"default": default} if default else {}),
    },
    rates, st.integers(0, 99), st.integers(1, 360), st.integers(0, 60),
    st.sampled_from([0, 0, 120]), st.integers(0, 60), speeds, defaults,
)  # fmt: skip


def value(terms: dict[str, Any], balance: str = "1000000") -> dict[str, float]:
    basis = "CASHFLOW" if "default" in terms else "SPREAD"
    state = {"quantity": balance, "spread": "0.01", "credit_basis": basis}
    position = PositionInput("P", "ABS_MBS", "USD", terms, state, "BBB", "RETAIL")
    valued = valuation.value(product("ABS_MBS").pack([position], Names()).batch, STATES)
    assert valued.failures == [None], valued.failures
    return {str(cell): float(valued.values[0, i]) for i, cell in enumerate(STATES.axis.cells)}


def flows(terms: dict[str, Any], scenario: str = "BASE") -> list[cashflows.ProjectedFlow]:
    basis = "CASHFLOW" if "default" in terms else "SPREAD"
    state = {"quantity": "1000000", "spread": "0.01", "credit_basis": basis}
    position = PositionInput("P", "ABS_MBS", "USD", terms, state, "BBB", "RETAIL")
    batch = product("ABS_MBS").pack([position], Names()).batch
    return cashflows.cashflows(batch, STATES, scenario)


@given(pools)
@settings(max_examples=60)
def test_interest_and_principal_strips_are_the_whole_in_every_cell(terms: dict[str, Any]) -> None:
    whole = value(terms)
    parts = [value({**terms, "strip": strip}) for strip in ("IO", "PO")]
    for cell, amount in whole.items():
        scale = 1e-4 if cell.startswith("CONVEXITY") else 1e-6
        both = parts[0][cell] + parts[1][cell]
        assert both == pytest.approx(amount, rel=1e-9, abs=scale * 100), cell


@given(pools)
@settings(max_examples=60)
def test_nothing_prepaid_and_nothing_defaulted_is_the_contract(terms: dict[str, Any]) -> None:
    """A pool that stands still pays what a loan of the same terms pays."""
    contract = {
        **terms, "prepayment": {"kind": "CPR", "speed": "0"}, "payment_delay_days": 0,
        "servicing_fee": "0",
    }  # fmt: skip
    contract.pop("default", None)
    loan = PositionInput(
        "L", "AMORT_LOAN", "USD",
        {
            "start_date": "2022-12-01", "first_payment_date": "2023-01-01",
            "payments": terms["wam"], "original_principal": "1000000", "rate": terms["wac"],
            "interest_basis": "30/360", "amortisation_payments": terms["amortisation_months"],
        },
        {"spread": "0.01"}, "BBB", "RETAIL",
    )  # fmt: skip
    valued = valuation.value(product("AMORT_LOAN").pack([loan], Names()).batch, STATES)
    found = value(contract)
    for i, cell in enumerate(STATES.axis.cells):
        # Differences for 1bp and 25bp of 30 years against analytic columns: h t squared over 6, 12.
        scale = abs(found["PV@BASE"]) / 0.0025**2 if "CONVEXITY" in str(cell) else 0.0
        assert found[str(cell)] == pytest.approx(
            float(valued.values[0, i]), rel=1e-3 if scale else 1e-5, abs=1e-3 + scale * 1e-12
        ), cell
    assert found["PV@BASE"] == pytest.approx(float(valued.values[0, 0]), rel=1e-12)


@given(st.lists(st.tuples(rates, st.integers(1, 9)), min_size=2, max_size=4), pools)
@settings(max_examples=30)
def test_pool_is_the_sum_of_its_loans(shares: list[tuple[str, int]], terms: dict[str, Any]) -> None:
    """Loans alike in all but size are a pool; without interest on rates, of any split."""
    total = sum(share for _, share in shares)
    whole = value(terms, str(total * 1000))
    parts = [value(terms, str(share * 1000)) for _, share in shares]
    for cell, amount in whole.items():
        together = sum(part[cell] for part in parts)
        scale = 1e-12 * abs(whole["PV@BASE"]) / 0.0025**2 if "CONVEXITY" in cell else 1e-6
        assert together == pytest.approx(amount, rel=1e-9, abs=scale), cell


@given(pools)
@settings(max_examples=60)
def test_flows_sum_to_the_value_and_principal_with_losses_to_the_balance(
    terms: dict[str, Any],
) -> None:
    found = value(terms)
    for code in ("BASE", "UP", "CHEAPER"):
        total = sum(flow.pv for flow in flows(terms, code))
        assert total == pytest.approx(found[f"PV@{code}"], rel=1e-11)
    repaid = sum(flow.amount for flow in flows(terms) if flow.kind != "INTEREST")
    if "default" in terms:
        assert repaid <= 1_000_000 * (1 + 1e-12)
    else:
        assert repaid == pytest.approx(1_000_000, rel=1e-11)


@given(pools)
@settings(max_examples=60)
def test_bumped_less_base_is_the_sensitivity_and_value_falls_with_the_spread(
    terms: dict[str, Any],
) -> None:
    found = value(terms)
    pv = found["PV@BASE"]
    assert found["PV@CHEAPER"] < pv
    assert found["DV01@BASE/USD"] == pytest.approx(
        (found["PV@DOWN"] - found["PV@UP"]) / 2, rel=1e-9, abs=1e-9 * pv
    )
    ladder = sum(v for cell, v in found.items() if cell.startswith("KEY_RATE_DV01@BASE/USD"))
    # Second order terms of a curve of a hundred basis points from side to side remain.
    assert ladder == pytest.approx(found["DV01@BASE/USD"], rel=2e-3, abs=1e-7 * pv)
