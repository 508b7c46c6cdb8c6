"""Historical VaR and expected shortfall of nodes, from their P&L in each scenario."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.risk import arrays, levels, rounding
from pricing.risk.arrays import IntArray


@dataclass(frozen=True, slots=True)
class TailRisk:
    """VaR and expected shortfall of nodes at one level, in quanta, losses positive.

    `tail` holds the ordinals of the k worst scenarios of each node, worst first, ties by ordinal:
    shape (nodes, k). Its last column is the scenario whose P&L is -VaR.
    """

    level_bp: int
    scenarios: int
    rank: int
    var: IntArray
    es: IntArray
    es_at: IntArray
    tail: IntArray

    @property
    def scenario_of_rank(self) -> IntArray:
        """The ordinal of the scenario of rank k, one per node."""
        return self.tail[:, -1]


def tail_risk(pnl: IntArray, level_bp: int) -> TailRisk:
    """Return VaR, ES and ES_AT of each node; `pnl` is (nodes, scenarios), int64 quanta.

    With P&L sorted ascending (ties by scenario ordinal) and k = ceil(n (1 - p)):

    * VaR = -P&L[k-1], an element of the vector;
    * ES = -mean(P&L[0..k-1]), divided once and rounded half to even of the quantum;
    * ES_AT, Acerbi and Tasche, *On the coherence of expected shortfall*, J. Banking & Finance 26
      (2002), definition 2.6: the mean of exactly the worst n (1 - p) scenarios, the last of
      them with the weight that is left. It is ES where n (1 - p) is whole, else not below it.
    """
    pnl = arrays.amounts(pnl, "pnl", 2)
    scenarios = pnl.shape[1]
    k = levels.rank(scenarios, level_bp)
    arrays.addable(pnl, k, "pnl")
    tail = worst_scenarios(pnl, k)
    worst = np.take_along_axis(pnl, tail, axis=1)
    return TailRisk(
        level_bp=level_bp,
        scenarios=scenarios,
        rank=k,
        var=-worst[:, -1],
        es=rounding.quotients(-worst.sum(axis=1), k),
        es_at=rounding.quotients(
            -_tail_mass(worst, scenarios, level_bp), scenarios * (levels.ONE_BP - level_bp)
        ),
        tail=tail,
    )


def worst_scenarios(pnl: IntArray, k: int) -> IntArray:
    """Return the ordinals of the k smallest P&L of each row, ascending, ties by ordinal.

    The same as a stable sort of whole rows, which only rows tied at rank k need.
    """
    chosen = np.sort(np.argpartition(pnl, k - 1, axis=1)[:, :k], axis=1)
    values = np.take_along_axis(pnl, chosen, axis=1)
    ordered = np.take_along_axis(chosen, np.argsort(values, axis=1, kind="stable"), axis=1)
    last = values.max(axis=1, keepdims=True)
    tied = np.flatnonzero((pnl == last).sum(axis=1) != (values == last).sum(axis=1))
    ordered[tied] = np.argsort(pnl[tied], axis=1, kind="stable")[:, :k]
    return ordered


def tail_mass(worst: IntArray, tail: TailRisk) -> npt.NDArray[np.object_]:
    """Return 10,000 n (1 - p) times the Acerbi-Tasche mean of P&L in a tail, in exact integers."""
    return _tail_mass(worst, tail.scenarios, tail.level_bp)


def _tail_mass(worst: IntArray, scenarios: int, level_bp: int) -> npt.NDArray[np.object_]:
    mass = scenarios * (levels.ONE_BP - level_bp)
    last = mass - levels.ONE_BP * (worst.shape[1] - 1)
    whole = worst[:, :-1].sum(axis=1).astype(object)
    exact = whole * levels.ONE_BP + worst[:, -1].astype(object) * last
    return np.asarray(exact, dtype=object)
