"""What the owner can change, with the guards switched off, verification names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command

from apps.publication import services, verification
from apps.publication.findings import Finding
from tests.integration.result import synthetic

ERRORS = (5, 110)


@dataclass(frozen=True)
class Published:
    """A published run, its manifest file, and a way to tamper with it as owner."""

    done: synthetic.Completed
    manifest: Path
    owner: psycopg.Connection[Any]

    def tamper(self, table: str, statement: str) -> None:
        """Take the table's guards away, change it, and switch the triggers on again."""
        leaf = f"{table}_r{self.done.run}"
        exists = self.owner.execute("SELECT to_regclass(%s)", (leaf,)).fetchone()
        tables = [table, leaf] if exists and exists[0] else [table]
        with self.owner.transaction():
            self.owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for name in tables:
                self.owner.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
                self.owner.execute(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {name}_hash")
            for part in statement.split(";"):
                self.owner.execute(part.format(run=self.done.run))
            for name in tables:
                self.owner.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")


@pytest.fixture
def published(database: Any, owner: Any, tmp_path: Path) -> Published:
    done = synthetic.complete_run(database, synthetic.make_book(160, errors=ERRORS), shards=3)
    services.publish(done.run, by="ann", manifest_dir=tmp_path)
    return Published(done, tmp_path / f"run-{done.run}.manifest.json", owner)


@pytest.fixture
def findings(published: Published, acting_as: Any) -> Callable[[], list[Finding]]:
    def verify() -> list[Finding]:
        with acting_as("auditor"):
            return verification.verify(published.done.run, published.manifest).findings

    return verify


def test_an_untouched_run_is_intact(findings: Callable[[], list[Finding]]) -> None:
    assert findings() == []


TAMPERED = [
    (
        "one cell of one position",
        "valuation",
        "UPDATE valuation SET cells[1] = cells[1] + 1 WHERE position = 42",
        {"table": "valuation", "position": "P000042", "ordinal": 42},
    ),
    (
        "a deleted position",
        "valuation",
        "DELETE FROM valuation WHERE position = 43",
        {"table": "valuation", "position": "P000043", "what": "the row is missing"},
    ),
    (
        "an added position",
        "valuation",
        "INSERT INTO valuation SELECT run, 900, book, task, block, status, error_code, input_hash,"
        " error, cells FROM valuation WHERE position = 1",
        {"table": "valuation", "ordinal": 900},
    ),
    (
        "an error made a value",
        "valuation",
        "UPDATE valuation SET status = 0, error_code = 0, error = '',"
        " cells = '{{1,2,3,4,5,6,7}}' WHERE position = 5",
        {"table": "valuation", "position": "P000005"},
    ),
    (
        "a position in another book",
        "valuation",
        "UPDATE valuation SET book = 7 WHERE position = 3",
        {"table": "valuation", "position": "P000003", "what": "book is 7, the position stands"},
    ),
    (
        "an input hash",
        "valuation",
        "UPDATE valuation SET input_hash = sha256('x') WHERE position = 60",
        {"table": "valuation", "task": 2, "what": "input_hash or error"},
    ),
    (
        "an error text",
        "valuation",
        "UPDATE valuation SET error = '{{}}' WHERE position = 110",
        {"table": "valuation", "what": "input_hash or error"},
    ),
    (
        "two positions swapped between tasks",
        "valuation",
        "UPDATE valuation SET task = (SELECT max(task) FROM valuation) WHERE position = 0",
        {"table": "valuation", "position": "P000000"},
    ),
    (
        "the digests of a task",
        "valuation_digest",
        "UPDATE valuation_digest SET digests = sha256('x') || substring(digests FROM 33)"
        " WHERE first = 0",
        {"table": "valuation_digest"},
    ),
    (
        "a partial roll-up",
        "rollup_partial",
        "UPDATE rollup_partial SET cells[1] = cells[1] + 1"
        " WHERE (task, node, dimension, member) = (SELECT task, node, dimension, member"
        " FROM rollup_partial WHERE dimension = 3 ORDER BY 1, 2, 3, 4 LIMIT 1)",
        {"table": "rollup_partial", "task": 1},
    ),
    (
        "a roll-up of a desk",
        "rollup",
        "UPDATE rollup SET cells[1] = cells[1] + 1 WHERE node = 2 AND dimension = 4 AND member = 1",
        {"table": "rollup", "node": 2, "dimension": "RATING", "member": 1},
    ),
    (
        "a roll-up of a book",
        "rollup",
        "UPDATE rollup SET cells[7] = cells[7] - 5 WHERE node = 6 AND dimension = 0",
        {"table": "rollup", "node": 6, "dimension": "PORTFOLIO"},
    ),
    (
        "a roll-up that was not there",
        "rollup",
        "INSERT INTO rollup SELECT run, node, 99, dimension, block, count, covered,"
        " covered_notional, uncovered_notional, cells FROM rollup WHERE node = 1 AND dimension = 2"
        " LIMIT 1",
        {"table": "rollup", "node": 1, "dimension": "CURRENCY", "member": 99},
    ),
    (
        "a roll-up that is gone",
        "rollup",
        "DELETE FROM rollup WHERE node = 1 AND dimension = 3 AND member = 2",
        {"table": "rollup", "node": 1, "dimension": "SECTOR", "member": 2, "what": "is missing"},
    ),
    (
        "covered notional",
        "rollup",
        "UPDATE rollup SET uncovered_notional = 0 WHERE node = 1 AND dimension = 0",
        {"table": "rollup", "node": 1},
    ),
    (
        "the quantum of a cell",
        "run_axis",
        "UPDATE run_axis SET quantum = 5 WHERE ordinal = 1",
        {"table": "run_axis", "cell": "PV@BASE"},
    ),
    (
        "a cell added to the axis",
        "run_axis",
        "INSERT INTO run_axis VALUES ({run}, 0, 8, 'X', 'BASE', '', 'AMOUNT', 'USD', 6, 'SUM')",
        {"table": "run_axis", "cell": "X@BASE", "what": "was added"},
    ),
    (
        "a node result",
        "node_result",
        "INSERT INTO node_result VALUES ({run}, 1, 'VAR', 'BASE', '', 5, 'x')",
        {"table": "node_result"},
    ),
    (
        "a context row",
        "run_context",
        "INSERT INTO run_context VALUES ({run}, 0, 1, sha256('x'), '{{1}}')",
        {"table": "run_context"},
    ),
    (
        "a group row",
        "group_result",
        "INSERT INTO group_result VALUES ({run}, 'POOL', 'X', 1, '{{1}}')",
        {"table": "group_result"},
    ),
    (
        "the leaf hash of a task",
        "run_task",
        "UPDATE run_task SET leaf_hash = sha256('x') WHERE task_id = 2",
        {"table": "run_task", "task": 2, "what": "leaf"},
    ),
    (
        "the valued count",
        "run",
        "UPDATE run SET valued_count = valued_count + 1, error_count = error_count - 1",
        {"table": "run", "what": "valued_count is 159, sealed was 158"},
    ),
    (
        "the request",
        "run",
        "UPDATE run SET request = '{{}}'",
        {"table": "run", "what": "request"},
    ),
    (
        "the result hash",
        "run",
        "UPDATE run SET result_hash = sha256('x')",
        {"table": "run", "what": "result_hash"},
    ),
    (
        "the status",
        "run",
        "UPDATE run SET status = 'COMPLETED'",
        {"table": "run", "what": "status is COMPLETED"},
    ),
    (
        "a position's document",
        "position",
        "UPDATE position SET document = replace(document, 'BANK', 'BONK') WHERE ordinal = 9",
        {"table": "position", "position": "P000009"},
    ),
    (
        "a position's document with its hash",
        "position",
        "UPDATE position SET document = replace(document, '7', '8') WHERE ordinal = 9;"
        "UPDATE position SET row_hash = sha256(convert_to(document, 'UTF8')) WHERE ordinal = 9",
        {"table": "position", "what": "the sealed hash of the snapshot"},
    ),
    (
        "a position's currency column",
        "position",
        "UPDATE position SET currency = 'JPY' WHERE ordinal = 10",
        {"table": "position", "position": "P000010"},
    ),
    (
        "a position's book column",
        "position",
        "UPDATE position SET book = 4 WHERE ordinal = 0",
        {"table": "position", "position": "P000000", "what": "book"},
    ),
    (
        "a packed block",
        "position_block",
        "UPDATE position_block SET terms = 'x' WHERE block = 0",
        {"table": "position_block", "what": "block 0"},
    ),
    (
        "the terms that positions pin",
        "instrument_terms",
        "UPDATE instrument_terms SET document = '{{}}'",
        {"table": "instrument_terms"},
    ),
    (
        "the name of a node",
        "portfolio_node",
        "UPDATE portfolio_node SET name = 'x' WHERE node = 2",
        {"table": "portfolio_node"},
    ),
    (
        "a closure row",
        "portfolio_closure",
        "DELETE FROM portfolio_closure WHERE ancestor = 1 AND descendant = 7",
        {"table": "portfolio_closure", "node": 7},
    ),
    (
        "the market",
        "marketdata_snapshot",
        "UPDATE marketdata_snapshot SET document = replace(document, '1.25', '1.26')",
        {"table": "marketdata_snapshot", "what": "document"},
    ),
    (
        "a scenario",
        "scenario",
        "UPDATE scenario SET document = replace(document, '0.01', '0.02')",
        {"table": "scenario", "what": "RATES_UP_100"},
    ),
    (
        "the order of the scenarios",
        "scenario_set_member",
        "UPDATE scenario_set_member SET ordinal = 7 WHERE ordinal = 0",
        {"table": "scenario_set_member"},
    ),
    (
        "the publication itself",
        "published_run",
        "UPDATE published_run SET manifest = replace(manifest, 'ann', 'bob')",
        {"table": "published_run", "what": "differs from the file: published_by"},
    ),
    (
        "the currency that totals are shown in",
        "run",
        "UPDATE run SET currency = 'JPY'",
        {"table": "run", "what": "currency is JPY, sealed was USD"},
    ),
    (
        "the valuation date",
        "run",
        "UPDATE run SET valuation_date = '2023-12-30'",
        {"table": "run", "what": "valuation_date is 2023-12-30, sealed was 2022-12-30"},
    ),
    ("the cut", "run", "UPDATE run SET cut = 'START_OF_DAY'", {"table": "run", "what": "cut is"}),
    ("the node of the run", "run", "UPDATE run SET node = 2", {"table": "run", "what": "node is"}),
    (
        "who submitted",
        "run",
        "UPDATE run SET submitted_by = 'bob'",
        {"table": "run", "what": "submitted_by is bob"},
    ),
    (
        "when it was computed",
        "run",
        "UPDATE run SET finished_at = finished_at - interval '1 day'",
        {"table": "run", "what": "finished_at is"},
    ),
    (
        "who published",
        "published_run",
        "UPDATE published_run SET published_by = 'bob'",
        {"table": "published_run", "what": "published_by is bob, sealed was ann"},
    ),
    (
        "when it was published",
        "published_run",
        "UPDATE published_run SET published_at = published_at - interval '1 day'",
        {"table": "published_run", "what": "published_at is"},
    ),
    (
        "why it was published",
        "published_run",
        "UPDATE published_run SET reason = 'because'",
        {"table": "published_run", "what": "reason is because"},
    ),
    (
        "what it replaces",
        "published_run",
        "UPDATE published_run SET supersedes_id = id",
        {"table": "published_run", "what": "supersedes is"},
    ),
    (
        "a position's counterparty",
        "position",
        "UPDATE position SET counterparty = 'D' WHERE ordinal = 11",
        {"table": "position", "position": "P000011"},
    ),
    (
        "a position without its counterparty version",
        "position",
        "UPDATE position SET counterparty_version_id = NULL WHERE ordinal = 11",
        {"table": "counterparty_version", "position": "P000011"},
    ),
    (
        "the counterparty that a position pins",
        "counterparty_version",
        "UPDATE counterparty_version SET document = replace(document, 'Obligor', 'Other')",
        {"table": "counterparty_version", "position": "P000011"},
    ),
    (
        "a facility that a position is not drawn under",
        "position",
        "UPDATE position SET facility = 'RCF' WHERE ordinal = 11",
        {"table": "facility_version", "position": "P000011"},
    ),
    (
        "a facility version that a position does not pin",
        "position",
        "UPDATE position SET facility_version_id = 1 WHERE ordinal = 11",
        {"table": "facility_version", "position": "P000011"},
    ),
    (
        "the labels of the dimensions",
        "position_snapshot",
        "UPDATE position_snapshot SET dimensions = replace(dimensions, 'BBB', 'AA')",
        {"table": "position_snapshot", "what": "dimensions is not as sealed"},
    ),
    (
        "the texts that blocks refer to",
        "position_snapshot",
        "UPDATE position_snapshot SET names = '[1]'",
        {"table": "position_snapshot", "what": "names is not as sealed"},
    ),
    (
        "the control totals",
        "position_snapshot",
        "UPDATE position_snapshot SET control = '[]'",
        {"table": "position_snapshot", "what": "control is not as sealed"},
    ),
    (
        "where a snapshot came from",
        "position_snapshot",
        "UPDATE position_snapshot SET source = 'elsewhere'",
        {"table": "position_snapshot", "what": "source is not as sealed"},
    ),
    (
        "a packed block with its hash",
        "position_block",
        "UPDATE position_block SET terms = 'x', sha256 = sha256('x') WHERE block = 1",
        {"table": "position_block", "what": "block 1"},
    ),
    (
        "the book of a packed block",
        "position_block",
        "UPDATE position_block SET book = 7 WHERE block = 0",
        {"table": "position_block", "what": "block 0"},
    ),
    (
        "a packed block that is gone",
        "position_block",
        "DELETE FROM position_block WHERE block = 2",
        {"table": "position_block", "what": "block 2 is missing"},
    ),
    (
        "the day of the market",
        "marketdata_snapshot",
        "UPDATE marketdata_snapshot SET as_of = '2022-12-29'",
        {"table": "marketdata_snapshot", "what": "as_of is not as sealed"},
    ),
    (
        "the depth of a node",
        "portfolio_node",
        "UPDATE portfolio_node SET depth = 1 WHERE node = 7",
        {"table": "portfolio_node", "node": 7, "what": "depth"},
    ),
    (
        "the range of a task's digests",
        "valuation_digest",
        "UPDATE valuation_digest SET count = count - 1 WHERE first = 0",
        {"table": "valuation_digest", "task": 1},
    ),
]


@pytest.mark.parametrize(
    ("_case", "table", "statement", "expected"), TAMPERED, ids=[case[0] for case in TAMPERED]
)
def test_what_the_owner_changed_is_named(
    published: Published,
    findings: Callable[[], list[Finding]],
    _case: str,
    table: str,
    statement: str,
    expected: dict[str, Any],
) -> None:
    published.tamper(table, statement)
    found = findings()
    matching = [
        finding
        for finding in found
        if all(
            value in finding.what if name == "what" else getattr(finding, name) == value
            for name, value in expected.items()
        )
    ]
    assert matching, [str(finding) for finding in found]


_REHASH = (
    "UPDATE valuation_digest d SET digests = (SELECT string_agg(sha256(int4send(position) ||"
    " int2send(block) || int2send(status) || int2send(error_code) || array_send(cells)),"
    " ''::bytea ORDER BY position, block) FROM valuation v WHERE v.task = d.task)"
)


def test_amounts_moved_between_members_of_all_roll_ups_are_named_as_roll_ups(
    published: Published, findings: Callable[[], list[Finding]]
) -> None:
    """Partial and final roll-ups still add up, to each other and to the node: only hashes know."""
    for table in ("rollup_partial", "rollup"):
        for member, sign in ((1, "+"), (2, "-")):
            published.tamper(
                table,
                f"UPDATE {table} SET cells[1] = cells[1] {sign} 5 WHERE dimension = 4"
                f" AND member = {member} AND node IN (1, 2, 3)"
                + (" AND task = 1" if table == "rollup_partial" else ""),
            )
    found = findings()
    assert {(f.table, f.task, f.node) for f in found} == {
        ("rollup_partial", 1, None),
        ("rollup", None, 1),
        ("rollup", None, 2),
        ("rollup", None, 3),
    }, [str(finding) for finding in found]


def test_a_cell_rewritten_with_its_digest_is_not_called_an_input_hash(
    published: Published, findings: Callable[[], list[Finding]]
) -> None:
    published.tamper("valuation", "UPDATE valuation SET cells[4] = cells[4] + 1 WHERE position = 8")
    published.tamper("valuation_digest", _REHASH)
    found = {(f.table, f.task): f.what for f in findings()}
    assert found.keys() == {("valuation_digest", None), ("valuation", 1)}
    assert "digests were changed with them" in found["valuation", 1]


def test_a_changed_input_hash_is_named_alone(
    published: Published, findings: Callable[[], list[Finding]]
) -> None:
    published.tamper("valuation", "UPDATE valuation SET input_hash = '' WHERE position = 60")
    assert [(f.table, f.task) for f in findings()] == [("valuation", 2)]


@pytest.mark.parametrize(
    ("_case", "change"),
    [
        ("a list", lambda text: "[]"),
        ("an empty object", lambda text: "{}"),
        ("a number", lambda text: "5"),
        ("half of it", lambda text: text[: len(text) // 2]),
        ("another format", lambda text: text.replace("tieout.manifest/1", "tieout.manifest/0")),
        ("a field less", lambda text: text.replace('"rollups":', '"rolldowns":')),
        ("a task less its range", lambda text: text.replace('"first":', '"fist":')),
        ("a text for a hash", lambda text: text.replace('"partials":"', '"partials":"x')),
        ("of another run", lambda text: text.replace('"run":1,', '"run":2,')),
    ],
)
def test_a_file_that_is_no_manifest_of_the_run_is_refused(
    published: Published, acting_as: Any, tmp_path: Path, _case: str, change: Callable[[str], str]
) -> None:
    text = published.manifest.read_text()
    odd = tmp_path / "odd.json"
    odd.write_text(change(text))
    assert odd.read_text() != text
    with acting_as("auditor"), pytest.raises(verification.NotVerifiable):
        verification.verify(published.done.run, odd)


def test_names_in_another_unicode_form_are_no_change(
    database: Any, acting_as: Any, tmp_path: Path
) -> None:
    """Hashes are over NFC texts; a steward may have typed the other form."""
    decomposed = "Cre\u0301dit"
    with acting_as("desk"):
        from django.db import connection

        from apps.portfolio.reference import write_portfolios
        from apps.publication import inputs
        from apps.scenario.services import create_scenario_set

        _, tree = write_portfolios(
            [{"code": "F", "name": decomposed, "node_type": "FUND", "parent": None}]
        )
        chosen = create_scenario_set(code="S", name=decomposed, scenarios=[])
        with connection.cursor() as cursor:
            cursor.execute(inputs.SQL["tree_hash"], {"tree": tree.tree_id})
            recomputed, stored, *_ = cursor.fetchone()
            assert bytes(recomputed) == bytes(stored)
            facts = {"scenario_set": chosen.scenario_set_id}
            cursor.execute(inputs.SQL["scenario_set_hash"], facts)
            recomputed, stored = cursor.fetchone()
            assert bytes(recomputed) == bytes(stored)


def test_a_database_that_was_rewritten_throughout_differs_from_the_file(
    published: Published, acting_as: Any, findings: Callable[[], list[Finding]]
) -> None:
    """Cells, digests, leaf, root and manifest all rewritten to agree: only the file still knows."""
    run = published.done.run
    published.tamper("valuation", "UPDATE valuation SET cells[4] = cells[4] + 1 WHERE position = 8")
    published.tamper(
        "valuation_digest",
        _REHASH,
    )
    with published.owner.transaction():
        for table in ("run", "run_task", "published_run"):
            published.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        from apps.publication.manifest import Signature, build
        from apps.result.sinks import SQL

        for task in published.done.tasks:
            leaf = published.owner.execute(
                SQL["leaf_hash_of_value_task"], {"run": run, "task": task}
            ).fetchone()
            assert leaf is not None
            published.owner.execute(
                "UPDATE run_task SET leaf_hash = %s WHERE task_id = %s", (leaf[0], task)
            )
        published.owner.execute(
            "UPDATE run SET result_hash = (SELECT sha256(string_agg(digests, ''::bytea"
            " ORDER BY first)) FROM valuation_digest)"
        )
        sealed = json.loads(published.manifest.read_text())
        made = build(
            published.owner.cursor(),
            run,
            Signature(by="ann", at=sealed["published_at"]),
        )
        published.owner.execute(
            "UPDATE published_run SET manifest = %s, manifest_hash = %s, root_hash = %s",
            (made.text, made.hash, made.root),
        )
        for table in ("run", "run_task", "published_run"):
            published.owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    with acting_as("auditor"):
        assert verification.verify(run).findings == []
    found = findings()
    assert {"published_run", "run", "run_task", "valuation_digest"} <= {f.table for f in found}
    assert [f.task for f in found if f.table == "run_task" and "leaf" in f.what] == [1]


def test_the_command_exits_with_one_when_anything_differs(
    published: Published, acting_as: Any, capsys: Any
) -> None:
    published.tamper("valuation", "UPDATE valuation SET cells[1] = 0 WHERE position = 42")
    with acting_as("auditor"), pytest.raises(SystemExit) as ended:
        call_command("verify_run", published.done.run, "--json")
    assert ended.value.code == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["intact"] is False
    assert {"position": "P000042", "ordinal": 42}.items() <= facts["findings"][0].items()
