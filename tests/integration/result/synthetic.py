"""A small run made by hand: a tree, a book of made-up positions, made-up cells, real leaves."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg

from apps.portfolio.dimensions import MATURITY_BUCKETS, Dimension
from apps.result.finalisers import ClosingFinaliser, RollupFinaliser
from apps.result.sinks import CubeSink
from apps.run.contracts import CellSpec, Final, Found, PositionError, RunRequest, Shard
from foundation import hashing

VALUATION_DATE = dt.date(2022, 12, 30)
NODES = [
    (1, "FUND", "FUND", None, 0),
    (2, "DESK_A", "DESK", 1, 1),
    (3, "BOOK_A1", "BOOK", 2, 2),
    (4, "BOOK_A2", "BOOK", 2, 2),
    (5, "DESK_B", "DESK", 1, 1),
    (6, "BOOK_B1", "BOOK", 5, 2),
    (7, "BOOK_B2", "BOOK", 5, 2),
]
BOOKS = (3, 4, 6, 7)
TREE_HASH = hashing.content_hash(
    [
        {"code": code, "name": code, "node_type": node_type, "parent": parent}
        for _, code, node_type, parent, _ in NODES
    ]
)
TERMS = '{"terms":"synthetic"}'
TERMS_HASH = hashing.sha256(TERMS)
OBLIGOR = '{"code":"C","kind":"CORPORATE","legal_name":"Obligor"}'
OBLIGOR_HASH = hashing.sha256(OBLIGOR)
OBLIGED = 11
"""The ordinal of the one position that has an obligor."""
BASE = '{"code":"BASE","shocks":[]}'
UP = '{"code":"RATES_UP_100","shocks":[{"risk":"RATE","size":"0.01"}]}'
MARKET = {
    "as_of": "2022-12-30",
    "format": "tieout.market/1",
    "fx": [{"base": "EUR", "quote": "USD", "rate": "1.25"}],
}
MEMBERS = {
    "PRODUCT_TYPE": ("", "AMORT_LOAN", "FIXED_BOND"),
    "CURRENCY": ("", "USD", "EUR"),
    "SECTOR": ("", "BANKS", "ENERGY", "RETAIL"),
    "RATING": ("", "AAA", "BBB"),
    "COUNTRY": ("", "US", "DE"),
    "COUNTERPARTY_GROUP": ("", "G1", "G2", "G3", "G4", "G5"),
    "TAG": ("",),
}
AXIS = (
    CellSpec("PV", "BASE", "", "AMOUNT", "USD", 6, "SUM"),
    CellSpec("CS01", "BASE", "", "AMOUNT_PER_BP", "USD", 8, "SUM"),
    CellSpec("DV01", "BASE", "ALL", "AMOUNT_PER_BP", "USD", 8, "SUM"),
    CellSpec("DIRTY_PRICE", "BASE", "", "PRICE", "", 8, "NONE"),
    CellSpec("PRINCIPAL_FLOWS", "BASE", "", "AMOUNT", "USD", 6, "SUM"),
    CellSpec("PRINCIPAL_TIME", "BASE", "", "AMOUNT_YEARS", "USD", 4, "SUM"),
    CellSpec("PV", "RATES_UP_100", "", "AMOUNT", "USD", 6, "SUM"),
)


@dataclass
class Book:
    """Made-up positions in canonical order, their dimension members and float cells."""

    count: int
    book: np.ndarray[Any, Any]
    dimensions: dict[str, np.ndarray[Any, Any]]
    maturity: np.ndarray[Any, Any]
    notional: np.ndarray[Any, Any]
    cells: np.ndarray[Any, Any]
    position_id: list[str]
    documents: list[str]
    axis: tuple[CellSpec, ...]
    errors: dict[int, PositionError] = field(default_factory=dict)

    @property
    def row_hash(self) -> np.ndarray[Any, Any]:
        """The hash of each document, uint8 (n, 32)."""
        joined = b"".join(hashing.sha256(text) for text in self.documents)
        return np.frombuffer(joined, dtype=np.uint8).reshape(self.count, 32)


def make_book(
    count: int = 200,
    *,
    axis: tuple[CellSpec, ...] = AXIS,
    errors: tuple[int, ...] = (),
    seed: int = 7,
) -> Book:
    """Positions of all books and product types with amounts of many sizes."""
    rng = np.random.default_rng(seed)
    book = np.sort(rng.choice(BOOKS, count))
    dimensions = {
        name: rng.integers(0 if len(labels) == 1 else 1, len(labels), count)
        for name, labels in MEMBERS.items()
    }
    dimensions["PRODUCT_TYPE"] = np.concatenate(
        [np.sort(dimensions["PRODUCT_TYPE"][book == number]) for number in BOOKS]
    )
    maturity = (VALUATION_DATE - dt.date(1970, 1, 1)).days + rng.integers(1, 12_000, count)
    maturity[rng.random(count) < 0.05] = -1
    cells = rng.normal(size=(count, len(axis))) * 10.0 ** rng.uniform(0, 8, (count, 1))
    ids = [f"P{number:06d}" for number in range(count)]
    codes = {node: code for node, code, *_ in NODES}
    documents = [
        hashing.canonical(
            {
                "book": codes[int(book[row])],
                "currency": MEMBERS["CURRENCY"][dimensions["CURRENCY"][row]],
                "instrument": f"I{row}",
                "legal_entity": "BANK",
                "position_id": name,
                "product_type": MEMBERS["PRODUCT_TYPE"][dimensions["PRODUCT_TYPE"][row]],
                "state": {"seed": seed},
                "terms": TERMS_HASH.hex(),
            }
            | ({"obligor": "C", "obligor_version": OBLIGOR_HASH.hex()} if row == OBLIGED else {})
        )
        for row, name in enumerate(ids)
    ]
    reason = PositionError("TERMS_INVALID", "no rate", "")
    return Book(
        count=count,
        book=book,
        dimensions=dimensions,
        maturity=maturity,
        notional=np.abs(cells[:, 0]),
        cells=cells,
        position_id=ids,
        documents=documents,
        axis=axis,
        errors={row: reason for row in errors if row < count},
    )


def make_request(snapshot: int = 1, **changes: Any) -> RunRequest:
    """A request on a market that only knows its FX."""
    given: dict[str, Any] = {
        "document": '{"run":"synthetic"}',
        "valuation_date": VALUATION_DATE,
        "cut": "END_OF_DAY",
        "currency": "USD",
        "measures": ("PV",),
        "position_snapshot_id": snapshot,
        "marketdata_snapshot_id": 1,
        "scenario_set_id": 1,
        "tree_id": 1,
        "node": 1,
        "engine": "engine",
        "profile": "profile",
        "market": {},
        "scenarios": (),
        "names": (),
        "dimensions": MEMBERS,
        "currencies": ("EUR", "USD"),
    }
    return RunRequest(**given | changes)


def make_shard(
    book: Book,
    first: int,
    last: int,
    *,
    run: int = 1,
    task: int = 1,
    request: RunRequest | None = None,
) -> Shard:
    """The shard [first, last) of the book as a stage leaves it."""
    rows = slice(first, last)
    return Shard(
        run_id=run,
        task_id=task,
        first=first,
        last=last,
        request=request or make_request(),
        book=book.book[rows],
        dimensions={name: column[rows] for name, column in book.dimensions.items()},
        row_hash=book.row_hash[rows],
        groups=(),
        cells={"pricing": book.cells[rows].copy()},
        columns={"maturity": book.maturity[rows], "base_notional": book.notional[rows]},
        errors={row - first: error for row, error in book.errors.items() if first <= row < last},
        input_hash=book.row_hash[rows],
    )


def _store_reference(desk: psycopg.Connection[Any]) -> tuple[int, int]:
    """Store terms, obligor, market and scenarios; return the ids of terms and obligor version."""
    market = hashing.canonical(MARKET)
    desk.execute(
        "INSERT INTO marketdata_snapshot (id, content_hash, as_of, name, document, source)"
        " VALUES (1, %s, %s, 'market', %s, '') ON CONFLICT DO NOTHING",
        (hashing.sha256(market), VALUATION_DATE, market),
    )
    for number, (code, text) in enumerate((("BASE", BASE), ("RATES_UP_100", UP)), start=1):
        desk.execute(
            "INSERT INTO scenario (id, code, name, kind, content_hash, document)"
            " VALUES (%s, %s, %s, 'INSTANT', %s, %s)",
            (number, code, code, hashing.sha256(text), text),
        )
        desk.execute("INSERT INTO scenario_set_member VALUES (1, %s, %s)", (number - 1, number))
    hashes = [hashing.sha256(text).hex() for text in (BASE, UP)]
    desk.execute(
        "INSERT INTO scenario_set (id, code, name, content_hash, scenario_count)"
        " VALUES (1, 'SET', 'set', %s, 2)",
        (hashing.content_hash({"code": "SET", "name": "set", "scenarios": hashes}),),
    )
    instrument = _one(
        desk,
        "INSERT INTO instrument (code, product_type, name, currency, isin, cusip)"
        " VALUES ('I', 'AMORT_LOAN', 'I', 'USD', '', '') RETURNING id",
    )
    terms = _one(
        desk,
        "INSERT INTO instrument_terms (instrument_id, content_hash, document)"
        " VALUES (%s, %s, %s) RETURNING id",
        (instrument, TERMS_HASH, TERMS),
    )
    obligor = _one(
        desk,
        "INSERT INTO counterparty (code, legal_name, lei, kind, connected_group, connected_basis,"
        " country_of_risk, country_of_incorporation, sector_scheme, sector, rating, scra_grade,"
        " default_status) VALUES ('C', 'Obligor', '', 'CORPORATE', '', '', '', '', '', '', '', '',"
        " '') RETURNING id",
    )
    version = _one(
        desk,
        "INSERT INTO counterparty_version (counterparty_id, content_hash, document)"
        " VALUES (%s, %s, %s) RETURNING id",
        (obligor, OBLIGOR_HASH, OBLIGOR),
    )
    return int(terms), int(version)


def store_inputs(desk: psycopg.Connection[Any], book: Book) -> tuple[int, int]:
    """Commit the tree and the snapshot; return their ids."""
    with desk.transaction():
        terms, obligor = _store_reference(desk)
        tree = _one(desk, "SELECT nextval(pg_get_serial_sequence('portfolio_tree', 'id'))")
        for node, code, node_type, parent, depth in NODES:
            desk.execute(
                "INSERT INTO portfolio_node (tree_id, node, code, name, node_type, parent, depth)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (tree, node, code, code, node_type, parent, depth),
            )
        parents = {node: parent for node, _, _, parent, _ in NODES}
        for node in parents:
            ancestor: int | None = node
            depth = 0
            while ancestor is not None:
                desk.execute(
                    "INSERT INTO portfolio_closure (tree_id, ancestor, descendant, depth)"
                    " VALUES (%s, %s, %s, %s)",
                    (tree, ancestor, node, depth),
                )
                ancestor, depth = parents[ancestor], depth + 1
        desk.execute(
            "INSERT INTO portfolio_tree (id, content_hash, node_count) VALUES (%s, %s, %s)",
            (tree, TREE_HASH, len(NODES)),
        )
        snapshot = _one(desk, "SELECT nextval(pg_get_serial_sequence('position_snapshot', 'id'))")
        labels = MEMBERS["PRODUCT_TYPE"]
        currencies = MEMBERS["CURRENCY"]
        with desk.cursor().copy(
            "COPY position (snapshot_id, ordinal, position_id, book, product_type, instrument,"
            " terms_id, legal_entity, currency, counterparty, counterparty_version_id, document,"
            " row_hash) FROM STDIN"
        ) as copy:
            for row in range(book.count):
                copy.write_row(
                    (
                        snapshot,
                        row,
                        book.position_id[row],
                        int(book.book[row]),
                        labels[book.dimensions["PRODUCT_TYPE"][row]],
                        f"I{row}",
                        terms,
                        "BANK",
                        currencies[book.dimensions["CURRENCY"][row]],
                        "C" if row == OBLIGED else None,
                        obligor if row == OBLIGED else None,
                        book.documents[row],
                        hashing.sha256(book.documents[row]),
                    )
                )
        product = book.dimensions["PRODUCT_TYPE"]
        change = np.flatnonzero((np.diff(book.book) != 0) | (np.diff(product) != 0)) + 1
        bounds = [0, *change.tolist(), book.count]
        for block, (first, last) in enumerate(itertools.pairwise(bounds)):
            desk.execute(
                "INSERT INTO position_block (snapshot_id, block, first, count, book, product_type,"
                " format, sha256, dimensions, terms)"
                " VALUES (%s, %s, %s, %s, %s, %s, 1, %s, '', '')",
                (
                    snapshot,
                    block,
                    first,
                    last - first,
                    int(book.book[first]),
                    labels[product[first]],
                    hashlib.sha256(b"").digest(),
                ),
            )
        desk.execute(
            "INSERT INTO position_snapshot (id, content_hash, as_of, name, tree_id,"
            " position_count, names, dimensions, control, source)"
            " VALUES (%s, %s, %s, 'book', %s, %s, '[]', %s, '{}', '')",
            (
                snapshot,
                hashing.sha256(
                    TREE_HASH + VALUATION_DATE.isoformat().encode() + book.row_hash.tobytes()
                ),
                VALUATION_DATE,
                tree,
                book.count,
                hashing.canonical({name: list(labels) for name, labels in MEMBERS.items()}),
            ),
        )
    return tree, snapshot


def _one(connection: psycopg.Connection[Any], query: str, values: Any = ()) -> Any:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row[0]


def open_run(
    web: psycopg.Connection[Any], book: Book, request: RunRequest, *, forced: bool = False
) -> int:
    """Insert a run and open its leaves, in one transaction as submit does."""
    with web.transaction(), web.cursor() as cursor:
        run = _one(
            web,
            "INSERT INTO run (status, phase, input_hash, forced, request, plan, valuation_date,"
            " cut, position_snapshot_id, marketdata_snapshot_id, scenario_set_id, tree_id, node,"
            " currency, engine, profile, max_attempts, position_count, cell_count, submitted_by,"
            " error) VALUES ('QUEUED', 'VALUE', %s, %s, %s, '{}', %s, %s, %s, %s, %s, %s, %s, %s,"
            " %s, %s, 5, %s, %s, 'test', '') RETURNING run_id",
            (
                hashing.sha256(request.document),
                forced,
                request.document,
                request.valuation_date,
                request.cut,
                request.position_snapshot_id,
                request.marketdata_snapshot_id,
                request.scenario_set_id,
                request.tree_id,
                request.node,
                request.currency,
                request.engine,
                request.profile,
                book.count,
                len(book.axis),
            ),
        )
        CubeSink().open(cursor, run, book.axis)
    return int(run)


def add_task(worker: psycopg.Connection[Any], run: int, phase: str, first: int, last: int) -> int:
    """Insert a task and take it, as a claim does."""
    task = _one(
        worker,
        "INSERT INTO run_task (run_id, phase, first, last, engine, profile, status, priority,"
        " attempts, max_attempts, error) VALUES (%s, %s, %s, %s, 'engine', 'profile', 'QUEUED',"
        " 0, 0, 5, '') RETURNING task_id",
        (run, phase, first, last),
    )
    worker.execute(
        "UPDATE run_task SET status = 'RUNNING', lease_token = gen_random_uuid(),"
        " lease_owner = 'test', leased_until = now() + interval '1 hour' WHERE task_id = %s",
        (task,),
    )
    return int(task)


def end_task(worker: psycopg.Connection[Any], task: int, leaf_hash: bytes) -> None:
    """Complete a task."""
    worker.execute(
        "UPDATE run_task SET status = 'SUCCEEDED', lease_token = NULL, lease_owner = NULL,"
        " leased_until = NULL, finished_at = now(), leaf_hash = %s WHERE task_id = %s",
        (leaf_hash, task),
    )


def value_shard(
    worker: psycopg.Connection[Any],
    book: Book,
    run: int,
    request: RunRequest,
    first: int,
    last: int,
) -> int:
    """Encode, copy and complete one VALUE task."""
    task = add_task(worker, run, "VALUE", first, last)
    shard = make_shard(book, first, last, run=run, task=task, request=request)
    encoded = CubeSink().encode(shard, book.axis)
    with worker.transaction(), worker.cursor() as cursor:
        end_task(worker, task, encoded.leaf_hash)
        CubeSink().copy(cursor, encoded)
    return task


def finalise(worker: psycopg.Connection[Any], run: int, request: RunRequest) -> Final:
    """Finalise, close and complete a run whose tasks are done."""
    worker.execute("UPDATE run SET status = 'FINALISING' WHERE run_id = %s", (run,))
    task = add_task(worker, run, "FINALISE", 0, 0)
    with worker.transaction(), worker.cursor() as cursor:
        found = Found()
        RollupFinaliser().finalise(cursor, run, request, found)
        final = ClosingFinaliser().finalise(cursor, run, request, found)
        CubeSink().close(cursor, run)
        end_task(worker, task, final.leaf_hash)
        status = "COMPLETED_WITH_ERRORS" if final.errors else "COMPLETED"
        worker.execute(
            "UPDATE run SET status = %s, valued_count = %s, error_count = %s, result_hash = %s,"
            " finished_at = now() WHERE run_id = %s",
            (status, final.valued, final.errors, final.result_hash, run),
        )
    return final


@dataclass(frozen=True)
class Completed:
    """A finished run and what it was made of."""

    run: int
    request: RunRequest
    book: Book
    tasks: list[int]
    final: Final


def complete_run(
    database: Any, book: Book, *, shards: int = 3, inputs: tuple[int, int] | None = None
) -> Completed:
    """Store, value and finalise `book` in `shards` shards, each step as its own role."""
    if inputs is None:
        with database.connect("desk") as desk:
            inputs = store_inputs(desk, book)
    tree, snapshot = inputs
    request = make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = open_run(web, book, request, forced=True)
    bounds = np.linspace(0, book.count, shards + 1).astype(int).tolist()
    with database.connect("worker") as worker:
        worker.execute("UPDATE run SET status = 'RUNNING' WHERE run_id = %s", (run,))
        tasks = [
            value_shard(worker, book, run, request, first, last)
            for first, last in itertools.pairwise(bounds)
            if last > first
        ]
        final = finalise(worker, run, request)
    return Completed(run, request, book, tasks, final)


LABELS_OF_MATURITY = (*MATURITY_BUCKETS, "")
ALL_DIMENSIONS = tuple(Dimension)
