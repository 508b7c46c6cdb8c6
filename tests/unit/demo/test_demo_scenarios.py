"""The demo's scenarios: about fifty, BASE first, the standard ones under their names."""

from __future__ import annotations

from fixtures.scenarios import KEY_RATES, scenarios
from pricing.key_rates import DEFAULT_KEY_RATE_TENORS
from pricing.measures import DEFAULT_MEASURES
from pricing.scenarios.parse import parse


def test_there_are_about_fifty_and_the_library_reads_them_all() -> None:
    parsed = [parse(scenario) for scenario in scenarios()]
    assert 45 <= len(parsed) <= 60
    assert len({scenario.code for scenario in parsed}) == len(parsed)


def test_base_stands_first_and_standard_ones_are_there() -> None:
    codes = [scenario["code"] for scenario in scenarios()]
    assert codes[0] == "BASE"
    assert {"RATES_PARALLEL_1BP", "SPREAD_25BP", "FX_SPOT_1PCT", "RATES_UP_200"} <= set(codes)


def test_key_rate_scenarios_are_at_the_tenors_of_the_ladder() -> None:
    assert KEY_RATES == DEFAULT_KEY_RATE_TENORS
    assert "KEY_RATE_DV01" in DEFAULT_MEASURES
