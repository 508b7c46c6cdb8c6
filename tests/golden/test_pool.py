"""Pools against the tables of the Standard Formulas; each case file names its source."""

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.position import PositionInput
from pricing.pricers import debt, pool_rates
from pricing.pricers.pool_flows import Month, months
from pricing.pricers.pool_standing import stand
from pricing.products import registry
from pricing.scenarios.states import States

from tests.golden.test_loan import states  # isort: skip

CASES = Path(__file__).parent / "pool"
AS_OF = dt.date(2020, 1, 1)


def case(name: str) -> dict[str, Any]:
    """Return a case of pools, or one of loans that pools meet too."""
    own = CASES / f"{name}.json"
    path = own if own.exists() else CASES.parent / "loan" / own.name
    return json.loads(path.read_text(encoding="utf-8"))


def pool(balance: float, wac: float, wam: int, **more: Any) -> PositionInput:
    terms = {"accrual_start_date": "2020-01-01", "wac": str(wac), "wam": wam, **more}
    state = {"outstanding_principal": str(balance), "spread": "0"}
    if "default" in more:
        state["credit_basis"] = "CASHFLOW"
    return PositionInput("P", "ABS_MBS", "USD", terms, state)


def projected(position: PositionInput, prepared: States | None = None) -> list[Month]:
    """Return the months of a pool under its own speeds."""
    prepared = prepared or states(AS_OF)
    packed = registry.product("ABS_MBS").pack([position], Names())
    assert packed.failures == [None]
    found = debt.context(packed.batch, prepared)
    assert not found.failures
    pools, _ = stand(packed.batch, np.array([0]), prepared)
    made = pools.assumptions
    return list(months(pools, lambda k, n, share: made.speed(k, n, np.ones(1)), 1))


def number(text: str) -> float:
    return float(text or 0.0)


def test_every_cell_of_cash_flow_table_a_is_within_half_a_dollar() -> None:
    published = case("bma.cashflow_A")
    inputs = published["inputs"]
    with (CASES / published["expected"]["full_table"]).open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row[0].isdigit()]
    assert len(rows) == 360
    found = projected(
        pool(
            inputs["balance"], inputs["wac"], inputs["term"],
            prepayment={"kind": "SMM", "speed": "0.01"},
            default={
                "kind": "MDR", "speed": "0.01", "severity": str(inputs["severity"]),
                "recovery_lag": inputs["recovery_lag"], "advances": inputs["pi_advanced"],
            },
        )
    )  # fmt: skip
    columns = published["expected"]["columns"]
    totals = dict.fromkeys(columns, 0.0)
    performing, foreclosure, checked = inputs["balance"], 0.0, 0
    for row, month in zip(rows, found, strict=True):
        new = float(month.defaulted[0, 0])
        # What is scheduled of performing loans is what the balance loses beside the rest.
        actual = performing - new - float(month.prepaid[0, 0]) - float(month.performing[0, 0])
        lost = (foreclosure + new) * inputs["net_rate"] / 12.0
        ours = {
            "perf_bal": month.performing, "new_def": new, "fcl": month.foreclosure,
            "exp_am": month.principal, "vol_prepay": month.prepaid,
            "am_def": month.principal - actual, "act_am": actual, "exp_int": month.interest,
            "lost_int": lost, "act_int": month.interest - lost, "prin_recov": month.recovered,
            "prin_loss": month.lost, "adb": month.recovered + month.lost,
        }  # fmt: skip
        for name, value in ours.items():
            amount = float(np.squeeze(value))
            printed = number(row[columns.index(name)])
            # A dollar figure is rounded: half of one, and what float64 leaves of a hundred million.
            assert amount == pytest.approx(printed, abs=published["tolerance"] + 1e-6), (row, name)
            totals[name] += amount
            checked += 1
        factor = number(row[columns.index("amort_factor")])
        assert float(month.factor[0]) == pytest.approx(factor, abs=0.5e-4 + 1e-9)
        performing, foreclosure = float(month.performing[0, 0]), float(month.foreclosure[0, 0])
    assert checked == 360 * 13
    for name, total in published["expected"]["totals_published"].items():
        assert totals[name] == pytest.approx(total, abs=1.0), name


def test_what_the_holder_of_table_a_receives_is_interest_principal_and_recoveries() -> None:
    inputs = case("bma.cashflow_A")["inputs"]
    position = pool(
        inputs["balance"], inputs["wac"], inputs["term"],
        prepayment={"kind": "SMM", "speed": "0.01"},
        default={"kind": "MDR", "speed": "0.01", "severity": "0.2", "recovery_lag": 12},
    )  # fmt: skip
    totals: dict[str, float] = {}
    for flow in cashflows(
        registry.product("ABS_MBS").pack([position], Names()).batch, states(AS_OF)
    ):
        totals[flow.kind] = totals.get(flow.kind, 0.0) + flow.amount
    published = case("bma.cashflow_A")["expected"]["totals_published"]
    assert totals["PRINCIPAL"] == pytest.approx(published["exp_am"], abs=1.0)
    assert totals["PREPAYMENT"] == pytest.approx(published["vol_prepay"], abs=1.0)
    assert totals["RECOVERY"] == pytest.approx(published["prin_recov"], abs=1.0)
    principal = sum(totals[kind] for kind in ("PRINCIPAL", "PREPAYMENT", "RECOVERY"))
    assert principal == pytest.approx(inputs["balance"] - published["prin_loss"], abs=1.5)


def test_cumulative_defaults_are_those_of_sf_20_to_the_printed_digit() -> None:
    published = case("bma.sf20.cumdef_matrix")
    inputs = published["inputs"]
    for psa, row in published["expected"]["cumulative_default_pct"].items():
        for sda, percent in zip(inputs["sda_pct"], row, strict=True):
            found = projected(
                pool(
                    100.0, inputs["wac"], inputs["term"],
                    prepayment={"kind": "PSA", "speed": str(int(psa) / 100)},
                    default={
                        "kind": "SDA", "speed": str(sda / 100), "severity": "0.2",
                        "recovery_lag": inputs["recovery_lag"],
                    },
                )
            )  # fmt: skip
            total = sum(float(month.defaulted[0, 0]) for month in found)
            assert round(total, 2) == percent


def smm(position: PositionInput) -> list[float]:
    """Return the share prepaid of each month's balance after the scheduled payment, in percent."""
    balance, shares = 100.0, []
    for month in projected(position):
        left = balance - float(month.principal[0, 0])
        if left > 1e-9:
            shares.append(100.0 * float(month.prepaid[0, 0]) / left)
        balance = float(month.performing[0, 0])
    return shares


def test_smm_of_abs_speeds_is_that_of_sf_14_to_the_printed_digit() -> None:
    published = case("bma.sf14.abs_table")
    for speed, column in published["expected"]["smm_pct"].items():
        position = pool(
            100.0, 0.08, 60, prepayment={"kind": "ABS", "speed": str(float(speed) / 100)}
        )
        found = smm(position)[: len(column)]
        assert [round(share + 1e-9, 2) for share in found] == column


def test_smm_and_speed_of_sf_13() -> None:
    """The factor of the second example is that of a pool at the printed 1.7% ABS."""
    published = case("bma.sf13.abs")
    inputs, tolerance = published["inputs"], published["tolerance"]
    position = pool(100.0, 0.08, 60, prepayment={"kind": "ABS", "speed": "0.02"})
    assert smm(position)[inputs["month"] - 1] == pytest.approx(
        published["expected"]["smm_pct"], abs=tolerance
    )
    factors = []
    for away in (-tolerance, 0.0, tolerance):
        speed = (published["expected"]["abs_hist_pct"] + away) / 100
        position = pool(
            1.0, inputs["wac"], inputs["wam"], age=inputs["age1"],
            prepayment={"kind": "ABS", "speed": f"{speed:.9f}"},
        )  # fmt: skip
        factors.append(float(projected(position)[inputs["months_elapsed"] - 1].performing[0, 0]))
    assert factors[2] <= inputs["factor_end"] <= factors[0]


def test_psa_and_sda_are_those_of_the_standard_at_their_corners() -> None:
    age = np.array([1, 15, 30, 31, 60, 61, 119, 120, 121, 360])
    cpr = [0.002, 0.03, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06]
    cdr = [0.0002, 0.003, 0.006, 0.006, 0.006, 0.005905, 0.000395, 0.0003, 0.0003, 0.0003]
    assert pool_rates.psa_cpr(age) == pytest.approx(cpr, abs=1e-15)
    assert pool_rates.sda_cdr(age) == pytest.approx(cdr, abs=1e-15)


def test_pool_of_fabozzi_pays_its_table() -> None:
    """Fabozzi, table 1: net interest after servicing and what is repaid, month by month."""
    published = json.loads(
        (CASES.parent / "loan" / "fabozzi.passthrough_400m.json").read_text(encoding="utf-8")
    )
    inputs, expected = published["inputs"], published["expected"]
    position = pool(
        inputs["balance"], inputs["wac"], inputs["wam"], age=inputs["seasoning_months"],
        servicing_fee="0.005", prepayment={"kind": "PSA", "speed": "1"},
    )  # fmt: skip
    found = projected(position)
    for row in expected["rows"]:
        month = found[int(row[0]) - 1]
        named = dict(zip(expected["columns"], row, strict=True))
        tolerance = published["tolerance"]
        assert month.interest[0, 0] == pytest.approx(named["net_interest"], abs=tolerance)
        assert month.principal[0, 0] == pytest.approx(named["scheduled_principal"], abs=tolerance)
        assert month.prepaid[0, 0] == pytest.approx(named["prepayment"], abs=tolerance)
