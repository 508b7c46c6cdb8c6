"""The Federal Reserve's severely adverse scenario as published, to the figures of its summary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing.scenarios import ScenarioError, fed, parse, satellite

CASE = "fed.severely_adverse.2025"
FOLDER = Path(__file__).parent / "scenario"


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{CASE}.json").read_text())
    return found


FILES = {
    "domestic": fed.DOMESTIC,
    "international": fed.INTERNATIONAL,
    "historic": fed.DOMESTIC,
    "historic_international": fed.INTERNATIONAL,
}


def path_of(inputs: dict[str, list[str]]) -> fed.Supervisory:
    tables = [fed.table("\n".join(inputs[n]), f"{n}.csv", v) for n, v in FILES.items()]
    return fed.supervisory(*tables)


@pytest.fixture(scope="module")
def path(published: dict[str, Any]) -> fed.Supervisory:
    return path_of(published["inputs"])


def test_the_paths_are_those_of_the_file(published: dict[str, Any], path: fed.Supervisory) -> None:
    expected = published["expected"]
    assert len(path.quarters) == expected["n_quarters"]
    assert len(path.levels) == 28
    assert (path.quarters[0], path.quarters[-1], path.jump_off) == ("2025 Q1", "2028 Q1", "2024 Q4")
    variables = {
        "path_unemployment": "Unemployment rate",
        "path_3m_treasury": "3-month Treasury rate",
        "path_10y_treasury": "10-year Treasury yield",
        "path_hpi": "House Price Index (Level)",
        "path_cre": "Commercial Real Estate Price Index (Level)",
        "path_equity": "Dow Jones Total Stock Market Index (Level)",
    }
    for name, variable in variables.items():
        assert path.levels[variable].tolist() == expected[name]


def test_peaks_and_troughs_are_those_of_the_published_summary(
    published: dict[str, Any], path: fed.Supervisory
) -> None:
    summary, tolerance = published["expected"]["published_summary"], published["tolerance"]
    levels = path.levels
    spread = levels["BBB corporate yield"] - levels["10-year Treasury yield"]

    def worst(variable: str) -> float:
        return float(100.0 * (path.ratio(variable).min() - 1.0))

    found = {
        "unemployment_peak": levels["Unemployment rate"].max(),
        "t3m_trough": levels["3-month Treasury rate"].min(),
        "t10y_trough": levels["10-year Treasury yield"].min(),
        "bbb_spread_peak": spread.max(),
        "us_equities_pct": worst("Dow Jones Total Stock Market Index (Level)"),
        "us_hpi_pct": worst("House Price Index (Level)"),
        "us_cre_pct": worst("Commercial Real Estate Price Index (Level)"),
    }
    assert found == {name: pytest.approx(value, abs=tolerance) for name, value in summary.items()}


def test_shocks_are_differences_of_rates_and_ratios_of_indices(path: fed.Supervisory) -> None:
    made = satellite.scenarios(path, satellite.model(), ("EUR", "JPY"), "SA")
    assert [item["code"] for item in made[:2]] == ["SA_Q01", "SA_Q02"]
    uses = [item["attributes"]["use"] for item in made]
    assert uses == ["PROJECTION"] * 9 + ["LIFETIME"] * 4
    second = {(s["risk"], s.get("rating", s.get("segment", s.get("currency")))): s
              for s in made[1]["shocks"]}  # fmt: skip
    levels, start = path.levels, path.start
    ten = levels["10-year Treasury yield"][1] - start["10-year Treasury yield"]
    rates = dict(second["RATE", "USD"]["tenors"])
    assert float(rates["10Y"]) == pytest.approx(ten / 100.0, abs=1e-12)
    assert second["RATE", "USD"]["floor"] == "0"
    bbb = levels["BBB corporate yield"][1] - start["BBB corporate yield"]
    assert float(second["SPREAD", "BBB"]["size"]) == pytest.approx((bbb - ten) / 100.0, abs=1e-12)
    homes = levels["House Price Index (Level)"][1] / start["House Price Index (Level)"] - 1.0
    assert float(second["PROPERTY", "RESIDENTIAL"]["size"]) == pytest.approx(homes, abs=1e-12)
    yen = "Japan bilateral dollar exchange rate (yen/USD)"
    worth = start[yen] / levels[yen][1] - 1.0
    assert float(second["FX", "JPY"]["size"]) == pytest.approx(worth, abs=1e-12)
    assert all(parse(item).shocks for item in made)


def test_the_example_of_the_page_is_the_second_quarter(path: fed.Supervisory) -> None:
    page = Path(__file__).parents[2] / "docs" / "methods" / "scenarios.md"
    assert "rates −330 bp at 10Y, BBB spreads +360 bp" in page.read_text(encoding="utf-8")
    shocks = satellite.scenarios(path, satellite.model(), (), "SA")[1]["shocks"]
    assert dict(shocks[0]["tenors"])["10Y"] == "-0.033"
    assert [s["size"] for s in shocks if s.get("rating") == "BBB"] == ["0.036"]


def test_a_scenario_that_stays_at_its_start_shocks_nothing(path: fed.Supervisory) -> None:
    still = fed.Supervisory(
        path.name,
        path.quarters,
        path.jump_off,
        {name: np.full(13, value) for name, value in path.start.items()},
        path.start,
    )
    for item in satellite.scenarios(still, satellite.model(), ("EUR",), "S"):
        for shock in item["shocks"]:
            assert shock.get("size", "0") == "0"
            assert {size for _, size in shock.get("tenors", [])} <= {"0"}


def test_a_missing_column_or_quarter_is_named(published: dict[str, Any]) -> None:
    inputs = published["inputs"]
    header, *rows = inputs["domestic"]
    renamed = [header.replace("Mortgage rate", "Mortgage"), *rows]
    without = [header, *rows[:4], *rows[5:]]
    empty = [*inputs["domestic"][:-1], inputs["domestic"][-1].rpartition(",")[0] + ","]
    cases = [
        (renamed, "FED_COLUMN_MISSING", "'Mortgage rate'"),
        (without, "FED_QUARTER_MISSING", "2026 Q1 is missing"),
        (inputs["domestic"][:-1], "FED_FILES_DIFFER", "different scenarios or quarters"),
        (empty, "FED_LEVEL_MISSING", "Market Volatility Index"),
        (inputs["baseline"], "FED_FILES_DIFFER", "different scenarios"),
        ([], "FED_FILE_INVALID", "empty"),
    ]
    for lines, code, words in cases:
        with pytest.raises(ScenarioError, match=words) as refused:
            path_of({**inputs, "domestic": lines})
        assert refused.value.code == code


def test_a_scenario_of_twelve_quarters_is_refused(published: dict[str, Any]) -> None:
    inputs = published["inputs"]
    short = {name: inputs[name][:-1] for name in ("domestic", "international")}
    with pytest.raises(ScenarioError, match="13 quarters are expected, the last is 2027 Q4"):
        path_of({**inputs, **short})


def test_a_jump_off_that_does_not_precede_the_scenario_is_refused(
    published: dict[str, Any],
) -> None:
    inputs = published["inputs"]
    late = [inputs["historic"][0], inputs["historic"][1].replace("2024 Q4", "2024 Q3")]
    with pytest.raises(ScenarioError, match="2024 Q3"):
        path_of({**inputs, "historic": late})


def test_a_currency_that_the_model_does_not_know_is_refused(path: fed.Supervisory) -> None:
    with pytest.raises(ScenarioError) as refused:
        satellite.scenarios(path, satellite.model(), ("CHF",), "SA")
    assert refused.value.place == "fx.CHF"


def test_the_model_says_of_itself_that_it_is_constructed() -> None:
    model = satellite.model()
    assert model["source"].startswith("CONSTRUCTED")
    assert model["model"]
