"""The worked examples of the method pages are what the library says."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

METHODS = Path(__file__).parents[4] / "docs" / "methods"


@pytest.mark.parametrize("page", ["ladder.md", "duration_bridge.md"])
def test_example_is_what_the_library_says(page: str) -> None:
    failed, tried = doctest.testfile(str(METHODS / page), module_relative=False)
    assert tried > 5
    assert failed == 0
