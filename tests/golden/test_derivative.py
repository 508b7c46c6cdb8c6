"""Derivatives against published values; each file names its source."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products import registry
from pricing.scenarios import parse as parse_scenario
from pricing.scenarios.states import States

CASES = Path(__file__).parent / "derivative"


def case(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text())


def values(
    as_of: dt.date, market: dict[str, Any], terms: dict[str, Any], *measures: str
) -> list[float]:
    document = {"format": "tieout.market/1", "as_of": as_of.isoformat(), **market}
    cells = tuple(Cell(measure, "BASE") for measure in measures)
    axis = Axis(cells, as_of, "USD")
    states = States(snapshot.parse(document), [parse_scenario({"code": "BASE"})], axis)
    packed = registry.product("DERIVATIVE").pack(
        [PositionInput("D", "DERIVATIVE", "USD", terms, {})], Names()
    )
    assert packed.failures == [None]
    valued = valuation.value(packed.batch, states, axis)
    assert valued.failures == [None]
    return [float(number) for number in valued.values[0]]


def test_credit_default_swap_is_worth_quantlibs_cached_value() -> None:
    published = case("ql.cds.cached")
    inputs, expected = published["inputs"], published["expected"]
    far = "2059-12-31"
    # Rates are continuous on ACT/360, curves here on ACT/365F.
    year = 365.0 / 360.0
    market = {
        "curves": [
            {"name": "FLAT", "currency": "USD", "nodes": [[far, format(0.06 * year, ".17f")]]}
        ],
        "discount": {"USD": "FLAT"},
        "credit": [
            {"name": "NAME", "currency": "USD", "recovery": str(inputs["recovery"]),
             "nodes": [[far, format(inputs["hazard"] * year, ".17f")]]}
        ],
    }  # fmt: skip
    terms = {
        "kind": "CDS", "protection": "SOLD", "credit": "NAME",
        "start_date": inputs["issue"], "maturity_date": inputs["maturity"],
        "notional": str(inputs["notional"]), "premium": str(inputs["spread"]),
        "frequency": "SEMIANNUAL", "day_count": inputs["premium_daycount"],
        "calendar": inputs["calendar"], "roll_convention": "MODIFIED_FOLLOWING",
        "last_day_accrues": False, "integration": "MID_POINT",
    }  # fmt: skip
    as_of = dt.date.fromisoformat(inputs["evaluation_date"])
    npv, par, accrued, notional = values(as_of, market, terms, "PV", "PAR_RATE", "ACCRUED",
                                         "NOTIONAL")  # fmt: skip
    assert npv == pytest.approx(expected["npv"], abs=published["tolerance"])
    # The published fair spread takes no accrued premium off: PV = N (s - fair) annuity.
    earned = accrued / notional / inputs["spread"]
    annuity = npv / notional / (inputs["spread"] - expected["fair_spread"])
    clean = expected["fair_spread"] * annuity / (annuity - earned)
    assert par == pytest.approx(clean, abs=published["tolerance"])
