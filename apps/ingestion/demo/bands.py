"""Sanity bands: what a banker expects of a book like this, and whether the run agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.db import connection

from apps.ingestion.demo.summary import BASE, ONE_BP, Line, Summary
from apps.result import adapters, selectors
from apps.run.models import Run
from foundation import sqlfiles

SQL = sqlfiles.load(Path(__file__).parent / "sql")

COMMERCIAL = ("LARGE_CORPORATE", "CORPORATE_LOAN", "FOREIGN_CORPORATE")
"""The segments of commercial and industrial loans."""
LOANS = ("AMORT_LOAN", "DELAYED_DRAW", "REVOLVER")
"""The products that are loans."""


@dataclass(frozen=True, slots=True)
class Band:
    """A figure and the range it should lie in; `value` None where the run cannot tell."""

    name: str
    value: Decimal | None
    low: Decimal
    high: Decimal
    unit: str

    @property
    def holds(self) -> bool | None:
        """Return whether the figure lies in its range."""
        return None if self.value is None else self.low <= self.value <= self.high


def bands(summary: Summary) -> list[Band]:
    """Return the bands whose measures exist, for a valued demo book."""
    loans = [line for line in summary.products if line.name in LOANS]
    up_200 = summary.move("RATES_UP_200")
    cost = amortised_cost(summary.run_id)
    pv = summary.total.pv
    return [
        _band("PV / amortised cost", 100 * pv / cost if cost else None, 92, 99, "%"),
        _band("+200bp loses", None if up_200 is None else -100 * up_200 / pv, 3, 10, "%"),
        _band("Loan effective duration", duration(loans), 2, 4, "years"),
        _band("Weighted average life", summary.wal, 3, 6, "years"),
        _band("Average C&I spread", average_spread_bp(summary.run_id), 150, 350, "bp"),
    ]


def duration(lines: Sequence[Line]) -> Decimal | None:
    """Return the effective duration of several parts of the book together, years."""
    pv = sum((line.pv for line in lines), Decimal(0))
    dv01 = sum((line.dv01 for line in lines), Decimal(0))
    return dv01 / (pv * ONE_BP) if pv > 0 else None


def _band(name: str, value: Decimal | None, low: int, high: int, unit: str) -> Band:
    return Band(name, value, Decimal(low), Decimal(high), unit)


def amortised_cost(run_id: int) -> Decimal:
    """Return what the ledger carries the valued positions at, in the run currency at BASE FX."""
    run = Run.objects.get(pk=run_id)
    with connection.cursor() as cursor:
        cursor.execute(SQL["market_document"], {"market": run.marketdata_snapshot_id})
        market = cursor.fetchone()[0]
        cursor.execute(SQL["amortised_cost"], {"run": run_id, "snapshot": run.position_snapshot_id})
        rows = cursor.fetchall()
    total = Decimal(0)
    for currency, cost in rows:
        rate = adapters.spot(market, currency, run.currency)
        total += cost * (Decimal(1) if rate is None else rate)
    return total


def average_spread_bp(run_id: int) -> Decimal | None:
    """Return the spread of commercial loans in basis points, weighted by principal."""
    places = {
        cell.spec.measure: cell.place
        for cell in selectors.axis(run_id)
        if cell.spec.scenario == BASE and cell.spec.measure in ("SPREAD", "PRINCIPAL")
    }
    if len(places) < 2:
        return None
    spread, principal = places["SPREAD"], places["PRINCIPAL"]
    run = Run.objects.get(pk=run_id)
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["average_spread"],
            {
                "run": run_id,
                "snapshot": run.position_snapshot_id,
                "segments": list(COMMERCIAL),
                "spread_block": spread.block,
                "spread": spread.ordinal,
                "principal_block": principal.block,
                "principal": principal.ordinal,
            },
        )
        row = cursor.fetchone()
    # A rate is stored in 1e-10 (pricing measure SPREAD, unit RATE); a basis point is 1e-4.
    return None if row is None or row[0] is None else Decimal(row[0]) / 10**6
