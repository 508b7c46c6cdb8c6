"""Figures of an entity: floors, ratios that need all their parts, and exposure lines."""

import datetime as dt

import pytest

from pricing.capital import limits, rulebook
from pricing.capital.errors import CapitalError

BOOKS = rulebook.bundled()


@pytest.mark.parametrize(
    ("year", "floor"), [(2023, 50.0), (2027, 70.0), (2028, 72.5), (2035, 72.5)]
)
def test_output_floor_rises_by_the_year(year: int, floor: float) -> None:
    rules = rulebook.in_force(BOOKS, "basel3.output_floor", dt.date(year, 6, 30))
    assert limits.floored_rwa(rules, 10.0, 100.0) == floor
    assert limits.floored_rwa(rules, 90.0, 100.0) == 90.0


def test_output_floor_before_its_time_is_refused() -> None:
    with pytest.raises(CapitalError, match="2022-12-31"):
        rulebook.in_force(BOOKS, "basel3.output_floor", dt.date(2022, 12, 31))


def test_ratio_without_a_part_of_its_assets_is_refused() -> None:
    whole = dict.fromkeys(limits.PARTS, 0.0) | {"credit": 80.0, "operational": 20.0}
    assert limits.capital_ratio(12.0, whole) == 0.12
    for part in limits.PARTS:
        with pytest.raises(CapitalError, match=f"assets.{part}") as refused:
            limits.capital_ratio(12.0, {name: v for name, v in whole.items() if name != part})
        assert refused.value.code == "RWA_MISSING"


def test_large_exposures_are_reported_at_a_tenth_and_over_above_a_quarter() -> None:
    rules = rulebook.in_force(BOOKS, "basel3.lex", dt.date(2024, 1, 1))
    found = limits.large_exposures(
        rules, [9.9, 10.0, 25.0, 25.1, 16.0], 100.0, between_gsibs=[0, 0, 0, 0, 1]
    )
    assert found.reported.tolist() == [False, True, True, True, True]
    assert found.over_limit.tolist() == [False, False, False, True, True]
    with pytest.raises(CapitalError, match="tier1"):
        limits.large_exposures(rules, [1.0], 0.0)
