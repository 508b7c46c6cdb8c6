"""What the library offers stands in docs/methods, and the pages' examples run as they stand."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from pricing.credit.errors import CODES, CreditError
from pricing.credit.generator import Adjustment
from pricing.credit.parameters import KINDS
from pricing.credit.reversion import Reversion
from pricing.credit.roll_forward import CAUSES, RESIDUAL

METHODS = Path(__file__).parents[4] / "docs" / "methods"
PAGES = ("cecl", "expected_loss", "migration")


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
def test_page_states_sources_checks_and_limits(page: str) -> None:
    assert "**Sources.**" in text(page)
    assert "**Limits.**" in text(page)
    assert "**Checked against.**" in text(page)


@pytest.mark.parametrize("code", CODES)
def test_error_code_is_documented(code: str) -> None:
    assert f"| `{code}` |" in text("migration")


@pytest.mark.parametrize("kind", KINDS)
def test_kind_of_document_is_documented(kind: str) -> None:
    assert f"| `{kind}` |" in text("migration")


def test_choices_and_causes_are_documented() -> None:
    assert all(f"`{one}`" in text("migration") for one in Adjustment)
    assert all(f"`{one}`" in text("cecl") for one in (*Reversion, *CAUSES, RESIDUAL))


def test_unknown_code_is_a_bug() -> None:
    with pytest.raises(KeyError):
        CreditError("ODD", "here", "what")
