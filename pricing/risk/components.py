"""What each child of a node adds to its VaR and expected shortfall, and what leaving it does."""

from __future__ import annotations

import numpy as np

from pricing.risk import arrays, levels
from pricing.risk.apportionment import apportioned
from pricing.risk.arrays import FloatArray, IntArray
from pricing.risk.errors import RiskError
from pricing.risk.tail import TailRisk, tail_mass, tail_risk


def component_var(children: IntArray, parents: IntArray, tail: TailRisk) -> IntArray:
    """Return each child's loss in the scenario of rank k of its parent, in quanta.

    `children` is (children, scenarios), `parents` the row in `tail` of each child's parent.
    The components of a parent sum to its VaR to the last quantum, as its vector is the sum of
    theirs: Euler's allocation of a homogeneous measure at a scenario (Tasche, *Capital allocation
    to business units and sub-portfolios: the Euler principle*, 2008). CHILDREN_DO_NOT_SUM where
    the children of a parent do not cover it.
    """
    children = _children(children, parents, tail)
    components = -children[np.arange(len(children)), tail.scenario_of_rank[parents]]
    missing = tail.var.copy()
    np.subtract.at(missing, parents, components)
    wrong = np.flatnonzero((missing != 0) & np.isin(np.arange(len(missing)), parents))
    if len(wrong):
        raise RiskError(
            "CHILDREN_DO_NOT_SUM",
            f"parent {int(wrong[0])}",
            f"its VaR is {int(missing[wrong[0]])} quanta above its children's losses",
        )
    return components


def component_es(children: IntArray, parents: IntArray, tail: TailRisk) -> IntArray:
    """Return each child's mean loss over the tail of its parent; they sum to the parent's ES.

    Rounded to quanta by largest remainder under each parent.
    """
    children = _children(children, parents, tail)
    losses = -_in_tail(children, parents, tail).sum(axis=1)
    return apportioned(losses, tail.rank, parents, tail.es)


def component_es_at(children: IntArray, parents: IntArray, tail: TailRisk) -> IntArray:
    """Return each child's Acerbi-Tasche mean loss over its parent's tail; they sum to its ES_AT."""
    children = _children(children, parents, tail)
    losses = -tail_mass(_in_tail(children, parents, tail), tail)
    mass = tail.scenarios * (levels.ONE_BP - tail.level_bp)
    return apportioned(losses, mass, parents, tail.es_at)


def incremental_var(
    children: IntArray, parents: IntArray, parent_pnl: IntArray, level_bp: int
) -> IntArray:
    """Return by how much each child's parent would have less VaR without it, in quanta.

    VaR(parent) - VaR(parent - child), both from full vectors: a hedge is negative. The figures of
    siblings do not sum to the VaR.
    """
    whole = tail_risk(parent_pnl, level_bp)
    children = _children(children, parents, whole)
    without = tail_risk(parent_pnl[parents] - children, level_bp)
    return whole.var[parents] - without.var


def marginal_var(components: IntArray, present_values: IntArray) -> FloatArray:
    """Return the VaR that one more unit of each child's value adds: component / PV; NaN at PV 0.

    The derivative of VaR with respect to the child's size, in units of VaR per unit of PV, at the
    scenario of rank k: right for changes that leave that scenario at its rank.
    """
    values = present_values.astype(np.float64)
    answer = np.full(len(values), np.nan)
    np.divide(components.astype(np.float64), values, out=answer, where=present_values != 0)
    return answer


def _in_tail(children: IntArray, parents: IntArray, tail: TailRisk) -> IntArray:
    arrays.addable(children, tail.rank, "children")
    return np.take_along_axis(children, tail.tail[parents], axis=1)


def _children(children: IntArray, parents: IntArray, tail: TailRisk) -> IntArray:
    children = arrays.amounts(children, "children", 2)
    if children.shape != (len(parents), tail.scenarios):
        raise RiskError(
            "SHAPE",
            "children",
            f"have shape {children.shape}, not ({len(parents)}, {tail.scenarios})",
        )
    if len(parents) and not 0 <= parents.min() <= parents.max() < len(tail.var):
        raise RiskError("SHAPE", "parents", f"are not rows of the {len(tail.var)} nodes")
    return children
