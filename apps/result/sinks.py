"""CubeSink: where a run's results go, and how they are encoded before any transaction opens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.portfolio.dimensions import Dimension
from apps.result import adapters, encode, errors, leaf, maturity, rollup
from apps.result import axis as axes
from apps.result.encode import Cells
from apps.run.contracts import CellSpec, Encoded, GroupRows, PositionError, Shard
from foundation import binary, copy, sqlfiles

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from psycopg import Cursor

SQL = sqlfiles.load(Path(__file__).parent / "sql")

_AXIS = {
    "run": "int4",
    "block": "int2",
    "ordinal": "int2",
    "measure": "text",
    "scenario": "text",
    "factor": "text",
    "unit": "text",
    "currency": "text",
    "quantum": "int2",
    "kind": "text",
}
_COLUMNS = {
    "run_axis": _AXIS,
    "run_context": encode.RUN_CONTEXT,
    "valuation": encode.VALUATION,
    "valuation_digest": encode.VALUATION_DIGEST,
    "rollup_partial": encode.ROLLUP_PARTIAL,
    "group_result": encode.GROUP_RESULT,
}


class CubeSink:
    """The result cube of a run in its own partitions, written by binary COPY."""

    def open(self, cursor: Cursor[Any], run_id: int, axis: Sequence[CellSpec]) -> None:
        """Create the leaves of a run and write its axis, in the submitting transaction."""
        axes.check(axis)
        cursor.execute(SQL["open"], {"run": run_id})
        places = [axes.place(index) for index in range(len(axis))]
        values: dict[str, Any] = {
            "run": run_id,
            "block": np.array([place.block for place in places]),
            "ordinal": np.array([place.ordinal for place in places]),
            "quantum": axes.quanta(axis),
        }
        for name in ("measure", "scenario", "factor", "unit", "currency", "kind"):
            values[name] = [getattr(cell, name) for cell in axis]
        copy.copy_in(cursor, "run_axis", _AXIS, binary.encode(_AXIS, values, len(axis)))
        cursor.execute(SQL["close_axis"], {"run": run_id})

    def encode(self, shard: Shard, axis: Sequence[CellSpec]) -> Encoded:
        """Return the shard's rows as bytes; called outside any transaction."""
        cells = encode.integer_cells(list(shard.cells.values()), shard.errors, axis)
        return self._encode(shard, axis, cells)

    def encode_crashed(self, shard: Shard, axis: Sequence[CellSpec], message: str) -> Encoded:
        """Return error rows CRASHED for a shard of one position that kills its workers."""
        cells = np.zeros((shard.count, len(axis)), dtype=np.int64)
        reason = PositionError(errors.CRASHED, message)
        return self._encode(shard, axis, Cells(cells, dict.fromkeys(range(shard.count), reason)))

    def _encode(self, shard: Shard, axis: Sequence[CellSpec], cells: Cells) -> Encoded:
        rows = encode.valuation_rows(
            run=shard.run_id,
            task=shard.task_id,
            first=shard.first,
            book=shard.book,
            input_hash=_input_hash(shard),
            cells=cells,
        )
        try:
            sums = rollup.partials(
                book=shard.book,
                dimensions=_dimensions(shard),
                valued=cells.valued,
                notional=_cents(shard),
                cells=cells.values,
                additive=axes.additive(axis),
            )
        except rollup.CellOverflow as overflow:
            raise rollup.CubeOverflow(
                f"the total of {axes.label(axis[overflow.cell])} over positions "
                f"{shard.first} to {shard.last - 1} does not fit into 64 bits"
            ) from overflow
        partials, digests = encode.partial_rows(shard.run_id, shard.task_id, sums)
        digest = encode.digest_row(
            shard.run_id, shard.task_id, shard.first, shard.count, rows.digests
        )
        return Encoded(
            copies=[
                *rows.parts,
                *(("rollup_partial", part) for part in partials),
                ("valuation_digest", digest),
            ],
            leaf_hash=leaf.value_leaf(rows.rows, digests),
        )

    def encode_context(self, shard: Shard, facts: NDArray[np.int64]) -> Encoded:
        """Return the context rows of a shard as bytes."""
        values = [[int(fact) for fact in row] for row in facts]
        hashes = [leaf.context_hash(row) for row in values]
        positions = range(shard.first, shard.last)
        columns = {
            "run": shard.run_id,
            "position": np.arange(shard.first, shard.last),
            "task": shard.task_id,
            "context_hash": hashes,
            "facts": np.asarray(facts, dtype=np.int64),
        }
        return Encoded(
            [("run_context", binary.encode(encode.RUN_CONTEXT, columns, shard.count))],
            leaf.context_leaf(positions, hashes, values),
        )

    def context(self, cursor: Cursor[Any], run_id: int, first: int, last: int) -> NDArray[np.int64]:
        """Return the facts of positions [first, last), int64 (n, facts), in order."""
        rows = cursor.execute(
            SQL["context"], {"run": run_id, "first": first, "last": last}
        ).fetchall()
        if len(rows) != last - first:
            raise LookupError(f"{len(rows)} of positions {first} to {last - 1} have a context row")
        return np.array([row[0] for row in rows], dtype=np.int64).reshape(last - first, -1)

    def encode_groups(self, run_id: int, task_id: int, groups: GroupRows) -> Encoded:
        """Return the group rows of a run as bytes."""
        columns = {
            "run": run_id,
            "kind": [kind for kind, _, _ in groups.rows],
            "group": [group for _, group, _ in groups.rows],
            "task": task_id,
            "cells": [list(cells) for _, _, cells in groups.rows],
        }
        data = binary.encode(encode.GROUP_RESULT, columns, len(groups.rows))
        return Encoded([("group_result", data)], leaf.group_leaf(groups.rows))

    def copy(self, cursor: Cursor[Any], encoded: Encoded) -> None:
        """Copy encoded rows, inside the completing transaction."""
        for table, columns in _COLUMNS.items():
            parts = [data for name, data in encoded.copies if name == table and len(data)]
            if parts:
                copy.copy_in(cursor, table, columns, parts)

    def close(self, cursor: Cursor[Any], run_id: int) -> None:
        """Refuse any further row in the run's leaves."""
        cursor.execute(SQL["close"], {"run": run_id})


def _dimensions(shard: Shard) -> dict[Dimension, NDArray[np.int64]]:
    found = rollup.members(shard.dimensions)
    if "maturity" in shard.columns:
        found[Dimension.MATURITY_BUCKET] = maturity.buckets(
            shard.columns["maturity"], shard.request.valuation_date
        )
    return found


def _cents(shard: Shard) -> NDArray[np.int64]:
    """Outstanding notional in cents of the run currency at BASE FX, 0 where it has none."""
    return rollup.notional_cents(adapters.base_notional(shard))


def _input_hash(shard: Shard) -> NDArray[np.uint8]:
    if shard.input_hash is not None:
        return shard.input_hash
    unknown = np.full(shard.count, -1, dtype=np.int64)
    return adapters.input_hash(shard, unknown, ())
