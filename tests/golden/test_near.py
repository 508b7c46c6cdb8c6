"""The record of differences sees each comparison, and a page or a figure that is off fails."""

from __future__ import annotations

import numpy as np
import pytest

from tests.golden.near import recorded
from tests.golden.page import text_of, with_differences

HEAD = "| case | what is asserted | not asserted | worst difference |\n|---|---|---|---|\n"


def test_differences_of_numbers_lists_and_mappings_are_recorded() -> None:
    with pytest.MonkeyPatch.context() as patch, recorded(patch) as found:
        assert pytest.approx(2.0, abs=0.5) == 2.25
        assert pytest.approx([1.0, 2.1], abs=0.2) == [1.0, 2.0]
        assert np.array([3.0]) == pytest.approx(np.array([3.0]), abs=1.0)
        assert pytest.approx({"a": 1.5}, rel=0.5) == {"a": 1.0}
        assert pytest.approx(2.0, abs=0.1) != 2.25
        assert pytest.approx([1.0, 2.0], abs=0.2) != [1.0]
    assert [round(one.difference, 9) for one in found] == [0.25, 0.0, 0.1, 0.0, 0.5, 0.25]
    assert [round(one.tolerance, 9) for one in found] == [0.5, 0.2, 0.2, 1.0, 0.75, 0.1]
    assert max(one.share for one in found) == pytest.approx(2.5)


def test_page_shows_the_difference_nearest_to_its_tolerance() -> None:
    kept = {
        "a.b": {"difference": 2e-7, "tolerance": 1e-6},
        "a.c": {"difference": 3e-3, "tolerance": 1.0},
    }
    page = HEAD + "| `a.b`, `a.c` | all | | old |\n\n| `a.b` | of another table | x |\n"
    assert with_differences(page, kept) == page.replace("| old |", "| 2e-07 of 1e-06 |")
    assert text_of(["a.d"], kept) == "exact"
