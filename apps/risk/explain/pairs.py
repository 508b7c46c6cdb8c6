"""The positions of two runs under a node, matched by position_id, with their stored amounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection

from apps.result import cube as cubes
from apps.result import selectors as results
from apps.result.cube import NodeLabel, RunHeader, UnknownNode
from foundation import sqlfiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.result.axis import Place

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

SQL = sqlfiles.load(Path(__file__).parents[1] / "sql")

OUTSIDE = -1
_VALUED = 0


@dataclass(frozen=True, slots=True)
class Side:
    """One run as it is compared: its header, and the ranges of ordinals of each row shown."""

    header: RunHeader
    ranges: Sequence[tuple[str, int, int]]

    def places(self, ordinals: Ints, rows: Mapping[str, int]) -> Ints:
        """Return under which row each ordinal stands, OUTSIDE for none."""
        found = np.full(len(ordinals), OUTSIDE, dtype=np.int64)
        for code, first, last in self.ranges:
            found[(ordinals >= first) & (ordinals < last)] = rows[code]
        return found


@dataclass(frozen=True, slots=True)
class Pairs:
    """Positions held at either end as columns; ordinal -1 where a run does not have it.

    `valued` tells that the run has a value of it, `same_row` that both runs pinned the same
    terms, state and reference data.
    """

    position_ids: list[str]
    opening: Ints
    closing: Ints
    valued_before: Bools
    valued_after: Bools
    same_row: Bools

    def __len__(self) -> int:
        return len(self.position_ids)

    def part(self, first: int, last: int) -> Pairs:
        """Return the pairs [first, last)."""
        cut = slice(first, last)
        return Pairs(
            self.position_ids[cut],
            self.opening[cut],
            self.closing[cut],
            self.valued_before[cut],
            self.valued_after[cut],
            self.same_row[cut],
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows of a comparison: the children of the node asked for, or itself if it has none."""

    node: NodeLabel
    rows: Sequence[NodeLabel]

    @property
    def labels(self) -> Sequence[NodeLabel]:
        """The node, and its children."""
        return self.rows if list(self.rows) == [self.node] else [self.node, *self.rows]

    def summed(self, amounts: list[int]) -> list[int]:
        """Return amounts of the rows by label: the node is the sum of its children."""
        return amounts if len(self.labels) == len(self.rows) else [sum(amounts), *amounts]


def sides(
    headers: tuple[RunHeader, RunHeader],
    node: str | None,
    granted: tuple[Collection[int] | None, Collection[int] | None],
) -> tuple[Shown, Side, Side]:
    """Return what is shown of two runs under a node, known by its code in both trees.

    A node that one of the trees lacks has no positions there; UnknownNode where both do, or the
    reader sees nothing of it in either.
    """
    code = node if node is not None else _code(headers[1])
    own: dict[str, NodeLabel] = {}
    labels: dict[str, NodeLabel] = {}
    found = []
    for header, seen in zip(headers, granted, strict=True):
        top, children, ranges = _seen(header, code, seen)
        own = top or own
        labels |= children
        found.append(Side(header, ranges))
    if not own:
        raise UnknownNode(f"runs {headers[0].run} and {headers[1].run} have no node {code}")
    label = next(iter(own.values()))
    rows = sorted(labels.values(), key=lambda each: each.node)
    if any(code == label.code for side in found for code, _, _ in side.ranges) or not rows:
        # A book; or a node that was one in one of the trees.
        rows = [label, *rows]
    return Shown(label, rows), found[0], found[1]


def _code(header: RunHeader) -> str:
    nodes, _, _ = cubes.shown_nodes(header, header.node, None, children=False)
    return nodes[header.node].code


def _seen(
    header: RunHeader, code: str, granted: Collection[int] | None
) -> tuple[dict[str, NodeLabel], dict[str, NodeLabel], list[tuple[str, int, int]]]:
    try:
        number = cubes.node_number(header, code)
    except UnknownNode:
        return {}, {}, []
    top, shown, parts = cubes.shown_nodes(header, number, granted, children=False)
    below, children, their = cubes.shown_nodes(header, number, granted, children=True)
    nodes, shown, parts = (below, children, their) if below else (top, shown, parts)
    with connection.cursor() as cursor:
        cursor.execute(
            cubes.SQL["ranges"],
            {"tree": header.tree, "snapshot": header.snapshot, "shown": shown, "part": parts},
        )
        rows = [(nodes[row[0]].code, int(row[1]), int(row[2])) for row in cursor.fetchall()]
    return (
        {label.code: label for label in top.values()},
        {label.code: label for label in below.values()},
        rows,
    )


def pairs(opening: Side, closing: Side, most: int | None) -> Pairs:
    """Return the positions in the ranges of either run, in canonical order of the closing one.

    More than `most` are refused with TooMuchDetail.
    """
    parameters: dict[str, Any] = {"limit": None if most is None else most + 1}
    for name, side in (("opening", opening), ("closing", closing)):
        parameters[name] = side.header.run
        parameters[f"{name}_snapshot"] = side.header.snapshot
        parameters[f"{name}_firsts"] = [first for _, first, _ in side.ranges]
        parameters[f"{name}_lasts"] = [last for _, _, last in side.ranges]
    with connection.cursor() as cursor:
        cursor.execute(SQL["pairs"], parameters)
        rows = cursor.fetchall()
    if most is not None and len(rows) > most:
        raise results.TooMuchDetail(
            f"more than {most} positions are too many to value again here: ask for a lower node, "
            "or use manage.py compare_runs"
        )
    return Pairs(
        [row[0] for row in rows],
        _ordinals([row[1] for row in rows]),
        _ordinals([row[4] for row in rows]),
        np.array([row[2] == _VALUED for row in rows], dtype=np.bool_),
        np.array([row[5] == _VALUED for row in rows], dtype=np.bool_),
        np.array([row[3] is not None and row[3] == row[6] for row in rows], dtype=np.bool_),
    )


def stored(run: int, place: Place, ordinals: Ints) -> Ints:
    """Return the stored cell of each ordinal, 0 where the run has no value of it."""
    asked = [ordinal for ordinal in ordinals.tolist() if ordinal >= 0]
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["cells"],
            {"run": run, "block": place.block, "ordinal": place.ordinal, "positions": asked},
        )
        cells = dict(cursor.fetchall())
    return np.array([cells.get(ordinal, 0) for ordinal in ordinals.tolist()], dtype=np.int64)


def _ordinals(values: Sequence[int | None]) -> Ints:
    return np.array([-1 if value is None else value for value in values], dtype=np.int64)
