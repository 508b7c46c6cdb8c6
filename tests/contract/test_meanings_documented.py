"""What a figure, a failure or a shock means is documented; pages are listed, no link is dead."""

from __future__ import annotations

import re
from pathlib import Path

from apps.ingestion.problems import CODES as PROBLEMS
from apps.result import errors
from fixtures.scenarios import scenarios
from pricing.failure import CODES as FAILURES
from pricing.measures import MEASURES
from pricing.scenarios.shocks import FxShock, RateShock, SpreadShock

_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def pages(repository: Path) -> list[Path]:
    """Return every page a reader meets."""
    named = ("README.md", "CONTRIBUTING.md", "fixtures/SOURCES.md")
    return [*(repository / name for name in named), *sorted((repository / "docs").rglob("*.md"))]


def words(repository: Path) -> set[str]:
    """Return every code-like word of the documentation."""
    return {
        word
        for page in pages(repository)
        for word in re.findall(r"[A-Z][A-Z0-9_]+", page.read_text())
    }


def test_every_measure_has_its_definition(repository: Path) -> None:
    page = (repository / "docs" / "methods" / "measures.md").read_text()
    missing = [code for code in MEASURES if not re.search(rf"\b{code}\b", page)]
    assert missing == []


def test_every_failure_of_a_position_is_explained(repository: Path) -> None:
    known = words(repository)
    assert [code for code in FAILURES if code not in known] == []
    assert [code for code in errors.NUMBER if code and code not in known] == []


def test_every_problem_of_a_file_is_explained(repository: Path) -> None:
    guide = (repository / "docs" / "guides" / "ingestion.md").read_text()
    assert [code for code in PROBLEMS if not re.search(rf"\b{code}\b", guide)] == []


def test_every_shock_is_explained(repository: Path) -> None:
    page = (repository / "docs" / "methods" / "scenarios.md").read_text()
    for kind in ("RATE", "SPREAD", "FX"):
        assert re.search(rf"\b{kind}\b", page), kind
    fields = {
        field for shock in (RateShock, SpreadShock, FxShock) for field in shock.__dataclass_fields__
    } - {"sizes"}
    assert sorted(field for field in fields if f"`{field}`" not in page) == []
    used = {scenario["kind"] for scenario in scenarios()}
    assert all(re.search(rf"\b{kind}\b", page) for kind in used)


def test_every_page_is_listed_in_the_index(repository: Path) -> None:
    folder = repository / "docs"
    index = (folder / "index.md").read_text()
    listed = {(folder / target).resolve() for target in _LINK.findall(index)}
    missing = [
        str(page.relative_to(folder))
        for page in sorted(folder.rglob("*.md"))
        if page.name != "index.md" and page not in listed
    ]
    assert missing == []


def test_no_link_leads_nowhere(repository: Path) -> None:
    dead = [
        f"{page.relative_to(repository)}: {target}"
        for page in pages(repository)
        for target in _LINK.findall(page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []


def test_decisions_are_numbered_once(repository: Path) -> None:
    numbers = [path.name[:4] for path in (repository / "docs" / "decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))
