"""A book of plain loans in ingestion files, for the benchmarks: 496 nodes, 400 books, 28 pay days.

The population is that of a retail lender: 1 to 240 payments left, a fifth interest-only for a
time, three in ten with a balloon, six in ten prepaying, all in USD.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

AS_OF = dt.date(2022, 12, 30)
BOOKS, COUNTERPARTIES, GROUPS = 400, 2000, 200
SECTORS = ("RETAIL", "ENERGY", "HEALTH", "INDUSTRY", "TRANSPORT", "FOOD", "TECH", "LEISURE")
RATINGS = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC")


def write(folder: Path, positions: int, scenarios: int, seed: int = 11) -> dict[str, Path]:
    """Write the files of a book of `positions` loans; return them by ingestion kind, in order."""
    rng = np.random.default_rng(seed)
    files = {
        "legal_entities": _lines(folder / "legal_entities.jsonl", _entities()),
        "counterparties": _lines(folder / "counterparties.jsonl", _counterparties()),
        "portfolios": _lines(folder / "portfolios.jsonl", _tree()),
        "instruments": folder / "instruments.jsonl",
        "positions": folder / "positions.jsonl",
    }
    with files["instruments"].open("w") as terms, files["positions"].open("w") as states:
        for instrument, position in _loans(rng, positions):
            terms.write(json.dumps(instrument) + "\n")
            states.write(json.dumps(position) + "\n")
    files["marketdata"] = folder / "market.json"
    files["marketdata"].write_text(json.dumps(_market()))
    files["scenarios"] = folder / "scenarios.json"
    files["scenarios"].write_text(json.dumps(_scenarios(scenarios)))
    return files


def _lines(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _counterparties() -> Iterator[dict[str, Any]]:
    for number in range(COUNTERPARTIES):
        yield {
            "code": f"CP{number:05d}",
            "legal_name": f"Counterparty {number}",
            "kind": "CORPORATE",
            "connected_group": f"G{number % GROUPS:03d}",
            "connected_basis": "CONTROL",
            "country_of_risk": ("US", "CA", "GB", "DE")[number % 4],
            "sector": SECTORS[number % len(SECTORS)],
            "rating": RATINGS[number % len(RATINGS)],
        }


def _entities() -> Iterator[dict[str, Any]]:
    yield {"code": "BANK", "name": "Bank", "country": "US", "base_currency": "USD"}


def _tree() -> Iterator[dict[str, Any]]:
    yield {"code": "BANK", "name": "Bank", "node_type": "FUND"}
    for sub in range(20):
        yield _node(f"S{sub:02d}", "SUB_FUND", "BANK")
    for desk in range(75):
        yield _node(f"D{desk:02d}", "DESK", f"S{desk * 20 // 75:02d}")
    for book in range(BOOKS):
        yield _node(f"B{book:03d}", "BOOK", f"D{book * 75 // BOOKS:02d}")


def _node(code: str, node_type: str, parent: str) -> dict[str, Any]:
    return {"code": code, "name": code, "node_type": node_type, "parent": parent}


def _loans(rng: np.random.Generator, count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for start in range(0, count, 50_000):
        size = min(50_000, count - start)
        left = rng.integers(1, 241, size)
        day = rng.integers(1, 29, size)
        balance = np.round(rng.uniform(5e4, 5e5, size), 2)
        rate = np.round(rng.uniform(0.03, 0.08, size), 5)
        interest_only = np.where(rng.random(size) < 0.2, np.minimum(left // 2, 60), 0)
        longer = np.where(rng.random(size) < 0.3, 120, 0)
        prepays = rng.random(size) < 0.6
        cpr = np.round(rng.uniform(0.02, 0.2, size), 4)
        basis = rng.integers(0, 2, size)
        spread = np.round(rng.uniform(0.0, 0.03, size), 5)
        book = rng.integers(0, BOOKS, size)
        obligor = rng.integers(0, COUNTERPARTIES, size)
        for i in range(size):
            number = start + i
            first = dt.date(2023, 1, int(day[i])).isoformat()
            terms: dict[str, Any] = {
                "start_date": dt.date(2022, 12, int(day[i])).isoformat(),
                "first_payment_date": first,
                "original_principal": f"{balance[i]:.2f}",
                "rate": f"{rate[i]:.5f}",
                "interest_basis": ("ACT/360", "30/360")[basis[i]],
                "payment_basis": "30/360",
                "payments": int(left[i]),
                "interest_only_payments": int(interest_only[i]),
                "amortisation_payments": int(left[i] - interest_only[i] + longer[i]),
            }
            if prepays[i]:
                terms["prepayment"] = {"kind": "CPR", "speed": f"{cpr[i]:.4f}"}
            instrument = {
                "code": f"L{number:07d}",
                "product_type": "AMORT_LOAN",
                "currency": "USD",
                "terms": terms,
            }
            position = {
                "position_id": f"P{number:07d}",
                "book": f"B{book[i]:03d}",
                "instrument": f"L{number:07d}",
                "side": "ASSET",
                "quantity": f"{balance[i]:.2f}",
                "outstanding_principal": f"{balance[i]:.2f}",
                "next_due_date": first,
                "status": "PERFORMING",
                "accounting_class": "HFI",
                "spread": f"{spread[i]:.5f}",
                "spread_source": "SUPPLIED",
                "legal_entity": "BANK",
                "obligor": f"CP{obligor[i]:05d}",
            }
            yield instrument, position


def _market() -> dict[str, Any]:
    zeros = [(0.25, 0.0434), (1, 0.0462), (2, 0.0438), (5, 0.0395), (10, 0.0383), (30, 0.0401)]
    nodes = [
        [(AS_OF + dt.timedelta(days=round(years * 365))).isoformat(), str(zero)]
        for years, zero in zeros
    ]
    return {
        "format": "tieout.market/1",
        "name": "benchmark",
        "as_of": AS_OF.isoformat(),
        "curves": [{"name": "USD-TREASURY", "currency": "USD", "kind": "ZERO", "nodes": nodes}],
        "discount": {"USD": "USD-TREASURY"},
    }


def _scenarios(count: int) -> dict[str, Any]:
    scenarios: list[dict[str, Any]] = [{"code": "BASE", "name": "Base", "kind": "INSTANT"}]
    for number, shift in enumerate(np.linspace(-0.02, 0.03, count - 1), 1):
        shocks = [{"risk": "RATE", "tenors": [["1Y", f"{shift:.6f}"], ["10Y", f"{shift / 2:.6f}"]]}]
        scenarios.append(
            {"code": f"S{number:03d}", "name": f"S{number}", "kind": "INSTANT", "shocks": shocks}
        )
    codes = [scenario["code"] for scenario in scenarios]
    return {
        "scenarios": scenarios,
        "sets": [{"code": f"BENCH{count}", "name": "Benchmark", "members": codes}],
    }
