"""A shard's values as integer cells, and those as the rows, digests and leaf hash of a task."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.result import adapters, errors, leaf
from apps.result import axis as axes
from apps.result.axis import Block
from apps.result.rollup import Partials
from apps.run.contracts import CellSpec, PositionError
from foundation import binary
from foundation.exact import quantise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bytes = NDArray[np.uint8]
    Bools = NDArray[np.bool_]

VALUATION = {
    "run": "int4",
    "position": "int4",
    "book": "int4",
    "task": "int4",
    "block": "int2",
    "status": "int2",
    "error_code": "int2",
    "input_hash": "bytea",
    "error": "text",
    "cells": "int8[]",
}
VALUATION_DIGEST = {
    "run": "int4",
    "task": "int4",
    "first": "int4",
    "count": "int4",
    "digests": "bytea",
}
ROLLUP_PARTIAL = {
    "run": "int4",
    "task": "int4",
    "node": "int4",
    "dimension": "int2",
    "member": "int4",
    "block": "int2",
    "count": "int4",
    "covered": "int4",
    "covered_notional": "int8",
    "uncovered_notional": "int8",
    "cells": "int8[]",
}
ROLLUP = {name: kind for name, kind in ROLLUP_PARTIAL.items() if name != "task"}
RUN_CONTEXT = {
    "run": "int4",
    "position": "int4",
    "task": "int4",
    "context_hash": "bytea",
    "facts": "int8[]",
}
GROUP_RESULT = {"run": "int4", "kind": "text", "group": "text", "task": "int4", "cells": "int8[]"}

_VALUED = 0
_ERROR = 1
_CHUNK = 2048
_ARRAY_HEAD = 20
_ELEMENT = 12


@dataclass(frozen=True, slots=True)
class Cells:
    """Integer cells int64 (n, c), zero in the rows that `errors` names."""

    values: Ints
    errors: Mapping[int, PositionError]

    @property
    def valued(self) -> Bools:
        """Which rows have a value."""
        found = np.ones(len(self.values), dtype=np.bool_)
        found[list(self.errors)] = False
        return found


def integer_cells(
    values: Sequence[Floats], failed: Mapping[int, PositionError], axis: Sequence[CellSpec]
) -> Cells:
    """Round float columns, side by side, to counts of each cell's quantum, half to even, once.

    A row with a value that is not finite or has 2**62 quanta or more becomes an error that names
    its first such cell. Rounded in chunks of rows: the float copies stay small. A measure that is
    a sum is that of its rounded parts.
    """
    width = sum(columns.shape[1] for columns in values)
    if width != len(axis):
        raise ValueError(f"the stages filled {width} cells of an axis of {len(axis)}")
    count = len(values[0])
    quanta = axes.quanta(axis)
    cells = np.empty((count, width), dtype=np.int64)
    found = dict(failed)
    for first in range(0, count, _CHUNK):
        last = min(first + _CHUNK, count)
        chunk = np.concatenate([columns[first:last] for columns in values], axis=1)
        chunk[[row - first for row in failed if first <= row < last]] = 0.0
        cells[first:last], misfits = quantise(chunk, quanta)
        for row in np.flatnonzero(misfits):
            found[first + int(row)] = _misfit(chunk[row], quanta, axis)
    for place, parts in adapters.sums(axis):
        cells[:, place] = cells[:, parts].sum(axis=1)
    cells[list(found)] = 0
    return Cells(cells, found)


def _misfit(row: Floats, quanta: Ints, axis: Sequence[CellSpec]) -> PositionError:
    for index, cell in enumerate(axis):
        if quantise(row[None, index : index + 1], quanta[index : index + 1])[1][0]:
            if np.isfinite(row[index]):
                message = f"{row[index]:.6g} {cell.unit} does not fit into 64 bits"
                return PositionError(errors.OVERFLOW, message, axes.label(cell))
            message = f"the value is {row[index]}"
            return PositionError(errors.NOT_FINITE, message, axes.label(cell))
    raise ValueError("every cell of the row fits")


@dataclass(frozen=True, slots=True)
class Valued:
    """The rows of a VALUE task: what is copied into which table, and the hashes over them."""

    parts: Sequence[tuple[str, memoryview]]
    digests: bytes
    rows: Sequence[bytes]


def valuation_rows(
    *, run: int, task: int, first: int, book: Ints, input_hash: Bytes, cells: Cells
) -> Valued:
    """Encode the rows of positions first, first + 1, ... block by block, errors after them."""
    blocks = axes.blocks(cells.values.shape[1])
    rows = np.flatnonzero(cells.valued)
    everything = len(rows) == len(cells.values)
    digests = np.empty((len(rows), len(blocks), leaf.DIGEST), dtype=np.uint8)
    parts: list[tuple[str, memoryview]] = []
    for block in blocks:
        vectors = cells.values[:, block.start : block.stop]
        fixed = {"run": run, "task": task, "block": block.number, "status": _VALUED}
        encoded = binary.encode(
            VALUATION,
            fixed
            | {
                "position": rows + first,
                "book": book[rows],
                "error_code": 0,
                "input_hash": input_hash if everything else input_hash[rows],
                "error": np.empty((len(rows), 0), dtype=np.uint8),
                "cells": vectors if everything else vectors[rows],
            },
            len(rows),
        )
        parts.append(("valuation", encoded))
        if len(rows):
            stride = encoded.nbytes // len(rows)
            array = _ARRAY_HEAD + _ELEMENT * block.width
            digests[:, block.number] = leaf.digests(
                _prefixes(rows + first, block.number), encoded, stride - array, stride
            )
    failed = sorted(cells.errors)
    if failed:
        parts.append(("valuation", _error_rows(run, task, first, book, input_hash, cells.errors)))
    tails = np.concatenate(
        [book[rows].astype(">i4").view(np.uint8).reshape(-1, 4), input_hash[rows]], axis=1
    )
    stream = np.concatenate(
        [digests, np.broadcast_to(tails[:, None, :], (len(rows), len(blocks), 36))], axis=2
    )
    broken = {
        row: leaf.error_digest(first + row, errors.number(cells.errors[row].code)) for row in failed
    }
    ends = {
        row: struct.pack(">i", book[row])
        + input_hash[row].tobytes()
        + errors.document(cells.errors[row]).encode()
        for row in failed
    }
    return Valued(
        parts,
        b"".join(_in_order(digests, broken)),
        list(_in_order(stream, {row: broken[row] + ends[row] for row in failed})),
    )


def _prefixes(positions: Ints, block: int) -> Bytes:
    heads = np.zeros(
        len(positions), dtype=[("position", ">i4"), ("block", ">i2"), ("flags", ">i4")]
    )
    heads["position"] = positions
    heads["block"] = block
    return heads.view(np.uint8).reshape(len(positions), heads.dtype.itemsize)


def _error_rows(
    run: int,
    task: int,
    first: int,
    book: Ints,
    input_hash: Bytes,
    failed: Mapping[int, PositionError],
) -> memoryview:
    rows = np.array(sorted(failed), dtype=np.int64)
    return binary.encode(
        VALUATION,
        {
            "run": run,
            "position": rows + first,
            "book": book[rows],
            "task": task,
            "block": 0,
            "status": _ERROR,
            "error_code": np.array([errors.number(failed[int(row)].code) for row in rows]),
            "input_hash": input_hash[rows],
            "error": [errors.document(failed[int(row)]) for row in rows],
            "cells": np.empty((len(rows), 0), dtype=np.int64),
        },
        len(rows),
    )


def _in_order(valued: Bytes, failed: Mapping[int, bytes]) -> Iterator[bytes]:
    """Yield the rows of valued positions and the bytes of failed ones in order of position."""
    taken = 0
    for number, row in enumerate(sorted(failed)):
        upto = row - number
        yield valued[taken:upto].tobytes()
        yield failed[row]
        taken = upto
    yield valued[taken:].tobytes()


def partial_rows(run: int, task: int, sums: Partials) -> tuple[list[memoryview], Bytes]:
    """Encode the roll-ups of a task block by block, with the row digests in key order."""
    blocks = axes.blocks(sums.cells.shape[1])
    digests = np.empty((len(sums.node), len(blocks), leaf.DIGEST), dtype=np.uint8)
    parts: list[memoryview] = []
    for block in blocks:
        cells = sums.cells[:, block.start : block.stop]
        encoded, digests[:, block.number] = _sums(
            ROLLUP_PARTIAL, {"run": run, "task": task}, block, sums, cells
        )
        parts.append(encoded)
    return parts, digests.reshape(-1, leaf.DIGEST)


def rollup_rows(run: int, block: Block, sums: Partials) -> tuple[memoryview, Bytes]:
    """Encode final roll-ups of one block, `sums.cells` being its cells, with their row digests."""
    return _sums(ROLLUP, {"run": run}, block, sums, sums.cells)


def _sums(
    columns: Mapping[str, str], fixed: Mapping[str, int], block: Block, sums: Partials, cells: Ints
) -> tuple[memoryview, Bytes]:
    count = len(sums.node)
    values: dict[str, Any] = {**fixed, "block": block.number, "cells": cells}
    values |= {name: getattr(sums, name) for name in columns if name not in values}
    encoded = binary.encode(columns, values, count)
    stride = encoded.nbytes // count if count else 0
    array = _ARRAY_HEAD + _ELEMENT * block.width
    heads = _partial_prefixes(sums, block.number)
    return encoded, leaf.digests(heads, encoded, stride - array, stride)


def _partial_prefixes(sums: Partials, block: int) -> Bytes:
    heads = np.zeros(
        len(sums.node),
        dtype=[
            ("node", ">i4"),
            ("dimension", ">i2"),
            ("member", ">i4"),
            ("block", ">i2"),
            ("count", ">i4"),
            ("covered", ">i4"),
            ("covered_notional", ">i8"),
            ("uncovered_notional", ">i8"),
        ],
    )
    heads["block"] = block
    for name in heads.dtype.names or ():
        if name != "block":
            heads[name] = getattr(sums, name)
    return heads.view(np.uint8).reshape(len(heads), heads.dtype.itemsize)


def digest_row(run: int, task: int, first: int, count: int, digests: bytes) -> memoryview:
    """Encode the one valuation_digest row of a task."""
    values = {"run": run, "task": task, "first": first, "count": count, "digests": [digests]}
    return binary.encode(VALUATION_DIGEST, values, 1)


def digests_of_row(row: memoryview) -> bytes:
    """Return the digests of a row that `digest_row` has encoded."""
    integers = len(VALUATION_DIGEST) - 1
    return bytes(row[2 + integers * 8 + 4 :])
