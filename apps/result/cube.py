"""The cube by one dimension: exact sums of a node's positions, read from the final roll-ups."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection

from apps.portfolio.dimensions import Dimension
from apps.result import adapters, maturity, selection, statements
from apps.result.selection import Column, Presentation, StoredCell
from apps.run.contracts import CellSpec
from foundation import sqlfiles
from foundation.exact import decimal_text

SQL = sqlfiles.load(Path(__file__).parent / "sql")

_CENTS = 2
_COMPLETE = ("COMPLETED", "COMPLETED_WITH_ERRORS", "PUBLISHED")


class UnknownRun(LookupError):
    """There is no such run."""


class RunNotComplete(LookupError):
    """The run has no totals: it is under way, or it ended without any."""


class UnknownNode(LookupError):
    """There is no such node in the run's tree, or the reader may see nothing of it."""


class UnknownCurrency(LookupError):
    """The pinned market has no rate into the currency."""


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What reading a run's results needs to know of it."""

    run: int
    status: str
    currency: str
    tree: int
    node: int
    snapshot: int
    market: int
    positions: int
    valuation_date: dt.date
    labels: Mapping[Dimension, tuple[str, ...]]

    def members(self, dimension: Dimension) -> tuple[str, ...]:
        """Return the labels of a dimension by member number."""
        return self.labels[dimension]


@dataclass(frozen=True, slots=True)
class NodeLabel:
    """A node of the portfolio tree as it is shown."""

    node: int
    code: str
    name: str
    node_type: str


@dataclass(frozen=True, slots=True)
class CubeColumn:
    """One value per row of the cube as a decimal text; where there is none, a reason."""

    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    kind: str
    values: list[str | None]
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Cube:
    """A grid as columns: row i is node `nodes[i]` and, below it, the members `members[i]`.

    `count` counts positions, `covered` the valued ones, which alone are in the columns; the
    notionals are of both, in `currency`. `presentation` tells that amounts of the run currency
    are shown in another at the pinned BASE spot `rate` and need not tie out.
    """

    run: int
    by: tuple[str, ...]
    currency: str
    presentation: bool
    rate: str
    nodes: list[NodeLabel]
    members: list[tuple[str, ...]]
    count: list[int]
    covered: list[int]
    covered_notional: list[str]
    uncovered_notional: list[str]
    columns: list[CubeColumn]


@dataclass(frozen=True, slots=True)
class Sums:
    """One row of the cube as integers: its keys, counts, notionals in cents and cells."""

    node: int
    members: tuple[int, ...]
    count: int
    covered: int
    covered_notional: int
    uncovered_notional: int
    cells: dict[Any, int]


def run_header(run: int, dimensions: Sequence[Dimension] = ()) -> RunHeader:
    """Return the header of a run with the member labels of the dimensions asked for."""
    asked = [dimension.name for dimension in dimensions]
    with connection.cursor() as cursor:
        cursor.execute(SQL["run"], {"run": run, "dimensions": asked})
        row = cursor.fetchone()
    if row is None:
        raise UnknownRun(f"there is no run {run}")
    labels = {
        dimension: maturity.MEMBERS
        if dimension is Dimension.MATURITY_BUCKET
        else tuple(_json(found) or ("",))
        for dimension, found in zip(dimensions, row[9], strict=True)
    }
    run_id, status, currency, tree, root, snapshot, market, positions, day = row[:9]
    return RunHeader(run_id, status, currency, tree, root, snapshot, market, positions, day, labels)


def check_complete(header: RunHeader) -> None:
    """Refuse totals of a run that is not complete: a part is never shown as a whole."""
    if header.status not in _COMPLETE:
        raise RunNotComplete(f"run {header.run} is {header.status} and has no totals")


def _json(found: Any) -> Any:
    return json.loads(found) if isinstance(found, str) else found


def axis(run: int) -> list[StoredCell]:
    """Return the cells of a run in order, with their places."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["axis"], {"run": run})
        return selection.stored([CellSpec(*row) for row in cursor.fetchall()])


def shown_nodes(
    header: RunHeader, node: int, granted: Collection[int] | None, *, children: bool
) -> tuple[dict[int, NodeLabel], list[int], list[int]]:
    """Return the nodes to show, and the parallel lists of each one and its visible parts."""
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["shown"],
            {
                "tree": header.tree,
                "run_node": header.node,
                "node": node,
                "children": children,
                "granted": None if granted is None else sorted(granted),
            },
        )
        rows = cursor.fetchall()
    labels = {row[0]: NodeLabel(*row[:4]) for row in rows}
    return labels, [row[0] for row in rows], [row[4] for row in rows]


def node_number(header: RunHeader, node: int | str | None) -> int:
    """Return the number of a node given by number or code; the run's own without one."""
    if node is None:
        return header.node
    if isinstance(node, int):
        return node
    with connection.cursor() as cursor:
        cursor.execute(SQL["node_by_code"], {"tree": header.tree, "code": node})
        row = cursor.fetchone()
    if row is None:
        raise UnknownNode(f"run {header.run} has no node {node}")
    return int(row[0])


def presentation(header: RunHeader, currency: str | None) -> Presentation | None:
    """Return how amounts are shown in `currency`; None in the run's own."""
    if currency is None or currency == header.currency:
        return None
    with connection.cursor() as cursor:
        cursor.execute(SQL["market"], {"market": header.market})
        row = cursor.fetchone()
    rate: Decimal | None = None
    if row is not None:
        rate = adapters.spot(row[0], header.currency, currency)
    if rate is None:
        raise UnknownCurrency(f"run {header.run} has no rate from {header.currency} to {currency}")
    return Presentation(header.currency, currency, rate)


def by_rollup(
    header: RunHeader,
    dimension: Dimension,
    shown: list[int],
    parts: list[int],
    columns: Sequence[Column],
) -> list[Sums]:
    """Read the roll-ups of the shown nodes by the members of one dimension."""
    places = selection.places(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            statements.sum_rollups(places),
            {
                "run": header.run,
                "dimension": int(dimension),
                "shown": shown,
                "part": parts,
                "blocks": sorted({0, *(place.block for place in places)}),
            },
        )
        rows = cursor.fetchall()
    return [
        Sums(
            node=row[0],
            members=() if dimension is Dimension.PORTFOLIO else (row[1],),
            count=int(row[2]),
            covered=int(row[3]),
            covered_notional=int(row[4]),
            uncovered_notional=int(row[5]),
            cells={place: int(q) for place, q in zip(places, row[6:], strict=True)},
        )
        for row in rows
    ]


def grid(
    header: RunHeader,
    by: Sequence[Dimension],
    rows: Iterable[Sums],
    nodes: dict[int, NodeLabel],
    columns: Sequence[Column],
    shown_in: Presentation | None,
) -> Cube:
    """Lay rows of sums out as columns of decimal texts, in order of node and label."""
    split = [dimension for dimension in by if dimension is not Dimension.PORTFOLIO]

    def labels(row: Sums) -> tuple[str, ...]:
        return tuple(
            header.members(dimension)[member]
            for dimension, member in zip(split, row.members, strict=True)
        )

    def rank(row: Sums) -> tuple[Any, ...]:
        ranks = (
            (member, "") if dimension is Dimension.MATURITY_BUCKET else (0, label)
            for dimension, member, label in zip(split, row.members, labels(row), strict=True)
        )
        return (row.node, *ranks)

    ordered = sorted(rows, key=rank)

    def notional(cents: int) -> str:
        return shown_in.convert(cents, _CENTS) if shown_in else decimal_text(cents, _CENTS)

    found = []
    for column in columns:
        values = [
            selection.value(column, [row.cells[part.place] for part in column.parts], shown_in)
            for row in ordered
        ]
        moved = shown_in is not None and shown_in.moves(column)
        found.append(
            CubeColumn(
                measure=column.measure,
                scenario=column.scenario,
                factor=column.factor,
                unit=column.unit,
                currency=shown_in.target if moved and shown_in else column.currency,
                kind=column.kind,
                values=[value.text for value in values],
                reasons=[value.reason for value in values],
            )
        )
    return Cube(
        run=header.run,
        by=tuple(dimension.name for dimension in by),
        currency=shown_in.target if shown_in else header.currency,
        presentation=shown_in is not None,
        rate=str(shown_in.rate) if shown_in else "1",
        nodes=[nodes[row.node] for row in ordered],
        members=[labels(row) for row in ordered],
        count=[row.count for row in ordered],
        covered=[row.covered for row in ordered],
        covered_notional=[notional(row.covered_notional) for row in ordered],
        uncovered_notional=[notional(row.uncovered_notional) for row in ordered],
        columns=found,
    )
