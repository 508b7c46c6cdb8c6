"""The change of amounts between two runs at a node and its children, in columns that add up."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from django.db import connection

from apps.result import cube as cubes
from apps.result.cube import NodeLabel
from apps.result.selection import NotAggregable, StoredCell, UnknownCell
from apps.risk.explain import adapters, pairs, valuing
from apps.risk.explain.adapters import AMENDED, MATURED, NEW, Move
from apps.risk.explain.markets import TIME
from apps.risk.explain.pairs import OUTSIDE, Pairs, Shown, Side
from apps.risk.explain.waterfall import CARRY, EVENTS, ROLL_DOWN, NotComparable, Path, Waterfall
from apps.run import selectors as runs
from apps.run.engine import engine
from foundation.exact import decimal_text, guarded_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["MOST_POSITIONS", "Comparison", "MeasureChange", "NotComparable", "compare"]

MOST_POSITIONS = 5_000
"""Positions that are valued again in one question at most."""

CHUNK = 5_000
"""Positions that are valued at once."""

# A process that answers others too gives one core to revaluations.
_one_at_a_time = threading.Lock()

TRANSFERRED, UNCOVERED = "TRANSFERRED", "UNCOVERED"

HELD_AT_ONE_END = (NEW, MATURED, TRANSFERRED, UNCOVERED)

_NO_PNL = frozenset((*HELD_AT_ONE_END, TIME, EVENTS, AMENDED))


@dataclass(frozen=True, slots=True)
class MeasureChange:
    """One measure: opening + all columns = closing in every row, as integers of its quantum.

    `amounts[c][i]` is column `columns[c]` of row i. `pnl` is the hypothetical P&L of PV: what time
    and the market did to what was held, None for other measures.
    """

    measure: str
    factor: str
    unit: str
    currency: str
    quantum: int
    columns: tuple[str, ...]
    opening: list[int]
    closing: list[int]
    amounts: list[list[int]]

    @property
    def change(self) -> list[int]:
        """Closing less opening of each row."""
        return [after - before for before, after in zip(self.opening, self.closing, strict=True)]

    @property
    def pnl(self) -> list[int] | None:
        """The hypothetical P&L of each row."""
        if self.measure != "PV":
            return None
        taken = [
            amounts
            for name, amounts in zip(self.columns, self.amounts, strict=True)
            if name not in _NO_PNL
        ]
        return [sum(each) for each in zip(*taken, strict=True)]

    def text(self, count: int) -> str:
        """Return an amount of this measure as a decimal."""
        return decimal_text(count, self.quantum)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs under a node: row 0 is the node, the others its children; row 0 is their sum.

    `same_engine` tells that both runs were computed by one engine and profile, `this_engine` that
    it is the one that valued the steps: else the difference stands in RESIDUAL. `counts` are of
    positions of each row by what became of them.
    """

    opening_run: int
    closing_run: int
    opening_date: dt.date
    closing_date: dt.date
    currency: str
    same_engine: bool
    this_engine: bool
    nodes: list[NodeLabel]
    counts: Mapping[str, list[int]]
    measures: list[MeasureChange]
    moves: list[Move]


COUNTS = ("HELD", "AMENDED", "NEW", "MATURED", "TRANSFERRED", "UNCOVERED", "UNEXPLAINED")
"""HELD at both ends, AMENDED among them; UNEXPLAINED where a step has no value."""


@dataclass(slots=True)
class _Totals:
    """Sums by row of one measure as Python integers: no sum of chunks overflows."""

    opening: list[int]
    closing: list[int]
    amounts: dict[str, list[int]] = field(default_factory=dict)

    def add(self, name: str, rows: Ints, values: Ints, count: int) -> None:
        """Add values to a column, those of row OUTSIDE left out."""
        into = self.amounts.setdefault(name, [0] * count)
        _add(into, rows, values)


def _add(into: list[int], rows: Ints, values: Ints) -> None:
    for row in np.unique(rows[rows != OUTSIDE]).tolist():
        into[row] += int(guarded_sum(values[rows == row][:, None])[0])


def compare(
    opening: int,
    closing: int,
    *,
    node: str | None = None,
    measures: Sequence[str] = ("PV", "DV01"),
    granted_before: Collection[int] | None = None,
    granted_after: Collection[int] | None = None,
    most: int | None = MOST_POSITIONS,
) -> Comparison:
    """Explain the change from one run to another at a node of the closing run and its children.

    Positions are matched by position_id, nodes by code, cells by (measure, factor) on BASE. What
    both runs hold is valued again with one input after another moved, in the order of the
    columns. `granted_..` are nodes of each run's tree, None is everything.
    """
    headers = (cubes.run_header(opening), cubes.run_header(closing))
    for header in headers:
        cubes.check_complete(header)
    shown, before, after = pairs.sides(headers, node, (granted_before, granted_after))
    cells = [_cells(cubes.axis(header.run), measures) for header in headers]
    with connection.cursor() as cursor:
        requests = (runs.load_request(cursor, opening), runs.load_request(cursor, closing))
    held = pairs.pairs(before, after, most)
    fall = Waterfall(requests[0], requests[1], measures)
    rows = {label.code: place for place, label in enumerate(shown.rows)}
    count = len(rows)
    totals = [_Totals([0] * count, [0] * count) for _ in measures]
    counts = {name: [0] * count for name in COUNTS}
    with _one_at_a_time:
        for first in range(0, max(len(held), 1), CHUNK):
            part = held.part(first, first + CHUNK)
            _Chunk(part, before, after, rows, fall).into(cells, totals, counts)
    engines = {each.engine for each in requests}
    profiles = {each.profile for each in requests}
    return Comparison(
        opening,
        closing,
        requests[0].valuation_date,
        requests[1].valuation_date,
        requests[1].currency,
        same_engine=len(engines) == 1 and len(profiles) == 1,
        this_engine=engines == {engine()},
        nodes=list(shown.labels),
        counts={name: shown.summed(each) for name, each in counts.items()},
        measures=[
            _measure(cell, total, shown) for cell, total in zip(cells[1], totals, strict=True)
        ],
        moves=fall.moves,
    )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some of the positions of a comparison, and the row that each stands in at either end."""

    part: Pairs
    before: Side
    after: Side
    rows: Mapping[str, int]
    fall: Waterfall

    def into(
        self,
        cells: Sequence[Sequence[StoredCell]],
        totals: Sequence[_Totals],
        counts: Mapping[str, list[int]],
    ) -> None:
        """Add the changes of the positions to the totals of each measure."""
        part = self.part
        at = (
            self.before.places(part.opening, self.rows),
            self.after.places(part.closing, self.rows),
        )
        both = part.valued_before & part.valued_after & (at[1] != OUTSIDE)
        groups = [
            valuing.load(side.header.snapshot, np.where(both, ordinals, -1))
            for side, ordinals in ((self.before, part.opening), (self.after, part.closing))
        ]
        path = self.fall.walk(groups[0], groups[1], len(part))
        for cell, later, total in zip(*cells, totals, strict=True):
            stored = (
                pairs.stored(self.before.header.run, cell.place, self._valued(0)),
                pairs.stored(self.after.header.run, later.place, self._valued(1)),
            )
            self._ends(total, at, stored)
            self._steps(total, at[1], stored, both, path, cell)
        self._count(counts, at, both, path.known)

    def _valued(self, end: int) -> Ints:
        part = self.part
        ordinals, valued = (
            (part.opening, part.valued_before),
            (part.closing, part.valued_after),
        )[end]
        return np.where(valued, ordinals, -1)

    def _ends(self, total: _Totals, at: tuple[Ints, Ints], stored: tuple[Ints, Ints]) -> None:
        """Add levels, and what positions without a value at both ends in one row amount to."""
        count = len(total.opening)
        _add(total.opening, at[0], stored[0])
        _add(total.closing, at[1], stored[1])
        for name, signed, rows, chosen in (
            (NEW, stored[1], at[1], self._new),
            (MATURED, -stored[0], at[0], self._matured),
            (TRANSFERRED, -stored[0], at[0], self._left(at)),
            (TRANSFERRED, stored[0], at[1], self._arrived(at)),
            (UNCOVERED, -stored[0], at[1], self._lost),
            (UNCOVERED, stored[1], at[1], self._found),
        ):
            total.add(name, np.where(chosen, rows, OUTSIDE), signed, count)

    @property
    def _new(self) -> Bools:
        return (self.part.opening < 0) & self.part.valued_after

    @property
    def _matured(self) -> Bools:
        return (self.part.closing < 0) & self.part.valued_before

    def _left(self, at: tuple[Ints, Ints]) -> Bools:
        return np.asarray((self.part.closing >= 0) & self.part.valued_before & (at[0] != at[1]))

    def _arrived(self, at: tuple[Ints, Ints]) -> Bools:
        return np.asarray((self.part.opening >= 0) & self.part.valued_before & (at[0] != at[1]))

    @property
    def _lost(self) -> Bools:
        """A value became an error."""
        part = self.part
        return (part.closing >= 0) & part.valued_before & ~part.valued_after

    @property
    def _found(self) -> Bools:
        """An error became a value."""
        part = self.part
        return (part.opening >= 0) & ~part.valued_before & part.valued_after

    def _steps(
        self,
        total: _Totals,
        rows: Ints,
        stored: tuple[Ints, Ints],
        both: Bools,
        path: Path,
        cell: StoredCell,
    ) -> None:
        spec = cell.spec
        known = both & path.known
        way = {
            name: np.where(known, values, stored[0])
            for name, values in _way(path, spec.measure, spec.factor).items()
        }
        last = way[next(reversed(way))]
        place = path.own_closing.at(spec.measure, spec.factor)
        amended = np.where(known & ~self.part.same_row, path.own_closing.cells[:, place], last)
        place = path.own_opening.at(spec.measure, spec.factor)
        own = np.where(known, path.own_opening.cells[:, place], stored[0])
        # What this process values otherwise than the runs did goes to RESIDUAL at either end.
        found = adapters.explained(
            own, way, amended, stored[1] + own - stored[0], (both, both),
            _known(path.parts, known) if spec.measure == "PV" else {},
        )  # fmt: skip
        for column, name in enumerate(found.columns):
            if name not in (NEW, MATURED):
                total.add(name, rows, found.amounts[:, column], len(total.opening))

    def _count(
        self,
        counts: Mapping[str, list[int]],
        at: tuple[Ints, Ints],
        both: Bools,
        known: Bools,
    ) -> None:
        ones = np.ones(len(self.part), dtype=np.int64)
        for name, rows, chosen in (
            ("HELD", at[1], both),
            (AMENDED, at[1], both & ~self.part.same_row),
            (NEW, at[1], self._new),
            (MATURED, at[0], self._matured),
            (TRANSFERRED, at[0], self._left(at)),
            (TRANSFERRED, at[1], self._arrived(at)),
            (UNCOVERED, at[1], self._lost | self._found),
            ("UNEXPLAINED", at[1], both & ~known),
        ):
            _add(counts[name], np.where(chosen, rows, OUTSIDE), ones)


def _way(path: Path, measure: str, factor: str) -> dict[str, Ints]:
    """Return the amounts after each step; for PV time is what was paid, carry and roll-down."""
    found: dict[str, Ints] = {}
    for name, values in path.steps.items():
        amounts = values.cells[:, values.at(measure, factor)]
        if name == TIME and measure == "PV" and path.carried:
            rolled = amounts - path.carried[ROLL_DOWN]
            found |= {EVENTS: rolled - path.carried[CARRY], CARRY: rolled, ROLL_DOWN: amounts}
        else:
            found[name] = amounts
    return found


def _known(parts: Mapping[str, Mapping[str, Floats]], known: Bools) -> dict[str, dict[str, Floats]]:
    return {
        step: {name: np.where(known, estimate, 0.0) for name, estimate in estimates.items()}
        for step, estimates in parts.items()
    }


def _cells(axis: Sequence[StoredCell], measures: Sequence[str]) -> list[StoredCell]:
    """Return the BASE cell of each measure: its total where it has one by currency."""
    found = []
    for code in measures:
        cells = [
            each
            for each in axis
            if (each.spec.measure, each.spec.scenario) == (code, "BASE")
            and each.spec.factor in ("", "ALL")
        ]
        if not cells:
            raise UnknownCell(f"a run has no {code} under BASE in total")
        if cells[0].spec.kind != "SUM":
            raise NotAggregable(f"{code} is {cells[0].spec.kind}: it has no total")
        found.append(cells[0])
    return found


def _measure(cell: StoredCell, total: _Totals, shown: Shown) -> MeasureChange:
    spec = cell.spec
    return MeasureChange(
        spec.measure,
        spec.factor,
        spec.unit,
        spec.currency,
        spec.quantum,
        tuple(total.amounts),
        shown.summed(total.opening),
        shown.summed(total.closing),
        [shown.summed(each) for each in total.amounts.values()],
    )
