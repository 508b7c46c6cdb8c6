"""Flows x discount-factor columns -> cells, for rows that share a curve and spread shocks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pricing import kernel
from pricing.kernel import Kernel
from pricing.pricers.cells import Cells, Run
from pricing.pricers.flows import Flows
from pricing.scenarios.columns import ColumnSet
from pricing.scenarios.states import COLUMNS_PER_TABLE, States

FloatArray = npt.NDArray[np.float64]

ROWS = 1024
"""Rows of one sparse product: its result stays in the second-level cache until it is stored."""


def discount(
    flows: Flows,
    states: States,
    curve: str,
    spread_class: int,
    columns: ColumnSet,
    product: Kernel,
    cells: Cells,
) -> None:
    """Write the values of flows to their cells, one row of `cells` each; other cells stay.

    For the dense product rows are in the order of `Lattices.order`.
    """
    dense = product is Kernel.FAST
    for strip, runs in strips(columns, None):
        table = states.table(curve, spread_class, columns.order[strip], padded=dense)
        if dense:
            _dense(flows, table, runs, cells)
        else:
            _sparse(flows, table, runs, cells)


def _sparse(flows: Flows, table: FloatArray, runs: list[Run], cells: Cells) -> None:
    for first in range(0, len(cells.rows), ROWS):
        last = min(first + ROWS, len(cells.rows))
        part = flows.rows(first, last)
        local = kernel.sequential(part.amounts, part.slots, part.offsets, table)
        cells.part(first, last).put(runs, local)


def _dense(flows: Flows, table: FloatArray, runs: list[Run], cells: Cells) -> None:
    """Write rows by one padded dense product per grid and size, the others by the sparse one."""
    counts = np.diff(flows.offsets).astype(np.int64)
    size = kernel.dense_size(counts, flows.regular)
    changes = ((np.diff(flows.grid) != 0) & (size[1:] > 0)) | (np.diff(size) != 0)
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(counts)]
    factors = np.zeros((int(size.max(initial=0)), kernel.BLOCK_COLUMNS))
    for first, last in pairwise(edges):
        if not size[first]:
            _sparse(flows.rows(first, last), table, runs, cells.part(first, last))
            continue
        inner = int(size[first])
        lengths = counts[first:last]
        begin, end = int(flows.offsets[first]), int(flows.offsets[last])
        longest = first + int(lengths.argmax())
        slots = flows.slots[flows.offsets[longest] : flows.offsets[longest + 1]]
        # Rows of `factors` beyond the longest meet amounts of zero only.
        np.take(table, slots, axis=0, out=factors[: len(slots)], mode="clip")
        local = kernel.dense(flows.amounts[begin:end], lengths, inner, factors[:inner])
        cells.part(first, last).put(runs, local)


def strips(columns: ColumnSet, fx: FloatArray | None) -> Iterator[tuple[slice, list[Run]]]:
    """Yield the columns in strips of one table each, with the runs of cells they make.

    `fx` (scenarios,) is the value of the flows' currency in the position's, None: the same.
    """
    for first in range(0, len(columns.order), COLUMNS_PER_TABLE):
        strip = slice(first, min(first + COLUMNS_PER_TABLE, len(columns.order)))
        yield strip, list(_runs(columns, strip, fx))


def _runs(columns: ColumnSet, strip: slice, fx: FloatArray | None) -> Iterator[Run]:
    inside = np.flatnonzero((columns.columns >= strip.start) & (columns.columns < strip.stop))
    if not len(inside):
        return
    cells, places = columns.cells[inside], columns.columns[inside] - strip.start
    scales, converted = columns.scales[inside], columns.converted[inside]
    breaks = (
        (np.diff(cells) != 1)
        | (np.diff(places) != 1)
        | (np.diff(scales) != 0.0)
        | (converted[1:] != converted[:-1])
    )
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(inside)]
    for begin, end in pairwise(edges):
        factors = None
        if fx is not None and converted[begin]:
            factors = fx[columns.scenarios[inside[begin:end]]]
        cell, place = int(cells[begin]), int(places[begin])
        width = end - begin
        yield Run(
            slice(cell, cell + width), slice(place, place + width), float(scales[begin]), factors
        )
