"""A run's totals as a grid of columns: one list per column, not one object per cell."""

from __future__ import annotations

from typing import Self

import strawberry

from apps.result import selectors as results
from graph.context import Info
from graph.declare import at_most, input_type, object_type
from graph.enums import Dimension
from graph.errors import BadInput
from graph.paging import PageInfo, check_first, decode, encode
from graph.refusals import reading
from graph.scalars import DecimalText

MAX_VALUES = 50_000
"""Rows x columns of one grid at most: about 0.1 s of encoding."""

MOST_COLUMNS = 500
"""Columns of one grid, and values of one position, at most."""

USUAL_COLUMNS = 100
"""How many columns the cost rule takes a grid to have."""


@input_type
class CubeFilter:
    """Keep the positions whose member of the dimension is one of these labels."""

    dimension: Dimension
    members: list[str]


@object_type()
class CubeColumn:
    """One cell of the axis over all rows of the grid."""

    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    kind: str
    values: list[DecimalText | None]
    reasons: list[str]

    @classmethod
    def of(cls, column: results.CubeColumn, rows: slice) -> Self:
        """Return the part of a column that is on the page."""
        return cls(
            measure=column.measure,
            scenario=column.scenario,
            factor=column.factor,
            unit=column.unit,
            currency=column.currency,
            kind=column.kind,
            values=[None if each is None else DecimalText(each) for each in column.values[rows]],
            reasons=column.reasons[rows],
        )


@object_type()
class CubeMembers:
    """The labels of one dimension over all rows; '' is a position without one."""

    dimension: Dimension
    members: list[str]


@object_type()
class Cube:
    """Exact totals of what the user may see under a node.

    Row i is node `nodeCodes[i]` and the i-th member of each dimension. `counts` counts
    positions, `covered` the valued ones: only these are in the columns, and the notionals say how
    much stands outside. With `presentation` amounts are shown in another currency at the BASE spot
    `rate` of the run's market and need not tie out.
    """

    by: list[Dimension]
    currency: str
    presentation: bool
    rate: DecimalText
    row_count: int
    node_codes: list[str]
    node_names: list[str]
    node_types: list[str]
    dimensions: list[CubeMembers] = strawberry.field(directives=[at_most(8)])
    counts: list[int]
    covered: list[int]
    covered_notional: list[DecimalText]
    uncovered_notional: list[DecimalText]
    columns: list[CubeColumn] = strawberry.field(directives=[at_most(USUAL_COLUMNS)])
    page_info: PageInfo

    @classmethod
    def of(cls, cube: results.Cube, start: int, first: int) -> Self:
        """Return the rows [start, start + first) of a cube."""
        rows = slice(start, start + first)
        nodes = cube.nodes[rows]
        check_size(rows=len(nodes), columns=len(cube.columns))
        split = [each for each in cube.by if each != Dimension.PORTFOLIO.name]
        more = len(cube.nodes) > rows.stop
        return cls(
            by=[Dimension[each] for each in cube.by],
            currency=cube.currency,
            presentation=cube.presentation,
            rate=DecimalText(cube.rate),
            row_count=len(cube.nodes),
            node_codes=[node.code for node in nodes],
            node_names=[node.name for node in nodes],
            node_types=[node.node_type for node in nodes],
            dimensions=[
                CubeMembers(
                    dimension=Dimension[name],
                    members=[member[place] for member in cube.members[rows]],
                )
                for place, name in enumerate(split)
            ],
            counts=cube.count[rows],
            covered=cube.covered[rows],
            covered_notional=[DecimalText(each) for each in cube.covered_notional[rows]],
            uncovered_notional=[DecimalText(each) for each in cube.uncovered_notional[rows]],
            columns=[CubeColumn.of(column, rows) for column in cube.columns],
            page_info=PageInfo(
                has_next_page=more, end_cursor=encode(rows.stop - 1) if more else None
            ),
        )


def check_size(*, rows: int, columns: int) -> None:
    """Refuse a grid with more columns or values than one answer has."""
    if columns > MOST_COLUMNS or rows * columns > MAX_VALUES:
        raise BadInput(
            f"{rows} rows x {columns} columns: at most {MOST_COLUMNS} columns and {MAX_VALUES} "
            "values; name measures and scenarios, or ask for fewer rows"
        )


def resolve(
    info: Info,
    run: int,
    tree: int,
    *,
    node: str | None,
    by: list[Dimension],
    measures: list[str] | None,
    scenarios: list[str] | None,
    currency: str | None,
    where: list[CubeFilter] | None,
    first: int,
    after: str | None,
) -> Cube:
    """Return the page of a run's cube that the arguments ask for."""
    check_first(first)
    start = 0 if after is None else decode(after, int) + 1
    filters = {each.dimension: each.members for each in where or ()}
    if len(filters) < len(where or ()):
        raise BadInput("where names a dimension twice; give it all its members at once")
    if Dimension.PORTFOLIO in filters:
        raise BadInput("where cannot name PORTFOLIO; node says which portfolio is meant")
    with reading():
        found = results.cube(
            run,
            node=node,
            by=by,
            measures=measures,
            scenarios=scenarios,
            currency=currency,
            where=filters,
            granted=info.context.sight.nodes(tree),
        )
    return Cube.of(found, start, first)
