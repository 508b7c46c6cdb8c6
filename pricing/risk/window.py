"""The days a set of historical scenarios covers, and whether their horizons overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricing.risk.arrays import BoolArray, DayArray
from pricing.risk.errors import RiskError

MISSING_DAYS = ("REFUSED", "SKIPPED", "SPANNED")
"""What was done with a day without a quote: none was allowed; moves from and to it were left out;
the move runs from the day before it to the day after."""


@dataclass(frozen=True, slots=True)
class Window:
    """First and last day of each scenario's move, by ordinal; stored with the figures."""

    starts: DayArray
    ends: DayArray
    missing_days: str
    overlapping: bool

    @property
    def scenarios(self) -> int:
        """How many scenarios there are."""
        return len(self.starts)


def window(
    starts: DayArray, ends: DayArray, *, missing_days: str, overlapping: bool = False
) -> Window:
    """Return the window of scenarios, checked: ascending starts, each move forward in time.

    Moves that share days are not independent: ranks and backtests then see fewer scenarios than
    are counted. OVERLAP_NOT_DECLARED names the first one, unless `overlapping` says that it is
    meant.
    """
    if missing_days not in MISSING_DAYS:
        raise RiskError("OUT_OF_RANGE", "missing_days", f"is one of {', '.join(MISSING_DAYS)}")
    if starts.shape != ends.shape or starts.ndim != 1 or not len(starts):
        raise RiskError("SHAPE", "window", f"{len(starts)} starts and {len(ends)} ends")
    _refuse_first(ends <= starts, starts, ends, "NOT_IN_ORDER", "ends before it has moved")
    behind = np.concatenate(([False], starts[1:] <= starts[:-1]))
    _refuse_first(behind, starts, ends, "NOT_IN_ORDER", "does not begin after the one before it")
    shared = np.concatenate(([False], starts[1:] < ends[:-1]))
    if not overlapping:
        _refuse_first(
            shared, starts, ends, "OVERLAP_NOT_DECLARED", "begins before the one before it ends"
        )
    return Window(starts, ends, missing_days, bool(shared.any()))


def _refuse_first(wrong: BoolArray, starts: DayArray, ends: DayArray, code: str, what: str) -> None:
    found = np.flatnonzero(wrong)
    if len(found):
        at = int(found[0])
        raise RiskError(code, f"scenario {at}", f"{starts[at]} to {ends[at]} {what}")
