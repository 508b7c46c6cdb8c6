"""The duration bridge: from the duration of projected flows today to that at a horizon.

Duration is sum(t x PV) / sum(PV), years, of flows as they are projected in one market (the
derivative by the continuous zero rate of flows that stay as they are: Fisher and Weil 1971,
`STATIC` in the words of DEFINITIONS section 2). The market moves along its forwards, so that a
flow's value at the horizon H is PV / P(0, H), P with the position's own spread. Each step is a
pair of amounts that add over positions, the value V and the value times time A; the duration of
a node after a step is A / V of the node's own sums. The order of the steps is fixed:

  OPENING     V, A of all flows at the valuation date
  TIME        values at H; what is paid up to H is held as cash with no time left
  INTEREST    interest and fees paid up to H leave
  SCHEDULED   scheduled principal paid up to H leaves
  PREPAYMENT  prepaid principal paid up to H leaves
  DEFAULT     recoveries of defaults paid up to H leave
  DRAWS       what is drawn up to H leaves the account that it came out of
  CLOSING     V, A of the flows after H alone

The effect of a step is the duration after it less that before it; the residual is the closing
duration less that after DRAWS. Effects and residual sum to the change of duration by
construction, at every node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

PARTS = ("INTEREST", "SCHEDULED", "PREPAYMENT", "DEFAULT", "DRAWS")
"""What leaves up to the horizon, in order."""

STEPS = ("OPENING", "TIME", *PARTS, "CLOSING")
"""The steps of the bridge, in order."""

RESIDUAL = "RESIDUAL"


def steps(
    parts: Mapping[str, FloatArray],
    factors: FloatArray,
    growth: FloatArray,
    years: FloatArray,
    horizon: float,
) -> tuple[FloatArray, FloatArray]:
    """Return V and A of flows after each step, (steps, flows, states) each.

    `parts` are the amounts of flows (flows, states) by PARTS, drawings negative; `factors` their
    discount factors with the own spread, `growth` is 1 / P(0, H) of each flow's row, both
    (flows, states); `years` (flows,) and `horizon` from the valuation date, Act/365F.
    """
    cash = sum((parts[name] for name in PARTS), np.zeros(factors.shape))
    worth = cash * factors
    paid = (years <= horizon)[:, None]
    then = worth * growth
    later = np.where(paid, 0.0, then)
    left = later * (years - horizon)[:, None]
    values, times = [worth, then], [worth * years[:, None], left]
    for name in PARTS:
        gone = np.where(paid, parts[name] * factors * growth, 0.0)
        values.append(values[-1] - gone)
        times.append(left)
    values.append(later)
    times.append(left)
    return np.stack(values), np.stack(times)


def durations(values: Sequence[Fraction], times: Sequence[Fraction]) -> list[Fraction] | None:
    """Return A / V after each step of a node's sums, None where a V is not positive."""
    if any(value <= 0 for value in values):
        return None
    return [time / value for time, value in zip(times, values, strict=True)]


def effects(after: Sequence[int]) -> dict[str, int]:
    """Return the effect of each step and the residual from durations after the steps.

    Durations are whole counts of one quantum, so the effects add to the change exactly.
    """
    found = {
        name: after[place] - after[place - 1]
        for place, name in enumerate(STEPS)
        if name not in ("OPENING", "CLOSING")
    }
    found[RESIDUAL] = after[-1] - after[-2]
    return found
