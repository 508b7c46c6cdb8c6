"""The cash flows of one position of a run, computed again from what the run pinned."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.db import connection

from apps.cashflow import adapters
from apps.cashflow.adapters import UnknownScenario
from apps.portfolio import selectors as portfolio
from apps.run import selectors as runs
from apps.run.engine import engine
from foundation import sqlfiles
from foundation.exact import decimal_text, quantise

__all__ = [
    "CashFlow",
    "CurveNode",
    "PositionCashFlows",
    "UnknownPosition",
    "UnknownScenario",
    "cashflows",
]

SQL = sqlfiles.load(Path(__file__).parent / "sql")


class UnknownPosition(LookupError):
    """The run has no such position, or the reader may not see it."""


@dataclass(frozen=True, slots=True)
class CurveNode:
    """A node of the curve behind a discount factor, and its weight in the zero rate."""

    date: dt.date
    weight: float


@dataclass(frozen=True, slots=True)
class CashFlow:
    """One flow in its own currency: pv = amount x spread_factor x discount_factor.

    `bucket` is that of the run's maturity ladder. `amount` and `pv` are decimal texts, `value` is
    the pv in the run currency at the scenario's FX; rates, factors and times are float64 as they
    were computed.
    """

    date: dt.date
    bucket: str
    kind: str
    currency: str
    amount: str
    pv: str
    value: str
    years: float
    zero_rate: float
    spread: float
    discount_factor: float
    spread_factor: float
    fx: float
    curve: str
    nodes: tuple[CurveNode, ...]


@dataclass(frozen=True, slots=True)
class PositionCashFlows:
    """The flows of a position under a scenario, by date, and their total in the run currency.

    `total` ties out with the position's PV in the run's results. `same_engine` tells that this
    process computes with the engine of the run; `error` says why a position has no flows.
    """

    run: int
    position_id: str
    scenario: str
    currency: str
    total: str | None
    same_engine: bool
    error: str
    flows: tuple[CashFlow, ...]


def cashflows(
    run: int, position_id: str, *, scenario: str = "BASE", granted: Collection[int] | None = None
) -> PositionCashFlows:
    """Project the flows of one position under one scenario of the run's pinned request."""
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["position"],
            {
                "run": run,
                "position_id": position_id,
                "granted": None if granted is None else sorted(granted),
            },
        )
        row = cursor.fetchone()
        if row is None:
            raise UnknownPosition(f"run {run} has no position {position_id}")
        snapshot, ordinal = row[0], row[1]
        request = runs.load_request(cursor, run)
        if scenario not in {str(item["code"]) for item in request.scenarios}:
            raise UnknownScenario(f"run {run} has no scenario {scenario}")
        shard = portfolio.load_shard(cursor, snapshot, ordinal, ordinal + 1)
    if shard.failures:
        code, message = shard.failures[0]
        return _refused(run, position_id, scenario, request.currency, f"{code}: {message}")
    ((_, _, batch),) = shard.groups
    found = adapters.project(request, batch, scenario)
    if found.pv is None:
        return _refused(run, position_id, scenario, request.currency, found.error)
    ahead = [(flow.date - request.valuation_date).days for flow in found.flows]
    bucket = adapters.bucket_names(request, ahead)
    values = [flow.pv * found.fx[flow.currency] for flow in found.flows]
    own = [flow.currency for flow in found.flows]
    amounts = _texts([flow.amount for flow in found.flows], own)
    pvs = _texts([flow.pv for flow in found.flows], own)
    shown = _texts(values, [request.currency] * len(values))
    return PositionCashFlows(
        run=run,
        position_id=position_id,
        scenario=scenario,
        currency=request.currency,
        total=_texts([math.fsum(values)], [request.currency])[0],
        same_engine=request.engine == engine(),
        error="",
        flows=tuple(
            CashFlow(
                date=flow.date,
                bucket=bucket[place],
                kind=flow.kind,
                currency=flow.currency,
                amount=amounts[place],
                pv=pvs[place],
                value=shown[place],
                years=flow.years,
                zero_rate=flow.zero_rate,
                spread=flow.spread,
                discount_factor=flow.discount_factor,
                spread_factor=flow.spread_factor,
                fx=found.fx[flow.currency],
                curve=flow.curve,
                nodes=tuple(CurveNode(date, weight) for date, weight in flow.nodes),
            )
            for place, flow in enumerate(found.flows)
        ),
    )


def _refused(
    run: int, position_id: str, scenario: str, currency: str, error: str
) -> PositionCashFlows:
    return PositionCashFlows(run, position_id, scenario, currency, None, True, error, ())


def _texts(values: Sequence[float], currencies: Sequence[str]) -> list[str]:
    """Return amounts as decimals, each rounded to the quantum of its currency."""
    found = [""] * len(values)
    for currency in set(currencies):
        exponent = adapters.quantum(currency)
        rows = [row for row, own in enumerate(currencies) if own == currency]
        counts, _ = quantise(np.array([[values[row]] for row in rows]), [exponent])
        for row, count in zip(rows, counts[:, 0].tolist(), strict=True):
            found[row] = decimal_text(count, exponent)
    return found
