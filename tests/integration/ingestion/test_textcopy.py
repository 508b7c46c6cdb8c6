"""COPY in text format: what goes in comes out."""

from decimal import Decimal

import pytest

from foundation.textcopy import copy_text

NASTY = [
    "", "plain", "\\", "\\N", "\\.", "a\tb", "a\nb", "a\r\nb", "\\x41", '"quoted"', "ünïcode ✓",
    "trailing\\", "\t", "\b\f\v",
]  # fmt: skip


def test_every_value_comes_back_as_it_was(database):
    with database.connect("desk") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE t (n int, a text, b bytea, c boolean, d numeric)")
        rows = [
            (n, text, text.encode(), n % 2 == 0, Decimal("1.50") if n else None)
            for n, text in enumerate(NASTY)
        ]
        assert copy_text(cursor, "COPY t FROM STDIN", rows) == len(NASTY)
        cursor.execute("SELECT * FROM t ORDER BY n")
        assert cursor.fetchall() == rows


@pytest.mark.parametrize("count", [0, 1, 100_000])
def test_rows_are_counted_and_none_is_lost_between_chunks(database, count):
    with database.connect("desk") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE t (n int)")
        assert copy_text(cursor, "COPY t FROM STDIN", ((n,) for n in range(count))) == count
        cursor.execute("SELECT count(*), coalesce(sum(n), 0) FROM t")
        assert cursor.fetchone() == (count, count * (count - 1) // 2)
