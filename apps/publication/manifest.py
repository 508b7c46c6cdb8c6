"""The manifest: everything a run's numbers rest on, as one canonical text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from apps.run.engine import LIBRARIES, engine
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
    """Return the manifest of a finished run as it stands in the database."""
    facts = {"run": run}
    (root,) = _one(cursor, "root", facts)
    row = _one(cursor, "run", facts)
    snapshot, positions, tree, nodes, market, scenario_set, _ = _one(cursor, "inputs", facts)
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
        "format": FORMAT,
        "input_hash": _hex(row[3]),
        "inputs": {
            "market": {"hash": _hex(market), "id": row[16]},
            "positions": {"count": positions, "hash": _hex(snapshot), "id": row[15]},
            "scenario_set": {"hash": _hex(scenario_set), "id": row[17]},
            "scenarios": [
                {"code": code, "hash": _hex(found)}
                for code, found in _all(cursor, "scenarios", facts)
            ],
            "tree": {"hash": _hex(tree), "id": row[18], "nodes": nodes},
        },
        "libraries": _libraries(row[4]),
        "profile": row[5],
        "published_at": signature.at,
        "published_by": signature.by,
        "reason": signature.reason or None,
        "request": row[2],
        "result_hash": _hex(row[14]),
        "root": _hex(root),
        "run": run,
        "submitted_by": row[19],
        "supersedes": None if signature.supersedes is None else _hex(signature.supersedes),
        "tasks": [
            {
                "first": first,
                "last": last,
                "leaf": _hex(leaf),
                "phase": phase,
                "status": status,
                "task": task,
            }
            for task, phase, first, last, status, leaf in _all(cursor, "tasks", facts)
        ],
    }
    text = hashing.canonical(document)
    return Manifest(text, hashing.sha256(text), bytes(root))


def _libraries(of_engine: str) -> Mapping[str, str] | None:
    """Return the versions of this process if they are those of the run; the engine covers them."""
    if of_engine != engine():
        return None
    return {name: metadata.version(name) for name in LIBRARIES}


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
