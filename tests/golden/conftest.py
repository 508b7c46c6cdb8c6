"""Keeps how near the library comes to each published case: differences.json, and the page of it.

`UPDATE_DIFFERENCES=1 .venv/bin/pytest -p no:xdist tests/golden` writes both anew.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.near import Difference, recorded
from tests.golden.page import HERE, KEPT, PAGE, with_differences

UPDATE = bool(os.environ.get("UPDATE_DIFFERENCES"))
CASES = {path.stem for path in HERE.glob("*/*.json")}
SLACK, NOISE = 1.1, 0.01
"""Another machine rounds otherwise: a tenth of the share, and a hundredth of the tolerance."""

worst: dict[str, Difference] = {}


@pytest.fixture(autouse=True)
def near_to_the_published(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Compare the differences of a test with those that are kept for its cases."""
    read: set[str] = set()
    whole = Path.read_text

    def read_text(path: Path, *arguments: object, **named: object) -> str:
        read.add(path.stem)
        return whole(path, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_text", read_text)
    with recorded(monkeypatch) as found:
        yield
    # What a module reads once is of all its tests.
    source = inspect.getsource(request.module)
    of_test = read & CASES or {name for name in CASES if f'"{name}"' in source}
    kept = {} if UPDATE else json.loads(KEPT.read_text(encoding="utf-8"))
    for name in of_test:
        for one in found:
            if name not in worst or one.share > worst[name].share:
                worst[name] = one
            if not UPDATE:
                before = Difference(**kept[name])
                assert one.share <= before.share * SLACK + NOISE, (name, one, before)


def pytest_sessionfinish() -> None:
    """Write what was found, when asked to."""
    if UPDATE:
        figures = {
            name: {"difference": float(f"{one.difference:.2g}"), "tolerance": one.tolerance}
            for name, one in sorted(worst.items())
        }
        KEPT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_differences(page, figures), encoding="utf-8")
