"""How much of a node stands with few: read from its roll-ups, or by obligor from its positions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from apps.portfolio.dimensions import Dimension
from apps.result import cube as cubes
from apps.result import detail, selection
from apps.result.cube import NodeLabel, RunHeader, UnknownNode
from apps.result.selection import Column, UnknownCell
from apps.risk import adapters
from apps.risk.adapters import Assumption
from apps.risk.figures import SQL
from foundation.exact import decimal_text

MOST_POSITIONS = detail.MAX_READ // (detail.KEYS + 1)
"""Positions that are added up by obligor at most."""


class ConcentrationBy(StrEnum):
    """What exposures are summed by."""

    COUNTERPARTY = "COUNTERPARTY"
    COUNTERPARTY_GROUP = "COUNTERPARTY_GROUP"
    SECTOR = "SECTOR"
    COUNTRY = "COUNTRY"
    RATING = "RATING"
    CURRENCY = "CURRENCY"
    PRODUCT_TYPE = "PRODUCT_TYPE"


class NotConcentrated(ValueError):
    """Exposures of which a concentration means nothing; the message names the key."""


@dataclass(frozen=True, slots=True)
class NodeConcentration:
    """The concentration of a node, largest key first; `keys` are the n largest of `names`.

    Exposures and `total` are decimal texts; shares, `hhi` and `granularity_adjustment` fractions.
    """

    node: NodeLabel
    by: str
    measure: str
    currency: str
    names: int
    total: str
    hhi: float
    effective_names: float
    top_exposure: str
    top_share: float
    keys: list[str]
    exposures: list[str]
    shares: list[float]
    granularity_adjustment: float | None


def concentration(
    run: int,
    by: ConcentrationBy,
    *,
    node: int | str | None = None,
    measure: str = "PV",
    top: int = 20,
    obligors: Assumption | None = None,
    granted: Collection[int] | None = None,
) -> NodeConcentration:
    """Return the concentration of a measure at BASE under a node by one key.

    The sum of what the reader may see of the node, by the roll-ups; by COUNTERPARTY from the
    positions, bounded. With `obligors` the granularity adjustment of names that are alike but for
    their size. NotConcentrated where a key's exposure is negative.
    """
    split = Dimension.PORTFOLIO if by is ConcentrationBy.COUNTERPARTY else Dimension[by]
    header = cubes.run_header(run, [] if split is Dimension.PORTFOLIO else [split])
    cubes.check_complete(header)
    number = cubes.node_number(header, node)
    labels, shown, parts = cubes.shown_nodes(header, number, granted, children=False)
    if not labels:
        raise UnknownNode(f"run {run} has no node {node}")
    columns = selection.select(cubes.axis(run), [measure], [adapters.BASE], totals=True)
    if len(columns) != 1 or columns[0].kind != "SUM":
        raise UnknownCell(f"{measure} is no single sum: concentration is of one amount")
    (column,) = columns
    if split is Dimension.PORTFOLIO:
        keys, sums = _by_counterparty(header, shown, parts, column)
    else:
        rows = cubes.by_rollup(header, split, shown, parts, columns)
        keys = [header.members(split)[row.members[0]] for row in rows]
        sums = [row.cells[column.parts[0].place] for row in rows]
    try:
        found = adapters.concentrated(keys, sums, top, obligors)
    except adapters.RiskError as error:
        raise NotConcentrated(str(error)) from error
    return NodeConcentration(
        node=labels[number],
        by=by.value,
        measure=measure,
        currency=column.currency,
        names=found.names,
        total=decimal_text(found.total, column.quantum),
        hhi=found.hhi,
        effective_names=found.effective_names,
        top_exposure=decimal_text(found.top_exposure, column.quantum),
        top_share=found.top_share,
        keys=list(found.keys),
        exposures=[decimal_text(value, column.quantum) for value in found.exposures],
        shares=list(found.shares),
        granularity_adjustment=found.granularity_adjustment,
    )


def _by_counterparty(
    header: RunHeader, shown: Sequence[int], parts: Sequence[int], column: Column
) -> tuple[list[str], list[int]]:
    ranges = detail.ranges(header, shown, parts)
    count = sum(last - first for _, first, last in ranges)
    if count > MOST_POSITIONS:
        raise detail.TooMuchDetail(
            f"{count} positions are too many to add up by counterparty here: "
            "ask for a lower node or by COUNTERPARTY_GROUP"
        )
    place = column.parts[0].place
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["by_counterparty"],
            {
                "run": header.run,
                "snapshot": header.snapshot,
                "first": [first for _, first, _ in ranges],
                "last": [last for _, _, last in ranges],
                "block": place.block,
                "ordinal": place.ordinal,
            },
        )
        rows = cursor.fetchall()
    return [row[0] for row in rows], [int(row[1]) for row in rows]
