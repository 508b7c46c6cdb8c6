"""Rulebooks as documents: what is read, what is refused, and where."""

import datetime as dt
import json
from typing import Any

import pytest

from pricing.capital import rulebook
from pricing.capital.errors import CapitalError


def document(**changed: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "format": "tieout.capital/1",
        "name": "test",
        "version": "1",
        "effective_from": "2023-01-01",
        "effective_to": None,
        "citation": "a text",
        "figures": {
            "weight": {"value": 0.5, "paragraph": "1", "checked": "READ"},
            "band": {"value": [[0.5, 0.2], [None, 1]], "paragraph": "2", "checked": "READ"},
        },
    }
    return base | changed


def test_figure_of_a_band_includes_its_upper_bound() -> None:
    rules = rulebook.parse(document())
    assert rules.bands("band").at([0.0, 0.5, 0.500001, 9.0]).tolist() == [0.2, 0.2, 1.0, 1.0]
    assert rules.label == "test@1"
    assert rules.paragraph("band") == "2"


def test_every_bundled_figure_names_its_paragraph_and_whether_the_text_was_read() -> None:
    for path in sorted(rulebook.BUNDLED.glob("*.json")):
        rules = rulebook.parse(json.loads(path.read_text("utf-8")))
        assert path.stem == rules.label
        assert rules.citation
        assert all(figure.paragraph for figure in rules.figures.values())


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"extra": 1}, "rulebook.extra"),
        ({"format": "other"}, "rulebook.format"),
        ({"effective_from": "tomorrow"}, "test@1.effective_from"),
        ({"effective_to": "2022-12-31"}, "test@1.effective_to"),
        ({"citation": ""}, "test@1.citation"),
        (
            {"figures": {"w": {"value": -1, "paragraph": "1", "checked": "READ"}}},
            "test@1.w.value",
        ),
        (
            {"figures": {"w": {"value": 1, "paragraph": "", "checked": "READ"}}},
            "test@1.w.paragraph",
        ),
        ({"figures": {"w": {"value": 1, "paragraph": "1"}}}, "test@1.w.checked"),
        (
            {"figures": {"w": {"value": [[1, 1]], "paragraph": "1", "checked": "READ"}}},
            "test@1.w.value",
        ),
    ],
)
def test_bad_field_of_a_rulebook_is_named(changed: dict[str, Any], place: str) -> None:
    with pytest.raises(CapitalError) as refused:
        rulebook.parse(document(**changed))
    assert (refused.value.code, refused.value.place) == ("RULEBOOK", place)


def test_rulebook_outside_its_dates_is_refused() -> None:
    rules = [rulebook.parse(document(effective_to="2025-01-01"))]
    assert rulebook.in_force(rules, "test", dt.date(2024, 12, 31)) is rules[0]
    for day in (dt.date(2022, 12, 31), dt.date(2025, 1, 1)):
        with pytest.raises(CapitalError, match=f"nothing is in force on {day}") as refused:
            rulebook.in_force(rules, "test", day)
        assert refused.value.code == "NOT_IN_FORCE"


def test_overlapping_versions_are_refused() -> None:
    rules = [
        rulebook.parse(document()),
        rulebook.parse(document(version="2", effective_from="2024-01-01")),
    ]
    with pytest.raises(CapitalError, match="1 and 2 are both in force on 2024-01-01") as refused:
        rulebook.without_overlap(rules)
    assert refused.value.code == "OVERLAPPING_DATES"
    with pytest.raises(CapitalError) as refused:
        rulebook.in_force(rules, "test", dt.date(2024, 6, 1))
    assert refused.value.code == "OVERLAPPING_DATES"


def test_figure_that_is_not_there_is_refused_by_name() -> None:
    rules = rulebook.parse(document())
    with pytest.raises(CapitalError, match=r"test@1\.other"):
        rules.number("other")
    with pytest.raises(CapitalError, match=r"test@1\.band: is not one number"):
        rules.number("band")
