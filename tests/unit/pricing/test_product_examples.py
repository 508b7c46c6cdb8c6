"""The worked examples of docs/products are run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pricing.cli import main

EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "products").glob("*.md"))


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


def test_every_derivative_bond_and_pool_product_has_an_example() -> None:
    names = {path.stem for path in EXAMPLES}
    assert {"derivative", "fixed_bond", "floating_note", "inflation_bond", "zero_coupon"} <= names
    assert {"abs_mbs", "structured"} <= names
