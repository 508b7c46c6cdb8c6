"""Position snapshots: one content, one id; hashes in SQL and Python; blocks that can be rebuilt."""

import dataclasses
import datetime as dt
import hashlib
import itertools
import json

import numpy as np
import pytest
from django.db import connection

from apps.instrument import services as instruments
from apps.instrument.services import InstrumentContent
from apps.portfolio import adapters, selectors
from apps.portfolio import services as portfolio
from apps.portfolio.dimensions import Dimension
from apps.portfolio.models import Position, PositionBlock, PositionSnapshot
from foundation import hashing
from tests.integration.ingestion import small_book as book

pytestmark = [pytest.mark.django_db, pytest.mark.role("desk")]


@pytest.fixture
def written():
    book.make_reference()
    return _create(book.positions())


def _create(positions, as_of=book.AS_OF):
    return portfolio.create_position_snapshot(as_of=as_of, name="test", positions=positions)


def test_the_same_positions_in_any_order_are_one_snapshot(written):
    again = _create(list(reversed(book.positions())))
    assert (again.snapshot_id, again.created) == (written.snapshot_id, False)
    assert PositionSnapshot.objects.count() == 1


def test_another_day_or_amount_is_another_snapshot(written):
    other_day = _create(book.positions(), dt.date(2022, 12, 31))
    changed = book.positions()
    changed[3] = dataclasses.replace(changed[3], state=changed[3].state | {"quantity": "1"})
    assert len({written.content_hash, other_day.content_hash, _create(changed).content_hash}) == 3


def test_positions_stand_in_canonical_order(written):
    rows = list(
        Position.objects.order_by("ordinal").values_list("book", "product_type", "position_id")
    )
    keys = [(b, p, hashlib.sha256(i.encode()).digest()) for b, p, i in rows]
    assert keys == sorted(keys)
    assert len(rows) == 50


def test_sql_computes_the_content_hash_that_python_stored(written):
    with connection.cursor() as cursor:
        assert (
            selectors.recompute_snapshot_hash(cursor, written.snapshot_id) == written.content_hash
        )


def test_documents_are_canonical_and_name_what_they_pin(written):
    for row in Position.objects.all():
        document = json.loads(row.document)
        assert hashing.canonical(document) == row.document
        assert hashing.sha256(row.document) == bytes(row.row_hash)
        assert len(document["terms"]) == len(document["obligor_version"]) == 64


def test_stored_blocks_are_those_rebuilt_from_rows(written):
    with connection.cursor() as cursor:
        rebuilt = list(selectors.rebuilt_blocks(cursor, written.snapshot_id))
    stored = list(PositionBlock.objects.order_by("block"))
    assert [(bytes(b.dimensions), bytes(b.terms), bytes(b.sha256)) for b in stored] == [
        (b.dimensions, b.terms, b.sha256) for b in rebuilt
    ]


def test_blocks_of_another_library_are_packed_anew_from_their_rows(written, monkeypatch):
    with connection.cursor() as cursor:
        before = selectors.load_shard(cursor, written.snapshot_id, 3, 47)
        monkeypatch.setattr(adapters, "packing", lambda: "another library")
        after = selectors.load_shard(cursor, written.snapshot_id, 3, 47)
    assert np.array_equal(before.row_hash, after.row_hash)
    assert np.array_equal(before.maturity, after.maturity)
    assert np.array_equal(before.notional, after.notional)
    for dimension, column in before.dimensions.items():
        assert np.array_equal(after.dimensions[dimension], column)
    for (product, rows, batch), (other, again, anew) in zip(
        before.groups, after.groups, strict=True
    ):
        assert (product, rows.tolist()) == (other, again.tolist())
        assert batch.to_bytes() == anew.to_bytes()


def test_an_edited_obligor_leaves_the_snapshot_as_it_was(written):
    instruments.write_counterparties([{"code": "CP1", "legal_name": "New", "kind": "BANK"}])
    with connection.cursor() as cursor:
        assert (
            selectors.recompute_snapshot_hash(cursor, written.snapshot_id) == written.content_hash
        )
        rebuilt = list(selectors.rebuilt_blocks(cursor, written.snapshot_id))
    assert [b.sha256 for b in rebuilt] == [
        bytes(b.sha256) for b in PositionBlock.objects.order_by("block")
    ]
    assert _create(book.positions()).created


def test_control_totals_are_exact_by_currency(written):
    loans = sum(100000 - i for i in range(40)) + 20
    assert written.control["USD"] == {
        "count": 40, "outstanding_principal": str(loans), "quantity": "4000000"
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(selectors.SQL["snapshot_control"], {"id": written.snapshot_id})
        in_sql = {c: (n, str(p.normalize()), q) for c, n, p, q in cursor.fetchall()}
    assert in_sql["USD"][0] == 40
    assert in_sql["EUR"][2] == 500000


def test_a_shard_has_the_same_rows_whatever_its_edges(written):
    with connection.cursor() as cursor:
        whole = selectors.load_shard(cursor, written.snapshot_id, 0, 50)
        parts = [selectors.load_shard(cursor, written.snapshot_id, a, b)
                 for a, b in ((0, 7), (7, 8), (8, 41), (41, 50))]  # fmt: skip
    assert np.array_equal(np.concatenate([p.book for p in parts]), whole.book)
    assert np.array_equal(np.concatenate([p.row_hash for p in parts]), whole.row_hash)
    assert np.array_equal(np.concatenate([p.notional for p in parts]), whole.notional)
    assert np.array_equal(np.concatenate([p.maturity for p in parts]), whole.maturity)
    for dimension, column in whole.dimensions.items():
        joined = np.concatenate([p.dimensions[dimension] for p in parts])
        assert np.array_equal(joined, column), dimension
    assert sorted(np.concatenate([rows for _, rows, _ in whole.groups])) == list(range(50))


def test_a_shard_knows_groups_sectors_and_tags_by_number(written):
    with connection.cursor() as cursor:
        shard = selectors.load_shard(cursor, written.snapshot_id, 0, 50)
    members = json.loads(PositionSnapshot.objects.get().dimensions)
    groups = members["COUNTERPARTY_GROUP"]
    assert groups == ["", "CP0", "GROUP-X"]
    by_number = [groups[i] for i in shard.dimensions[Dimension.COUNTERPARTY_GROUP]]
    obligors = dict(Position.objects.values_list("ordinal", "counterparty"))
    expected = {"CP0": "CP0", "CP1": "CP0", "CP2": "CP0", "CP3": "CP0"}
    expected |= {"CP5": "GROUP-X", "CP6": "GROUP-X"}
    assert by_number == [expected.get(obligors[i], "") for i in range(50)]
    assert members["TAG"] == ["", "CORE"]
    assert members["CURRENCY"] == ["", "EUR", "USD"]


def test_positions_that_no_pricer_takes_are_stored_with_their_reason():
    book.make_reference()
    instruments.write_instruments(
        [
            InstrumentContent("BAD", "AMORT_LOAN", "USD", book.LOAN | {"rate": "NaN"}),
            InstrumentContent("SIGHT", "DEPOSIT", "USD", {"limit": "5"}),
        ]
    )
    positions = book.positions()
    positions.append(dataclasses.replace(positions[0], position_id="X1", instrument="BAD"))
    positions.append(dataclasses.replace(positions[0], position_id="X2", instrument="SIGHT"))
    written = _create(positions)
    assert written.refused == 2
    with connection.cursor() as cursor:
        shard = selectors.load_shard(cursor, written.snapshot_id, 0, 52)
    ids = dict(Position.objects.values_list("ordinal", "position_id"))
    found = {ids[row]: code for row, (code, _) in shard.failures.items()}
    assert found == {"X1": "NOT_FINITE", "X2": "UNKNOWN_PRODUCT"}
    assert {p for p, _, _ in shard.groups} == {"AMORT_LOAN", "DEPOSIT", "FIXED_BOND"}


def test_what_is_said_of_several_faults_does_not_depend_on_the_order_of_columns():
    book.make_reference()
    broken = {"spread": "?", "current_rate": "?", "accrual_status": "?", "side": "?"}
    positions = book.positions()
    blocks = []
    for state in (broken, dict(reversed(broken.items()))):
        positions[0] = dataclasses.replace(positions[0], state=state | {"quantity": "1"})
        written = _create(positions)
        blocks = blocks or [bytes(b.terms) for b in PositionBlock.objects.order_by("block")]
    assert not written.created
    with connection.cursor() as cursor:
        rebuilt = selectors.rebuilt_blocks(cursor, written.snapshot_id)
        assert [b.terms for b in rebuilt] == blocks


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"book": "NOWHERE"}, "no such book: NOWHERE"),
        ({"book": "LENDING"}, "no such book: LENDING"),
        ({"instrument": "NONE"}, "no such instrument: NONE"),
        ({"obligor": "NOBODY"}, "no such obligor: NOBODY"),
        ({"position_id": "P-LOAN1"}, "position P-LOAN1 appears twice"),
        ({"position_id": "a\tb"}, "is no identifier"),
    ],
)
def test_what_does_not_exist_is_refused_and_nothing_is_written(change, message):
    book.make_reference()
    positions = book.positions()
    positions[0] = dataclasses.replace(positions[0], **change)
    with pytest.raises(portfolio.SnapshotError, match=message):
        _create(positions)
    assert not Position.objects.exists()


def test_a_book_without_positions_is_no_snapshot():
    book.make_reference()
    with pytest.raises(portfolio.SnapshotError, match="no position"):
        _create([])


def test_a_float_in_the_state_is_refused(written):
    positions = book.positions()
    positions[0] = dataclasses.replace(positions[0], state={"quantity": 1.5})
    with pytest.raises(ValueError, match="a float has no canonical text"):
        _create(positions)


def test_a_subtree_is_one_range_and_shards_cover_it(written):
    with connection.cursor() as cursor:
        nodes = dict(Position.objects.values_list("ordinal", "book"))
        tree = written.tree_id
        cursor.execute("SELECT code, node FROM portfolio_node WHERE tree_id = %s", [tree])
        number = dict(cursor.fetchall())
        lending = selectors.shards(cursor, written.snapshot_id, tree, number["LENDING"], 3)
        everything = selectors.shards(cursor, written.snapshot_id, tree, number["BANK"], 7)
        root = selectors.snapshot_root(cursor, written.snapshot_id)
    first, last = lending[0][0], lending[-1][1]
    books = {number["BOOK-A"], number["BOOK-B"]}
    assert {nodes[i] for i in range(first, last)} == books
    assert last - first == 40
    assert len(lending) == 3
    assert everything[0][0] == 0
    assert everything[-1][1] == 50
    assert all(a[1] == b[0] for a, b in itertools.pairwise(everything))
    assert root == number["BANK"]
