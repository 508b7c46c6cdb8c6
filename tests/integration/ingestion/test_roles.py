"""Who may do what with snapshots: the desk writes, workers and the web read, nobody changes."""

from __future__ import annotations

import psycopg
import pytest

from apps.portfolio import selectors
from apps.portfolio import services as portfolio
from tests.integration.ingestion import small_book


@pytest.fixture
def snapshot(database, acting_as):
    with acting_as("desk"):
        small_book.make_reference()
        return portfolio.create_position_snapshot(
            as_of=small_book.AS_OF, name="test", positions=small_book.positions()
        )


@pytest.mark.parametrize("role", ["worker", "web", "auditor"])
def test_shards_are_read_under_every_role(database, snapshot, role):
    with database.connect(role) as connection, connection.cursor() as cursor:
        shard = selectors.load_shard(cursor, snapshot.snapshot_id, 5, 45)
        ranges = selectors.shards(cursor, snapshot.snapshot_id, snapshot.tree_id, 1, 4)
        digest = selectors.recompute_snapshot_hash(cursor, snapshot.snapshot_id)
    assert len(shard.book) == 40
    assert len(ranges) == 4
    assert digest == snapshot.content_hash


def test_a_worker_reads_no_table_that_stewards_edit(database, snapshot):
    with database.connect("worker") as connection, connection.cursor() as cursor:
        selectors.load_shard(cursor, snapshot.snapshot_id, 0, 50)
        for table in ("counterparty", "instrument", "portfolio", "legal_entity"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                cursor.execute(f"SELECT 1 FROM {table}")


@pytest.mark.parametrize("role", ["desk", "web", "worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE position SET document = '{}'",
        "DELETE FROM position_block",
        "TRUNCATE position",
        "UPDATE position_snapshot SET name = 'x'",
        "INSERT INTO position SELECT snapshot_id, 999, 'X', book, product_type, instrument,"
        " terms_id, counterparty, counterparty_version_id, legal_entity, currency, document,"
        " row_hash FROM position WHERE ordinal = 0",
    ],
)
def test_a_snapshot_takes_no_change(database, snapshot, role, statement):
    with database.connect(role) as connection, pytest.raises(psycopg.Error):
        connection.execute(statement)


def test_an_altered_block_is_found_out(database, snapshot, owner):
    owner.execute("ALTER TABLE position_block DISABLE TRIGGER ALL")
    owner.execute("ALTER TABLE position_block DROP CONSTRAINT position_block_hash")
    owner.execute(
        "UPDATE position_block SET terms = set_byte(terms, 300, 255 - get_byte(terms, 300))"
        " WHERE block = 1"
    )
    with database.connect("worker") as connection, connection.cursor() as cursor:
        with pytest.raises(selectors.SnapshotBroken, match="block 1 of snapshot"):
            selectors.load_shard(cursor, snapshot.snapshot_id, 0, 50)
        selectors.load_shard(cursor, snapshot.snapshot_id, 0, 5)


def test_an_altered_row_changes_the_hash_that_sql_computes(database, snapshot, owner, auditor):
    owner.execute("ALTER TABLE position DISABLE TRIGGER ALL")
    owner.execute("UPDATE position SET document = replace(document, '100000', '100001')")
    with auditor.cursor() as cursor:
        found = selectors.recompute_snapshot_hash(cursor, snapshot.snapshot_id)
    assert found != snapshot.content_hash


def test_missing_blocks_are_found_out(database, snapshot, owner, worker_conn):
    owner.execute("ALTER TABLE position_block DISABLE TRIGGER ALL")
    owner.execute("DELETE FROM position_block WHERE block = 0")
    with (
        worker_conn.cursor() as cursor,
        pytest.raises(selectors.SnapshotBroken, match="do not cover"),
    ):
        selectors.load_shard(cursor, snapshot.snapshot_id, 0, 50)
