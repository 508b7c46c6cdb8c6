"""A small bank valued under made-up moves of rates, spreads and EUR, as a historical set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from apps.run import services as runs
from apps.run.request import Submission
from apps.scenario import services as scenarios
from tests.integration.result import priced
from tests.integration.result.shared import shared_database

DAYS = 120
TENORS = ("3M", "2Y", "5Y", "10Y", "30Y")
OWN = ("HIST_VAR", "HIST_ES", "HIST_ES_AT", "DELTA_NORMAL_VAR", "DELTA_GAMMA_VAR")
RISK = (*OWN, "CORNISH_FISHER_VAR", "COMPONENT_VAR", "COMPONENT_ES", "COMPONENT_ES_AT")
LADDERS = ("DV01", "KEY_RATE_DV01", "CS01", "FX_DELTA", "CONVEXITY_AMOUNT")


def moves(days: int) -> list[dict[str, Any]]:
    """Return `days` scenarios as a history gives them: the same for every call."""
    drawn = np.random.Generator(np.random.Philox(7)).normal(size=(days, len(TENORS) + 3))
    first = dt.date(2022, 1, 3)
    return [
        {
            "code": f"H{first + dt.timedelta(days=day):%Y%m%d}",
            "name": f"Moves to {first + dt.timedelta(days=day)}",
            "shocks": [
                _rates("USD-TREASURY", row[5] + 0.3 * row[:5]),
                _rates("EUR-GOVT", 0.5 * row[5] + 0.3 * row[:5]),
                {"risk": "SPREAD", "size": f"{0.0004 * row[6]:.12f}"},
                {"risk": "FX", "currency": "EUR", "size": f"{0.006 * row[7]:.12f}"},
            ],
        }
        for day, row in enumerate(drawn)
    ]


def _rates(curve: str, row: Any) -> dict[str, Any]:
    tenors = [
        [tenor, f"{0.0007 * move:.12f}"] for tenor, move in zip(TENORS, row.tolist(), strict=True)
    ]
    return {"risk": "RATE", "curve": curve, "mode": "ABSOLUTE", "tenors": tenors}


def basis(days: int, horizon: int = 1, **more: Any) -> dict[str, Any]:
    """Return what a set of `days` moves says of how it was made."""
    return {
        "kind": "HISTORICAL",
        "from": "2022-01-03",
        "to": "2022-12-30",
        "horizon_days": horizon,
        "missing_days": "SKIP",
        "demeaned": False,
        "overlapping": False,
        **more,
    }


def make_set(days: int, code: str = "HIST", **more: Any) -> int:
    """Store a historical set of `days` scenarios; as the desk."""
    return scenarios.create_scenario_set(
        code=code, name="Moves", scenarios=moves(days), basis=basis(days) | more
    ).scenario_set_id


@contextmanager
def shared_bank(databases: Any, template: str, blocker: Any) -> Iterator[priced.Bank]:
    """A bank, a historical set of DAYS moves and a finished run of all figures of nodes."""
    with shared_database(databases, template, blocker) as database:
        with database.acting_as("desk"):
            inputs = priced.store()
            past = make_set(DAYS)
        run = runs.submit(
            Submission(
                positions=inputs.positions,
                market=inputs.market,
                scenarios=past,
                measures=(*priced.MEASURES, *LADDERS, *RISK),
                shards=3,
            ),
            submitted_by="test",
        ).run_id
        priced.work(database)
        yield priced.Bank(inputs, run, database)
