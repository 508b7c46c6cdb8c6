"""The worked examples of docs/products are run as they stand there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pricing.cli import main
from pricing.products import derivative
from pricing.products.registry import PRODUCTS

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLES = sorted((DOCS / "products").glob("*.md"))


def block(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_worked_example_prints_what_its_page_says(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = path.read_text(encoding="utf-8")
    instruments, market = block(page, "json")
    (command,) = block(page, "sh")
    (expected,) = block(page, "text")
    (tmp_path / "INSTRUMENTS.json").write_text(instruments)
    (tmp_path / "MARKET.json").write_text(market)
    program, module, name, *arguments = command.split()
    assert (program, module, name) == ("python", "-m", "pricing")
    paths = [str(tmp_path / a) if a.endswith(".json") else a for a in arguments]
    assert main(paths) == 0
    printed = capsys.readouterr().out.split()
    wanted = expected.split()
    assert len(printed) == len(wanted)
    for found, said in zip(printed, wanted, strict=True):
        if re.fullmatch(r"-?[0-9.]+", said):
            # Another machine may differ in the last bit, never in a digit that counts.
            assert float(found) == pytest.approx(float(said), rel=1e-11, abs=2e-10)
        else:
            assert found == said


def instruments() -> list[dict[str, Any]]:
    """Return the positions of all the pages."""
    found: list[dict[str, Any]] = []
    for path in EXAMPLES:
        found.extend(json.loads(block(path.read_text(encoding="utf-8"), "json")[0]))
    return found


def test_every_product_and_kind_of_derivative_has_an_example() -> None:
    shown = instruments()
    assert {one["product_type"] for one in shown} == set(PRODUCTS)
    kinds = {one["terms"]["kind"] for one in shown if one["product_type"] == "DERIVATIVE"}
    assert kinds == set(derivative.KINDS)


def test_every_example_is_listed_in_the_index() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for path in EXAMPLES:
        assert f"(products/{path.name})" in index, path.name


@pytest.mark.parametrize(
    "one", instruments(), ids=lambda one: f"{one['product_type']}-{one['position_id']}"
)
def test_example_is_a_position_as_its_schema_says(
    one: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", one["product_type"]]) == 0
    schema = json.loads(capsys.readouterr().out)
    terms = schema["properties"]["terms"]
    if "oneOf" in terms:
        (terms,) = [kind for kind in terms["oneOf"] if kind["title"] == one["terms"]["kind"]]
    for part, of in ((one["terms"], terms), (one["state"], schema["properties"]["state"])):
        assert set(of["required"]) <= set(part)
        if of["additionalProperties"] is False:
            assert set(part) <= set(of["properties"])
