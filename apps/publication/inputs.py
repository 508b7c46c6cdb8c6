"""Verifying what a run was made from: positions, tree, market, scenarios against their hashes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.publication.findings import Verification
from foundation import sqlfiles

SQL = sqlfiles.load(Path(__file__).parent / "sql")

_LIMIT = 20


def verify(cursor: Any, found: Verification, document: Mapping[str, Any]) -> None:
    """Recompute the hash of every pinned input from its rows and note what differs."""
    sealed = document["inputs"]
    facts = {
        "snapshot": sealed["positions"]["id"],
        "tree": sealed["tree"]["id"],
        "market": sealed["market"]["id"],
        "scenario_set": sealed["scenario_set"]["id"],
        "limit": _LIMIT,
    }
    _positions(cursor, found, sealed["positions"], facts)
    _tree(cursor, found, sealed["tree"], facts)
    _market(cursor, found, sealed["market"], facts)
    _scenarios(cursor, found, sealed, facts)


_PINNED = {
    "terms": "instrument_terms",
    "counterparty": "counterparty_version",
    "facility": "facility_version",
}


def _all(cursor: Any, name: str, facts: Mapping[str, Any]) -> list[Any]:
    cursor.execute(SQL[name], facts)
    rows: list[Any] = cursor.fetchall()
    return rows


def _positions(
    cursor: Any, found: Verification, sealed: Mapping[str, Any], facts: Mapping[str, Any]
) -> None:
    for ordinal, position, what in _all(cursor, "changed_documents", facts):
        found.add("position", f"{what} is not as it was hashed", ordinal=ordinal, position=position)
    for ordinal, position in _all(cursor, "moved_positions", facts):
        found.add(
            "position", "book is not that of the document", ordinal=ordinal, position=position
        )
    for ordinal, position, what in _all(cursor, "changed_terms", facts):
        table = _PINNED[what]
        found.add(table, "the document is not the one pinned", ordinal=ordinal, position=position)
    rows = _all(cursor, "snapshot_hash", facts)
    if not rows:
        found.add("position_snapshot", "the snapshot is missing")
        return
    recomputed, stored, count = rows[0]
    if bytes(stored).hex() != sealed["hash"]:
        found.add("position_snapshot", "content_hash is not as sealed")
    if bytes(recomputed).hex() != sealed["hash"]:
        found.add("position", "the rows do not give the sealed hash of the snapshot")
    if count != sealed["count"]:
        found.add("position", f"{count} rows, sealed were {sealed['count']}")
    _snapshot_header(cursor, found, sealed, facts)
    blocks = {**facts, "blocks": json.dumps(sealed["blocks"])}
    for block, first, size, what in _all(cursor, "changed_blocks", blocks):
        where = "" if first is None else f" of positions {first} to {first + size - 1}"
        found.add("position_block", f"block {block}{where} {what}")
    ((cover,),) = _all(cursor, "block_cover", facts)
    if cover != sealed["count"]:
        found.add("position_block", f"the blocks hold {cover} positions of {sealed['count']}")


def _snapshot_header(
    cursor: Any, found: Verification, sealed: Mapping[str, Any], facts: Mapping[str, Any]
) -> None:
    ((as_of, name, source, count, *texts),) = _all(cursor, "snapshot_header", facts)
    stored = {"as_of": as_of.isoformat(), "name": name, "source": source, "count": count}
    stored |= {
        part: bytes(text).hex()
        for part, text in zip(("names", "dimensions", "control"), texts, strict=True)
    }
    for column, value in stored.items():
        if value != sealed[column]:
            shown = "position_count" if column == "count" else column
            found.add("position_snapshot", f"{shown} is not as sealed")


def _tree(
    cursor: Any, found: Verification, sealed: Mapping[str, Any], facts: Mapping[str, Any]
) -> None:
    ((recomputed, stored, stated, count),) = _all(cursor, "tree_hash", facts)
    if stored is None or bytes(stored).hex() != sealed["hash"]:
        found.add("portfolio_tree", "content_hash is not as sealed")
    if recomputed is None or bytes(recomputed).hex() != sealed["hash"]:
        found.add("portfolio_node", "the nodes do not give the sealed hash of the tree")
    if (stated, count) != (sealed["nodes"], sealed["nodes"]):
        found.add(
            "portfolio_tree",
            f"node_count is {stated} of {count} nodes, sealed were {sealed['nodes']}",
        )
    for (node,) in _all(cursor, "misplaced_nodes", facts):
        found.add("portfolio_node", "depth is not the number of its ancestors", node=node)
    for descendant, ancestor, _ in _all(cursor, "changed_closure", facts):
        found.add("portfolio_closure", f"ancestor {ancestor} is not as it was", node=descendant)


def _market(
    cursor: Any, found: Verification, sealed: Mapping[str, Any], facts: Mapping[str, Any]
) -> None:
    rows = _all(cursor, "market_hash", facts)
    if not rows:
        found.add("marketdata_snapshot", "the snapshot is missing")
        return
    recomputed, stored, as_of, name, source = rows[0]
    if bytes(stored).hex() != sealed["hash"]:
        found.add("marketdata_snapshot", "content_hash is not as sealed")
    for column, value in (("as_of", as_of.isoformat()), ("name", name), ("source", source)):
        if value != sealed[column]:
            found.add("marketdata_snapshot", f"{column} is not as sealed")
    if bytes(recomputed).hex() != sealed["hash"]:
        found.add("marketdata_snapshot", "the document is not the one that was hashed")


def _scenarios(
    cursor: Any, found: Verification, sealed: Mapping[str, Any], facts: Mapping[str, Any]
) -> None:
    stored = _all(cursor, "scenario_hashes", facts)
    pinned = sealed["scenarios"]
    if [row[1] for row in stored] != [scenario["code"] for scenario in pinned]:
        found.add("scenario_set_member", "the members of the set are not as sealed")
    known = {scenario["code"]: scenario["hash"] for scenario in pinned}
    for _, code, recomputed, content_hash in stored:
        if code not in known:
            continue
        if bytes(content_hash).hex() != known[code]:
            found.add("scenario", f"content_hash of {code} is not as sealed")
        if bytes(recomputed).hex() != known[code]:
            found.add("scenario", f"the document of {code} is not the one that was hashed")
    ((recomputed, content_hash),) = _all(cursor, "scenario_set_hash", facts) or [(None, None)]
    for name, value in (("members", recomputed), ("content_hash", content_hash)):
        if value is None or bytes(value).hex() != sealed["scenario_set"]["hash"]:
            found.add("scenario_set", f"{name} of the set do not give the sealed hash")
