"""Published figures of allowances; each file names its source."""

import json
from pathlib import Path
from typing import Any

import pytest

from pricing.credit import loss_rate
from pricing.credit.qualitative import Adjustment, adjusted_rate

CASES = Path(__file__).parent / "credit"


def published(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text())
    return found


def test_ageing_schedule_has_the_losses_of_the_example() -> None:
    case = published("cecl.asc326.example5_aging")
    given, expected = case["inputs"], case["expected"]
    rates = loss_rate.scaled_rates(given["historical_rates"], given["adjustment"])
    losses = loss_rate.allowance(given["balances"], rates)
    assert 100.0 * rates == pytest.approx(expected["credit_loss_rate_pct"], abs=1e-9)
    # Printed to a dollar; the total is that of the printed losses.
    assert losses == pytest.approx(expected["expected_credit_loss"], abs=case["tolerance"])
    assert sum(round(float(one)) for one in losses) == expected["total"]


def test_lifetime_rate_of_a_vintage_is_applied_to_the_balance() -> None:
    case = published("cecl.marcum_loss_rate")
    given, expected = case["inputs"], case["expected"]
    rate = loss_rate.lifetime_rate(given["losses_by_year"], given["originations_2010"])
    found = loss_rate.allowance([given["current_balance"]], [rate])
    assert sum(given["losses_by_year"]) == expected["cumulative_losses"]
    wanted = [expected["lifetime_loss_rate_pct"], expected["base_allowance"]]
    assert [100.0 * rate, found[0]] == pytest.approx(wanted, abs=case["tolerance"])


def test_open_pool_applies_the_unrounded_rate() -> None:
    case = published("cecl.open_pool")
    given, expected = case["inputs"], case["expected"]
    rate = loss_rate.lifetime_rate(given["losses_listed"], given["snapshot_amortized_cost"])
    factors = [
        Adjustment("POOL", name, given[f"q_factor_{name}"], "as in the example", "the example")
        for name in ("current", "forecast")
    ]
    total = adjusted_rate(rate, "POOL", factors)
    found = loss_rate.allowance([given["current_amortized_cost"]], [total])
    assert round(100.0 * rate, 2) == expected["historical_lifetime_loss_rate_pct"]
    assert round(100.0 * total, 2) == expected["total_loss_rate_pct"]
    assert found[0] == pytest.approx(expected["allowance"], abs=case["tolerance"])
    # The printed rate would give nine dollars more.
    assert 1_650_000 * 0.0219 - found[0] > 8.0
