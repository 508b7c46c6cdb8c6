"""What the library offers stands in docs/methods, and the pages' examples run as they stand."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from pricing.risk.errors import CODES, RiskError
from pricing.risk.explain import AMENDED, MATURED, NEW, RESIDUAL, STEPS
from pricing.risk.traffic_light import MULTIPLIERS
from pricing.risk.window import MISSING_DAYS

METHODS = Path(__file__).parents[4] / "docs" / "methods"
PAGES = ("value_at_risk", "backtest", "concentration", "explain", "reverse_stress")


def text(name: str) -> str:
    return (METHODS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_worked_example_prints_what_its_page_says(page: str) -> None:
    example = doctest.DocTestParser().get_doctest(text(page), {}, page, f"{page}.md", 0)
    assert len(example.examples) > 3
    printed: list[str] = []
    result = doctest.DocTestRunner().run(example, out=printed.append)
    assert result.failed == 0, "".join(printed)


@pytest.mark.parametrize("page", PAGES)
def test_page_states_sources_or_checks_and_limits(page: str) -> None:
    assert "Limits" in text(page)
    assert "Checked against" in text(page)


@pytest.mark.parametrize("code", CODES)
def test_error_code_is_documented(code: str) -> None:
    assert f"| `{code}` |" in text("value_at_risk")


@pytest.mark.parametrize("column", [*STEPS, NEW, MATURED, AMENDED, RESIDUAL])
def test_column_of_the_explanation_is_documented(column: str) -> None:
    assert f"`{column}`" in text("explain")


def test_rulebooks_and_rules_for_missing_days_are_documented() -> None:
    assert all(f"`{name}`" in text("backtest") for name in MULTIPLIERS)
    assert all(f"`{name}`" in text("value_at_risk") for name in MISSING_DAYS)


def test_unknown_code_is_a_bug() -> None:
    with pytest.raises(KeyError):
        RiskError("ODD", "here", "what")
