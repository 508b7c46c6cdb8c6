"""Between a run's pinned request and the cash flows of one of its positions."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.run.contracts import RunRequest
from pricing import cashflows as flows
from pricing import valuation
from pricing.axis import BASE, Axis, Cell, Cut
from pricing.cashflow import bridge, buckets
from pricing.cashflow import node_yield as rates
from pricing.cashflow.defaults import DEFAULT_BUCKETS
from pricing.cashflows import ProjectedFlow
from pricing.dates import ordinal
from pricing.failure import Failure
from pricing.market import snapshot
from pricing.measures import BRIDGE_MEASURES as BRIDGE_MEASURES
from pricing.measures import LADDER_MEASURES as LADDER_MEASURES
from pricing.measures import measure
from pricing.scenarios.parse import parse
from pricing.scenarios.states import States

if TYPE_CHECKING:
    from pricing.batch import Batch

__all__ = ["ProjectedFlow", "UnknownScenario", "project", "quantum"]

MOST_YEARS = 200.0
"""No flow is later."""

_KEPT = 8

_lock = threading.Lock()
_states: dict[tuple[str, str], States] = {}


class UnknownScenario(LookupError):
    """The run has no such scenario."""


class Projection:
    """The flows of a position under one scenario, the FX of each currency, and why there are none.

    `pv` is the present value in the run currency as a valuation gives it, None for an error.
    """

    def __init__(
        self, found: Sequence[ProjectedFlow], fx: dict[str, float], pv: float | None, error: str
    ) -> None:
        self.flows = found
        self.fx = fx
        self.pv = pv
        self.error = error


def project(request: RunRequest, batch: Batch, scenario: str) -> Projection:
    """Return the flows of a batch of one row under a scenario of the run.

    A number never depends on the other scenarios, so that only BASE and the one asked for are
    prepared. States are not shared between threads: one projection at a time.
    """
    with _lock:
        states = _prepared(request, scenario)
        found = flows.cashflows(batch, states, scenario)
        valued = valuation.value(batch, states)
        failure = valued.failures[0]
        place = states.places[scenario]
        fx: dict[str, float] = {}
        for flow in found:
            rates = states.fx_value(flow.currency)
            fx[flow.currency] = 1.0 if rates is None else float(rates[place])
        if failure is not None:
            return Projection([], fx, None, f"{failure.code}: {failure.message}")
        cell = states.axis.places[Cell("PV", scenario)]
        return Projection(found, fx, float(valuation.convert(valued, states)[0, cell]), "")


def _prepared(request: RunRequest, scenario: str) -> States:
    key = (request.document, scenario)
    found = _states.pop(key, None)
    if found is None:
        documents = {str(item["code"]): item for item in request.scenarios}
        if scenario not in documents:
            raise UnknownScenario(f"the run has no scenario {scenario}")
        codes = list(dict.fromkeys((BASE, scenario)))
        axis = Axis(
            tuple(Cell("PV", code) for code in codes),
            request.valuation_date,
            request.currency,
            Cut(request.cut),
        )
        market: Any = request.market
        found = States(snapshot.parse(market), [parse(documents[code]) for code in codes], axis)
        while len(_states) >= _KEPT:
            _states.pop(next(iter(_states)))
    _states[key] = found
    return found


def quantum(currency: str) -> int:
    """Return the decimal exponent of amounts in a currency."""
    return measure("PV").quantum(currency)


STEPS: tuple[str, ...] = bridge.STEPS
"""The steps of the duration bridge, in order."""

NOT_PROJECTED = buckets.NOT_PROJECTED
"""The factor of what is outstanding and not projected to be paid."""

YEARS = 8
"""Durations are whole counts of 10**-8 years."""

OUTSIDE = "a bucket's flows have no mean time inside the ladder"


def node_yield(amounts: Sequence[float], times: Sequence[float], value: float) -> float | str:
    """Return the continuous IRR of flows at their mean times, or why there is none.

    `times` are sums of flow x years; buckets without an amount have no time.
    """
    flows, years = [], []
    for amount, time in zip(amounts, times, strict=True):
        if amount == 0.0:
            continue
        if not 0.0 <= time / amount <= MOST_YEARS:
            return OUTSIDE
        flows.append(amount)
        years.append(time / amount)
    found = rates.internal_rate(np.array(flows), np.array(years), value)
    return found.message if isinstance(found, Failure) else found


def bridged(
    values: Sequence[str], times: Sequence[str]
) -> tuple[list[int | None], dict[str, int | None]]:
    """Return the duration after each step and the effects, whole counts of 10**-YEARS years."""
    ratios = bridge.durations(
        [Fraction(text) for text in values], [Fraction(text) for text in times]
    )
    if ratios is None:
        names = bridge.effects([0] * len(values))
        return [None] * len(values), dict.fromkeys(names)
    counts = [round(ratio * 10**YEARS) for ratio in ratios]
    return list(counts), dict(bridge.effects(counts))


def bucket_names(request: RunRequest, days: Sequence[int]) -> list[str]:
    """Return the bucket of the run's ladder that each day after the valuation date is in."""
    chosen = tuple(request.options.get("ladder_buckets", DEFAULT_BUCKETS))
    ends = buckets.edges(chosen, ordinal(request.valuation_date))
    names = buckets.names(chosen)
    return [names[place] for place in buckets.places(ends, np.array(days, dtype=np.int64))]
