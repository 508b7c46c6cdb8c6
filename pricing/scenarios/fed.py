"""The Federal Reserve's supervisory scenarios as published: levels of 28 variables by quarter.

Two files make a scenario (Domestic, 16 variables; International, 12), of 13 quarters; the two
Historic files end with the jump-off quarter, the one before the first of the scenario. Rates and
yields are percent a year, growth rates annualised percent, indices levels.
Source: Federal Reserve Board, Supervisory Stress Test Scenarios (Tables 1A to 3B).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.scenarios.shocks import ScenarioError

FloatArray = npt.NDArray[np.float64]

QUARTERS = 13

DOMESTIC = (
    "Real GDP growth",
    "Nominal GDP growth",
    "Real disposable income growth",
    "Nominal disposable income growth",
    "Unemployment rate",
    "CPI inflation rate",
    "3-month Treasury rate",
    "5-year Treasury yield",
    "10-year Treasury yield",
    "BBB corporate yield",
    "Mortgage rate",
    "Prime rate",
    "Dow Jones Total Stock Market Index (Level)",
    "House Price Index (Level)",
    "Commercial Real Estate Price Index (Level)",
    "Market Volatility Index (Level)",
)
INTERNATIONAL = (
    "Euro area real GDP growth",
    "Euro area inflation",
    "Euro area bilateral dollar exchange rate (USD/euro)",
    "Developing Asia real GDP growth",
    "Developing Asia inflation",
    "Developing Asia bilateral dollar exchange rate (F/USD, index)",
    "Japan real GDP growth",
    "Japan inflation",
    "Japan bilateral dollar exchange rate (yen/USD)",
    "U.K. real GDP growth",
    "U.K. inflation",
    "U.K. bilateral dollar exchange rate (USD/pound)",
)


@dataclass(frozen=True, slots=True)
class Table:
    """One file: the scenario it names, its quarters, and the levels of each variable."""

    scenario: str
    quarters: tuple[str, ...]
    levels: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class Supervisory:
    """A scenario: levels (quarters,) by variable, and the levels of the jump-off quarter."""

    name: str
    quarters: tuple[str, ...]
    jump_off: str
    levels: Mapping[str, FloatArray]
    start: Mapping[str, float]

    def difference(self, variable: str) -> FloatArray:
        """Return (quarters,): the change from the jump-off quarter, of rates and spreads."""
        return self.levels[variable] - self.start[variable]

    def ratio(self, variable: str) -> FloatArray:
        """Return (quarters,): the multiple of the jump-off quarter, of indices."""
        return np.asarray(self.levels[variable] / self.start[variable])


def table(text: str, file: str, variables: tuple[str, ...]) -> Table:
    """Return a file as published; ScenarioError names file, column or quarter that is wrong.

    Cells may be empty where a series begins later (historic files only need their last quarter).
    """
    rows = [row for row in csv.reader(io.StringIO(text.lstrip("\ufeff\r\n"))) if any(row)]
    if not rows:
        raise ScenarioError(file, "the file is empty", "FED_FILE_INVALID")
    header = [name.strip() for name in rows[0]]
    for name in ("Scenario Name", "Date", *variables):
        if header.count(name) != 1:
            raise ScenarioError(file, f"one column {name!r} is expected", "FED_COLUMN_MISSING")
    quarters: list[str] = []
    values: dict[str, list[float]] = {name: [] for name in variables}
    names: set[str] = set()
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise ScenarioError(file, f"line {number} has {len(row)} cells", "FED_FILE_INVALID")
        cells = dict(zip(header, row, strict=True))
        quarter = cells["Date"].strip()
        if quarters and quarter != after(quarters[-1], file):
            raise ScenarioError(
                file,
                f"{after(quarters[-1], file)} is missing, {quarter} stands in its place",
                "FED_QUARTER_MISSING",
            )
        quarters.append(quarter)
        names.add(cells["Scenario Name"].strip())
        for name in variables:
            values[name].append(_number(cells[name], file, quarter, name))
    if len(names) != 1:
        raise ScenarioError(file, f"one scenario is expected, {sorted(names)}", "FED_FILE_INVALID")
    levels = {name: np.array(column) for name, column in values.items()}
    return Table(names.pop(), tuple(quarters), levels)


def supervisory(
    domestic: Table, international: Table, past: Table, past_international: Table
) -> Supervisory:
    """Return the scenario of two files, with its start from the last quarter of the historic ones.

    The tables must be of one scenario and the same 13 quarters, which follow the jump-off.
    """
    if domestic.scenario != international.scenario or domestic.quarters != international.quarters:
        raise ScenarioError(
            domestic.scenario,
            "domestic and international files are of different scenarios or quarters",
            "FED_FILES_DIFFER",
        )
    if len(domestic.quarters) != QUARTERS:
        raise ScenarioError(
            domestic.scenario,
            f"{QUARTERS} quarters are expected, the last is {domestic.quarters[-1]}",
            "FED_QUARTER_MISSING",
        )
    jump_off = past.quarters[-1]
    if (
        past_international.quarters[-1] != jump_off
        or after(jump_off, "historic") != (domestic.quarters[0])
    ):
        raise ScenarioError(
            domestic.scenario,
            f"the historic files end with {jump_off} and {past_international.quarters[-1]}, "
            f"the scenario begins with {domestic.quarters[0]}",
            "FED_QUARTER_MISSING",
        )
    levels = {**domestic.levels, **international.levels}
    start = {
        name: float(column[-1])
        for source in (past, past_international)
        for name, column in source.levels.items()
    }
    for name in levels:
        for quarter, value in zip(domestic.quarters, levels[name].tolist(), strict=True):
            if np.isnan(value):
                raise ScenarioError(quarter, f"no level of {name}", "FED_LEVEL_MISSING")
        if np.isnan(start[name]):
            raise ScenarioError(jump_off, f"no level of {name}", "FED_LEVEL_MISSING")
    return Supervisory(domestic.scenario, domestic.quarters, jump_off, levels, start)


def after(quarter: str, file: str) -> str:
    """Return the quarter after one like `2025 Q4`."""
    year, mark, number = quarter[:4], quarter[4:6], quarter[6:]
    if not year.isdigit() or mark != " Q" or number not in ("1", "2", "3", "4"):
        raise ScenarioError(file, f"{quarter!r} is not a quarter like 2025 Q4", "FED_FILE_INVALID")
    return f"{int(year) + 1} Q1" if number == "4" else f"{year} Q{int(number) + 1}"


def _number(text: str, file: str, quarter: str, name: str) -> float:
    if not text.strip():
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        value = float("inf")
    if not np.isfinite(value) or "_" in text:
        raise ScenarioError(
            file, f"{text!r} is no level of {name} in {quarter}", "FED_FILE_INVALID"
        )
    return value
