"""Verifying a published run: every seal computed again in SQL, every difference named.

The manifest is the measure: the stored one, or the file that was carried away when the run was
published, which an altered database cannot alter.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from apps.portfolio.dimensions import Dimension
from apps.publication import inputs, shape, statements
from apps.publication.findings import Verification
from apps.publication.manifest import FINAL_TABLES, TABLES, final_leaf
from foundation import hashing, sqlfiles

SQL = sqlfiles.load(Path(__file__).parent / "sql")

LIMIT = 20
"""Findings of one kind that are named; the first is enough to look, twenty show a pattern."""


class NotVerifiable(ValueError):
    """There is nothing to verify against: no such run, no publication, or no readable manifest."""


def verify(run: int, manifest_file: Path | None = None) -> Verification:
    """Compute everything a published run was sealed by again and return what differs.

    One snapshot of the database, read only; the role needs SELECT and nothing else.
    """
    begun = time.perf_counter()
    found = Verification(run)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        document = _manifest(cursor, found, manifest_file)
        check = _Check(cursor, found, document)
        check.run_row()
        check.tasks()
        check.detail()
        check.rollups()
        check.small_tables()
        inputs.verify(cursor, found, document)
        check.explain()
    found.seconds = time.perf_counter() - begun
    return found


def _manifest(cursor: Any, found: Verification, manifest_file: Path | None) -> Mapping[str, Any]:
    cursor.execute(SQL["publication"], {"run": found.run})
    row = cursor.fetchone()
    if row is None:
        raise NotVerifiable(f"there is no run {found.run}")
    text, stored_hash, recomputed, root, status, *signature = row
    carried = None if manifest_file is None else _read(manifest_file)
    if text is None and carried is None:
        raise NotVerifiable(f"run {found.run} is {status} and has no publication")
    if text is None:
        found.add("published_run", "the publication is missing")
    elif bytes(stored_hash) != bytes(recomputed):
        found.add("published_run", "the manifest is not the text that was hashed")
    try:
        document = _document(carried if carried is not None else text)
    except ValueError as error:
        if carried is not None:
            raise NotVerifiable(f"{manifest_file} is not a manifest: {error}") from error
        raise NotVerifiable("the stored manifest cannot be read; give --manifest FILE") from error
    if carried is not None and text is not None and carried != text:
        found.add("published_run", f"the manifest differs from the file: {_fields(carried, text)}")
    sealed_run = document["run"]
    if sealed_run != found.run:
        raise NotVerifiable(f"the manifest is of run {sealed_run}, not of {found.run}")
    found.manifest_hash = hashing.sha256(carried if carried is not None else text).hex()
    found.root = str(document["root"])
    if root is not None and bytes(root).hex() != found.root:
        found.add("published_run", "root_hash is not that of the manifest")
    if text is not None:
        _signature(found, document, signature)
    if status != "PUBLISHED":
        found.add("run", f"status is {status}, not PUBLISHED")
    return document


def _document(text: str) -> Mapping[str, Any]:
    """Return the document of a manifest, ValueError for any other text."""
    shape.check(text)
    document: Mapping[str, Any] = json.loads(text)
    return document


def _signature(found: Verification, document: Mapping[str, Any], stored: Sequence[Any]) -> None:
    """Compare what the publication's row says of itself with its manifest."""
    by, at, reason, supersedes = stored
    columns = {
        "published_by": (by, document["published_by"]),
        "published_at": (at and _time(at), document["published_at"]),
        "reason": (reason, document.get("reason") or ""),
        "supersedes": (supersedes and bytes(supersedes).hex(), document.get("supersedes")),
    }
    for name, (now, sealed) in columns.items():
        if now != sealed:
            found.add("published_run", f"{name} is {_short(now)}, sealed was {_short(sealed)}")


def _time(at: dt.datetime) -> str:
    text: str = json.loads(hashing.canonical(at))
    return text


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise NotVerifiable(f"{path} cannot be read: {error}") from error


def _fields(carried: str, stored: str) -> str:
    try:
        ours, theirs = json.loads(carried), json.loads(stored)
    except json.JSONDecodeError:
        return "the stored one cannot be read"
    if not isinstance(theirs, dict):
        return "the stored one is no document"
    names = sorted(set(ours) | set(theirs))
    return ", ".join(name for name in names if ours.get(name) != theirs.get(name)) or "spacing"


class _Check:
    """The checks of the run's own tables against a manifest."""

    def __init__(self, cursor: Any, found: Verification, document: Mapping[str, Any]) -> None:
        self._cursor = cursor
        self._found = found
        self._document = document
        self._facts = {"run": found.run, "limit": LIMIT}
        self._leaves = {task["task"]: task for task in document["tasks"]}
        self._odd_rows: set[int] = set()
        self._odd_partials: set[int] = set()
        self._digests_sealed = True

    def _all(self, name: str, **more: Any) -> list[Any]:
        self._cursor.execute(SQL[name], self._facts | more)
        rows: list[Any] = self._cursor.fetchall()
        return rows

    def _one(self, name: str, **more: Any) -> Any:
        return self._all(name, **more)[0]

    def run_row(self) -> None:
        """Compare the run's row with the manifest: request, engine, counts, hashes."""
        document, counts = self._document, self._document["counts"]
        row = self._one("run")
        stated = {
            "request": (row[2], document["request"]),
            "input_hash": (bytes(row[3]).hex(), document["input_hash"]),
            "engine": (row[4], document["engine"]),
            "profile": (row[5], document["profile"]),
            "position_count": (row[10], counts["positions"]),
            "valued_count": (row[11], counts["valued"]),
            "error_count": (row[12], counts["errors"]),
            "cell_count": (row[13], counts["cells"]),
            "result_hash": (bytes(row[14] or b"").hex(), document["result_hash"]),
            "position_snapshot_id": (row[15], document["inputs"]["positions"]["id"]),
            "marketdata_snapshot_id": (row[16], document["inputs"]["market"]["id"]),
            "scenario_set_id": (row[17], document["inputs"]["scenario_set"]["id"]),
            "tree_id": (row[18], document["inputs"]["tree"]["id"]),
            "currency": (row[6], document["parameters"]["currency"]),
            "valuation_date": (row[7].isoformat(), document["parameters"]["valuation_date"]),
            "cut": (row[8], document["parameters"]["cut"]),
            "node": (row[9], document["parameters"]["node"]),
            "submitted_by": (row[19], document["submitted_by"]),
            "submitted_at": (_time(row[20]), document["submitted_at"]),
            "started_at": (row[21] and _time(row[21]), document.get("started_at")),
            "finished_at": (row[22] and _time(row[22]), document.get("finished_at")),
        }
        for name, (stored, sealed) in stated.items():
            if stored != sealed:
                self._found.add("run", f"{name} is {_short(stored)}, sealed was {_short(sealed)}")
        if self._one("request_hash")[0] is False:
            self._found.add("run", "input_hash is not the sha256 of the request")

    def tasks(self) -> None:
        """Compare the tasks and their leaf hashes with the manifest, and the root over them."""
        stored = {row[0]: row for row in self._all("tasks")}
        for task, sealed in self._leaves.items():
            row = stored.pop(task, None)
            if row is None:
                self._found.add("run_task", "the task is missing", task=task)
                continue
            now = {
                "phase": row[1],
                "first": row[2],
                "last": row[3],
                "status": row[4],
                "leaf": bytes(row[5]).hex(),
            }
            for name, value in now.items():
                if value != sealed[name]:
                    self._found.add("run_task", f"{name} is not as sealed", task=task)
        for task in stored:
            self._found.add("run_task", "the task was added", task=task)
        if bytes(self._one("root")[0]).hex() != self._document["root"]:
            self._found.add("run_task", "the root over the leaves is not as sealed")
        self._found.checked["tasks"] = len(self._leaves)

    def detail(self) -> None:
        """Recompute the digest of every row and the leaf of every VALUE task."""
        seen = set()
        for task, digests_agree, rows, partials, first, count in self._all("task_digests"):
            seen.add(task)
            sealed = self._leaves.get(task)
            if sealed is None or sealed["phase"] != "VALUE":
                self._found.add("valuation", "rows of a task that was not sealed", task=task)
                self._name_positions(task)
                continue
            if not digests_agree:
                self._name_positions(task)
            place = None if first is None else (first, first + count)
            if place != (sealed["first"], sealed["last"]):
                self._found.add("valuation_digest", "first and count are not as sealed", task=task)
            if bytes(partials).hex() != sealed["partials"]:
                self._odd_partials.add(task)
            whole = bytes(rows) + bytes.fromhex(sealed["partials"])
            if hashing.sha256(whole).hex() != sealed["leaf"]:
                self._odd_rows.add(task)
        for task, sealed in self._leaves.items():
            if sealed["phase"] == "VALUE" and task not in seen:
                self._found.add("valuation", "all rows of the task are missing", task=task)
        for task, ordinal, position, book, wanted in self._all("misplaced_positions"):
            self._found.add(
                "valuation",
                f"book is {book}, the position stands in {wanted}",
                task=task,
                ordinal=ordinal,
                position=position,
            )
        digests = bytes(self._one("result_hash")[0]).hex()
        self._digests_sealed = digests == self._document["result_hash"]
        if not self._digests_sealed:
            self._found.add("valuation_digest", "the digests do not give the sealed result_hash")
        counts = self._document["counts"]
        if tuple(self._one("status_counts")) != (counts["valued"], counts["errors"]):
            self._found.add("valuation", "the counts of valued and error rows are not as sealed")
        rows = dict(zip(TABLES, map(int, self._one("rows")), strict=True))
        for table, count in rows.items():
            if count != counts["rows"][table]:
                self._found.add(table, f"{count} rows, sealed were {counts['rows'][table]}")
        self._found.checked["positions"] = counts["positions"]

    def _name_positions(self, task: int) -> None:
        for ordinal, position, block in self._all("changed_positions", task=task):
            self._found.add(
                "valuation",
                f"the row of block {block} is not the one that was written",
                task=task,
                ordinal=ordinal,
                position=position,
            )
        for ordinal, position in self._all("lost_positions", task=task):
            self._found.add(
                "valuation", "the row is missing", task=task, ordinal=ordinal, position=position
            )

    def rollups(self) -> None:
        """Recompute the final roll-ups from the partial ones, and those of books from positions."""
        axis = self._document["axis"]
        for block in sorted({cell[0] for cell in axis}):
            cells = [cell for cell in axis if cell[0] == block]
            facts = self._facts | {
                "tree": self._document["inputs"]["tree"]["id"],
                "block": block,
            }
            self._cursor.execute(statements.changed_rollups(len(cells)), facts)
            for node, dimension, member, what in self._cursor.fetchall():
                self._found.add(
                    "rollup",
                    f"block {block} {what}",
                    node=node,
                    dimension=_dimension(dimension),
                    member=member,
                )
            additive = [cell[1] for cell in cells if cell[8] == "SUM"]
            self._cursor.execute(statements.unsupported_books(additive), facts)
            for (node,) in self._cursor.fetchall():
                self._found.add(
                    "rollup",
                    f"block {block} is not the sum of the positions of the book",
                    node=node,
                    dimension=_dimension(0),
                    member=0,
                )
        self._found.checked["rollups"] = self._document["counts"]["rows"]["rollup"]

    def small_tables(self) -> None:
        """Compare axis, context and group rows with the manifest and their leaves."""
        axis = json.dumps(self._document["axis"])
        for _, ordinal, what, measure, scenario, factor in self._all("changed_axis", axis=axis):
            cell = f"{measure}@{scenario}" + (f"/{factor}" if factor else "")
            self._found.add("run_axis", f"ordinal {ordinal} {what}", cell=cell)
        for table, name, phase in (
            ("run_context", "context_leaves", "CONTEXT"),
            ("group_result", "group_leaves", "GROUP"),
        ):
            stored = {task: bytes(leaf).hex() for task, leaf in self._all(name)}
            for task, sealed in self._leaves.items():
                if sealed["phase"] != phase:
                    continue
                leaf = stored.pop(task, hashing.sha256(b"").hex())
                if leaf != sealed["leaf"]:
                    self._found.add(table, "the rows of the task are not as sealed", task=task)
            for task in stored:
                self._found.add(table, "rows of a task that was not sealed", task=task)
        for (ordinal,) in self._all("changed_context"):
            self._found.add("run_context", "facts are not those hashed", ordinal=ordinal)

    def explain(self) -> None:
        """Name what the sealed hashes alone show: rows that agree with all they are checked by."""
        named = {f.task for f in self._found.findings if f.table == "valuation"}
        what = (
            "input_hash or error of a row is not as sealed"
            if self._digests_sealed
            else "rows are not as sealed, and their digests were changed with them"
        )
        for task in sorted(self._odd_rows - named):
            self._found.add("valuation", what, task=task)
        for task in sorted(self._odd_partials):
            self._found.add(
                "rollup_partial", "partial roll-ups of the task are not as sealed", task=task
            )
        named_nodes = {f.node for f in self._found.findings if f.table == "rollup"}
        stored = {node: bytes(found).hex() for node, found in self._all("rollup_nodes")}
        sealed = {int(node): found for node, found in self._document["rollups"]}
        for node in sorted(stored.keys() | sealed.keys()):
            if stored.get(node) != sealed.get(node) and node not in named_nodes:
                self._found.add("rollup", "the roll-ups are not as sealed", node=node)
        self._final_tables()

    def _final_tables(self) -> None:
        tables = dict(zip(FINAL_TABLES, self._one("table_hashes"), strict=True))
        sealed = self._document["tables"]
        named = {finding.table for finding in self._found.findings}
        for table, found in tables.items():
            if bytes(found).hex() != sealed[table] and table not in named:
                self._found.add(table, "rows are not as sealed")
        leaf = final_leaf({table: bytes.fromhex(sealed[table]) for table in FINAL_TABLES}).hex()
        for task in self._leaves.values():
            if task["phase"] == "FINALISE" and task["leaf"] != leaf:
                self._found.add(
                    "published_run", "the manifest's tables do not give the leaf", task=task["task"]
                )


def _dimension(number: int) -> str:
    return Dimension(number).name if number in set(Dimension) else str(number)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
