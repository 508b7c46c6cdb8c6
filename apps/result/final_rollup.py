"""The final roll-ups of a run: partial sums of every book added to its ancestors.

The sums are taken here and not in SQL: a sparse product adds integers at memory speed, where
PostgreSQL takes 50 ns for each cell of each ancestor. Members do not meet in any sum, so that a
few of them at a time bound the memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import numpy as np
from scipy import sparse

from apps.result import axis as axes
from apps.result import encode, leaf, rollup
from apps.result.axis import Block
from foundation import copy, sqlfiles

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from psycopg import Cursor

    from apps.run.contracts import CellSpec

    Ints = NDArray[np.int64]

SQL = sqlfiles.load(Path(__file__).parent / "sql")

_CELLS_AT_A_TIME = 1_000_000
_FACTS = ("count", "covered", "covered_notional", "uncovered_notional")
_NAMES = ("positions", "valued positions", "covered notional", "uncovered notional")
_PART = {
    "node": "int4",
    "dimension": "int2",
    "member": "int4",
    "count": "int4",
    "covered": "int4",
    "covered_notional": "int8",
    "uncovered_notional": "int8",
}


@dataclass(frozen=True, slots=True)
class Ancestors:
    """The nodes at or above each node, as far as the run's node.

    Those of descendants[k] stand at nodes[bounds[k]:bounds[k + 1]].
    """

    descendants: Ints
    bounds: Ints
    nodes: Ints

    @classmethod
    def read(cls, cursor: Cursor[Any], place: Mapping[str, int]) -> Ancestors:
        """Read the paths from the run's node down."""
        pairs = np.array(cursor.execute(SQL["ancestors"], place).fetchall(), dtype=np.int64)
        pairs = pairs.reshape(-1, 2)
        descendants, starts = np.unique(pairs[:, 0], return_index=True)
        return cls(descendants, np.append(starts, len(pairs)), pairs[:, 1])

    def above(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Return rows and ancestors, int64 (pairs,): ancestors[j] is at or above nodes[rows[j]].

        A node outside the run has no pair.
        """
        if not len(self.descendants):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.descendants, nodes), len(self.descendants) - 1)
        counts = np.where(self.descendants[at] == nodes, np.diff(self.bounds)[at], 0)
        rows = np.repeat(np.arange(len(nodes)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return rows, self.nodes[self.bounds[at][rows] + within]


def write(
    cursor: Cursor[Any], place: Mapping[str, int], blocks: Sequence[Block], axis: Sequence[CellSpec]
) -> bytes:
    """Write the roll-ups of all blocks; return the hash over the digests of their rows in order.

    `place` holds run, tree and node. CubeOverflow where a total does not fit into 64 bits.
    """
    ancestors = Ancestors.read(cursor, place)
    keys = [np.empty((0, 2), dtype=np.int64)]
    digests = [np.empty((0, leaf.DIGEST), dtype=np.uint8)]
    for block in blocks:
        for first, last in _ranges(cursor, place["run"], block):
            parts = _partials(cursor, place["run"], block, first, last)
            sums = _summed(parts, ancestors, axis[block.start : block.stop])
            encoded, digest = encode.rollup_rows(place["run"], block, sums)
            copy.copy_in(cursor, "rollup", encode.ROLLUP, encoded)
            key = rollup.packed(sums.node, sums.dimension, sums.member)
            keys.append(np.stack([key, np.full(len(key), block.number)], axis=1))
            digests.append(digest)
    key, number = np.concatenate(keys).T
    order = np.lexsort((number, key))
    return hashlib.sha256(np.concatenate(digests)[order].tobytes()).digest()


def _ranges(
    cursor: Cursor[Any], run: int, block: Block
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield first and last (dimension, member) of what is summed at a time, in order."""
    found = cursor.execute(SQL["members"], {"run": run, "block": block.number}).fetchall()
    most = max(1, _CELLS_AT_A_TIME // block.width)
    first, rows = 0, 0
    for k, (_, _, count) in enumerate(found):
        if rows and rows + count > most:
            yield found[first][:2], found[k - 1][:2]
            first, rows = k, 0
        rows += count
    if rows:
        yield found[first][:2], found[-1][:2]


def _partials(
    cursor: Cursor[Any], run: int, block: Block, first: tuple[int, int], last: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    query: LiteralString = SQL["partials"]
    place = {"run": run, "block": block.number}
    place |= {"first_dimension": first[0], "first_member": first[1]}
    place |= {"last_dimension": last[0], "last_member": last[1]}
    return copy.copy_out(cursor, query, {**_PART, "cells": ("int8[]", block.width)}, place)


def _summed(
    parts: Mapping[str, NDArray[Any]], ancestors: Ancestors, axis: Sequence[CellSpec]
) -> rollup.Partials:
    """Return the sums by ancestor, dimension and member, in that order."""
    rows, above = ancestors.above(parts["node"].astype(np.int64))
    dimension, member = (parts[name].astype(np.int64)[rows] for name in ("dimension", "member"))
    keys = rollup.packed(above, dimension, member)
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    bounds = np.append(starts, len(rows))
    member_of = sparse.csr_matrix(
        (np.ones(len(rows), dtype=np.int64), rows[order], bounds),
        shape=(len(found), len(parts["node"])),
    )
    facts = np.stack([parts[name].astype(np.int64) for name in _FACTS], axis=1)
    count, covered, covered_notional, uncovered_notional = _exact(member_of, facts, _NAMES).T
    node, dimension, member = rollup.unpacked(found)
    return rollup.Partials(
        node=node,
        dimension=dimension,
        member=member,
        count=count,
        covered=covered,
        covered_notional=covered_notional,
        uncovered_notional=uncovered_notional,
        cells=_exact(member_of, parts["cells"], [axes.label(cell) for cell in axis]),
    )


def _exact(member_of: sparse.csr_matrix, values: Ints, names: Sequence[str]) -> Ints:
    sums: Ints = np.asarray(member_of @ values)
    try:
        rollup.guard(member_of, values, sums)
    except rollup.CellOverflow as overflow:
        raise rollup.CubeOverflow(
            f"the total of {names[overflow.cell]} does not fit into 64 bits"
        ) from overflow
    return sums
