"""The cube and its positions as selectors read them, against sums made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.portfolio.dimensions import Dimension
from apps.result import encode, selectors
from foundation.exact import decimal_text
from tests.integration.result import synthetic
from tests.integration.result.shared import shared_database

DESCENDANTS = {1: (3, 4, 6, 7), 2: (3, 4), 5: (6, 7), 3: (3,), 4: (4,), 6: (6,), 7: (7,)}


@pytest.fixture(scope="module")
def done(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[synthetic.Completed]:
    with shared_database(databases, template, django_db_blocker) as shared:
        book = synthetic.make_book(300, errors=(3, 150))
        yield synthetic.complete_run(shared, book, shards=4)


def _cells(done: synthetic.Completed) -> encode.Cells:
    return encode.integer_cells([done.book.cells], done.book.errors, done.book.axis)


def _expected(done: synthetic.Completed, node: int, chosen: Any, cell: int = 0) -> str:
    rows = np.isin(done.book.book, DESCENDANTS[node]) & chosen
    total = sum(int(q) for q in _cells(done).values[rows, cell])
    return decimal_text(total, done.book.axis[cell].quantum)


def test_the_total_of_a_node_is_the_sum_of_its_positions(done: synthetic.Completed) -> None:
    everything = np.ones(done.book.count, dtype=bool)
    for node in DESCENDANTS:
        cube = selectors.cube(done.run, node=node, measures=["PV"], scenarios=["BASE"])
        assert cube.columns[0].values == [_expected(done, node, everything)]
    assert selectors.cube(done.run).count == [300]
    assert selectors.cube(done.run).covered == [298]


def test_children_are_shown_in_the_order_of_the_tree(done: synthetic.Completed) -> None:
    cube = selectors.cube(done.run, by=[Dimension.PORTFOLIO], measures=["PV"])
    assert [node.code for node in cube.nodes] == ["DESK_A", "DESK_B"]
    total = selectors.cube(done.run, measures=["PV"])
    parts = [sum(Decimal(v or "") for v in column.values) for column in cube.columns]
    assert parts == [Decimal(column.values[0] or "") for column in total.columns]


@pytest.mark.parametrize(
    "dimension", [Dimension.PRODUCT_TYPE, Dimension.SECTOR, Dimension.COUNTERPARTY_GROUP]
)
def test_members_of_a_dimension_are_summed_and_named(
    done: synthetic.Completed, dimension: Dimension
) -> None:
    cube = selectors.cube(done.run, node="DESK_A", by=[dimension], measures=["PV"])
    labels = synthetic.MEMBERS[dimension.name]
    column = done.book.dimensions[dimension.name]
    assert [member for (member,) in cube.members] == sorted(labels[1:])
    for (member,), value in zip(cube.members, cube.columns[0].values, strict=True):
        assert value == _expected(done, 2, column == labels.index(member))


def test_maturity_buckets_stand_in_the_order_of_time(done: synthetic.Completed) -> None:
    cube = selectors.cube(done.run, by=[Dimension.MATURITY_BUCKET], measures=["PV"])
    labels = [member for (member,) in cube.members]
    assert labels == [label for label in synthetic.LABELS_OF_MATURITY if label in labels]


def test_children_and_members_are_read_from_rollups_together(done: synthetic.Completed) -> None:
    cube = selectors.cube(
        done.run, by=[Dimension.PORTFOLIO, Dimension.RATING], measures=["PV"], scenarios=["BASE"]
    )
    column = done.book.dimensions["RATING"]
    for node, (member,), value in zip(
        cube.nodes, cube.members, cube.columns[0].values, strict=True
    ):
        chosen = column == synthetic.MEMBERS["RATING"].index(member)
        assert value == _expected(done, node.node, chosen)


def test_a_ratio_is_divided_at_read_time_from_its_sums(done: synthetic.Completed) -> None:
    cube = selectors.cube(done.run, measures=["SPREAD_DURATION", "WAL"])
    everything = np.ones(done.book.count, dtype=bool)
    pv, cs01, flows, time = (Decimal(_expected(done, 1, everything, cell)) for cell in (0, 1, 4, 5))
    duration, wal = cube.columns
    assert (duration.kind, duration.unit) == ("RATIO", "YEARS")
    if pv > 0:
        expected = (cs01 / (pv * Decimal("0.0001"))).quantize(Decimal("1e-8"))
        assert duration.values == [format(expected, "f")]
    else:
        assert (duration.values, duration.reasons) == ([None], ["DENOMINATOR_NOT_POSITIVE"])
    if flows > 0:
        assert wal.values == [format((time / flows).quantize(Decimal("1e-8")), "f")]
    else:
        assert wal.reasons == ["DENOMINATOR_NOT_POSITIVE"]


def test_a_measure_that_does_not_add_has_no_total(done: synthetic.Completed) -> None:
    with pytest.raises(selectors.NotAggregable, match="DIRTY_PRICE is NONE"):
        selectors.cube(done.run, measures=["DIRTY_PRICE"])
    named = {column.measure for column in selectors.cube(done.run).columns}
    assert "DIRTY_PRICE" not in named
    assert {"PV", "WAL", "SPREAD_DURATION"} <= named


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"measures": ["NOSUCH"]}, selectors.UnknownCell),
        ({"scenarios": ["NOSUCH"]}, selectors.UnknownCell),
        ({"node": "NOSUCH"}, selectors.UnknownNode),
        ({"node": 99}, selectors.UnknownNode),
        ({"measures": ["CS01"], "scenarios": ["RATES_UP_100"]}, selectors.UnknownCell),
        ({"measures": ["PV", "WAL"], "scenarios": ["RATES_UP_100"]}, selectors.UnknownCell),
        ({"node": 99, "by": [Dimension.PORTFOLIO]}, selectors.UnknownNode),
        ({"node": 5, "by": [Dimension.PORTFOLIO], "granted": [2]}, selectors.UnknownNode),
        ({"currency": "JPY"}, selectors.UnknownCurrency),
    ],
)
def test_what_the_run_does_not_have_is_an_error_that_names_it(
    done: synthetic.Completed, given: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        selectors.cube(done.run, **given)
    with pytest.raises(selectors.UnknownRun):
        selectors.cube(done.run + 1_000)


def test_a_book_has_no_children_and_that_is_no_error(done: synthetic.Completed) -> None:
    assert selectors.cube(done.run, node="BOOK_A1", by=[Dimension.PORTFOLIO]).nodes == []


@pytest.mark.parametrize("by", [(), (Dimension.SECTOR,), (Dimension.SECTOR, Dimension.RATING)])
def test_a_run_that_is_not_complete_has_no_totals(database: Any, by: tuple[Dimension, ...]) -> None:
    """Its positions so far are a part of the whole, and must not be taken for it."""
    book = synthetic.make_book(40)
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    request = synthetic.make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, request)
    with database.connect("worker") as worker:
        worker.execute("UPDATE run SET status = 'RUNNING'")
        synthetic.value_shard(worker, book, run, request, 0, 20)
    with pytest.raises(selectors.RunNotComplete, match="is RUNNING and has no totals"):
        selectors.cube(run, by=by)


def test_an_exposure_stays_in_the_currency_it_names(database: Any) -> None:
    """FX_EXPOSURE/USD is dollars: shown in euro it would stand beside a real FX_EXPOSURE/EUR."""
    axis = (
        synthetic.CellSpec("PV", "BASE", "", "AMOUNT", "USD", 6, "SUM"),
        synthetic.CellSpec("FX_EXPOSURE", "BASE", "EUR", "AMOUNT", "EUR", 6, "SUM"),
        synthetic.CellSpec("FX_EXPOSURE", "BASE", "USD", "AMOUNT", "USD", 6, "SUM"),
    )
    made = synthetic.complete_run(database, synthetic.make_book(30, axis=axis))
    own = selectors.cube(made.run, measures=["FX_EXPOSURE"])
    shown = selectors.cube(made.run, measures=["FX_EXPOSURE", "PV"], currency="EUR")
    assert [column.currency for column in shown.columns] == ["EUR", "USD", "EUR"]
    assert [c.values for c in shown.columns[:2]] == [c.values for c in own.columns]


def test_another_currency_is_a_flagged_presentation_at_spot(done: synthetic.Completed) -> None:
    own = selectors.cube(done.run, measures=["PV"], scenarios=["BASE"])
    shown = selectors.cube(done.run, measures=["PV"], scenarios=["BASE"], currency="EUR")
    assert (own.presentation, shown.presentation) == (False, True)
    assert (shown.currency, shown.columns[0].currency, shown.rate) == ("EUR", "EUR", "0.8")
    value = Decimal(own.columns[0].values[0] or "") * Decimal("0.8")
    assert shown.columns[0].values == [format(value.quantize(Decimal("1e-6")), "f")]


@pytest.mark.parametrize(
    ("_case", "granted", "node", "books"),
    [
        ("everything", None, 1, (3, 4, 6, 7)),
        ("the node itself", [1], 1, (3, 4, 6, 7)),
        ("an ancestor", [1], 2, (3, 4)),
        ("two parts of it", [3, 5], 1, (3, 6, 7)),
        ("a part inside a part counts once", [2, 3, 7], 1, (3, 4, 7)),
    ],
)
def test_a_reader_sees_the_sum_of_the_granted_subtrees(
    done: synthetic.Completed, _case: str, granted: Any, node: int, books: tuple[int, ...]
) -> None:
    cube = selectors.cube(done.run, node=node, measures=["PV"], scenarios=["BASE"], granted=granted)
    assert cube.columns[0].values == [_expected(done, 1, np.isin(done.book.book, books))]
    page = selectors.positions(done.run, node=node, measures=["PV"], first=1_000, granted=granted)
    assert len(page.rows) == int(np.isin(done.book.book, books).sum())


def test_what_is_not_granted_is_unknown(done: synthetic.Completed) -> None:
    with pytest.raises(selectors.UnknownNode):
        selectors.cube(done.run, node=5, granted=[2])
    with pytest.raises(selectors.UnknownNode):
        selectors.positions(done.run, node=5, granted=[2])
    with pytest.raises(selectors.UnknownNode):
        selectors.cube(done.run, granted=[])
    hidden = done.book.position_id[int(np.flatnonzero(done.book.book == 7)[0])]
    with pytest.raises(selectors.UnknownPosition):
        selectors.position(done.run, hidden, granted=[2])
    children = selectors.cube(done.run, by=[Dimension.PORTFOLIO], granted=[3])
    assert [node.code for node in children.nodes] == ["DESK_A"]


def _walk(read: Callable[[str | None], selectors.PositionPage]) -> list[int]:
    after, ordinals = None, []
    while True:
        page = read(after)
        ordinals += [row.ordinal for row in page.rows]
        if not page.has_next:
            return ordinals
        after = page.cursors[-1]


def test_pages_by_ordinal_visit_every_position_once(done: synthetic.Completed) -> None:
    found = _walk(
        lambda after: selectors.positions(done.run, measures=["PV"], first=37, after=after)
    )
    assert found == list(range(300))


def test_pages_by_value_visit_every_position_once_errors_last(done: synthetic.Completed) -> None:
    found = _walk(
        lambda after: selectors.positions(
            done.run, order=selectors.Order(), measures=["PV"], first=37, after=after
        )
    )
    cells = _cells(done)
    valued = [row for row in range(300) if row not in done.book.errors]
    expected = sorted(valued, key=lambda row: (cells.values[row, 0], row), reverse=True)
    assert found == [*expected, 150, 3]


def test_a_page_under_a_desk_by_another_cell_ascending(done: synthetic.Completed) -> None:
    order = selectors.Order(measure="CS01", descending=False)
    found = _walk(
        lambda after: selectors.positions(
            done.run, node="DESK_B", order=order, measures=["CS01"], first=20, after=after
        )
    )
    inside = np.flatnonzero(np.isin(done.book.book, (6, 7)))
    cells = _cells(done)
    least = -(2**63)
    expected = sorted(
        inside,
        key=lambda row: (least if row in done.book.errors else cells.values[row, 1], row),
    )
    assert found == expected


def test_a_page_filters_by_what_the_position_is(done: synthetic.Completed) -> None:
    where = selectors.PositionFilter(product_types=["FIXED_BOND"], currencies=["EUR"])
    page = selectors.positions(done.run, where=where, measures=["PV"], first=1_000)
    chosen = (done.book.dimensions["PRODUCT_TYPE"] == 2) & (done.book.dimensions["CURRENCY"] == 2)
    assert [row.ordinal for row in page.rows] == np.flatnonzero(chosen).tolist()
    errors = selectors.positions(
        done.run, where=selectors.PositionFilter(status="ERROR"), measures=["PV"]
    )
    assert [(row.ordinal, row.error_code) for row in errors.rows] == [
        (3, "TERMS_INVALID"),
        (150, "TERMS_INVALID"),
    ]
    assert errors.columns[0].values == [None, None]


def test_a_cursor_that_is_none_is_refused(done: synthetic.Completed) -> None:
    from apps.result.listing import BadCursor

    for cursor in ("", "x", "é", "MToxOjE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk6MQ"):
        with pytest.raises(BadCursor):
            selectors.positions(done.run, measures=["PV"], after=cursor)


def test_one_position_shows_every_stored_and_divided_value(done: synthetic.Completed) -> None:
    found = selectors.position(done.run, "P000007")
    assert found.row.ordinal == 7
    cells = _cells(done).values[7]
    stored = {(v.measure, v.scenario): v.value for v in found.values}
    for index, cell in enumerate(done.book.axis):
        assert stored[(cell.measure, cell.scenario)] == decimal_text(
            int(cells[index]), cell.quantum
        )
    assert ("SPREAD_DURATION", "BASE") in stored
    assert found.input_hash == done.book.row_hash[7].tobytes().hex()
    error = selectors.position(done.run, "P000003")
    assert (error.row.error_code, error.row.error_message) == ("TERMS_INVALID", "no rate")
    assert {value.reason for value in error.values} == {"ERROR"}


@pytest.mark.parametrize(
    ("read", "statements"),
    [
        (lambda run: selectors.cube(run, by=[Dimension.SECTOR], measures=["PV"]), 4),
        (lambda run: selectors.cube(run, by=[Dimension.PORTFOLIO]), 4),
        (lambda run: selectors.positions(run, order=selectors.Order(), first=5), 6),
        (lambda run: selectors.positions(run, order=selectors.Order(), first=500), 6),
        (lambda run: selectors.position(run, "P000001"), 3),
    ],
)
def test_the_number_of_statements_is_constant(
    done: synthetic.Completed, read: Callable[[int], Any], statements: int
) -> None:
    with CaptureQueriesContext(connection) as captured:
        read(done.run)
    assert len(captured) == statements


def test_the_list_by_value_uses_its_index(database: Any, web: Any) -> None:
    done = synthetic.complete_run(database, synthetic.make_book(3_000), shards=2)
    with CaptureQueriesContext(connection) as captured:
        selectors.positions(done.run, order=selectors.Order(), measures=["PV"], first=20)
    statement = next(q["sql"] for q in captured if "DESC" in q["sql"] and "LIMIT" in q["sql"])
    plan = "\n".join(row[0] for row in web.execute("EXPLAIN " + statement).fetchall())
    assert "Index Scan" in plan
    assert "Sort" not in plan
