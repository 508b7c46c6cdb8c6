"""Confidence levels in basis points, and the rank a level has among n scenarios."""

from __future__ import annotations

from pricing.risk.errors import RiskError

ONE_BP = 10_000
LEVELS_BP = (9_500, 9_750, 9_900)
"""The levels reported: 95, 97.5 and 99%."""


def rank(scenarios: int, level_bp: int) -> int:
    """Return k = ceil(n (1 - p)) in exact integers: VaR is the k-th smallest P&L.

    The inverted distribution function, not NumPy's interpolated default. TOO_FEW_SCENARIOS where
    n (1 - p) < 1: the worst scenario would then stand for a tail it was not drawn from.
    """
    if not 0 < level_bp < ONE_BP:
        raise RiskError("OUT_OF_RANGE", f"level {level_bp}bp", "is not between 0 and 10000")
    if scenarios < least_scenarios(level_bp):
        raise RiskError(
            "TOO_FEW_SCENARIOS",
            f"level {level_bp}bp",
            f"needs {least_scenarios(level_bp)} scenarios or more, there are {scenarios}",
        )
    return -((-scenarios * (ONE_BP - level_bp)) // ONE_BP)


def least_scenarios(level_bp: int) -> int:
    """Return the number of scenarios from which one is expected in the tail: ceil(1 / (1 - p))."""
    return -(-ONE_BP // (ONE_BP - level_bp))


def tail_probability(level_bp: int) -> float:
    """Return 1 - p as a decimal fraction."""
    return (ONE_BP - level_bp) / ONE_BP
