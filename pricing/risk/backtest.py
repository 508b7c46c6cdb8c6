"""Tests of VaR figures against what was lost: exceptions, Kupiec, Christoffersen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, xlogy

from pricing.risk import arrays, levels
from pricing.risk.arrays import BoolArray, IntArray
from pricing.risk.errors import RiskError


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A likelihood ratio and the probability of one as large where the model is right."""

    statistic: float
    p_value: float
    degrees: int


@dataclass(frozen=True, slots=True)
class Transitions:
    """Days by what followed: calm after calm, exception after calm, and so on."""

    calm_calm: int
    calm_hit: int
    hit_calm: int
    hit_hit: int


def exceptions(pnl: IntArray, var: IntArray) -> BoolArray:
    """Return the days that lost more than the VaR that stood for them: -P&L > VaR.

    `pnl` is the P&L of each day, `var` the figure computed before that day; a loss equal to VaR
    is none.
    """
    pnl = arrays.amounts(pnl, "pnl", 1)
    var = arrays.amounts(var, "var", 1)
    if pnl.shape != var.shape:
        raise RiskError("SHAPE", "backtest", f"{len(pnl)} days of P&L and {len(var)} of VaR")
    return np.asarray(pnl < -var)


def kupiec(hits: int, days: int, level_bp: int) -> LikelihoodRatio:
    """Return the test of the proportion of failures: chi-square with 1 degree of freedom.

    LR = -2 ln [(1-q)^(n-x) q^x / ((1-x/n)^(n-x) (x/n)^x)], q = 1 - p: Kupiec, *Techniques for
    verifying the accuracy of risk measurement models*, J. Derivatives 3 (1995).
    """
    _expected(hits, days, level_bp)
    statistic = _ratio(hits, days, levels.tail_probability(level_bp))
    return LikelihoodRatio(statistic, float(chdtrc(1, statistic)), 1)


def transitions(hits: BoolArray) -> Transitions:
    """Return the counts of consecutive pairs of days, in the order of the days."""
    if hits.ndim != 1 or len(hits) < 2:
        raise RiskError("SHAPE", "hits", f"{hits.shape} has no two consecutive days")
    before, after = hits[:-1], hits[1:]
    return Transitions(
        calm_calm=int((~before & ~after).sum()),
        calm_hit=int((~before & after).sum()),
        hit_calm=int((before & ~after).sum()),
        hit_hit=int((before & after).sum()),
    )


def independence(hits: BoolArray) -> LikelihoodRatio:
    """Return Christoffersen's test that an exception does not depend on the day before.

    LR = -2 ln [L(pi) / L(pi01, pi11)] of the Markov chain against one probability, chi-square
    with 1 degree of freedom: Christoffersen, *Evaluating interval forecasts*, Int. Economic
    Review 39 (1998). It sees clusters of one day only.
    """
    statistic = _markov(transitions(hits))
    return LikelihoodRatio(statistic, float(chdtrc(1, statistic)), 1)


def conditional_coverage(hits: BoolArray, level_bp: int) -> LikelihoodRatio:
    """Return Christoffersen's joint test of the number and the independence of exceptions.

    The sum of both ratios over the days that have a day before them (the first day is conditioned
    on, so that they nest exactly); chi-square with 2 degrees of freedom.
    """
    counts = transitions(hits)
    later = int(hits[1:].sum())
    _expected(later, len(hits) - 1, level_bp)
    coverage = _ratio(later, len(hits) - 1, levels.tail_probability(level_bp))
    statistic = coverage + _markov(counts)
    return LikelihoodRatio(statistic, float(chdtrc(2, statistic)), 2)


def _expected(hits: int, days: int, level_bp: int) -> None:
    if not 0 < level_bp < levels.ONE_BP:
        raise RiskError("OUT_OF_RANGE", f"level {level_bp}bp", "is not between 0 and 10000")
    if days < 1 or not 0 <= hits <= days:
        raise RiskError("OUT_OF_RANGE", "exceptions", f"{hits} of {days} days")


def _likelihood(calm: int, hit: int, probability: float) -> float:
    return float(xlogy(calm, 1.0 - probability) + xlogy(hit, probability))


def _ratio(hits: int, days: int, probability: float) -> float:
    calm = days - hits
    given = _likelihood(calm, hits, probability)
    best = _likelihood(calm, hits, hits / days)
    return max(0.0, -2.0 * (given - best))


def _markov(counts: Transitions) -> float:
    calm = counts.calm_calm + counts.calm_hit
    hit = counts.hit_calm + counts.hit_hit
    after = counts.calm_hit + counts.hit_hit
    one = _likelihood(calm + hit - after, after, after / (calm + hit))
    two = _likelihood(counts.calm_calm, counts.calm_hit, counts.calm_hit / calm if calm else 0.0)
    two += _likelihood(counts.hit_calm, counts.hit_hit, counts.hit_hit / hit if hit else 0.0)
    return max(0.0, -2.0 * (one - two))
