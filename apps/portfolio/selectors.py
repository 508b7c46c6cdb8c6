"""Reads of position snapshots: the shards of a run, their packed input, and hashes recomputed.

The functions take a psycopg cursor (or Django's) of any role that may SELECT, and open no
transaction of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from apps.instrument import selectors as instruments
from apps.portfolio import adapters, blocks, sharding
from apps.portfolio.adapters import BlockRows, Names
from apps.portfolio.blocks import BLOCK_SIZE, Block, Members, SourceRow
from apps.portfolio.dimensions import SNAPSHOT_DIMENSIONS, Dimension
from foundation import hashing, sqlfiles
from foundation.textcopy import Cursor

SQL = sqlfiles.load(Path(__file__).parent / "sql")

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class SnapshotBroken(RuntimeError):
    """Stored bytes of a snapshot are not what was written."""


@dataclass(frozen=True, slots=True)
class LoadedShard:
    """Positions [first, last) of a snapshot in canonical order.

    `book` holds node numbers, `dimensions` member numbers of the snapshot's dimensions,
    `maturity` days since 1970-01-01 (-1 for none), `notional` outstanding amounts in position
    currency, `row_hash` uint8 (n, 32). `groups` has per product type its rows and their packed
    batch, `failures` per row (code, message) of terms that could not be packed.
    """

    first: int
    last: int
    book: IntArray
    dimensions: Mapping[Dimension, IntArray]
    maturity: IntArray
    notional: FloatArray
    row_hash: npt.NDArray[np.uint8]
    groups: Sequence[tuple[str, IntArray, Any]]
    failures: Mapping[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Slice:
    """The part of a block that a shard has: rows [start, stop) of it, at `at` in the shard."""

    at: int
    start: int
    stop: int
    book: int
    product_type: str
    rows: BlockRows

    @property
    def count(self) -> int:
        return self.stop - self.start


def load_shard(cursor: Cursor, snapshot_id: int, first: int, last: int) -> LoadedShard:
    """Return the packed input of positions [first, last); each block's hash is checked.

    SnapshotBroken if the blocks do not cover the range or one is not what was written. Blocks that
    another version of the library packed are packed anew from their rows.
    """
    content_hash, _, count = _header(cursor, snapshot_id)
    if not 0 <= first <= last <= count:
        raise ValueError(f"snapshot {snapshot_id} has positions 0 to {count}, not {first}-{last}")
    names, members = _tables(cursor, snapshot_id, content_hash)
    slices = list(_slices(cursor, snapshot_id, first, last, names, members))
    if sum(part.count for part in slices) != last - first:
        raise SnapshotBroken(f"blocks of snapshot {snapshot_id} do not cover {first}-{last}")
    product_types = members.numbers(Dimension.PRODUCT_TYPE)
    dimensions = {
        dimension: _joined([p.rows.dimensions[dimension][p.start : p.stop] for p in slices])
        for dimension in adapters.STORED_DIMENSIONS
    }
    dimensions[Dimension.PRODUCT_TYPE] = _repeated(
        slices, [product_types[part.product_type] for part in slices]
    )
    groups, failures = _groups(slices)
    return LoadedShard(
        first,
        last,
        _repeated(slices, [part.book for part in slices]),
        {dimension: dimensions[dimension] for dimension in SNAPSHOT_DIMENSIONS},
        _joined([p.rows.maturity[p.start : p.stop] for p in slices]),
        np.concatenate([p.rows.notional[p.start : p.stop] for p in slices] or [np.empty(0)]),
        np.concatenate(
            [p.rows.row_hash[p.start : p.stop] for p in slices] or [np.empty((0, 32), np.uint8)]
        ),
        groups,
        failures,
    )


def _header(cursor: Cursor, snapshot_id: int) -> tuple[bytes, int, int]:
    cursor.execute(SQL["snapshot_header"], {"id": snapshot_id})
    row = cursor.fetchone()
    if row is None:
        raise ValueError(f"there is no position snapshot {snapshot_id}")
    return bytes(row[0]), int(row[1]), int(row[2])


_TABLES: dict[bytes, tuple[Names, Members]] = {}
_TABLES_KEPT = 4


def _tables(cursor: Cursor, snapshot_id: int, content_hash: bytes) -> tuple[Names, Members]:
    # By content, not by id: the texts are the same wherever a snapshot of this content is.
    found = _TABLES.get(content_hash)
    if found is None:
        cursor.execute(SQL["snapshot_members"], {"id": snapshot_id})
        names, dimensions = cursor.fetchone()
        found = Names(json.loads(names)), Members.of(dimensions)
        while len(_TABLES) >= _TABLES_KEPT:
            _TABLES.pop(next(iter(_TABLES)))
        _TABLES[content_hash] = found
    return found


def _slices(
    cursor: Cursor, snapshot_id: int, first: int, last: int, names: Names, members: Members
) -> Iterator[_Slice]:
    place = {"id": snapshot_id, "first": first, "last": last, "largest": BLOCK_SIZE}
    cursor.execute(SQL["snapshot_blocks"], place)
    for (
        number,
        start,
        count,
        book,
        product,
        version,
        digest,
        dimensions,
        terms,
    ) in cursor.fetchall():
        data, packed = bytes(dimensions), bytes(terms)
        if version != adapters.FORMAT or blocks.block_hash(data, packed) != bytes(digest):
            raise SnapshotBroken(f"block {number} of snapshot {snapshot_id} has been altered")
        rows = adapters.decode(data, packed, names)
        if rows.packing != adapters.packing():
            rows = _packed_anew(cursor, snapshot_id, start, count, names, members)
        yield _Slice(
            max(first, start) - first,
            max(first, start) - start,
            min(last, start + count) - start,
            book,
            product,
            rows,
        )


def _packed_anew(
    cursor: Cursor, snapshot_id: int, first: int, count: int, names: Names, members: Members
) -> BlockRows:
    cursor.execute(SQL["snapshot_rows"], {"id": snapshot_id, "first": first, "last": first + count})
    rows = list(_source_rows(cursor, cursor.fetchall()))
    block = blocks.build(0, first, rows, members, names)
    return adapters.decode(block.dimensions, block.terms, names)


def _groups(
    slices: Sequence[_Slice],
) -> tuple[list[tuple[str, IntArray, Any]], dict[int, tuple[str, str]]]:
    by_product: dict[str, list[_Slice]] = {}
    for part in slices:
        by_product.setdefault(part.product_type, []).append(part)
    groups: list[tuple[str, IntArray, Any]] = []
    failures: dict[int, tuple[str, str]] = {}
    for product_type, parts in sorted(by_product.items()):
        rows = _joined([np.arange(p.at, p.at + p.count, dtype=np.int64) for p in parts])
        batch = adapters.joined([(p.rows.batch, p.start, p.stop) for p in parts])
        for row, failure in adapters.failures(batch).items():
            failures[int(rows[row])] = failure
        groups.append((product_type, rows, batch))
    return groups, failures


def _joined(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _repeated(slices: Sequence[_Slice], values: Sequence[int]) -> IntArray:
    counts = [part.count for part in slices]
    return np.repeat(np.array(values, dtype=np.int64), counts)


def refused_count(cursor: Cursor, snapshot_id: int) -> int:
    """Return how many positions of a snapshot no pricer takes, whatever the market."""
    content_hash, _, count = _header(cursor, snapshot_id)
    names, members = _tables(cursor, snapshot_id, content_hash)
    return sum(
        len(adapters.failures(part.rows.batch))
        for first in range(0, count, 10 * BLOCK_SIZE)
        for part in _slices(
            cursor, snapshot_id, first, min(count, first + BLOCK_SIZE * 10), names, members
        )
        if part.start == 0
    )


def shards(
    cursor: Cursor, snapshot_id: int, tree: int, node: int, count: int | None = None
) -> list[tuple[int, int]]:
    """Return the ranges of positions under a node that tasks work on, in order, without gaps.

    Books are numbered depth first, so a subtree is one range of positions. It is cut at book
    boundaries where that costs no balance: `count` pieces, by default pieces of at most 20,000
    positions and at least 16 of them from 2,000 positions. None for a node without positions.
    """
    _, own_tree, _ = _header(cursor, snapshot_id)
    if tree != own_tree:
        raise ValueError(f"snapshot {snapshot_id} stands on tree {own_tree}, not {tree}")
    cursor.execute(SQL["tree_interval"], {"tree": tree, "node": node})
    high = cursor.fetchone()[0]
    if high is None:
        raise ValueError(f"tree {tree} has no node {node}")
    cursor.execute(SQL["snapshot_book_ranges"], {"id": snapshot_id, "low": node, "high": high})
    ranges = [(int(first), int(last)) for _, first, last in cursor.fetchall()]
    return sharding.cut(ranges, count)


def snapshot_root(cursor: Cursor, snapshot_id: int) -> int | None:
    """Return the lowest node that holds all positions of a snapshot, None if no node does."""
    _, tree, count = _header(cursor, snapshot_id)
    if not count:
        return None
    cursor.execute(SQL["snapshot_book_ranges"], {"id": snapshot_id, "low": 0, "high": 2**31 - 1})
    books = [int(row[0]) for row in cursor.fetchall()]
    cursor.execute(SQL["tree_common_ancestor"], {"tree": tree, "books": books})
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def recompute_snapshot_hash(cursor: Cursor, snapshot_id: int) -> bytes:
    """Return the content hash of a snapshot as PostgreSQL computes it from rows and tree alone."""
    cursor.execute(SQL["snapshot_recomputed"], {"id": snapshot_id})
    return bytes(cursor.fetchone()[0])


def rebuilt_blocks(cursor: Cursor, snapshot_id: int) -> Iterator[Block]:
    """Yield the blocks of a snapshot made anew from its rows and the versions they pin."""
    _, _, count = _header(cursor, snapshot_id)
    cursor.execute(SQL["snapshot_members"], {"id": snapshot_id})
    _, dimensions = cursor.fetchone()
    members, names = Members.of(dimensions), Names()
    cursor.execute(SQL["snapshot_rows"], {"id": snapshot_id, "first": 0, "last": count})
    stored = cursor.fetchall()
    for number, (first, last) in enumerate(blocks.runs([(row[1], row[2]) for row in stored])):
        rows = list(_source_rows(cursor, stored[first:last]))
        yield blocks.build(number, first, rows, members, names)


def altered_blocks(cursor: Cursor, snapshot_id: int) -> Iterator[tuple[int, int, int]]:
    """Yield (block, first, last) of the packed blocks that are not what their rows give.

    A run reads blocks and an auditor rows: here the two are held together, block by block. Those
    that another version of the library packed are left out: no run of this version reads them.
    """
    _header(cursor, snapshot_id)
    cursor.execute(SQL["snapshot_members"], {"id": snapshot_id})
    texts, dimensions = cursor.fetchone()
    names, members = Names(json.loads(texts)), Members.of(dimensions)
    cursor.execute(SQL["snapshot_block_places"], {"id": snapshot_id})
    for number, first, count in cursor.fetchall():
        place = {"id": snapshot_id, "first": first, "last": first + count}
        cursor.execute(SQL["snapshot_block"], {"id": snapshot_id, "block": number})
        book, product_type, *stored = cursor.fetchone()
        packed = adapters.packing_of(bytes(stored[0]))
        if packed is not None and packed != adapters.packing():
            continue
        cursor.execute(SQL["snapshot_rows"], place)
        rows = list(_source_rows(cursor, cursor.fetchall()))
        if {(row.book, row.product_type) for row in rows} == {(book, product_type)}:
            made = blocks.build(number, first, rows, members, names)
            if [made.dimensions, made.terms] == [bytes(data) for data in stored]:
                continue
        yield number, first, first + count


def _source_rows(cursor: Cursor, stored: Sequence[Sequence[Any]]) -> Iterator[SourceRow]:
    terms = instruments.terms_documents(cursor, sorted({row[6] for row in stored}))
    versions = sorted({row[7] for row in stored if row[7] is not None})
    obligors = instruments.counterparty_documents(cursor, versions)
    pinned = sorted({row[8] for row in stored if row[8] is not None})
    facilities = instruments.facility_documents(cursor, pinned)
    for position_id, book, product_type, currency, text, row_hash, *ids, as_of in stored:
        terms_id, version, facility = ids
        if hashing.sha256(text) != bytes(row_hash):
            raise SnapshotBroken(f"the row of position {position_id} has been altered")
        document = json.loads(text)
        obligor = obligors.get(version, {})
        yield SourceRow(
            position_id,
            book,
            product_type,
            currency,
            document["state"],
            terms[terms_id]["terms"],
            bytes(row_hash),
            obligor.get("rating", ""),
            obligor.get("sector", ""),
            obligor.get("country_of_risk", ""),
            document.get("group", ""),
            document.get("tag", ""),
            None if facility is None else blocks.in_force(facilities[facility], as_of),
        )
