"""Between a run and the pricing library's market risk: which figures, of which scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pricing.risk import components, levels
from pricing.risk.errors import RiskError
from pricing.risk.tail import TailRisk, tail_risk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = [
    "BASE",
    "LEVELS_BP",
    "Figure",
    "History",
    "RiskError",
    "asked",
    "factor",
    "figures",
    "history",
    "unanswered",
]

BASE = "BASE"
HISTORICAL = "HISTORICAL"
LEVELS_BP = levels.LEVELS_BP

_OWN: Mapping[str, Callable[[TailRisk], Ints]] = {
    "HIST_VAR": lambda tail: tail.var,
    "HIST_ES": lambda tail: tail.es,
    "HIST_ES_AT": lambda tail: tail.es_at,
}
_PARTS: Mapping[str, Callable[[Ints, Ints, TailRisk], Ints]] = {
    "COMPONENT_VAR": components.component_var,
    "COMPONENT_ES": components.component_es,
    "COMPONENT_ES_AT": components.component_es_at,
}
_IS = {
    "HIST_VAR": "-P&L[k-1] of P&L sorted ascending, ties by scenario ordinal",
    "HIST_ES": "-mean(P&L[0..k-1]), rounded once, half to even",
    "HIST_ES_AT": "-mean of the worst n(1-p) scenarios (Acerbi-Tasche), rounded once, half to even",
    "COMPONENT_VAR": "loss in the scenario of rank k of the parent",
    "COMPONENT_ES": "mean loss over the parent's tail, by largest remainder",
    "COMPONENT_ES_AT": "mean loss over the parent's Acerbi-Tasche tail, by largest remainder",
}


@dataclass(frozen=True, slots=True)
class History:
    """The historical scenarios of a set in order, and the facts that go with every figure."""

    codes: tuple[str, ...]
    horizon_days: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a node: the row of a node in the vectors, measure, factor, count, method."""

    row: int
    measure: str
    factor: str
    value: int
    method: Mapping[str, Any]


def asked(measures: Sequence[str]) -> tuple[str, ...]:
    """Return the figures of nodes among the measures of a run, with what stands behind a code."""
    known = {*_OWN, *_PARTS}
    return tuple(text for text in measures if text.replace("/", "@").partition("@")[0] in known)


def history(basis: Mapping[str, Any], codes: Sequence[str]) -> History | None:
    """Return the historical scenarios of a set that was made from a history, else None.

    `basis` is what the set says of how it was made, `codes` its scenarios in order. RiskError
    OVERLAP_NOT_DECLARED where moves of several days do not say whether they overlap.
    """
    if basis.get("kind") != HISTORICAL:
        return None
    horizon = int(basis["horizon_days"])
    if horizon > 1 and "overlapping" not in basis:
        raise RiskError(
            "OVERLAP_NOT_DECLARED",
            f"horizon of {horizon} days",
            "the set does not say whether its moves overlap",
        )
    kept = tuple(code for code in codes if code != BASE)
    facts = {
        "demeaned": bool(basis.get("demeaned", False)),
        "horizon_days": horizon,
        "missing_days": str(basis["missing_days"]),
        "n": len(kept),
        "overlapping": bool(basis.get("overlapping", False)),
        "window": [str(basis["from"]), str(basis["to"])],
    }
    return History(kept, horizon, facts)


def factor(level_bp: int, horizon_days: int) -> str:
    """Return the factor of a figure: 99/1D, 97.5/10D."""
    whole, rest = divmod(level_bp, 100)
    text = f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)
    return f"{text}/{horizon_days}D"


def unanswered(level_bp: int, scenarios: int) -> str:
    """Return why a level has no figure of this many scenarios, "" where it has one."""
    try:
        levels.rank(scenarios, level_bp)
    except RiskError as error:
        return str(error)
    return ""


def figures(measures: Sequence[str], past: History, pnl: Ints, parents: Ints) -> Iterator[Figure]:
    """Yield the figures of nodes from their P&L, (nodes, scenarios) counts of a quantum.

    `parents` gives the row of each node's parent, -1 where it has none here. A level that the
    number of scenarios does not carry has no figure.
    """
    inner = np.flatnonzero(parents >= 0)
    for level_bp in LEVELS_BP:
        if unanswered(level_bp, len(past.codes)):
            continue
        tail = tail_risk(pnl, level_bp)
        name = factor(level_bp, past.horizon_days)
        shared = {**past.facts, "k": tail.rank, "level_bp": level_bp}
        for code in measures:
            if code in _OWN:
                rows = at = list(range(len(pnl)))
                values = _OWN[code](tail).tolist()
            else:
                rows, at = inner.tolist(), parents[inner].tolist()
                values = _PARTS[code](pnl[inner], parents[inner], tail).tolist()
            for row, node, value in zip(rows, at, values, strict=True):
                worst = past.codes[int(tail.scenario_of_rank[node])]
                method = {**shared, "is": _IS[code], "scenario_of_rank": worst}
                yield Figure(row, code, name, value, method)
