"""Exposure of derivatives as ORE finds it; each file names its source."""

import json
from pathlib import Path
from typing import Any

import pytest

from pricing.capital import rulebook, saccr

CASES = Path(__file__).parent / "capital"
RULES = {one.label: one for one in rulebook.bundled()}["basel3.saccr@2023"]


def published(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text())
    return found


def test_exposures_of_two_netting_sets_are_those_of_ore() -> None:
    case = published("ore.saccr.credit_risk")
    given, expected = case["inputs"], case["expected"]
    # Times are printed to four digits: the notional is what gives the adjusted one printed.
    trades = [
        saccr.Trade(
            "IR",
            row["hedging_set"],
            row["adjusted_notional"] / saccr.supervisory_duration(RULES, row["start"], row["end"]),
            row["delta"],
            row["end"],
            row["start"],
            row["end"],
        )
        for row in given["trades"]
    ]
    # The first swap is of ten million euro.
    assert trades[0].notional == pytest.approx(1e7, abs=1e3)
    found = saccr.exposure(RULES, trades, value=given["npv"])
    near = case["tolerance"]["amount"]
    by_currency = {name: add_on for (_, name), add_on in found.by_hedging_set.items()}
    assert by_currency == pytest.approx(expected["add_on"], abs=near)
    assert found.add_on == pytest.approx(expected["add_on_total"], abs=near)
    assert found.multiplier == 1.0
    assert found.exposure == pytest.approx(expected["exposure"], abs=near)
    margin = saccr.Margin(0.0, given["minimum_transfer"], 0.0, 10.0)
    empty = saccr.exposure(RULES, [], value=0.0, margin=margin)
    assert empty.replacement_cost == expected["margined_cost"]
    assert empty.exposure == pytest.approx(expected["margined_exposure"], abs=near)
