"""The hashes that a run's results are sealed by, as Python computes them while it encodes.

sql/leaf.sql computes every one of them again from the stored rows; a test holds the twins
together. Integers are big-endian as in binary COPY, so that PostgreSQL's *send functions give
the same bytes.

- row digest: sha256(position int4, block int2, status int2, error_code int2, array_send(cells)).
  It names neither task nor run: the digests of all positions in order are the same under any
  sharding, and their hash is the run's result_hash.
- VALUE leaf: sha256(sha256(rows) || sha256(partials)); rows are digest, book int4, input_hash
  and error text of each row in (position, block) order, partials the row digests of the task's
  roll-ups in (node, dimension, member, block) order.
- CONTEXT leaf: sha256 over position int4, context_hash and array_send(facts) of each row.
- GROUP leaf: sha256 over sha256(kind, 0, group, 0, array_send(cells)) of each row.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

DIGEST = 32
EMPTY_ARRAY = struct.pack(">iii", 0, 0, 20)
"""array_send('{}'::int8[])."""

_INT8 = 20


def array_bytes(values: Sequence[int]) -> bytes:
    """Return array_send of an int8[] that holds `values`."""
    if not values:
        return EMPTY_ARRAY
    head = struct.pack(">iiiii", 1, 0, _INT8, len(values), 1)
    return head + b"".join(struct.pack(">iq", 8, value) for value in values)


def digests(prefixes: Bytes, records: memoryview, offset: int, stride: int) -> Bytes:
    """Return the row digests uint8 (n, 32) of rows encoded for COPY.

    `prefixes` uint8 (n, p) holds the leading integers of each digest; the array of row i stands
    in `records` from i x stride + offset to the end of its record.
    """
    count, width = prefixes.shape
    heads = memoryview(np.ascontiguousarray(prefixes).reshape(-1).data)
    out = bytearray(count * DIGEST)
    sha256 = hashlib.sha256
    for row in range(count):
        digest = sha256(heads[row * width : (row + 1) * width])
        digest.update(records[row * stride + offset : (row + 1) * stride])
        out[row * DIGEST : (row + 1) * DIGEST] = digest.digest()
    return np.frombuffer(bytes(out), dtype=np.uint8).reshape(count, DIGEST)


def error_digest(position: int, error_code: int) -> bytes:
    """Return the digest of an error row: status 1, block 0, no cells."""
    return hashlib.sha256(struct.pack(">ihhh", position, 0, 1, error_code) + EMPTY_ARRAY).digest()


def value_leaf(rows: Iterable[bytes | memoryview], partial_digests: Bytes) -> bytes:
    """Return the leaf hash of a VALUE task from its row stream and its roll-up digests."""
    stream = hashlib.sha256()
    for row in rows:
        stream.update(row)
    partials = hashlib.sha256(np.ascontiguousarray(partial_digests).tobytes()).digest()
    return hashlib.sha256(stream.digest() + partials).digest()


def context_leaf(
    positions: Iterable[int], hashes: Iterable[bytes], facts: Iterable[Sequence[int]]
) -> bytes:
    """Return the leaf hash of a CONTEXT task, rows in order of position."""
    stream = hashlib.sha256()
    for position, context_hash, values in zip(positions, hashes, facts, strict=True):
        stream.update(struct.pack(">i", position) + context_hash + array_bytes(values))
    return stream.digest()


def context_hash(values: Sequence[int]) -> bytes:
    """Return the hash of one position's facts."""
    return hashlib.sha256(array_bytes(values)).digest()


def group_leaf(rows: Iterable[tuple[str, str, Sequence[int]]]) -> bytes:
    """Return the leaf hash of a GROUP task, rows in order of the bytes of kind and group."""
    ordered = sorted(((kind.encode(), group.encode(), cells) for kind, group, cells in rows))
    stream = hashlib.sha256()
    for kind, group, cells in ordered:
        row = kind + b"\0" + group + b"\0" + array_bytes(cells)
        stream.update(hashlib.sha256(row).digest())
    return stream.digest()
