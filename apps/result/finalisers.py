"""The first and the last finaliser of a run: its sums with their proof, and what it states.

RollupFinaliser writes what others read; ClosingFinaliser hashes what all of them wrote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.result import axis as axes
from apps.result import final_rollup, statements
from apps.result.axis import Block
from apps.run.contracts import CellSpec, Final, Found, RetryUseless, RunRequest
from foundation import sqlfiles

if TYPE_CHECKING:
    from psycopg import Cursor

SQL = sqlfiles.load(Path(__file__).parent / "sql")

_VALUED = 0
_ERROR = 1


class ReconciliationError(RetryUseless):
    """What a run wrote does not add up; the message names the place."""


class RollupFinaliser:
    """Roll up every node and prove that nothing is missing and nothing counted twice."""

    def finalise(self, cursor: Cursor[Any], run_id: int, request: RunRequest, found: Found) -> None:
        """Write the final roll-ups; leave the counts and the hash of the roll-ups in `found`."""
        place = _place(run_id, request)
        axis = read_axis(cursor, run_id)
        blocks = axes.blocks(len(axis))
        valued, failed = _reconciled_counts(cursor, place, blocks)
        rollups = final_rollup.write(cursor, place, blocks, axis)
        for block in blocks:
            _tie_out(cursor, place, block)
        if valued + failed:
            root = cursor.execute(SQL["root"], place).fetchone()
            if root != (valued + failed, valued):
                raise ReconciliationError(
                    f"the run's node counts {root}, its positions {(valued + failed, valued)}"
                )
        found.valued, found.errors = valued, failed
        found.table_hashes["rollup"] = rollups


class ClosingFinaliser:
    """Index the run, count and hash what stands in it: the last finaliser."""

    def finalise(
        self, cursor: Cursor[Any], run_id: int, request: RunRequest, found: Found
    ) -> Final:
        """Return the counts and hashes of the run, over all that finalisers before it wrote."""
        if "rollup" not in found.table_hashes:
            raise ReconciliationError("no finaliser wrote the roll-ups of the run")
        listed = axes.base_pv(read_axis(cursor, run_id))
        cursor.execute(
            SQL["index"],
            {
                "run": run_id,
                "block": listed.block if listed else None,
                "ordinal": listed.ordinal if listed else None,
            },
        )
        leaf = _leaf_hash(cursor, run_id, found.table_hashes["rollup"])
        return Final(found.valued, found.errors, result_hash(cursor, run_id), leaf)


def _place(run_id: int, request: RunRequest) -> dict[str, int]:
    return {
        "run": run_id,
        "tree": request.tree_id,
        "node": request.node,
        "snapshot": request.position_snapshot_id,
    }


def read_axis(cursor: Cursor[Any], run_id: int) -> list[CellSpec]:
    """Return the cells of a run in order."""
    return [CellSpec(*row) for row in cursor.execute(SQL["axis"], {"run": run_id}).fetchall()]


def result_hash(cursor: Cursor[Any], run_id: int) -> bytes:
    """Return the hash over the digests of all positions in canonical order."""
    return bytes(_one(cursor.execute(SQL["result_hash"], {"run": run_id}).fetchone())[0])


def _leaf_hash(cursor: Cursor[Any], run_id: int, rollups: bytes) -> bytes:
    """Return the hash of the FINALISE leaf: over the hashes of its tables in their order."""
    run_axis, run_context, *rest = (
        bytes(part)
        for part in _one(cursor.execute(SQL["table_hashes"], {"run": run_id}).fetchone())
    )
    return hashlib.sha256(b"".join([run_axis, run_context, rollups, *rest])).digest()


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
    expected = _one(cursor.execute(SQL["expected"], place).fetchone())[0]
    missing = cursor.execute(SQL["unvalued"], place).fetchall()
    if missing:
        named = ", ".join(f"{position_id} (ordinal {ordinal})" for ordinal, position_id in missing)
        raise ReconciliationError(f"positions without a result in their book: {named}")
    if counted + failed != expected:
        raise ReconciliationError(
            f"{counted} valued and {failed} errors are not {expected} positions"
        )
    return counted, failed


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
