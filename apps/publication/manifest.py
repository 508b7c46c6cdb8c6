"""The manifest: everything a run's numbers rest on, as one canonical text."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation import hashing, sqlfiles

SQL = sqlfiles.load(Path(__file__).parent / "sql")

FORMAT = "tieout.manifest/1"
TABLES = (
    "run_axis",
    "run_context",
    "valuation",
    "valuation_digest",
    "rollup_partial",
    "rollup",
    "group_result",
    "node_result",
)


FINAL_TABLES = ("run_axis", "run_context", "rollup", "group_result", "node_result")
"""The tables whose hashes, in this order, the FINALISE leaf is over."""


_NOTHING = hashing.sha256(b"")


class NotSealable(ValueError):
    """What stands in the tables of a run is not what its tasks have hashed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The text of a manifest, its hash, and the root over the run's leaves."""

    text: str
    hash: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """Who publishes, when and why, and which publication this one replaces."""

    by: str
    at: dt.datetime
    reason: str = ""
    supersedes: bytes | None = None


def build(cursor: Any, run: int, signature: Signature) -> Manifest:
    """Return the manifest of a finished run as it stands in the database.

    NotSealable when the final tables are not those that the FINALISE leaf was taken over.
    """
    facts = {"run": run}
    (root,) = _one(cursor, "root", facts)
    row = _one(cursor, "run", facts)
    leaves = _all(cursor, "tasks", facts)
    tables = _tables(cursor, facts, leaves)
    partials = dict(_all(cursor, "partials", facts))
    document: dict[str, Any] = {
        "axis": [list(cell) for cell in _all(cursor, "axis", facts)],
        "counts": {
            "cells": row[13],
            "errors": row[12],
            "positions": row[10],
            "rows": dict(zip(TABLES, map(int, _one(cursor, "rows", facts)), strict=True)),
            "valued": row[11],
        },
        "engine": row[4],
        "finished_at": row[22],
        "format": FORMAT,
        "input_hash": _hex(row[3]),
        "inputs": _inputs(cursor, facts, row),
        "libraries": json.loads(row[2]).get("libraries"),
        "parameters": {
            "currency": row[6],
            "cut": row[8],
            "node": row[9],
            "valuation_date": row[7],
        },
        "profile": row[5],
        "published_at": signature.at,
        "published_by": signature.by,
        "reason": signature.reason or None,
        "request": row[2],
        "result_hash": _hex(row[14]),
        "rollups": [[node, _hex(found)] for node, found in _all(cursor, "rollup_nodes", facts)],
        "root": _hex(root),
        "run": run,
        "started_at": row[21],
        "submitted_at": row[20],
        "submitted_by": row[19],
        "supersedes": None if signature.supersedes is None else _hex(signature.supersedes),
        "tables": {name: _hex(found) for name, found in tables.items()},
        "tasks": [
            {
                "first": first,
                "last": last,
                "leaf": _hex(leaf),
                "partials": _hex(partials.get(task, _NOTHING)) if phase == "VALUE" else None,
                "phase": phase,
                "status": status,
                "task": task,
            }
            for task, phase, first, last, status, leaf in leaves
        ],
    }
    text = hashing.canonical(document)
    return Manifest(text, hashing.sha256(text), bytes(root))


def _inputs(cursor: Any, facts: Mapping[str, Any], row: tuple[Any, ...]) -> dict[str, Any]:
    (
        snapshot, positions, as_of, name, source, names, dimensions, control,
        tree, nodes, market, market_as_of, market_name, market_source, scenario_set,
    ) = _one(cursor, "inputs", facts)  # fmt: skip
    return {
        "market": {
            "as_of": market_as_of,
            "hash": _hex(market),
            "id": row[16],
            "name": market_name,
            "source": market_source,
        },
        "positions": {
            "as_of": as_of,
            "blocks": [[block, _hex(found)] for block, found in _all(cursor, "blocks", facts)],
            "control": _hex(control),
            "count": positions,
            "dimensions": _hex(dimensions),
            "hash": _hex(snapshot),
            "id": row[15],
            "name": name,
            "names": _hex(names),
            "source": source,
        },
        "scenario_set": {"hash": _hex(scenario_set), "id": row[17]},
        "scenarios": [
            {"code": code, "hash": _hex(found)} for code, found in _all(cursor, "scenarios", facts)
        ],
        "tree": {"hash": _hex(tree), "id": row[18], "nodes": nodes},
    }


def _tables(
    cursor: Any, facts: Mapping[str, Any], leaves: list[tuple[Any, ...]]
) -> dict[str, bytes]:
    tables = dict(zip(FINAL_TABLES, _one(cursor, "table_hashes", facts), strict=True))
    leaf = final_leaf(tables)
    for task, phase, _, _, _, sealed in leaves:
        if phase == "FINALISE" and bytes(sealed) != leaf:
            raise NotSealable(
                f"the final tables of run {facts['run']} are not those that task {task} hashed"
            )
    return tables


def final_leaf(tables: Mapping[str, bytes]) -> bytes:
    """Return the leaf hash of the FINALISE task from the hashes of its tables."""
    return hashlib.sha256(b"".join(bytes(tables[name]) for name in FINAL_TABLES)).digest()


def _hex(value: Any) -> str:
    return bytes(value).hex()


def _one(cursor: Any, name: str, facts: Mapping[str, Any]) -> tuple[Any, ...]:
    cursor.execute(SQL[name], facts)
    row: tuple[Any, ...] = cursor.fetchone()
    return row


def _all(cursor: Any, name: str, facts: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    cursor.execute(SQL[name], facts)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
