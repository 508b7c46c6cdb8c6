"""Published figures of market risk; each file names its source."""

import csv
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing.market import bootstrap, snapshot
from pricing.position import PositionInput
from pricing.risk import parametric, price_response
from pricing.risk.covariance import Covariance, checked
from pricing.risk.errors import RiskError
from pricing.risk.explain import explained
from pricing.risk.sensitivities import Sensitivities, sensitivities
from pricing.risk.tail import tail_risk
from pricing.risk.window import window
from pricing.scenarios import States

from tests.golden import quoted  # isort: skip

CASES = Path(__file__).parent / "risk"
MICRO = 1_000_000


def published(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text())
    return found


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_single_position_var_is_that_of_the_textbook() -> None:
    case = published("var.hull.single")
    value, deviation = case["inputs"]["positions"], case["inputs"]["daily_vol"]
    given = sensitivities(["MSFT", "ATT"], np.diag(value).astype(float))
    day = checked(np.diag(np.square(deviation)), ["MSFT", "ATT"])
    one = parametric.delta_normal_var(given, day, 9_900)
    ten = parametric.delta_normal_var(given, day.over(10), 9_900)
    expected = case["expected"]
    found = [one[0], ten[0], ten[1]]
    wanted = [expected["var_1d_msft"], expected["var_10d_msft"], expected["var_10d_att"]]
    # The book rounds the quantile to 2.326 and its figures to hundreds.
    assert found == pytest.approx(wanted, abs=case["tolerance"])


def test_historical_var_and_shortfall_are_those_of_ore() -> None:
    case = published("ore.histvar.all")
    moves = rows(case["inputs"]["pnl_file"])
    pnl = np.array([[int(Decimal(row["pnl"]) * MICRO) for row in moves]])
    assert pnl.shape == (1, case["inputs"]["n"])
    expected = case["expected"]
    for probability, quantile, shortfall in zip(
        expected["probabilities"],
        expected["quantiles"],
        expected["expected_shortfall"],
        strict=True,
    ):
        found = tail_risk(pnl, round(10_000 * (1 - probability)))
        # Printed to a millionth: VaR is an element, the mean is rounded once.
        assert int(found.var[0]) == -round(quantile * MICRO)
        assert int(found.es[0]) == pytest.approx(-shortfall * MICRO, abs=1.0)


def test_ten_day_moves_from_each_day_overlap_and_are_refused_unless_declared() -> None:
    moves = rows("ore.histvar.all.csv")
    starts = np.array([dt.date.fromisoformat(row["start"]) for row in moves], "datetime64[D]")
    ends = np.array([dt.date.fromisoformat(row["end"]) for row in moves], "datetime64[D]")
    with pytest.raises(RiskError, match="scenario 1: 2017-01-03 to 2017-01-18 begins before"):
        window(starts, ends, missing_days="SKIPPED")
    assert window(starts, ends, missing_days="SKIPPED", overlapping=True).overlapping


def ore_portfolio(case: dict[str, Any]) -> tuple[Sensitivities, Covariance]:
    """Return delta and gamma of the case's trades and risk class, and the covariance matrix."""
    classes = {
        "All": "",
        "FX": "FXSpot",
        "Inflation": "ZeroInflationCurve YoYInflationCurve",
    }[case["inputs"]["risk_class"]]
    given = [
        row
        for row in rows(case["inputs"]["sensitivity_file"])
        if row["trade"] in case["inputs"]["trades"]
        and all(
            not classes or name.split("/")[0] in classes.split()
            for name in (row["factor"], row["other_factor"])
            if name
        )
    ]
    factors = sorted({row[name] for row in given for name in ("factor", "other_factor")} - {""})
    at = {factor: i for i, factor in enumerate(factors)}
    delta, gamma = np.zeros((1, len(at))), np.zeros((1, len(at), len(at)))
    for row in given:
        i = at[row["factor"]]
        if not row["other_factor"]:
            delta[0, i] += float(row["delta"])
            gamma[0, i, i] += float(row["gamma"])
        else:
            j = at[row["other_factor"]]
            gamma[0, i, j] += float(row["gamma"])
            gamma[0, j, i] += float(row["gamma"])
    matrix = np.zeros((len(at), len(at)))
    for row in rows(case["inputs"]["covariance_file"]):
        if row["factor"] in at and row["other_factor"] in at:
            i, j = at[row["factor"]], at[row["other_factor"]]
            matrix[i, j] = matrix[j, i] = float(row["covariance"])
    return sensitivities(factors, delta, gamma), checked(matrix, factors)


@pytest.mark.parametrize(
    "name", ["ore.paramvar.pf1.all", "ore.paramvar.pf1.fx", "ore.paramvar.pf1.inflation"]
)
def test_delta_gamma_normal_var_is_that_of_ore(name: str) -> None:
    case = published(name)
    given, matrix = ore_portfolio(case)
    levels = [round(10_000 * (1 - p)) for p in case["expected"]["probabilities"]]
    found = [-parametric.delta_gamma_normal_var(given, matrix, level)[0] for level in levels]
    # Deltas are printed to 0.01 and multiplied by moves of up to 50.
    assert found == pytest.approx(case["expected"]["quantiles"], abs=case["tolerance"]["abs"])


def test_effective_duration_and_convexity_are_those_of_the_standard_formulas() -> None:
    case = published("bma.sf50.effective_dur")
    prices = [case["inputs"][name] for name in ("p0", "p_up_yield", "p_down_yield")]
    shift = case["inputs"]["shift_bp"] / 10_000
    duration = price_response.effective_duration(*prices, shift)
    convexity = price_response.effective_convexity(*prices, shift)
    assert duration == pytest.approx(case["expected"]["effective_duration"], abs=1e-9)
    assert convexity == pytest.approx(case["expected"]["effective_convexity"], abs=1e-6)


def test_total_return_is_that_of_the_standard_formulas() -> None:
    case = published("bma.sf50.total_return")
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    worth = price_response.terminal_value(
        given["cash_flows"],
        given["pay_days"],
        given["horizon_days"],
        given["reinvest_bey"],
        given["sale_price"] * given["pool_factor"],
    )
    assert worth == pytest.approx(expected["terminal_value"], abs=tolerance["value"])
    yearly = price_response.total_return(given["initial"], worth, given["horizon_days"])
    assert 100 * yearly == pytest.approx(expected["bey_total_return_pct"], abs=tolerance["pct"])
    simple = 100 * (worth / given["initial"] - 1)
    assert simple == pytest.approx(expected["total_percentage_return_pct"], abs=tolerance["pct"])


def benchmark(zeros: np.ndarray, case: dict[str, Any]) -> States:
    """Return the states of a market whose only curve has these zero rates at the case's nodes."""
    document = {
        "format": "tieout.market/1",
        "as_of": case["inputs"]["market"]["as_of"],
        "curves": [
            {
                "name": "BENCHMARK",
                "currency": "EUR",
                "interpolation": "LOG_LINEAR_DISCOUNT",
                "nodes": [
                    [day, repr(float(zero))]
                    for day, zero in zip(case["inputs"]["node_dates"], zeros, strict=True)
                ],
            }
        ],
        "discount": {"EUR": "BENCHMARK"},
    }
    return quoted.states(document, ("PV",), "EUR")


def test_stressed_bond_is_worth_what_ore_says_from_its_quotes() -> None:
    case = published("ore.stress.ex15")
    given = case["inputs"]
    market = snapshot.parse(bootstrap.calibrated(given["market"]))
    days = [(dt.date.fromisoformat(day) - market.as_of).days for day in given["node_dates"]]
    overnight = market.curves["EUR1D"].zero_rates(np.array(days) / 365.0)
    base = overnight + given["benchmark_spread"]
    position = PositionInput(
        "BOND",
        "FIXED_BOND",
        "EUR",
        given["bond"]["terms"],
        {"quantity": str(given["bond"]["notional"]), "spread_source": "SUPPLIED", "spread": "0"},
    )
    unshocked = quoted.measured(position, benchmark(base, case))["PV"]
    asserted = [row for row in case["expected"]["rows"] if row["trade"] == "BOND"]
    assert [row["scenario"] for row in asserted] == ["parallel_rates", "twist"]
    for row in asserted:
        shifted = base + np.array(given["shifts"][row["scenario"]])
        shocked = quoted.measured(position, benchmark(shifted, case))["PV"]
        assert unshocked == pytest.approx(row["base_npv"], abs=case["tolerance"]["npv"])
        assert shocked == pytest.approx(row["scenario_npv"], abs=case["tolerance"]["npv"])
        assert shocked - unshocked == pytest.approx(row["pnl"], abs=0.01)


def test_columns_between_the_values_of_ore_are_those_of_its_explanation() -> None:
    case = published("ore.pnlexplain.swaplegs")
    trades = case["inputs"]["trades"]

    def micros(name: str) -> np.ndarray:
        return np.array([int(Decimal(trade[name]) * MICRO) for trade in trades])

    before, after = micros("NPV(t0_m0_p0)"), micros("NPV(t1_m1_p1)")
    paid = micros("PeriodCashFlow")
    ends = {
        "opening": before,
        "amended": after,
        "closing": after,
        "held_before": before != 0,
        "held_after": after != 0,
    }
    # Time before market, as the runs are explained.
    timed = micros("NPV(t1_m0_p0)")
    steps = {"EVENTS": before - paid, "CARRY": timed, "RATES": micros("NPV(t1_m1_p0)")}
    found = explained(steps=steps, **ends)
    held = (before != 0) & (after != 0)
    assert (found.column("NEW") == micros("New")).all()
    assert (-found.column("MATURED") == micros("Terminated")).all()
    assert (found.column("AMENDED") == micros("Amendments")).all()
    assert (found.column("CARRY")[held] == micros("Theta")[held]).all()
    # SwapLegFlow is gone at the end: its time value is that of the trade as it was.
    assert (timed - (before - paid))[1] == micros("Theta")[1]
    assert (found.pnl(paid - paid) == micros("DirtyPnL")).all()
    assert (found.pnl(paid) == micros("CleanPnL")).all()
    # ORE's hypothetical P&L moves the market first; either way the sum is the same.
    market_first = {"RATES": micros("NPV(t0_m1_p0)"), "CARRY": micros("NPV(t1_m1_p0)")}
    turned = explained(steps=market_first, order=("RATES", "CARRY"), **ends)
    hypothetical = micros("HypotheticalCleanPnL")
    assert (turned.column("RATES")[held] == hypothetical[held]).all()
    assert (turned.change() == found.change()).all()
    # Its sensitivities explain it but for second order: two parts in a thousand of it.
    first_order = micros("TotalDelta")[held]
    assert np.abs(first_order - hypothetical[held]).max() < 2e-3 * np.abs(first_order).max()
