"""RollupFinaliser: a run's final sums, and the proof that nothing is missing or counted twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import errors as postgres

from apps.result import axis as axes
from apps.result import statements
from apps.result.axis import Block
from apps.result.rollup import CubeOverflow
from apps.run.contracts import CellSpec, Final, RetryUseless, RunRequest
from foundation import sqlfiles

if TYPE_CHECKING:
    from psycopg import Cursor

SQL = sqlfiles.load(Path(__file__).parent / "sql")

_VALUED = 0
_ERROR = 1


class ReconciliationError(RetryUseless):
    """What a run wrote does not add up; the message names the place."""


class RollupFinaliser:
    """Roll up every node, reconcile, index and hash: runs inside the finalising transaction."""

    def finalise(self, cursor: Cursor[Any], run_id: int, request: RunRequest) -> Final:
        """Write the final roll-ups and state the counts and hashes of the run."""
        place = {
            "run": run_id,
            "tree": request.tree_id,
            "node": request.node,
            "snapshot": request.position_snapshot_id,
        }
        axis = read_axis(cursor, run_id)
        blocks = axes.blocks(len(axis))
        valued, failed = _reconciled_counts(cursor, place, blocks)
        for block in blocks:
            _roll_up(cursor, place, block, axis)
            _tie_out(cursor, place, block)
        if valued + failed:
            root = cursor.execute(SQL["root"], place).fetchone()
            if root != (valued + failed, valued):
                raise ReconciliationError(
                    f"the run's node counts {root}, its positions {(valued + failed, valued)}"
                )
        listed = axes.base_pv(axis)
        cursor.execute(
            SQL["index"],
            {
                "run": run_id,
                "block": listed.block if listed else None,
                "ordinal": listed.ordinal if listed else None,
            },
        )
        return Final(valued, failed, result_hash(cursor, run_id), leaf_hash(cursor, run_id))


def read_axis(cursor: Cursor[Any], run_id: int) -> list[CellSpec]:
    """Return the cells of a run in order."""
    return [CellSpec(*row) for row in cursor.execute(SQL["axis"], {"run": run_id}).fetchall()]


def result_hash(cursor: Cursor[Any], run_id: int) -> bytes:
    """Return the hash over the digests of all positions in canonical order."""
    return bytes(_one(cursor.execute(SQL["result_hash"], {"run": run_id}).fetchone())[0])


def leaf_hash(cursor: Cursor[Any], run_id: int) -> bytes:
    """Return the hash of the FINALISE leaf: over the hashes of its tables in their order."""
    row = _one(cursor.execute(SQL["table_hashes"], {"run": run_id}).fetchone())
    return hashlib.sha256(b"".join(bytes(part) for part in row)).digest()


def _reconciled_counts(
    cursor: Cursor[Any], place: dict[str, int], blocks: Sequence[Block]
) -> tuple[int, int]:
    """Return how many positions are valued and how many are errors, or raise."""
    found = {
        (block, status): count for block, status, count in cursor.execute(SQL["counts"], place)
    }
    valued = {found.get((block.number, _VALUED), 0) for block in blocks}
    if len(valued) != 1:
        raise ReconciliationError(f"valued positions differ between blocks of the axis: {found}")
    stray = [key for key in found if key[1] == _ERROR and key[0] != 0]
    if stray:
        raise ReconciliationError("error rows stand outside block 0")
    counted, failed = valued.pop(), found.get((0, _ERROR), 0)
    cursor.execute(SQL["hash_joins"])
    expected = _one(cursor.execute(SQL["expected"], place).fetchone())[0]
    missing = cursor.execute(SQL["unvalued"], place).fetchall()
    cursor.execute(SQL["any_joins"])
    if missing:
        named = ", ".join(f"{position_id} (ordinal {ordinal})" for ordinal, position_id in missing)
        raise ReconciliationError(f"positions without a result in their book: {named}")
    if counted + failed != expected:
        raise ReconciliationError(
            f"{counted} valued and {failed} errors are not {expected} positions"
        )
    return counted, failed


def _roll_up(
    cursor: Cursor[Any], place: dict[str, int], block: Block, axis: Sequence[CellSpec]
) -> None:
    try:
        with cursor.connection.transaction():
            cursor.execute(statements.insert_rollups(block), place)
    except postgres.NumericValueOutOfRange as error:
        totals = _one(cursor.execute(statements.largest_totals(block), place).fetchone())
        names = ["covered notional", "uncovered notional"]
        names += [axes.label(cell) for cell in axis[block.start : block.stop]]
        largest = max(range(len(names)), key=lambda column: totals[column])
        raise CubeOverflow(f"the total of {names[largest]} does not fit into 64 bits") from error


def _tie_out(cursor: Cursor[Any], place: dict[str, int], block: Block) -> None:
    untied = cursor.execute(statements.untied(block), place).fetchall()
    if untied:
        node, dimension = untied[0]
        what = "its children" if dimension == -1 else f"the members of dimension {dimension}"
        raise ReconciliationError(f"node {node} is not the sum of {what}")


def _one(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    if row is None:
        raise ReconciliationError("an aggregate returned no row")
    return row
