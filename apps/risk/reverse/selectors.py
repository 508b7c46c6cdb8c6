"""Reverse stress of a node of a run: the sizes of a shock at which its loss reaches an amount."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from django.db import connection

from apps.result import cube as cubes
from apps.result import detail
from apps.result.cube import NodeLabel, RunHeader, UnknownNode
from apps.result.selection import StoredCell, UnknownCell
from apps.risk.explain.pairs import SQL
from apps.risk.reverse import adapters
from apps.risk.reverse.adapters import BASE, LIMIT_BP, Moved, ParallelShock
from apps.risk.reverse.revaluing import FewerPositions, Revaluation
from apps.run import selectors as runs
from apps.run.engine import engine
from foundation.exact import decimal_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = [
    "MOST_POSITIONS",
    "Moved",
    "NotStressed",
    "ParallelShock",
    "ReverseStress",
    "Root",
    "Searched",
    "reverse_stress",
]

MOST_POSITIONS = 5_000
"""Positions that are valued again in one question of a reader at most."""

STEPS = 24
"""Parts of the range searched: what turns twice within one of them is not seen."""

STEPS_OF_FIRST = 8
"""Parts of the range of the first of two shocks."""


class NotStressed(ValueError):
    """A question that has no answer; `place` names which part of it."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place


@dataclass(frozen=True, slots=True)
class Root:
    """Neighbouring sizes in tenths of a bp: the loss is below the threshold at `within`.

    At `reached` it is at or above it. Losses are counts of the quantum.
    """

    within: int
    reached: int
    loss_within: int
    loss_reached: int


@dataclass(frozen=True, slots=True)
class Searched:
    """What was found over a grid of sizes, `first` being the size of the other shock if any.

    Sizes are tenths of a bp. Where losses are `monotone` on the grid no other root is in range.
    """

    first: int | None
    grid: tuple[int, ...]
    losses: tuple[int, ...]
    monotone: bool
    roots: tuple[Root, ...]


@dataclass(frozen=True, slots=True)
class ReverseStress:
    """The answer for a node: all amounts are counts of 10**-quantum of `currency`.

    `positions` the node has, `covered` have a value in the run and at every size that was asked
    for: the losses are of those. `base` is their value as found here, `stored` as the run has it.
    """

    run: int
    node: NodeLabel
    shocks: tuple[ParallelShock, ...]
    currency: str
    quantum: int
    threshold: int
    positions: int
    covered: int
    base: int
    stored: int
    this_engine: bool
    searched: tuple[Searched, ...]

    def text(self, count: int) -> str:
        """Return an amount as a decimal in the run currency."""
        return decimal_text(count, self.quantum)


def reverse_stress(
    run: int,
    threshold: Decimal,
    shocks: Sequence[ParallelShock],
    *,
    node: str | None = None,
    from_bp: Decimal = Decimal(-300),
    to_bp: Decimal = Decimal(300),
    granted: Collection[int] | None = None,
    most: int | None = MOST_POSITIONS,
) -> ReverseStress:
    """Return at which sizes of a shock, or pair of shocks, a node loses `threshold` or more.

    The node's positions are valued again in full on the run's market, over a grid of the range in
    one pass and inside every bracket down to 0.1 bp. Of two shocks the second is searched at each
    size of the first. `granted` are nodes of the run's tree, None is everything.
    """
    header = cubes.run_header(run)
    cubes.check_complete(header)
    number = cubes.node_number(header, node)
    labels, shown, parts = cubes.shown_nodes(header, number, granted, children=False)
    if not labels:
        raise UnknownNode(f"run {run} has no node {node}")
    cell = _present_value(header)
    wanted = _quanta(threshold, cell.spec.quantum)
    ends = _tenths("from", from_bp), _tenths("to", to_bp)
    if ends[0] >= ends[1]:
        raise NotStressed("from, to", f"the range from {from_bp} to {to_bp} bp is empty")
    ordinals, count = _valued(header, detail.ranges(header, shown, parts), most)
    with connection.cursor() as cursor:
        request = runs.load_request(cursor, run)
    again = Revaluation(run, header.snapshot, request, cell.place, tuple(shocks), ordinals)
    try:
        searched = _searched(again, wanted, ends)
    except adapters.REFUSALS as error:
        raise NotStressed("shock", str(error)) from error
    return ReverseStress(
        run,
        labels[number],
        tuple(shocks),
        header.currency,
        cell.spec.quantum,
        wanted,
        positions=count,
        covered=int(again.known.sum()),
        base=again.base,
        stored=again.stored,
        this_engine=request.engine == engine(),
        searched=searched,
    )


def _searched(again: Revaluation, threshold: int, ends: tuple[int, int]) -> tuple[Searched, ...]:
    """Return what is found; from the start again whenever a size leaves fewer positions."""
    while True:
        try:
            return _once(again, threshold, ends)
        except FewerPositions:
            continue


def _once(again: Revaluation, threshold: int, ends: tuple[int, int]) -> tuple[Searched, ...]:
    grid = _grid(*ends, STEPS)
    if len(again.shocks) == 1:
        return (_as_searched(None, adapters.search(again.losses, threshold, grid)),)
    firsts = _grid(*ends, STEPS_OF_FIRST)
    # All of both grids in one pass; the search finds them there.
    again.losses([(int(one), int(other)) for one in firsts for other in grid])
    found = adapters.frontier(again.losses, threshold, firsts, grid)
    return tuple(_as_searched(first, each) for first, each in found)


def _as_searched(first: int | None, found: adapters.Found) -> Searched:
    return Searched(
        first,
        tuple(found.grid.tolist()),
        tuple(found.losses.tolist()),
        found.monotone,
        tuple(
            Root(each.within, each.reached, each.loss_within, each.loss_reached)
            for each in found.crossings
        ),
    )


def _grid(first: int, last: int, steps: int) -> Ints:
    """Return the range in equal steps of whole tenths, with no shock at all if that is in it."""
    sizes = np.rint(np.linspace(first, last, steps + 1)).astype(np.int64)
    return np.unique(np.append(sizes, 0) if first < 0 < last else sizes)


def _tenths(place: str, size: Decimal) -> int:
    if not size.is_finite() or abs(size) > LIMIT_BP:
        raise NotStressed(place, f"{size} bp is not within +/-{LIMIT_BP}")
    tenths = size.scaleb(1)
    if tenths != int(tenths):
        raise NotStressed(place, f"{size} is no whole number of tenths of a basis point")
    return int(tenths)


def _quanta(threshold: Decimal, quantum: int) -> int:
    if not threshold.is_finite() or threshold <= 0:
        raise NotStressed("loss", f"{threshold} is no amount above 0")
    count = threshold.scaleb(quantum)
    if count != int(count) or count >= 2**62:
        raise NotStressed("loss", f"{threshold} is no count of 1e-{quantum} that fits")
    return int(count)


def _present_value(header: RunHeader) -> StoredCell:
    for cell in cubes.axis(header.run):
        if (cell.spec.measure, cell.spec.scenario, cell.spec.factor) == ("PV", BASE, ""):
            return cell
    raise UnknownCell(f"run {header.run} has no PV under {BASE}: a loss is of it")


def _valued(
    header: RunHeader, ranges: Sequence[tuple[int, int, int]], most: int | None
) -> tuple[Ints, int]:
    """Return the ordinals that the run has a value of, and how many positions there are."""
    count = sum(last - first for _, first, last in ranges)
    if most is not None and count > most:
        raise detail.TooMuchDetail(
            f"{count} positions are too many to value again here: ask for a lower node, "
            "or use manage.py reverse_stress"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["valued"],
            {
                "run": header.run,
                "firsts": [first for _, first, _ in ranges],
                "lasts": [last for _, _, last in ranges],
            },
        )
        rows = cursor.fetchall()
    valued = np.array([position for position, good in rows if good], dtype=np.int64)
    if not len(valued):
        raise NotStressed("node", "no position under it has a value")
    return valued, len(rows)
