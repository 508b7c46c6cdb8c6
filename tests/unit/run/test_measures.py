"""The measures of a run in their normal form."""

import pytest

from apps.run import adapters


def test_nothing_asked_is_the_usual_list():
    assert "PV" in adapters.normal_measures([])
    assert adapters.normal_measures([]) == adapters.normal_measures(())


@pytest.mark.parametrize(
    ("_case", "asked", "expected"),
    [
        ("order", ["DV01", "PV"], ("PV", "DV01")),
        ("twice", ["PV", "PV"], ("PV",)),
        ("a scenario", ["DV01@UP", "DV01"], ("DV01", "DV01@UP")),
    ],
)
def test_equal_requests_have_one_form(_case, asked, expected):
    assert adapters.normal_measures(asked) == expected


def test_an_unknown_code_is_named():
    with pytest.raises(KeyError, match="WISDOM"):
        adapters.normal_measures(["PV", "WISDOM"])
