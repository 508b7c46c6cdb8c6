"""Position snapshots: a book of positions of one day, content-addressed, packed once for all runs.

Rows are ordered canonically (book, product type, sha256 of the position id), their documents
hashed and spooled; only when no snapshot has the same content are they packed and copied into the
database: members first, header last.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.db import connection, transaction

from apps.instrument import selectors as instruments
from apps.portfolio import adapters, blocks, pinning, selectors
from apps.portfolio.adapters import Names
from apps.portfolio.blocks import Block, SourceRow
from apps.portfolio.documents import Pins, PositionContent, document, plain_state
from apps.portfolio.pinning import PinnedBook, SnapshotError
from apps.portfolio.reference import record_tree
from foundation import hashing, sqlfiles
from foundation.textcopy import Cursor, escaped
from foundation.textcopy import field as copy_field

__all__ = ["SnapshotError", "SnapshotWritten", "create_position_snapshot"]

SQL = sqlfiles.load(Path(__file__).parent / "sql")

Progress = Callable[[str, int], None]
"""Called with the step and the rows done in it."""

_EVERY = 2_000
_SPOOL = 1 << 26
_COPY_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class SnapshotWritten:
    """The snapshot that holds the content, and whether it is new.

    `control` has per currency the count and the exact totals of outstanding principal and
    quantity; `refused` counts positions that no pricer takes, which become error rows of a run.
    """

    snapshot_id: int
    created: bool
    position_count: int
    content_hash: bytes
    tree_id: int
    control: Mapping[str, Mapping[str, Any]]
    refused: int


@dataclass(slots=True)
class _Spool:
    """COPY text on its way to the database, in memory while it is small."""

    file: IO[bytes]
    lines: list[str] = field(default_factory=list)

    def write(self, line: str) -> None:
        self.lines.append(line)
        if len(self.lines) >= 4096:
            self.flush()

    def flush(self) -> None:
        if self.lines:
            self.file.write(("\n".join(self.lines) + "\n").encode())
            self.lines.clear()

    def send(self, cursor: Cursor, statement: Any) -> None:
        self.flush()
        self.file.seek(0)
        with cursor.copy(statement) as copy:
            while chunk := self.file.read(_COPY_CHUNK):
                copy.write(chunk)


@transaction.atomic
def create_position_snapshot(
    *,
    as_of: dt.date,
    name: str,
    positions: Sequence[PositionContent],
    tree_id: int | None = None,
    source: str = "",
    progress: Progress | None = None,
) -> SnapshotWritten:
    """Store a book of positions as of a day, or return the snapshot that already holds it.

    Instruments, obligors and the tree are pinned in the versions that are current now (`tree_id`
    pins another tree). An obligor that is not given is the issuer of the instrument. A position
    that its product refuses to pack is stored with the reason; one whose book, instrument or
    obligor does not exist raises SnapshotError. `progress` is called with the step
    and the rows done.
    """
    if tree_id is None:
        tree_id = record_tree().tree_id
    with connection.cursor() as cursor, ExitStack() as files:
        book = pinning.read(cursor, positions, tree_id)
        rows, packed = (
            _Spool(files.enter_context(tempfile.SpooledTemporaryFile(_SPOOL))) for _ in range(2)
        )
        cursor.execute(SQL["snapshot_next"])
        snapshot_id = int(cursor.fetchone()[0])
        hashes = list(_write_rows(book, snapshot_id, rows, progress))
        content_hash = hashlib.sha256(
            b"".join([book.tree_hash, as_of.isoformat().encode(), *hashes])
        ).digest()
        found = _existing(cursor, content_hash)
        if found is None:
            names, refused = _write_blocks(
                cursor, book, hashes, as_of, snapshot_id, packed, progress
            )
            rows.send(cursor, SQL["snapshot_copy_positions"])
            packed.send(cursor, SQL["snapshot_copy_blocks"])
            cursor.execute(
                SQL["snapshot_insert"],
                {
                    "id": snapshot_id,
                    "content_hash": content_hash,
                    "as_of": as_of,
                    "name": name,
                    "tree": tree_id,
                    "count": len(positions),
                    "names": hashing.canonical(list(names.as_tuple())),
                    "dimensions": book.members.text(),
                    "control": hashing.canonical(book.control),
                    "source": source,
                },
            )
        else:
            refused = selectors.refused_count(cursor, found)
    return SnapshotWritten(
        snapshot_id if found is None else found,
        found is None,
        len(positions),
        content_hash,
        tree_id,
        book.control,
        refused,
    )


def _write_rows(
    book: PinnedBook, snapshot_id: int, spool: _Spool, progress: Progress | None
) -> Iterator[bytes]:
    """Spool the rows in canonical order and yield the hash of each document."""
    for ordinal, (position, (node, _)) in enumerate(zip(book.positions, book.keys, strict=True)):
        terms = book.terms[position.instrument]
        code, obligor = book.obligor(position)
        facility = book.facility(position)
        pins = Pins(
            terms.product_type,
            terms.currency,
            terms.terms_hash,
            code,
            obligor.version_hash if obligor else None,
            obligor.group if obligor else "",
            facility.version_hash if facility else None,
        )
        text = document(position, pins, plain_state(position.state))
        row_hash = hashlib.sha256(text.encode()).digest()
        spool.write(
            f"{snapshot_id}\t{ordinal}\t{position.position_id}\t{node}\t{terms.product_type}\t"
            f"{position.instrument}\t{terms.terms_id}\t"
            f"{copy_field(code)}\t{copy_field(obligor.version_id if obligor else None)}\t"
            f"{position.legal_entity}\t{terms.currency}\t{escaped(text)}\t\\\\x{row_hash.hex()}\t"
            f"{copy_field(position.facility)}\t"
            f"{copy_field(facility.version_id if facility else None)}"
        )
        if progress is not None and ordinal % _EVERY == 0:
            progress("hashing", ordinal)
        yield row_hash


def _write_blocks(
    cursor: Cursor,
    book: PinnedBook,
    hashes: Sequence[bytes],
    as_of: dt.date,
    snapshot_id: int,
    spool: _Spool,
    progress: Progress | None,
) -> tuple[Names, int]:
    """Spool the packed blocks; return the texts they refer to and how many rows were refused."""
    names = Names()
    refused = 0
    for number, (first, last) in enumerate(blocks.runs(book.keys)):
        rows = list(_source_rows(cursor, book, hashes, as_of, first, last))
        block = blocks.build(number, first, rows, book.members, names)
        refused += block.refused
        spool.write(_block_line(snapshot_id, block))
        spool.flush()
        if progress is not None:
            progress("packing", last)
    return names, refused


def _source_rows(
    cursor: Cursor,
    book: PinnedBook,
    hashes: Sequence[bytes],
    as_of: dt.date,
    first: int,
    last: int,
) -> Iterator[SourceRow]:
    positions = book.positions[first:last]
    ids = {book.terms[position.instrument].terms_id for position in positions}
    documents = instruments.terms_documents(cursor, list(ids))
    pinned = (book.facility(position) for position in positions)
    versions = {facility.version_id for facility in pinned if facility is not None}
    facilities = instruments.facility_documents(cursor, list(versions))
    node = book.keys[first][0]
    for ordinal, position in enumerate(positions, start=first):
        terms = book.terms[position.instrument]
        _, obligor = book.obligor(position)
        facility = book.facility(position)
        yield SourceRow(
            position.position_id,
            node,
            terms.product_type,
            terms.currency,
            plain_state(position.state),
            documents[terms.terms_id]["terms"],
            hashes[ordinal],
            obligor.rating if obligor else "",
            obligor.sector if obligor else "",
            obligor.country if obligor else "",
            obligor.group if obligor else "",
            position.tag or "",
            None if facility is None else blocks.in_force(facilities[facility.version_id], as_of),
        )


def _block_line(snapshot_id: int, block: Block) -> str:
    values = (
        snapshot_id,
        block.block,
        block.first,
        block.count,
        block.book,
        block.product_type,
        adapters.FORMAT,
        block.sha256,
        block.dimensions,
        block.terms,
    )
    return "\t".join(copy_field(value) for value in values)


def _existing(cursor: Cursor, content_hash: bytes) -> int | None:
    cursor.execute(SQL["snapshot_lock"], {"content_hash": content_hash.hex()})
    cursor.execute(SQL["snapshot_of_hash"], {"content_hash": content_hash})
    found = cursor.fetchone()
    return None if found is None else int(found[0])
