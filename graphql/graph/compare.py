"""What changed between two runs: a grid of columns for each measure, and the market's moves."""

from __future__ import annotations

import datetime as dt
from typing import Self

import strawberry

from apps.risk.explain import selectors as explain
from apps.risk.explain.selectors import MOST_POSITIONS
from apps.run.models import Run
from graph.context import Info
from graph.cube import check_size
from graph.declare import at_most, object_type
from graph.errors import BadInput
from graph.refusals import reading
from graph.scalars import DecimalText

REVALUE = 2_500
"""The weight of a field that values positions again: four of them are a request."""

USUAL_COLUMNS = 40
"""How many columns the cost rule takes a comparison to have."""

MOST_MEASURES = 5
"""Measures of one comparison at most."""

MOST_MOVES = 1_000
"""Moves of the market that are shown at most; `moveCount` says how many there are."""


@object_type()
class ChangeColumn:
    """What one step did to the amounts of each row: `NEW`, `RATES/USD/5Y`, `RESIDUAL` ..."""

    step: str
    values: list[DecimalText]


@object_type()
class MeasureChange:
    """One measure: openings + all columns = closings in every row, to the last digit.

    `pnls` is the hypothetical P&L of PV: what time and the market did to what was held, without
    new, matured, moved and amended positions and what was paid; null for other measures.
    """

    measure: str
    unit: str
    currency: str
    openings: list[DecimalText]
    closings: list[DecimalText]
    changes: list[DecimalText]
    pnls: list[DecimalText] | None
    columns: list[ChangeColumn] = strawberry.field(directives=[at_most(USUAL_COLUMNS)])

    @classmethod
    def of(cls, change: explain.MeasureChange) -> Self:
        """Return the grid of a measure."""

        def texts(amounts: list[int]) -> list[DecimalText]:
            return [DecimalText(change.text(each)) for each in amounts]

        return cls(
            measure=change.measure,
            unit=change.unit,
            currency=change.currency,
            openings=texts(change.opening),
            closings=texts(change.closing),
            changes=texts(change.change),
            pnls=None if change.pnl is None else texts(change.pnl),
            columns=[
                ChangeColumn(step=step, values=texts(amounts))
                for step, amounts in zip(change.columns, change.amounts, strict=True)
            ],
        )


@object_type()
class PositionCounts:
    """How many positions of each row HELD at both ends, AMENDED among them, or were NEW ..."""

    kind: str
    counts: list[int]


@object_type()
class MarketMoves:
    """What moved between the markets, as columns: kind RATE, SPREAD or FX, factor, from, to."""

    kinds: list[str]
    factors: list[str]
    openings: list[float]
    closings: list[float]


@object_type()
class RunComparison:
    """The change from this run to another at a node (row 0) and each of its children.

    Positions are matched by their ids, nodes by code. The columns stand in the order in which
    inputs were moved. Without `sameEngine` the runs were computed by different engines, without
    `thisEngine` the steps by another than the runs: RESIDUAL holds what that did.
    """

    opening_run: strawberry.ID
    closing_run: strawberry.ID
    opening_date: dt.date
    closing_date: dt.date
    same_engine: bool
    this_engine: bool
    node_codes: list[str]
    node_names: list[str]
    node_types: list[str]
    counts: list[PositionCounts] = strawberry.field(directives=[at_most(len(explain.COUNTS))])
    measures: list[MeasureChange] = strawberry.field(directives=[at_most(2)])
    moves: MarketMoves
    move_count: int

    @classmethod
    def of(cls, found: explain.Comparison) -> Self:
        """Return a comparison; one of too many rows is refused."""
        check_size(
            rows=len(found.nodes), columns=sum(len(each.columns) + 4 for each in found.measures)
        )
        shown = found.moves[:MOST_MOVES]
        return cls(
            opening_run=strawberry.ID(str(found.opening_run)),
            closing_run=strawberry.ID(str(found.closing_run)),
            opening_date=found.opening_date,
            closing_date=found.closing_date,
            same_engine=found.same_engine,
            this_engine=found.this_engine,
            node_codes=[node.code for node in found.nodes],
            node_names=[node.name for node in found.nodes],
            node_types=[node.node_type for node in found.nodes],
            counts=[PositionCounts(kind=k, counts=each) for k, each in found.counts.items()],
            measures=[MeasureChange.of(each) for each in found.measures],
            moves=MarketMoves(
                kinds=[move.kind for move in shown],
                factors=[move.factor for move in shown],
                openings=[move.opening for move in shown],
                closings=[move.closing for move in shown],
            ),
            move_count=len(found.moves),
        )


def resolve(
    info: Info, opening: Run, closing: Run | None, *, node: str | None, measures: list[str] | None
) -> RunComparison:
    """Return what changed from one visible run to another; unknown is what is not visible."""
    if closing is None:
        raise BadInput("to names no run")
    chosen = list(dict.fromkeys(measures if measures is not None else ("PV", "DV01")))
    if not 0 < len(chosen) <= MOST_MEASURES:
        raise BadInput(f"between 1 and {MOST_MEASURES} measures are compared at once")
    sight = info.context.sight
    try:
        with reading():
            found = explain.compare(
                opening.pk,
                closing.pk,
                node=node,
                measures=chosen,
                granted_before=sight.nodes(opening.tree_id),
                granted_after=sight.nodes(closing.tree_id),
                most=MOST_POSITIONS,
            )
    except explain.NotComparable as error:
        raise BadInput(str(error)) from error
    return RunComparison.of(found)
