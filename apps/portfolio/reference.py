"""Writes of legal entities, portfolios and the versions of the tree they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from apps.portfolio import tree
from foundation import sqlfiles
from foundation.textcopy import Cursor, copy_text

SQL = sqlfiles.load(Path(__file__).parent / "sql")


class TreeError(ValueError):
    """The portfolios do not form a tree; nothing was written."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the rows of an import."""

    created: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class TreeWritten:
    """The version that holds the tree as it is now, and whether it is new."""

    tree_id: int
    created: bool
    node_count: int


@transaction.atomic
def write_legal_entities(rows: Iterable[Mapping[str, Any]]) -> Written:
    """Create or replace legal entities; parents stand among the rows or in the database."""
    fields = ("code", "name", "lei", "country", "base_currency", "parent")
    return _write("legal_entity", ([_text(row, field) for field in fields] for row in rows))


@transaction.atomic
def write_portfolios(rows: Iterable[Mapping[str, Any]]) -> tuple[Written, TreeWritten]:
    """Create or replace portfolios, and record the tree that they now make."""
    fields = ("code", "name", "node_type", "parent")
    written = _write("portfolio", ([_text(row, field) for field in fields] for row in rows))
    return written, record_tree()


@transaction.atomic
def record_tree() -> TreeWritten:
    """Store the portfolios as they are now as a tree version, unless one already holds them."""
    with connection.cursor() as cursor:
        now = places(cursor)
        faults = tree.faults(now)
        if faults:
            first = faults[0]
            raise TreeError(f"{first.code}: expected {first.expected}, found {first.found}")
        nodes = tree.numbered(now.values())
        digest = tree.content_hash(nodes)
        cursor.execute(SQL["tree_of_hash"], {"content_hash": digest})
        known = cursor.fetchone()
        if known is not None:
            return TreeWritten(known[0], False, len(nodes))
        cursor.execute(SQL["tree_next"])
        number = int(cursor.fetchone()[0])
        copy_text(
            cursor,
            SQL["tree_copy_nodes"],
            ((number, n.node, n.code, n.name, n.node_type, n.parent, n.depth) for n in nodes),
        )
        copy_text(
            cursor, SQL["tree_copy_closure"], ((number, *pair) for pair in tree.closure(nodes))
        )
        cursor.execute(
            SQL["tree_insert"], {"tree": number, "content_hash": digest, "count": len(nodes)}
        )
    return TreeWritten(number, True, len(nodes))


def places(cursor: Cursor) -> dict[str, tree.Place]:
    """Return the portfolios as they are now, by code."""
    cursor.execute(SQL["portfolio_places"])
    return {row[0]: tree.Place(*row) for row in cursor.fetchall()}


def legal_entity_parents(cursor: Cursor) -> dict[str, str | None]:
    """Return the legal entities with their parents."""
    cursor.execute(SQL["legal_entity_parents"])
    return dict(cursor.fetchall())


def _write(entity: str, lines: Iterable[Sequence[Any]]) -> Written:
    with connection.cursor() as cursor:
        cursor.execute(SQL[f"{entity}_incoming"])
        cursor.execute(SQL[f"{entity}_empty"])
        count = copy_text(cursor, SQL[f"{entity}_copy"], lines)
        cursor.execute(SQL[f"{entity}_matched"])
        cursor.execute(SQL[f"{entity}_insert"])
        created = cursor.rowcount
        cursor.execute(SQL[f"{entity}_update"])
        changed = cursor.rowcount
        cursor.execute(SQL[f"{entity}_drop"])
    return Written(created, changed, count - created - changed)


def _text(row: Mapping[str, Any], field: str) -> str | None:
    value = row.get(field)
    return value if value is not None or field == "parent" else ""
