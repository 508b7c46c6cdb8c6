"""A backtest of a node's VaR over the scenarios of its run, in their order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from apps.portfolio.dimensions import Dimension
from apps.result import cube as cubes
from apps.result import selection
from apps.risk import adapters
from apps.risk.figures import UnknownLevel, basis_of, whole_node

WINDOW = 250


@dataclass(frozen=True, slots=True)
class Backtest:
    """The days on which a book, held as it is today, would have lost more than its VaR.

    `exceptions` names the scenarios; p-values are of a right model giving as much or more.
    """

    node: str
    level_bp: int
    window: int
    days: int
    exceptions: list[str]
    kupiec: float
    independence: float
    conditional_coverage: float
    zone: str
    multiplier: float | None


def backtest(
    run: int,
    *,
    node: int | str | None = None,
    level_bp: int = 9_900,
    window: int = WINDOW,
    granted: Collection[int] | None = None,
) -> Backtest:
    """Return the backtest of a node: each scenario's P&L against the VaR of the `window` before.

    P&L is of the node's stored vector. UnknownLevel where the scenarios are no history, overlap,
    or are too few.
    """
    header = cubes.run_header(run)
    cubes.check_complete(header)
    number, label = whole_node(header, node, granted)
    past = basis_of(run)
    if not past:
        raise UnknownLevel(f"the scenarios of run {run} are no history: nothing to test against")
    if past.get("overlapping"):
        raise UnknownLevel(f"the moves of run {run} overlap: its days are not independent")
    columns = selection.select(cubes.axis(run), ["PV"], None, totals=True)
    sums = cubes.by_rollup(header, Dimension.PORTFOLIO, [number], [number], columns)
    counts = {
        column.scenario: sums[0].cells[column.parts[0].place] if sums else 0 for column in columns
    }
    base = counts.pop(adapters.BASE)
    codes = list(counts)
    try:
        found = adapters.backtested([counts[code] - base for code in codes], level_bp, window)
    except adapters.RiskError as error:
        raise UnknownLevel(str(error)) from error
    return Backtest(
        node=label.code,
        level_bp=level_bp,
        window=window,
        days=found.days,
        exceptions=[codes[at] for at in found.hits],
        kupiec=found.kupiec,
        independence=found.independence,
        conditional_coverage=found.conditional_coverage,
        zone=found.zone,
        multiplier=found.multiplier,
    )
