"""A made-up book of any size: stored as rows, loaded without blocks."""

import datetime as dt
import hashlib
import itertools
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from apps.portfolio.dimensions import SNAPSHOT_DIMENSIONS, Dimension
from foundation import hashing

AS_OF = dt.date(2022, 12, 30)
BOOKS = 4
NODES = [
    (1, "FUND", "FUND", None, 0),
    (2, "DESK", "DESK", 1, 1),
    *((3 + book, f"BOOK_{book}", "BOOK", 2, 2) for book in range(BOOKS)),
]
SCENARIOS = ("BASE", "RATES_UP_100", "RATES_DOWN_100", "SPREAD_UP_25", "FX_UP_10")

_MEMBERS = {
    "PRODUCT_TYPE": ["", "AMORT_LOAN"],
    "CURRENCY": ["", "USD"],
    "SECTOR": ["", "BANKS", "ENERGY", "RETAIL"],
    "RATING": ["", "AAA", "BBB"],
    "COUNTRY": ["", "US"],
    "COUNTERPARTY_GROUP": ["", "G1", "G2", "G3", "G4", "G5"],
    "TAG": [""],
}


@dataclass(frozen=True)
class Inputs:
    """The ids of what a run is submitted with."""

    positions: int
    market: int
    scenarios: int
    count: int


def document(ordinal: int) -> str:
    return hashing.canonical({"position": f"P{ordinal:06d}"})


def book_of(ordinals, count):
    return 3 + ordinals * BOOKS // count


def store(desk, count, scenarios=SCENARIOS) -> Inputs:
    """Commit tree, snapshot, market and scenario set under the desk's role."""
    with desk.transaction():
        tree = _tree(desk)
        positions = _snapshot(desk, tree, count)
        text = hashing.canonical({"as_of": AS_OF, "format": "tieout.market/1"})
        market = _one(
            desk,
            "INSERT INTO marketdata_snapshot (content_hash, as_of, name, document, source)"
            " VALUES (%s, %s, 'market', %s, '') RETURNING id",
            (hashing.sha256(text), AS_OF, text),
        )
    return Inputs(positions, market, store_scenarios(desk, scenarios), count)


def store_scenarios(desk, codes) -> int:
    """Commit a scenario set of these codes."""
    with desk.transaction():
        number = _one(desk, "SELECT nextval(pg_get_serial_sequence('scenario_set', 'id'))")
        for ordinal, code in enumerate(codes):
            text = hashing.canonical({"code": code, "kind": "INSTANT"})
            scenario = desk.execute(
                "INSERT INTO scenario (code, name, kind, content_hash, document)"
                " VALUES (%s, %s, 'INSTANT', %s, %s) ON CONFLICT DO NOTHING RETURNING id",
                (code, code, hashing.sha256(text), text),
            ).fetchone()
            key = (
                scenario
                or desk.execute("SELECT id FROM scenario WHERE code = %s", (code,)).fetchone()
            )
            desk.execute(
                "INSERT INTO scenario_set_member (scenario_set_id, ordinal, scenario_id)"
                " VALUES (%s, %s, %s)",
                (number, ordinal, key[0]),
            )
        desk.execute(
            "INSERT INTO scenario_set (id, code, name, content_hash, scenario_count)"
            " VALUES (%s, 'SET', 'set', %s, %s)",
            (number, hashing.content_hash(list(codes)), len(codes)),
        )
    return number


def _tree(desk) -> int:
    tree = _one(desk, "SELECT nextval(pg_get_serial_sequence('portfolio_tree', 'id'))")
    parents = {}
    for node, code, kind, parent, depth in NODES:
        parents[node] = parent
        desk.execute(
            "INSERT INTO portfolio_node (tree_id, node, code, name, node_type, parent, depth)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (tree, node, code, code, kind, parent, depth),
        )
        ancestor, distance = node, 0
        while ancestor is not None:
            desk.execute(
                "INSERT INTO portfolio_closure (tree_id, ancestor, descendant, depth)"
                " VALUES (%s, %s, %s, %s)",
                (tree, ancestor, node, distance),
            )
            ancestor, distance = parents[ancestor], distance + 1
    desk.execute(
        "INSERT INTO portfolio_tree (id, content_hash, node_count) VALUES (%s, %s, %s)",
        (tree, hashlib.sha256(b"tree").digest(), len(NODES)),
    )
    return tree


def _snapshot(desk, tree, count) -> int:
    snapshot = _one(desk, "SELECT nextval(pg_get_serial_sequence('position_snapshot', 'id'))")
    with desk.cursor().copy(
        "COPY position (snapshot_id, ordinal, position_id, book, product_type, instrument,"
        " terms_id, legal_entity, currency, document, row_hash) FROM STDIN"
    ) as copy:
        for row in range(count):
            text = document(row)
            values = (snapshot, row, f"P{row:06d}", int(book_of(row, count)), "AMORT_LOAN")
            copy.write_row((*values, f"I{row}", 1, "BANK", "USD", text, hashing.sha256(text)))
    for book in range(BOOKS):
        rows = np.flatnonzero(book_of(np.arange(count), count) == 3 + book)
        if len(rows):
            desk.execute(
                "INSERT INTO position_block (snapshot_id, block, first, count, book,"
                " product_type, format, sha256, dimensions, terms)"
                " VALUES (%s, %s, %s, %s, %s, 'AMORT_LOAN', 1, sha256(''), '', '')",
                (snapshot, book, int(rows[0]), len(rows), 3 + book),
            )
    desk.execute(
        "INSERT INTO position_snapshot (id, content_hash, as_of, name, tree_id, position_count,"
        " names, dimensions, control, source)"
        " VALUES (%s, %s, %s, 'book', %s, %s, '[]', %s, '{}', '')",
        (
            snapshot,
            hashing.content_hash(["book", count]),
            AS_OF,
            tree,
            count,
            hashing.canonical(_MEMBERS),
        ),
    )
    return snapshot


def _one(connection, query, values=()):
    return connection.execute(query, values).fetchone()[0]


def shards(cursor, snapshot_id, tree, node, count=None):
    """In the place of portfolio.selectors.shards: even ranges of the positions under a node."""
    cursor.execute(
        "SELECT min(p.ordinal), max(p.ordinal) + 1 FROM position p JOIN portfolio_closure c"
        " ON c.tree_id = %(tree)s AND c.ancestor = %(node)s AND c.descendant = p.book"
        " WHERE p.snapshot_id = %(snapshot)s",
        {"tree": tree, "node": node, "snapshot": snapshot_id},
    )
    first, last = cursor.fetchone()
    if first is None:
        return []
    bounds = np.linspace(first, last, (count or 8) + 1).astype(int).tolist()
    return [(a, b) for a, b in itertools.pairwise(bounds) if b > a]


def load_shard(cursor, snapshot_id, first, last):
    """In the place of portfolio.selectors.load_shard: nothing is packed, all is made up."""
    cursor.execute(
        "SELECT position_count FROM position_snapshot WHERE id = %(id)s", {"id": snapshot_id}
    )
    (count,) = cursor.fetchone()
    ordinals = np.arange(first, last, dtype=np.int64)
    rows = b"".join(hashing.sha256(document(row)) for row in range(first, last))
    nothing = np.zeros(last - first, dtype=np.int64)
    members = {dimension: nothing.copy() for dimension in SNAPSHOT_DIMENSIONS}
    members[Dimension.PRODUCT_TYPE] += 1
    members[Dimension.CURRENCY] += 1
    members[Dimension.SECTOR] = 1 + ordinals % 3
    members[Dimension.RATING] = 1 + ordinals % 2
    members[Dimension.COUNTRY] += 1
    members[Dimension.COUNTERPARTY_GROUP] = 1 + ordinals % 5
    return SimpleNamespace(
        first=first,
        last=last,
        book=book_of(ordinals, count),
        dimensions=members,
        maturity=19_000 + ordinals % 9_000,
        notional=np.ones(last - first),
        row_hash=np.frombuffer(rows, dtype=np.uint8).reshape(-1, 32),
        groups=[],
        failures={},
    )
