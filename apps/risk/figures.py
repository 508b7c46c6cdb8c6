"""Figures of a node at a level: VaR, expected shortfall, the parts of children, ladders."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from apps.portfolio.dimensions import Dimension
from apps.result import cube as cubes
from apps.result import selection
from apps.result.cube import NodeLabel, RunHeader, UnknownNode
from apps.result.selection import Column, StoredCell
from apps.risk import adapters
from foundation import sqlfiles
from foundation.exact import decimal_text

SQL = sqlfiles.load(Path(__file__).parent / "sql")

LADDERS = ("DV01", "KEY_RATE_DV01", "CS01", "FX_DELTA", "VEGA", "INFLATION01")
"""The sensitivities that are shown beside the figures, as far as the run has them at BASE."""

NOT_ASKED = "NOT_ASKED: the run was not asked for this figure"
NOT_DEFINED = "NOT_DEFINED: skew and kurtosis of the node are outside the expansion's domain"
NO_POSITIONS = "NO_POSITIONS: no position of the node has a value"


class UnknownLevel(LookupError):
    """There is no figure of the level or of the horizon."""


class PartOfNode(LookupError):
    """The reader sees parts of the node: figures of parts do not make one of the whole."""


@dataclass(frozen=True, slots=True)
class NodeFigure:
    """A figure as a decimal text in the run currency, or None and the reason why there is none.

    `method` is the canonical text that is sealed with it; `scenario` of rank k, "" without one.
    """

    measure: str
    value: str | None
    reason: str
    method: str
    scenario: str
    scenario_name: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What each child of a node has of a figure: the values sum to it exactly."""

    measure: str
    nodes: list[str]
    names: list[str]
    values: list[str]


@dataclass(frozen=True, slots=True)
class Ladder:
    """A sensitivity of a node at BASE by its factors, as decimal texts in `currency`."""

    measure: str
    unit: str
    currency: str
    factors: list[str]
    values: list[str]


@dataclass(frozen=True, slots=True)
class NodeRisk:
    """The figures of a node at one level and horizon; covered positions alone are in them."""

    node: NodeLabel
    currency: str
    level_bp: int
    horizon_days: int
    scenarios: int
    count: int
    covered: int
    covered_notional: str
    uncovered_notional: str
    figures: list[NodeFigure]
    parts: list[Parts]
    ladders: list[Ladder]


def risk(
    run: int,
    *,
    node: int | str | None = None,
    level_bp: int = 9_900,
    horizon_days: int | None = None,
    granted: Collection[int] | None = None,
) -> NodeRisk:
    """Return the figures of a node, the run's own without one, at a level in basis points.

    A figure that is not there has a reason. `granted` None is everything; PartOfNode where the
    reader sees less than the whole node.
    """
    header = cubes.run_header(run)
    cubes.check_complete(header)
    number, label = whole_node(header, node, granted)
    set_id, past, count, asked = _basis(run)
    horizon = int(past.get("horizon_days", 1))
    if level_bp not in adapters.LEVELS_BP:
        known = ", ".join(map(str, adapters.LEVELS_BP))
        raise UnknownLevel(f"there is no level of {level_bp} basis points, only {known}")
    if horizon_days not in (None, horizon):
        raise UnknownLevel(f"the scenarios of run {run} are moves of {horizon} days")
    axis = cubes.axis(run)
    columns = _ladder_columns(axis)
    sums = cubes.by_rollup(header, Dimension.PORTFOLIO, [number], [number], columns)
    rows = _stored(header, number, adapters.factor(level_bp, horizon))
    names = _scenario_names(set_id, rows)
    missing = adapters.unanswered(level_bp, count) if past else ""
    if not sums or not sums[0].covered:
        missing = NO_POSITIONS
    exponent = next(cell.spec.quantum for cell in axis if cell.spec.measure == "PV")
    return NodeRisk(
        node=label,
        currency=header.currency,
        level_bp=level_bp,
        horizon_days=horizon,
        scenarios=count if past else 0,
        count=sums[0].count if sums else 0,
        covered=sums[0].covered if sums else 0,
        covered_notional=decimal_text(sums[0].covered_notional if sums else 0, 2),
        uncovered_notional=decimal_text(sums[0].uncovered_notional if sums else 0, 2),
        figures=[
            _figure(code, rows, exponent, missing if code in asked else NOT_ASKED, names)
            for code in adapters.FIGURES
            if code not in adapters.PARTS
        ],
        parts=[_parts(code, rows, exponent) for code in adapters.PARTS],
        ladders=_ladders(columns, sums[0].cells if sums else {}),
    )


def whole_node(
    header: RunHeader, node: int | str | None, granted: Collection[int] | None
) -> tuple[int, NodeLabel]:
    """Return a node that the reader sees all of, or raise UnknownNode or PartOfNode."""
    number = cubes.node_number(header, node)
    labels, shown, parts = cubes.shown_nodes(header, number, granted, children=False)
    if not labels:
        raise UnknownNode(f"run {header.run} has no node {node}")
    if parts != shown:
        raise PartOfNode(
            f"you see parts of {labels[number].code}; VaR of parts does not add up: "
            "ask for a node that is granted to you"
        )
    return number, labels[number]


def _basis(run: int) -> tuple[int, Mapping[str, Any], int, Collection[str]]:
    """Return the scenario set, how it was made, its scenarios without BASE, the run's measures."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["basis"], {"run": run})
        set_id, text, count, request = cursor.fetchone()
    basis = json.loads(text) if text else {}
    measures = json.loads(request).get("measures", ())
    return set_id, basis if adapters.is_historical(basis) else {}, count - 1, measures


def basis_of(run: int) -> Mapping[str, Any]:
    """Return how the historical scenarios of a run were made, empty where they are none."""
    return _basis(run)[1]


def _stored(header: RunHeader, node: int, factor: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["node_figures"],
            {
                "run": header.run,
                "tree": header.tree,
                "node": node,
                "factor": factor,
                "measures": list(adapters.FIGURES),
            },
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _scenario_names(set_id: int, rows: Sequence[tuple[Any, ...]]) -> dict[str, str]:
    codes = {json.loads(row[5]).get("scenario_of_rank", "") for row in rows}
    with connection.cursor() as cursor:
        cursor.execute(SQL["scenario_names"], {"set": set_id, "codes": sorted(codes)})
        return dict(cursor.fetchall())


def _figure(
    code: str,
    rows: Sequence[tuple[Any, ...]],
    exponent: int,
    missing: str,
    names: Mapping[str, str],
) -> NodeFigure:
    for _, _, _, measure, value, method in rows:
        if measure == code:
            scenario = json.loads(method).get("scenario_of_rank", "")
            return NodeFigure(
                code,
                decimal_text(value, exponent),
                "",
                method,
                scenario,
                names.get(scenario, ""),
            )
    return NodeFigure(code, None, missing or NOT_DEFINED, "", "", "")


def _parts(code: str, rows: Sequence[tuple[Any, ...]], exponent: int) -> Parts:
    own = [row for row in rows if row[3] == code]
    return Parts(
        code,
        [row[1] for row in own],
        [row[2] for row in own],
        [decimal_text(row[4], exponent) for row in own],
    )


def _ladder_columns(axis: Sequence[StoredCell]) -> list[Column]:
    held = {cell.spec.measure for cell in axis if cell.spec.scenario == adapters.BASE}
    asked = [code for code in LADDERS if code in held]
    return selection.select(axis, asked, [adapters.BASE], totals=True) if asked else []


def _ladders(columns: Sequence[Column], cells: Mapping[Any, int]) -> list[Ladder]:
    found: dict[str, Ladder] = {}
    for column in columns:
        ladder = found.setdefault(
            column.measure, Ladder(column.measure, column.unit, column.currency, [], [])
        )
        ladder.factors.append(column.factor)
        ladder.values.append(decimal_text(cells.get(column.parts[0].place, 0), column.quantum))
    return list(found.values())
