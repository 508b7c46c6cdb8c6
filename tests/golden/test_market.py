"""Bootstrapped curves against published discount factors; each file names its source."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing.market import bootstrap, snapshot

CASES = Path(__file__).parent / "market"


def published(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text())


@pytest.mark.parametrize("name", ["USD1D", "USD3M"])
def test_dual_curve_has_the_published_discount_factors(name: str) -> None:
    case = published("ore.curves.usd_dual")
    market = snapshot.parse(bootstrap.calibrated(case["inputs"]))
    curve = market.curves[name]
    expected = case["expected"][name]
    days = [(dt.date.fromisoformat(day) - market.as_of).days for day, _ in expected]
    assert [round(time * 365) for time in curve.times] == days
    factors = np.exp(-curve.zeros * curve.times)
    # Printed to eight decimals.
    assert factors == pytest.approx([factor for _, factor in expected], abs=0.5001e-8)
