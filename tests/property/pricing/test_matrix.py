"""docs/methods/properties.md says which property is tried on random terms of which product."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from pricing.products.registry import PRODUCTS

PAGE = Path(__file__).parents[3] / "docs" / "methods" / "properties.md"
HERE = "tests.property.pricing"
EVERY = f"{HERE}.test_every_product"
LOANS = "tests.unit.pricing.pricers.test_loan_properties"
POOLS, DEALS = f"{HERE}.test_pools", f"{HERE}.test_tranches"
CALLABLES, NOTES = f"{HERE}.test_callable_bonds", f"{HERE}.test_bonds_and_notes"
DERIVATIVES = f"{HERE}.test_derivatives"

TRIED: dict[str, dict[str, str]] = {
    "key rates sum to DV01": dict.fromkeys(
        PRODUCTS, f"{EVERY}:test_key_rates_sum_to_the_parallel_dv01"
    ),
    "flows sum to PV": dict.fromkeys(PRODUCTS, f"{EVERY}:test_flows_sum_to_the_value"),
    "bumped less base is the sensitivity": dict.fromkeys(
        PRODUCTS, f"{EVERY}:test_bumped_less_base_is_the_sensitivity"
    ),
    "PV falls with the spread": dict.fromkeys(
        sorted(set(PRODUCTS) - {"DERIVATIVE", "FX_FWD"}),
        f"{EVERY}:test_value_falls_as_the_spread_rises",
    ),
    "principal sums to notional": dict.fromkeys(
        sorted(set(PRODUCTS) - {"DERIVATIVE", "FX_FWD", "INFLATION_BOND", "STRUCTURED"}),
        f"{EVERY}:test_principal_sums_to_what_is_outstanding",
    ),
    "IO + PO = whole": {
        "ABS_MBS": f"{POOLS}:test_interest_and_principal_strips_are_the_whole_in_every_cell",
        "AMORT_LOAN": f"{LOANS}:test_interest_and_principal_strips_make_the_whole",
    },
    "CPR 0 = contractual": {
        "ABS_MBS": f"{POOLS}:test_nothing_prepaid_and_nothing_defaulted_is_the_contract",
        "AMORT_LOAN": f"{LOANS}:test_speeds_of_zero_give_the_contractual_flows",
    },
    "pool = sum of loans": {"ABS_MBS": f"{POOLS}:test_pool_is_the_sum_of_its_loans"},
    "tranches + fees + residual = pool cash": {
        "STRUCTURED": f"{DEALS}:test_tranches_fees_and_residual_are_what_the_collateral_paid"
    },
    "callable <= bullet <= puttable": {
        "CALLABLE_BOND": f"{CALLABLES}:test_callable_is_at_most_the_bullet_and_puttable_at_least"
    },
    "cap - floor = swap": {
        "AMORT_LOAN": f"{LOANS}:test_floor_less_cap_at_one_strike_is_the_swap",
        "DELAYED_DRAW": f"{EVERY}:test_floored_and_capped_are_the_floating_and_the_fixed",
        "DERIVATIVE": f"{DERIVATIVES}:test_cap_less_floor_is_the_swap",
        "FLOATING_NOTE": f"{NOTES}:test_cap_and_floor_at_one_strike_are_the_swap",
        "REVOLVER": f"{EVERY}:test_floored_and_capped_are_the_floating_and_the_fixed",
    },
}


def table() -> list[str]:
    """Return the lines of the page's table: a product a row, a property a column."""
    lines = [
        "| product | " + " | ".join(TRIED) + " |",
        "|---|" + ":-:|" * len(TRIED),
    ]
    for name in sorted(PRODUCTS):
        marks = ["yes" if name in tried else "" for tried in TRIED.values()]
        lines.append(f"| {name} | " + " | ".join(marks) + " |")
    return lines


def test_page_says_which_property_is_tried_on_which_product() -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()
    start = page.index(table()[0])
    assert page[start : start + len(table())] == table()


@pytest.mark.parametrize(
    ("product_type", "test"),
    sorted({(name, test) for tried in TRIED.values() for name, test in tried.items()}),
)
def test_property_is_tried_on_random_terms(product_type: str, test: str) -> None:
    module, _, name = test.partition(":")
    function = getattr(importlib.import_module(module), name)
    assert function.is_hypothesis_test
    for mark in getattr(function, "pytestmark", ()):
        if mark.args and mark.args[0] == "product_type":
            assert product_type in mark.args[1]
