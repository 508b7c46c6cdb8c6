"""What the sink writes, on a real server: hashes, exactness, reconciliation."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pytest

from apps.portfolio.dimensions import Dimension
from apps.result import encode
from apps.result.finalisers import SQL as FINALISE
from apps.result.finalisers import ClosingFinaliser, ReconciliationError, RollupFinaliser
from apps.result.sinks import SQL, CubeSink
from apps.run.contracts import CellSpec, Found, GroupRows, PositionError
from tests.integration.result import synthetic


def _stored_rollups(connection: psycopg.Connection[Any], run: int) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT node, dimension, member, block, count, covered, covered_notional,"
        " uncovered_notional, cells FROM rollup WHERE run = %s"
        " ORDER BY node, dimension, member, block",
        (run,),
    ).fetchall()


def test_sql_finds_the_leaf_hashes_that_python_wrote(database: Any, auditor: Any) -> None:
    done = synthetic.complete_run(database, synthetic.make_book(errors=(3, 4, 99)), shards=3)
    stored = dict(
        auditor.execute("SELECT task_id, leaf_hash FROM run_task WHERE phase = 'VALUE'").fetchall()
    )
    for task in done.tasks:
        found = auditor.execute(
            SQL["leaf_hash_of_value_task"], {"run": done.run, "task": task}
        ).fetchone()
        assert found == (stored[task],)


def test_digests_in_order_are_those_of_the_stored_rows(database: Any, auditor: Any) -> None:
    done = synthetic.complete_run(database, synthetic.make_book(errors=(0, 57)), shards=4)
    found = auditor.execute(
        "SELECT sha256(string_agg(sha256(int4send(position) || int2send(block) ||"
        " int2send(status) || int2send(error_code) || array_send(cells)), ''::bytea"
        " ORDER BY position, block)) FROM valuation WHERE run = %s",
        (done.run,),
    ).fetchone()
    assert found == (done.final.result_hash,)


def test_any_sharding_gives_the_same_rollups_and_result_hash(database: Any, auditor: Any) -> None:
    book = synthetic.make_book(300, errors=(11, 200))
    with database.connect("desk") as desk:
        inputs = synthetic.store_inputs(desk, book)
    runs = [
        synthetic.complete_run(database, book, shards=shards, inputs=inputs)
        for shards in (1, 7, 64)
    ]
    assert len({done.final.result_hash for done in runs}) == 1
    first, *others = (_stored_rollups(auditor, done.run) for done in runs)
    assert first
    assert all(other == first for other in others)


def test_rollups_are_the_exact_sums_of_the_stored_cells(database: Any, auditor: Any) -> None:
    book = synthetic.make_book(250, errors=(5, 6, 7))
    done = synthetic.complete_run(database, book, shards=5)
    cells = encode.integer_cells([book.cells], book.errors, book.axis)
    descendants = {1: (3, 4, 6, 7), 2: (3, 4), 5: (6, 7)} | {b: (b,) for b in synthetic.BOOKS}
    additive = np.array([cell.kind == "SUM" for cell in book.axis])
    stored = {row[:3]: row[3:] for row in _stored_rollups(auditor, done.run)}
    for node, books in descendants.items():
        inside = np.isin(book.book, books)
        for member in np.unique(book.dimensions["SECTOR"][inside]):
            chosen = inside & (book.dimensions["SECTOR"] == member)
            expected = [sum(int(q) for q in column) for column in cells.values[chosen].T]
            expected = [q if adds else 0 for q, adds in zip(expected, additive, strict=True)]
            block, count, covered, _, _, found = stored[(node, Dimension.SECTOR, member)]
            assert found == expected
            assert (block, count) == (0, int(chosen.sum()))
            assert covered == int((chosen & cells.valued).sum())


def test_an_axis_of_several_blocks_is_stored_and_summed_whole(database: Any, auditor: Any) -> None:
    axis = tuple(
        CellSpec("PV", f"S{number}" if number else "BASE", "", "AMOUNT", "USD", 6, "SUM")
        for number in range(1_000)
    )
    book = synthetic.make_book(40, axis=axis, errors=(9,))
    done = synthetic.complete_run(database, book, shards=3)
    assert (done.final.valued, done.final.errors) == (39, 1)
    rows = auditor.execute(
        "SELECT block, status, count(*), min(cardinality(cells)) FROM valuation WHERE run = %s"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        (done.run,),
    ).fetchall()
    assert rows == [(0, 0, 39, 480), (0, 1, 1, 0), (1, 0, 39, 480), (2, 0, 39, 40)]
    total = auditor.execute(
        "SELECT sum(cells[40]) FROM valuation WHERE run = %s AND block = 2", (done.run,)
    ).fetchone()
    root = auditor.execute(
        "SELECT cells[40] FROM rollup WHERE run = %s AND node = 1 AND dimension = 0 AND block = 2",
        (done.run,),
    ).fetchone()
    assert root == total
    for task in done.tasks:
        found = auditor.execute(
            SQL["leaf_hash_of_value_task"], {"run": done.run, "task": task}
        ).fetchone()
        stored = auditor.execute("SELECT leaf_hash FROM run_task WHERE task_id = %s", (task,))
        assert found == stored.fetchone()


def test_an_error_row_names_code_message_and_cell(database: Any, auditor: Any) -> None:
    book = synthetic.make_book(50)
    book.cells[8, 2] = np.nan
    book.errors[9] = PositionError("MATURED", "no flow is left")
    done = synthetic.complete_run(database, book)
    rows = auditor.execute(
        "SELECT position, error::json ->> 'code', error::json ->> 'cell' FROM valuation"
        " WHERE run = %s AND status = 1 ORDER BY position",
        (done.run,),
    ).fetchall()
    assert rows == [(8, "NOT_FINITE", "DV01@BASE/ALL"), (9, "MATURED", None)]


def test_a_crashed_position_is_an_error_row_of_its_own(database: Any, auditor: Any) -> None:
    book = synthetic.make_book(20)
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    request = synthetic.make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, request)
    with database.connect("worker") as worker:
        worker.execute("UPDATE run SET status = 'RUNNING'")
        synthetic.value_shard(worker, book, run, request, 0, 12)
        task = synthetic.add_task(worker, run, "VALUE", 12, 13)
        shard = synthetic.make_shard(book, 12, 13, run=run, task=task, request=request)
        encoded = CubeSink().encode_crashed(shard, book.axis, "killed its worker 5 times")
        with worker.transaction(), worker.cursor() as cursor:
            synthetic.end_task(worker, task, encoded.leaf_hash)
            CubeSink().copy(cursor, encoded)
        synthetic.value_shard(worker, book, run, request, 13, 20)
        final = synthetic.finalise(worker, run, request)
    assert (final.valued, final.errors) == (19, 1)
    found = auditor.execute(
        "SELECT position, error FROM valuation WHERE run = %s AND status = 1", (run,)
    ).fetchall()
    assert found == [(12, '{"code":"CRASHED","message":"killed its worker 5 times"}')]


def test_a_missing_position_is_named_and_nothing_is_finalised(
    database: Any, worker_conn: Any
) -> None:
    book = synthetic.make_book(30)
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    request = synthetic.make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, request)
    worker_conn.execute("UPDATE run SET status = 'RUNNING'")
    synthetic.value_shard(worker_conn, book, run, request, 0, 29)
    worker_conn.execute("UPDATE run SET status = 'FINALISING'")
    with (
        pytest.raises(ReconciliationError, match=r"P000029 \(ordinal 29\)"),
        worker_conn.transaction(),
        worker_conn.cursor() as cursor,
    ):
        RollupFinaliser().finalise(cursor, run, request, Found())
    assert worker_conn.execute("SELECT count(*) FROM rollup").fetchone() == (0,)


def test_two_positions_in_each_others_books_are_found(database: Any, worker_conn: Any) -> None:
    book = synthetic.make_book(30)
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    request = synthetic.make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, request)
    worker_conn.execute("UPDATE run SET status = 'RUNNING'")
    assert book.book[0] != book.book[29]
    book.book[[0, 29]] = book.book[[29, 0]]
    synthetic.value_shard(worker_conn, book, run, request, 0, 30)
    worker_conn.execute("UPDATE run SET status = 'FINALISING'")
    with (
        pytest.raises(ReconciliationError, match=r"\(ordinal 0\).*\(ordinal 29\)"),
        worker_conn.transaction(),
        worker_conn.cursor() as cursor,
    ):
        RollupFinaliser().finalise(cursor, run, request, Found())


def test_positions_are_counted_without_reading_their_rows(database: Any) -> None:
    """A first reader of freshly imported rows rewrites their pages: 1.6 s for 300,000 of them."""
    done = synthetic.complete_run(database, synthetic.make_book(60), shards=2)
    place = {
        "run": done.run,
        "tree": done.request.tree_id,
        "node": done.request.node,
        "snapshot": done.request.position_snapshot_id,
    }
    with database.connect("worker") as worker:
        plan = worker.execute("EXPLAIN " + FINALISE["expected"], place).fetchall()
        assert worker.execute(FINALISE["expected"], place).fetchone() == (60,)
    assert not any("position p" in row[0] or '"position"' in row[0] for row in plan)


def test_a_total_beyond_64_bits_is_an_error_that_names_its_cell(
    database: Any, worker_conn: Any
) -> None:
    book = synthetic.make_book(60)
    book.cells[:, 1] = 4e10
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    request = synthetic.make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, request)
    worker_conn.execute("UPDATE run SET status = 'RUNNING'")
    for first in range(60):
        synthetic.value_shard(worker_conn, book, run, request, first, first + 1)
    worker_conn.execute("UPDATE run SET status = 'FINALISING'")
    with (
        pytest.raises(OverflowError, match="CS01@BASE does not fit"),
        worker_conn.transaction(),
        worker_conn.cursor() as cursor,
    ):
        RollupFinaliser().finalise(cursor, run, request, Found())


def test_a_total_that_only_overflows_below_the_root_is_named_all_the_same(
    database: Any, worker_conn: Any
) -> None:
    """Two desks of opposite signs: the root is small, and its largest cell is another one."""
    book = synthetic.make_book(60)
    book.cells[:, 0] = 1e10
    book.cells[:, 1] = np.where(book.book <= 4, 4e10, -4e10)
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    request = synthetic.make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, request)
    worker_conn.execute("UPDATE run SET status = 'RUNNING'")
    for first in range(60):
        synthetic.value_shard(worker_conn, book, run, request, first, first + 1)
    worker_conn.execute("UPDATE run SET status = 'FINALISING'")
    with (
        pytest.raises(OverflowError, match="CS01@BASE does not fit"),
        worker_conn.transaction(),
        worker_conn.cursor() as cursor,
    ):
        RollupFinaliser().finalise(cursor, run, request, Found())


def test_the_classical_view_has_one_row_a_scenario_whatever_the_blocks(
    database: Any, auditor: Any
) -> None:
    """A scenario whose cells stand in two blocks is one row, with all of them."""
    axis = tuple(
        CellSpec(measure, f"S{number}" if number else "BASE", "", "AMOUNT", "USD", 6, "SUM")
        for measure in ("PV", "CLEAN_PV")
        for number in range(300)
    )
    done = synthetic.complete_run(database, synthetic.make_book(12, axis=axis, errors=(5,)))
    cells = encode.integer_cells([done.book.cells], done.book.errors, axis).values
    rows = auditor.execute(
        "SELECT position_id, scenario_id, measures_json, is_error FROM valuation_result"
        " WHERE run_id = %s",
        (done.run,),
    ).fetchall()
    assert len(rows) == len({row[:2] for row in rows}) == 12 * 300
    for position_id, scenario, measures, is_error in rows:
        row, place = int(position_id[1:]), 0 if scenario == "BASE" else int(scenario[1:])
        assert is_error == (row == 5)
        if is_error:
            assert measures == {"PV": None, "CLEAN_PV": None}
            continue
        shown = {name: round(value * 10**6) for name, value in measures.items()}
        assert abs(shown["PV"] - int(cells[row, place])) <= 1
        assert abs(shown["CLEAN_PV"] - int(cells[row, 300 + place])) <= 1


def test_context_and_group_rows_hash_the_same_in_sql(database: Any, worker_conn: Any) -> None:
    book = synthetic.make_book(12)
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    request = synthetic.make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, request)
    worker_conn.execute("UPDATE run SET status = 'RUNNING'")
    sink = CubeSink()
    shard = synthetic.make_shard(book, 0, 12, run=run, task=1, request=request)
    context = sink.encode_context(shard, np.arange(36).reshape(12, 3) - 5)
    groups = sink.encode_groups(
        run, 2, GroupRows([("POOL", "b", [1, -2]), ("NETTING", "", []), ("POOL", "a", [3])])
    )
    with worker_conn.transaction(), worker_conn.cursor() as cursor:
        sink.copy(cursor, context)
        sink.copy(cursor, groups)
    found = worker_conn.execute(SQL["leaf_hash_of_context_task"], {"run": run, "task": 1})
    assert found.fetchone() == (context.leaf_hash,)
    found = worker_conn.execute(SQL["leaf_hash_of_group_task"], {"run": run, "task": 2})
    assert found.fetchone() == (groups.leaf_hash,)


def test_eight_rows_of_114_cells_fit_on_a_page(database: Any, owner: Any) -> None:
    axis = tuple(
        CellSpec("PV", f"S{number}" if number else "BASE", "", "AMOUNT", "USD", 6, "SUM")
        for number in range(114)
    )
    done = synthetic.complete_run(database, synthetic.make_book(800, axis=axis), shards=1)
    fullest = owner.execute(
        "SELECT max(count) FROM (SELECT count(*) FROM valuation WHERE run = %s"
        " GROUP BY (ctid::text::point)[0]) AS page",
        (done.run,),
    ).fetchone()
    assert fullest == (8,)


def test_a_run_is_not_closed_before_its_roll_ups_are_written(
    database: Any, worker_conn: Any
) -> None:
    done = synthetic.complete_run(database, synthetic.make_book(30), shards=2)
    with (
        pytest.raises(ReconciliationError, match="no finaliser wrote the roll-ups"),
        worker_conn.transaction(),
        worker_conn.cursor() as cursor,
    ):
        ClosingFinaliser().finalise(cursor, done.run, done.request, Found())
