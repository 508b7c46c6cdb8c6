"""Loans of every kind of terms, a market with indices and fixings, and their values by cell."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing import valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Names
from pricing.failure import Failure
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse
from tests.unit.pricing.conftest import ALL_MEASURES, DAY, LOAN_TERMS, MARKET, SCENARIOS

SOFR_NODES = [
    ["2023-03-30", "0.0430"],
    ["2024-12-30", "0.0420"],
    ["2032-12-30", "0.0360"],
    ["2052-12-30", "0.0350"],
]


def _daily(rate: str, days: int = 120) -> list[list[str]]:
    return [[(DAY - dt.timedelta(days=back)).isoformat(), rate] for back in range(days, -1, -1)]


def market(**changes: Any) -> dict[str, Any]:
    """Return the market with a SOFR curve, indices of every kind, and their fixings."""
    made = copy.deepcopy(MARKET)
    made["curves"].append({"name": "USD-SOFR", "currency": "USD", "nodes": SOFR_NODES})
    usd = {"currency": "USD", "day_count": "ACT/360", "calendar": "NONE", "curve": "USD-SOFR"}
    made["indices"] = {
        "SOFR": {**usd, "kind": "OVERNIGHT"},
        "PRIME": {**usd, "kind": "PRIME", "margin": "0.03"},
        "TERM_SOFR_1M": {**usd, "kind": "TERM", "tenor": "1M", "roll": "UNADJUSTED"},
        "TERM_SOFR_12M": {**usd, "kind": "TERM", "tenor": "12M", "roll": "UNADJUSTED"},
        "USD_CMS_10Y": {
            **usd, "kind": "CMS", "tenor": "10Y", "leg_months": 6, "leg_day_count": "30/360",
        },
        "EURIBOR_3M": {
            "currency": "EUR", "day_count": "ACT/360", "calendar": "NONE", "kind": "TERM",
            "tenor": "3M", "roll": "UNADJUSTED", "curve": "EUR-GOVERNMENT",
        },
    }  # fmt: skip
    made["fixings"] = {
        "SOFR": _daily("0.0425"),
        "PRIME": _daily("0.0750"),
        "TERM_SOFR_1M": _daily("0.0432"),
        "TERM_SOFR_12M": _daily("0.0510", 400),
        "EURIBOR_3M": _daily("0.0213"),
    }
    return made | changes


def states(
    scenarios: Sequence[Mapping[str, Any]] = SCENARIOS,
    measures: Sequence[str] = ALL_MEASURES,
    document: Mapping[str, Any] | None = None,
    day: dt.date = DAY,
    **options: Any,
) -> States:
    """Return the states of the market on the axis of the measures."""
    read = [parse(scenario) for scenario in scenarios]
    codes = [scenario.code for scenario in read]
    asked = [m for m in measures if "@" not in m or m.partition("@")[2] in codes]
    axis = Axis(default_cells(asked, codes, ["USD", "EUR"], "USD"), day, "USD")
    return States(snapshot.parse(document or market()), read, axis, **options)


def loan(
    terms: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    name: str = "L",
    currency: str = "USD",
) -> PositionInput:
    """Return the usual loan with some terms and state changed."""
    return PositionInput(
        name, "AMORT_LOAN", currency, {**LOAN_TERMS, **(terms or {})},
        {"spread": "0.015", **(state or {})}, "BBB", "RETAIL",
    )  # fmt: skip


def floating(**changes: Any) -> dict[str, Any]:
    """Return terms of a loan on monthly term SOFR; changes are of the floating rate."""
    return {
        "rate": None,
        "interest_basis": "ACT/360",
        "payment_basis": "30/360",
        "floating": {"index": "TERM_SOFR_1M", "margin": "0.025", **changes},
    }


def valued(
    positions: Sequence[PositionInput], at: States, profile: str = "record"
) -> tuple[npt.NDArray[np.float64], list[Failure | None]]:
    """Return the values of positions in run currency, and their failures."""
    packed = product("AMORT_LOAN").pack(positions, Names())
    found = valuation.value(packed.batch, at, profile=profile)
    return valuation.convert(found, at), found.failures


def cells(position: PositionInput, at: States | None = None) -> dict[str, float]:
    """Return the cells of one position by name; a failure fails the test."""
    at = at or states()
    values, failures = valued([position], at)
    assert failures == [None]
    return {str(cell): float(values[0, i]) for i, cell in enumerate(at.axis.cells)}


S_CURVE = {
    "kind": "S_CURVE",
    "curve": {
        "index": "USD_CMS_10Y", "margin": "0.015", "low": "0.02", "high": "0.40",
        "middle": "0.005", "slope": "250", "burn_out": "0.5", "seasoning_months": "30",
    },
}  # fmt: skip


def random_loan(rng: np.random.Generator, number: int) -> PositionInput:
    """Return a loan of random terms: fixed or floating, on any path of projection."""
    payments = int(rng.integers(1, 181))
    first = dt.date(2023, 1, int(rng.integers(1, 29)))
    months = int(rng.choice([1, 3]))
    frequency = {1: "MONTHLY", 3: "QUARTERLY"}[months]
    terms: dict[str, Any] = {
        "start_date": f"2022-12-{int(rng.integers(1, 29)):02d}",
        "first_payment_date": first.isoformat(),
        "payments": payments,
        "frequency": frequency,
        "original_principal": f"{rng.uniform(1e4, 1e6):.2f}",
        "rate": f"{rng.uniform(0.0, 0.09):.5f}",
        "interest_basis": str(rng.choice(["30/360", "ACT/360", "ACT/365F"])),
        "payment_basis": "30/360",
        "amortisation": str(rng.choice(["LEVEL_PAY", "LINEAR", "BULLET"])),
        "interest_only_payments": int(rng.integers(0, min(payments, 12) + 1)),
        "strip": str(rng.choice(["WHOLE", "WHOLE", "INTEREST", "PRINCIPAL"])),
        "calendar": str(rng.choice(["NONE", "US"])),
        "roll_convention": str(rng.choice(["UNADJUSTED", "MODIFIED_FOLLOWING"])),
        "accrual_dates": str(rng.choice(["UNADJUSTED", "ADJUSTED"])),
        "prepayment": {
            "kind": str(rng.choice(["CPR", "SMM", "PSA", "ABS"])),
            "speed": f"{rng.uniform(0.0, 0.02):.4f}",
            "lock_out_until": "2024-06-30",
            "penalty_steps": [["2025-01-01", "0.03"], ["2026-01-01", "0.01"]],
        },
    }
    if number % 5 == 0:
        del terms["payments"]
        last = first + dt.timedelta(days=30 * months * payments + 5)
        terms["maturity_date"] = last.isoformat()
        terms["interest_only_payments"] = 0
    if number % 3 == 0:
        terms["prepayment"] = S_CURVE
    if number % 4 == 1:
        terms["grace_payments"] = min(3, payments)
        terms["grace_interest"] = str(rng.choice(["CAPITALISED", "DEFERRED"]))
    if number % 7 == 3:
        terms["pik_rate"] = "0.01"
    state: dict[str, Any] = {"spread": f"{rng.uniform(0.0, 0.05):.5f}"}
    if number % 4 == 2:
        kinds = ["CDR", "MDR", "SDA"]
        terms["default"] = {
            "kind": str(rng.choice(kinds)),
            "speed": f"{rng.uniform(0.0, 0.03):.4f}",
            "severity": "0.4",
            "recovery_lag_months": int(rng.choice([0, 3, 12])),
            "order": str(rng.choice(["SIMULTANEOUS", "DEFAULT_FIRST", "PREPAYMENT_FIRST"])),
            "advanced": bool(rng.integers(0, 2)),
        }
        state["credit_basis"] = "CASHFLOW"
    elif number % 6 == 5:
        state = {"spread_source": "MARK", "mark_price": f"{rng.uniform(90, 103):.3f}"}
        terms["strip"] = "WHOLE"
    elif number % 6 == 3:
        state = {"spread_source": "MATRIX"}
    if rng.uniform() < 0.7:
        index = str(rng.choice(["SOFR", "PRIME", "TERM_SOFR_1M", "TERM_SOFR_12M"]))
        terms["floating"] = {
            "index": index,
            "margin": f"{rng.uniform(0.0, 0.04):.4f}",
            "index_floor": str(rng.choice(["0", "0.01"])),
        }
        if number % 2:
            terms["floating"]["cap"] = "0.065"
        if index == "TERM_SOFR_12M":
            terms["floating"]["reset_payments"] = 12 // months
        if rng.uniform() < 0.3 and index.startswith("TERM"):
            terms["floating"]["periodic_cap"] = "0.005"
            state["current_rate"] = "0.06"
    return PositionInput(f"L{number}", "AMORT_LOAN", "USD", terms, state, "BBB", "RETAIL")
