"""A node's maturity ladder and duration bridge, laid out from the sums that a run has stored.

What is stored are SUM cells, so that everything here is arithmetic on a node's own totals:
figures by bucket, the gap between what comes in and goes out, durations and the yield of the
node. Amounts are whole counts of their quantum until they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from apps.cashflow import adapters
from foundation.exact import decimal_text

__all__ = ["Bridge", "Ladder", "NoLadder", "StoredSum", "bridge", "ladder"]

LADDER = adapters.LADDER_MEASURES
BRIDGE = adapters.BRIDGE_MEASURES
PRINCIPAL = "PRINCIPAL"
VALUE = "PV"


class NoLadder(LookupError):
    """The run has stored no ladder, or no bridge, in the scenario."""


class StoredSum(Protocol):
    """A column of the cube over one node: a measure, its factor and a decimal text or None."""

    @property
    def measure(self) -> str:
        """The code of the measure."""
        ...

    @property
    def factor(self) -> str:
        """The bucket or the step."""
        ...

    @property
    def values(self) -> Sequence[str | None]:
        """One value, that of the node."""
        ...


@dataclass(frozen=True, slots=True)
class Ladder:
    """A node's cash flow by bucket, columns as long as `buckets`; amounts are decimal texts.

    `inflows` less `outflows` is `gap`, `cumulative_gap` its running sum; NOT_PROJECTED is not in
    it. `principal` and `contractual` each sum to `outstanding` with their part that is not
    projected; `contractual` is absent where the run has none. `node_yield` is the continuous IRR
    of the summed flows at `value`, None with a reason.
    """

    scenario: str
    buckets: list[str]
    contractual: list[str]
    principal: list[str]
    interest: list[str]
    draws: list[str]
    inflows: list[str]
    outflows: list[str]
    gap: list[str]
    cumulative_gap: list[str]
    contractual_not_projected: str
    principal_not_projected: str
    outstanding: str
    value: str
    node_yield: str | None
    node_yield_reason: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """A node's way from the opening to the closing duration, years as decimal texts.

    `steps` names the order; `effects` of TIME to DRAWS and the residual sum with `opening` to
    `closing` exactly. None with a reason where the value after a step is not positive.
    """

    scenario: str
    steps: list[str]
    values: list[str]
    times: list[str]
    durations: list[str | None]
    names: list[str]
    effects: list[str | None]
    opening: str | None
    closing: str | None
    reason: str


def ladder(scenario: str, columns: Iterable[StoredSum]) -> Ladder:
    """Return the ladder of a node from its sums in a scenario: LADDER measures, PRINCIPAL, PV."""
    found = _by_factor(columns)
    if any(code not in found for code in LADDER):
        raise NoLadder(f"the run has no ladder under {scenario}")
    names = [name for name in found["LADDER_INTEREST"] if name != adapters.NOT_PROJECTED]
    exponent = _exponent(found["LADDER_INTEREST"][names[0]])

    def counts(code: str) -> list[int]:
        return [_count(found[code][name]) for name in names]

    def texts(figures: Iterable[int]) -> list[str]:
        return [decimal_text(figure, exponent) for figure in figures]

    principal, interest = counts("LADDER_PRINCIPAL"), counts("LADDER_INTEREST")
    outflows = counts("LADDER_OUTFLOWS")
    gap = [a + b for a, b in zip(principal, interest, strict=True)]
    cumulative = [sum(gap[: place + 1]) for place in range(len(gap))]
    times = [found["LADDER_TIME"][name] for name in names]
    value = found[VALUE][""]
    rate = adapters.node_yield(
        [float(decimal_text(count, exponent)) for count in gap],
        [float(text) for text in times],
        float(value),
    )
    return Ladder(
        scenario=scenario,
        buckets=names,
        contractual=texts(counts("LADDER_CONTRACTUAL")),
        principal=texts(principal),
        interest=texts(interest),
        draws=texts(counts("LADDER_DRAWS")),
        inflows=texts(net + out for net, out in zip(gap, outflows, strict=True)),
        outflows=texts(outflows),
        gap=texts(gap),
        cumulative_gap=texts(cumulative),
        contractual_not_projected=found["LADDER_CONTRACTUAL"][adapters.NOT_PROJECTED],
        principal_not_projected=found["LADDER_PRINCIPAL"][adapters.NOT_PROJECTED],
        outstanding=found[PRINCIPAL][""],
        value=value,
        node_yield=None if isinstance(rate, str) else f"{rate:.10f}",
        node_yield_reason=rate if isinstance(rate, str) else "",
    )


def bridge(scenario: str, columns: Iterable[StoredSum]) -> Bridge:
    """Return the duration bridge of a node from its sums of values and of values x years."""
    found = _by_factor(columns)
    if any(code not in found for code in BRIDGE):
        raise NoLadder(f"the run has no duration bridge under {scenario}")
    values = [found["BRIDGE_VALUE"][step] for step in adapters.STEPS]
    times = [found["BRIDGE_TIME"][step] for step in adapters.STEPS]
    after, effects = adapters.bridged(values, times)
    shown = [None if count is None else decimal_text(count, adapters.YEARS) for count in after]
    return Bridge(
        scenario=scenario,
        steps=list(adapters.STEPS),
        values=values,
        times=times,
        durations=shown,
        names=list(effects),
        effects=[
            None if count is None else decimal_text(count, adapters.YEARS)
            for count in effects.values()
        ],
        opening=shown[0],
        closing=shown[-1],
        reason="NOT_POSITIVE" if None in shown else "",
    )


def _by_factor(columns: Iterable[StoredSum]) -> dict[str, dict[str, str]]:
    """Return the value of the one row of each column by measure and factor, in axis order."""
    found: dict[str, dict[str, str]] = {}
    for column in columns:
        for value in column.values[:1]:
            if value is not None:
                found.setdefault(column.measure, {})[column.factor] = value
    return found


def _exponent(text: str) -> int:
    return len(text.partition(".")[2])


def _count(text: str) -> int:
    return int(Decimal(text).scaleb(_exponent(text)))
