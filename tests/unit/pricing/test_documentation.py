"""What the library offers stands in docs/methods."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pricing.calendars import CALENDARS, ROLLS
from pricing.daycount import CONVENTIONS
from pricing.failure import CODES
from pricing.market.bootstrap.instruments import KINDS as QUOTES
from pricing.market.interpolation import Interpolation
from pricing.measures import MEASURES
from pricing.products.registry import PRODUCTS
from pricing.scenarios.parse_shock import RISKS
from pricing.scenarios.shocks import STANDARD
from pricing.yield_conventions import YIELD_CONVENTIONS

METHODS = Path(__file__).parents[3] / "docs" / "methods"
PAGES = {
    "ABS_MBS": "mbs_pool.md",
    "AMORT_LOAN": "loan.md",
    "CALLABLE_BOND": "callable.md",
    "DERIVATIVE": "derivative.md",
    "DELAYED_DRAW": "revolver.md",
    "FIXED_BOND": "bond.md",
    "FLOATING_NOTE": "floating_note.md",
    "FX_FWD": "fx_forward.md",
    "INFLATION_BOND": "inflation_bond.md",
    "REVOLVER": "revolver.md",
    "STRUCTURED": "structured.md",
    "ZERO_COUPON": "zero_coupon.md",
}


def text(name: str) -> str:
    return (METHODS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("code", MEASURES)
def test_measure_is_documented(code: str) -> None:
    assert f"`{code}`" in text("measures.md")


@pytest.mark.parametrize("code", CODES)
def test_failure_code_is_documented(code: str) -> None:
    assert f"`{code}`" in text("measures.md")


@pytest.mark.parametrize("product_type", PRODUCTS)
def test_field_of_terms_is_documented(product_type: str) -> None:
    page = text(PAGES[product_type])
    for field in dataclasses.fields(PRODUCTS[product_type].terms):
        assert f"`{field.name}`" in page, field.name


def test_yield_convention_is_documented() -> None:
    page = text("yield.md")
    for code in YIELD_CONVENTIONS:
        assert f"| `{code}` |" in page, code


def test_conventions_calendars_and_scenarios_are_documented() -> None:
    page = text("market.md")
    for code in (*CALENDARS, *ROLLS, *CONVENTIONS):
        assert f"`{code}`" in page, code
    for scenario in STANDARD:
        assert f"`{scenario.code}`" in text("scenarios.md")


def test_quotes_interpolations_and_shocks_are_documented() -> None:
    page = text("market.md")
    for code in (*QUOTES, *Interpolation):
        assert f"`{code}`" in page, code
    for risk in RISKS:
        assert f"| {risk} |" in text("scenarios.md"), risk
