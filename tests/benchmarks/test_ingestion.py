"""`manage.py ingest positions` against a plain COPY of the same rows on the same server.

Ingestion reads JSON lines, checks every row against its contract and what it refers to, hashes a
canonical document of each, packs the pricing input and stores rows and blocks under their seals.
The COPY only stores text, in a table without an index.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable

from psycopg import sql

from tests.benchmarks.installation import DATABASE, Book, Installation
from tests.benchmarks.processes import Used, server_cpu

_CHUNK = 1 << 20


def test_ingestion_of_positions_beside_a_plain_copy(
    installation: Installation, book: Book, record_property: Callable[[str, object], None]
) -> None:
    fields, rows = _file_rows(book)
    plain = _copied(installation, "plain_file", fields, rows)
    stored = _copied(installation, "plain_stored", *_stored_rows(installation, book))
    ((counted,),) = installation.rows("SELECT count(*) FROM plain_file")
    assert counted == book.positions
    print(f"\ningestion: {book.positions:,} positions")
    print(f"  {'':<28} {'wall s':>8} {'cpu s':>8} {'rows/s':>10} {'peak MB':>8}")
    for name, used in {
        "plain COPY of the file's rows": plain,
        "plain COPY of what is stored": stored,
        **{f"ingest {kind}": used for kind, used in book.ingested.items()},
    }.items():
        rate = book.positions / used.wall
        shown = f"{rate:>10,.0f}" if "COPY" in name or name.endswith(_LARGE) else f"{'':>10}"
        peak = f"{used.peak_mb:>8,.0f}" if used.peak_mb else f"{'':>8}"
        print(f"  {name:<28} {used.wall:>8.2f} {used.cores:>8.2f} {shown} {peak}")
    ours = book.ingested["positions"]
    for name, base in {"file": plain, "stored": stored}.items():
        wall, cores = ours.wall / base.wall, ours.cores / base.cores
        record_property(f"ingestion_against_copy_of_{name}_wall", wall)
        record_property(f"ingestion_against_copy_of_{name}_cpu", cores)
        print(f"  ingest positions / COPY of {name:<7} {wall:>6.1f} times wall, {cores:.1f} cpu")
    record_property("ingestion_positions_per_second", book.positions / ours.wall)


_LARGE = ("positions", "instruments")


def _file_rows(book: Book) -> tuple[list[str], bytes]:
    """The fields of the positions file, and its rows as COPY text."""
    with book.files["positions"].open() as lines:
        rows = [json.loads(line) for line in lines]
    text = "".join("\t".join(row.values()) + "\n" for row in rows)
    return list(rows[0]), text.encode()


def _stored_rows(installation: Installation, book: Book) -> tuple[list[str], bytes]:
    """The columns of the stored rows of the snapshot, and the rows as COPY text."""
    with installation.server.superuser(DATABASE) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT * FROM position LIMIT 0")
        assert cursor.description is not None
        fields = [column.name for column in cursor.description]
        query = sql.SQL("COPY (SELECT * FROM position WHERE snapshot_id = {}) TO STDOUT")
        with cursor.copy(query.format(book.ids["positions"])) as copy:
            return fields, b"".join(bytes(part) for part in copy)


def _copied(installation: Installation, table: str, fields: Iterable[str], rows: bytes) -> Used:
    """Copy text into a new table of text columns, in one transaction."""
    name = sql.Identifier(table)
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(each)) for each in fields)
    with installation.server.superuser(DATABASE) as connection:
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(name, columns))
        connection.execute("CHECKPOINT")
        server = server_cpu(installation.postmaster)
        client, begun = time.process_time(), time.perf_counter()
        with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(name)) as copy:
            for first in range(0, len(rows), _CHUNK):
                copy.write(rows[first : first + _CHUNK])
        wall, client = time.perf_counter() - begun, time.process_time() - client
        return Used("", wall, client, server_cpu(installation.postmaster) - server, 0.0)
