"""Reading results in a constant number of queries: the cube, pages of positions, one position.

A reader's grants are given by the caller as nodes of the run's tree; a total is the sum of the
granted maximal subtrees under the node asked for, and a node without any is unknown to him.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from apps.portfolio.dimensions import Dimension
from apps.result import cube as cubes
from apps.result import detail, selection
from apps.result.cube import (
    Cube,
    CubeColumn,
    NodeLabel,
    RunNotComplete,
    UnknownCurrency,
    UnknownNode,
    UnknownRun,
)
from apps.result.cube import axis as axis
from apps.result.detail import TooMuchDetail
from apps.result.listing import (
    Order,
    PositionFilter,
    PositionPage,
    PositionValues,
    UnknownPosition,
    position,
    positions,
)
from apps.result.selection import NotAggregable, StoredCell, UnknownCell

__all__ = [
    "Cube",
    "CubeColumn",
    "NodeLabel",
    "NotAggregable",
    "Order",
    "PositionFilter",
    "PositionPage",
    "PositionValues",
    "RunNotComplete",
    "StoredCell",
    "TooMuchDetail",
    "UnknownCell",
    "UnknownCurrency",
    "UnknownNode",
    "UnknownPosition",
    "UnknownRun",
    "axis",
    "cube",
    "position",
    "positions",
]


def cube(
    run: int,
    *,
    node: int | str | None = None,
    by: Sequence[Dimension] = (),
    measures: Iterable[str] | None = None,
    scenarios: Iterable[str] | None = None,
    currency: str | None = None,
    where: Mapping[Dimension, Collection[str]] | None = None,
    granted: Collection[int] | None = None,
) -> Cube:
    """Return exact totals of a run under a node, by nothing, one dimension or a combination.

    `by` PORTFOLIO shows the children of the node. One dimension, with or without PORTFOLIO, is
    read from the final roll-ups; a combination, or a filter on another dimension, is summed from
    the detail under the node, bounded by rows x cells (TooMuchDetail). `granted` None is
    everything.
    """
    chosen = tuple(dict.fromkeys(by))
    split = [dimension for dimension in chosen if dimension is not Dimension.PORTFOLIO]
    asked = dict(where or {})
    combined = len(split) > 1 or bool(set(asked) - set(split))
    needed = [*split, *asked, Dimension.CURRENCY] if combined else split
    header = cubes.run_header(run, tuple(dict.fromkeys(needed)))
    cubes.check_complete(header)
    number = cubes.node_number(header, node)
    columns = selection.select(cubes.axis(run), measures, scenarios, totals=True)
    children = Dimension.PORTFOLIO in chosen
    nodes, shown, parts = cubes.shown_nodes(header, number, granted, children=children)
    if not nodes and (
        not children or not cubes.shown_nodes(header, number, granted, children=False)[0]
    ):
        raise UnknownNode(f"run {run} has no node {node}")
    shown_in = cubes.presentation(header, currency)
    if combined:
        rows = detail.by_detail(header, split, asked, shown, parts, columns)
    else:
        dimension = split[0] if split else Dimension.PORTFOLIO
        rows = cubes.by_rollup(header, dimension, shown, parts, columns)
        if asked:
            wanted = set(asked[dimension])
            rows = [row for row in rows if header.members(dimension)[row.members[0]] in wanted]
    return cubes.grid(header, chosen, rows, nodes, columns, shown_in)
