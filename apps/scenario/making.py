"""Sets that are made, not given: from a history, as ladders, from rules of supervisors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.marketdata import history as histories
from apps.scenario import adapters, services
from apps.scenario.adapters import ScenarioFault
from apps.scenario.services import SetWritten


@dataclass(frozen=True, slots=True)
class Made:
    """The set that was written, and how it came about."""

    written: SetWritten
    basis: Mapping[str, Any]


@transaction.atomic
def make_historical(
    *, code: str, history_ids: Sequence[int], asked: adapters.HistoricalRule
) -> Made:
    """Make the set of the moves of one or several histories; ScenarioFault names what is wrong."""
    found = histories.stored(history_ids)
    missing = sorted(set(history_ids) - {item.history_id for item in found})
    if missing:
        raise ScenarioFault("history", "the id of a stored history", missing[0])
    documents, basis = adapters.historical([item.document for item in found], asked)
    basis["histories"] = [{"code": item.code, "sha256": item.content_hash.hex()} for item in found]
    name = f"{len(documents)} moves of {asked.horizon_days} days to {basis['last_day']}"
    return _make(code, name, documents, basis)


@transaction.atomic
def make_ladder(*, code: str, asked: adapters.LadderRule) -> Made:
    """Make a set of key rates or of spreads by rating, each moved up and down by a size."""
    documents, basis = adapters.ladder(asked)
    return _make(code, f"{basis['kind']} of {asked.size_bp} bp", documents, basis)


@transaction.atomic
def make_regulatory(*, code: str, asked: adapters.RegulatoryRule) -> Made:
    """Make the six interest rate shocks of each currency as they are in force on a day."""
    documents, basis = adapters.regulatory(asked)
    return _make(code, f"IRRBB shocks of {basis['edition']}", documents, basis)


@transaction.atomic
def make_supervisory(*, code: str, asked: adapters.SupervisoryRule) -> Made:
    """Make a scenario of each quarter of the Federal Reserve's files by a satellite model."""
    documents, basis = adapters.supervisory(asked)
    return _make(code, f"{basis['scenario']}, {basis['model']}", documents, basis)


def _make(
    code: str, name: str, documents: Sequence[Mapping[str, Any]], basis: Mapping[str, Any]
) -> Made:
    written = services.create_scenario_set(code=code, name=name, scenarios=documents, basis=basis)
    return Made(written, basis)
