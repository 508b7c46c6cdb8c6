"""The measures of a run in their normal form."""

import datetime as dt

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
        ("a horizon", ["THETA/1M@UP", "THETA", "THETA/1M"], ("THETA", "THETA/1M", "THETA/1M@UP")),
        ("a scenario", ["DV01@UP", "DV01"], ("DV01", "DV01@UP")),
    ],
)
def test_equal_requests_have_one_form(_case, asked, expected):
    assert adapters.normal_measures(asked) == expected


@pytest.mark.parametrize(
    ("asked", "has"),
    [("THETA", True), ("THETA/1M", True), ("CARRY/3W@UP", True), ("THETA/soon", False),
     ("PV/1D", False), ("DV01/USD", False)],
)  # fmt: skip
def test_only_a_measure_to_a_horizon_is_asked_for_with_one(asked, has):
    assert adapters.has_factor(asked, dt.date(2022, 12, 30)) is has


def test_an_unknown_code_is_named():
    with pytest.raises(KeyError, match="WISDOM"):
        adapters.normal_measures(["PV", "WISDOM"])
