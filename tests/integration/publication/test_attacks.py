"""Attempts to add to or change a published run or a snapshot, as every application role.

Each attempt runs on its own connection and is followed by a look at the run as the auditor:
whatever it answered, nothing may have changed. The last test prints how many there were.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from apps.publication import services, verification
from tests.integration.result import synthetic

Connection = psycopg.Connection[Any]
ROLES = ("web", "desk", "worker", "auditor")


@dataclass(frozen=True)
class Sealed:
    """A published run, its inputs, and the names of its leaves."""

    done: synthetic.Completed
    manifest: Path

    @property
    def run(self) -> int:
        return self.done.run

    def leaf(self, table: str) -> str:
        return f"{table}_r{self.run}"


LEAVES = (
    "run_axis",
    "run_context",
    "valuation",
    "valuation_digest",
    "rollup_partial",
    "rollup",
    "group_result",
    "node_result",
)

INSERTS = {
    "run_axis": "(%(run)s, 0, 99, 'X', 'BASE', '', 'AMOUNT', 'USD', 6, 'SUM')",
    "run_context": "(%(run)s, 9999, 1, '', '{}')",
    "valuation": "(%(run)s, 9999, 3, 1, 0, 0, 0, '', '', '{1,2,3,4,5,6,7}')",
    "valuation_digest": "(%(run)s, 9999, 0, 0, '')",
    "rollup_partial": "(%(run)s, 9999, 3, 0, 0, 0, 1, 1, 0, 0, '{}')",
    "rollup": "(%(run)s, 99, 0, 0, 0, 1, 1, 0, 0, '{}')",
    "group_result": "(%(run)s, 'POOL', 'X', 1, '{}')",
    "node_result": "(%(run)s, 1, 'VAR', 'BASE', '', 1, 'x')",
}

# Every table of the seal with a column that can be set to another value.
COLUMNS = {
    "run_axis": "quantum = quantum + 1",
    "run_context": "facts = '{1}'",
    "valuation": "cells[1] = cells[1] + 1",
    "valuation_digest": "digests = ''",
    "rollup_partial": "covered = covered - 1",
    "rollup": "cells[1] = cells[1] + 1",
    "group_result": "cells = '{1}'",
    "node_result": "value = value + 1",
    "position": "document = '{}'",
    "position_block": "terms = ''",
    "position_snapshot": "position_count = 0",
    "portfolio_node": "parent = NULL",
    "portfolio_closure": "depth = 9",
    "portfolio_tree": "node_count = 0",
    "marketdata_snapshot": "document = '{}'",
    "scenario": "document = '{}'",
    "scenario_set": "scenario_count = 0",
    "scenario_set_member": "ordinal = ordinal + 10",
    "instrument_terms": "document = '{}'",
    "published_run": "reason = 'x'",
    "run_task_attempt": "outcome = 'SUCCEEDED'",
}


def _statements(sealed: Sealed) -> Iterator[tuple[str, str]]:
    """Single statements, tried by every role."""
    run = {"run": sealed.run}
    for table, row in INSERTS.items():
        yield f"INSERT {table}", f"INSERT INTO {table} VALUES {row % run}"
        yield f"INSERT leaf {table}", f"INSERT INTO {sealed.leaf(table)} VALUES {row % run}"
        yield (
            f"INSERT ON CONFLICT {table}",
            f"INSERT INTO {table} VALUES {row % run} ON CONFLICT DO NOTHING",
        )
    yield (
        "ON CONFLICT DO UPDATE valuation",
        f"INSERT INTO valuation SELECT * FROM valuation WHERE run = {sealed.run}"
        " ON CONFLICT (run, position, block) DO UPDATE SET cells = '{0}'",
    )
    yield (
        "MERGE valuation",
        f"MERGE INTO valuation v USING (SELECT {sealed.run} AS run) s ON v.run = s.run"
        " WHEN MATCHED THEN UPDATE SET cells = '{0}'",
    )
    yield (
        "MERGE insert valuation",
        f"MERGE INTO {sealed.leaf('valuation')} v USING (SELECT 9999 AS p) s ON v.position = s.p"
        f" WHEN NOT MATCHED THEN INSERT VALUES"
        f" ({sealed.run}, 9999, 3, 1, 0, 0, 0, '', '', '{{1}}')",
    )
    for table, assignment in COLUMNS.items():
        yield f"UPDATE {table}", f"UPDATE {table} SET {assignment}"
        yield f"DELETE {table}", f"DELETE FROM {table}"
        yield f"TRUNCATE {table}", f"TRUNCATE {table} CASCADE"
    for table in LEAVES:
        leaf = sealed.leaf(table)
        yield f"UPDATE leaf {table}", f"UPDATE {leaf} SET {COLUMNS[table]}"
        yield f"DELETE leaf {table}", f"DELETE FROM {leaf}"
        yield f"TRUNCATE leaf {table}", f"TRUNCATE {leaf}"
        yield f"DETACH {table}", f"ALTER TABLE {table} DETACH PARTITION {leaf}"
        yield f"DROP leaf {table}", f"DROP TABLE {leaf}"
        yield f"DISABLE TRIGGER {table}", f"ALTER TABLE {leaf} DISABLE TRIGGER ALL"
        yield f"DROP TRIGGER {table}", f"DROP TRIGGER closed_leaf ON {leaf}"
        yield f"RENAME {table}", f"ALTER TABLE {leaf} RENAME TO stolen"
        yield f"RULE {table}", f"CREATE RULE r AS ON INSERT TO {leaf} DO INSTEAD NOTHING"
        yield f"OWNER {table}", f"ALTER TABLE {leaf} OWNER TO CURRENT_USER"
    snapshot, tree = sealed.done.request.position_snapshot_id, sealed.done.request.tree_id
    yield (
        "INSERT position",
        "INSERT INTO position SELECT snapshot_id, 9999, 'EXTRA', book, product_type, instrument,"
        " terms_id, counterparty, counterparty_version_id, legal_entity, currency, document,"
        f" row_hash FROM position WHERE snapshot_id = {snapshot} LIMIT 1",
    )
    yield (
        "INSERT position_block",
        "INSERT INTO position_block SELECT snapshot_id, 999, 99999, count, book, product_type,"
        f" format, sha256, dimensions, terms FROM position_block WHERE snapshot_id = {snapshot}"
        " LIMIT 1",
    )
    yield (
        "INSERT portfolio_node",
        f"INSERT INTO portfolio_node VALUES ({tree}, 99, 'X', 'X', 'BOOK', 1, 1)",
    )
    yield "INSERT portfolio_closure", f"INSERT INTO portfolio_closure VALUES ({tree}, 1, 99, 1)"
    yield (
        "INSERT scenario_set_member",
        "INSERT INTO scenario_set_member VALUES (1, 9, 1)",
    )
    yield (
        "INSERT snapshot again",
        (
            "INSERT INTO position_snapshot (id, content_hash, as_of, name, tree_id, position_count,"
            f" names, dimensions, control, source) VALUES ({snapshot}, 'x', now(), '', {tree}, 0,"
            " '[]', '{}', '{}', '')"
        ),
    )
    for status in ("RUNNING", "COMPLETED", "CANCELLED", "FAILED", "QUEUED", "FINALISING"):
        yield f"status PUBLISHED -> {status}", f"UPDATE run SET status = '{status}'"
    for column in ("valued_count = 0", "result_hash = ''", "error = 'x'", "finished_at = now()"):
        yield f"UPDATE run {column}", f"UPDATE run SET {column}"
    yield "DELETE run", "DELETE FROM run"
    yield "TRUNCATE run", "TRUNCATE run CASCADE"
    yield "INSERT run_task", _task_row(sealed.run)
    yield "UPDATE run_task leaf", "UPDATE run_task SET leaf_hash = sha256('x')"
    yield "UPDATE run_task status", "UPDATE run_task SET status = 'QUEUED', attempts = 0"
    yield "DELETE run_task", "DELETE FROM run_task"
    yield "INSERT run_task_attempt", _attempt_row(sealed.run)
    yield (
        "second publication",
        "INSERT INTO published_run (run_id, manifest, manifest_hash, root_hash, reason,"
        f" published_by) VALUES ({sealed.run}, '{{}}', 'x', 'x', '', 'x')",
    )
    yield "run_open", f"SELECT run_open({sealed.run})"
    yield "run_close", f"SELECT run_close({sealed.run})"
    yield "run_close_axis", f"SELECT run_close_axis({sealed.run})"
    yield "run_index", f"SELECT run_index({sealed.run}, 0::int2, 1::int2)"
    yield "seal_leaf", f"SELECT seal_leaf('{sealed.leaf('valuation')}')"
    yield "close_leaf", "SELECT close_leaf('valuation')"
    yield (
        "second leaf for the run",
        f"CREATE TABLE stolen PARTITION OF valuation FOR VALUES IN ({sealed.run})",
    )
    yield "default partition", "CREATE TABLE stolen PARTITION OF valuation DEFAULT"
    yield (
        "replace the refusing function",
        "CREATE OR REPLACE FUNCTION public.sealed_refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'",
    )
    yield "large read for update", "SELECT * FROM valuation FOR UPDATE"
    yield "COPY FROM PROGRAM", f"COPY {sealed.leaf('valuation')} FROM PROGRAM 'echo'"
    yield "become superuser", "ALTER ROLE CURRENT_USER SUPERUSER"
    yield "grant to oneself", f"GRANT ALL ON {sealed.leaf('valuation')} TO CURRENT_USER"
    yield "role of the owner", "GRANT tieout_owner TO CURRENT_USER"
    yield (
        "view with an update rule",
        f"CREATE VIEW stolen AS SELECT * FROM {sealed.leaf('valuation')}",
    )


def _attempt_row(run: int) -> str:
    return (
        "INSERT INTO run_task_attempt (run_id, task_id, attempt, lease_token, lease_owner,"
        f" outcome, seconds, error) VALUES ({run}, 1, 9, gen_random_uuid(), '', 'SUCCEEDED',"
        " '{}', '')"
    )


def _task_row(run: int) -> str:
    return (
        "INSERT INTO run_task (run_id, phase, first, last, engine, profile, status, priority,"
        f" attempts, max_attempts, error) VALUES ({run}, 'VALUE', 0, 1, 'engine', 'profile',"
        " 'QUEUED', 0, 0, 5, '')"
    )


def _settings() -> Iterator[tuple[str, str]]:
    """Session settings and roles, each followed by a change."""
    yield "session_replication_role", "SET session_replication_role = replica"
    yield "pgtrigger.ignore", "SET pgtrigger.ignore = '{all}'"
    yield "pgtrigger.ignore by name", "SET pgtrigger.ignore = '{valuation:sealed_row}'"
    yield "SET ROLE owner", "SET ROLE tieout_owner"
    yield "SET ROLE worker", "SET ROLE tieout_worker"
    yield "SET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION tieout_owner"
    yield "default_transaction_read_only", "SET default_transaction_read_only = off"
    yield "search_path", "SET search_path = pg_temp, public"
    yield "row_security", "SET row_security = off"
    yield "check_function_bodies", "SET check_function_bodies = off"
    yield "system catalogues", "SET allow_system_table_mods = on"


FOLLOWED_BY = (
    "UPDATE valuation SET cells[1] = cells[1] + 1",
    "INSERT INTO valuation SELECT run, 9999, book, task, block, status, error_code, input_hash,"
    " error, cells FROM valuation WHERE status = 0 LIMIT 1",
    "DELETE FROM rollup",
    "UPDATE run SET status = 'RUNNING'",
)


def _attempt(database: Any, role: str, act: Callable[[Connection], None]) -> str:
    """Run one attempt on a connection of its own and say how it was answered."""
    with database.connect(role) as connection:
        connection.execute("SET statement_timeout = '20s'")
        try:
            act(connection)
        except psycopg.Error as error:
            return f"refused: {error.sqlstate}"
    return "answered without an error"


def _split(row: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for letter in row:
        depth += (letter == "{") - (letter == "}")
        if letter == "," and not depth:
            parts.append(current)
            current = ""
        else:
            current += letter
    return [*parts, current]


@pytest.fixture
def sealed(database: Any, tmp_path: Path) -> Sealed:
    done = synthetic.complete_run(database, synthetic.make_book(120, errors=(5,)), shards=2)
    services.publish(done.run, by="ann", manifest_dir=tmp_path)
    return Sealed(done, tmp_path / f"run-{done.run}.manifest.json")


def _everything(auditor: Connection, sealed: Sealed) -> dict[str, Any]:
    """A hash of every table of the seal, row by row as text."""
    tables = [*LEAVES, *(table for table in COLUMNS if table not in LEAVES), "run", "run_task"]
    found = {
        table: auditor.execute(
            f"SELECT count(*), sha256(convert_to(coalesce(string_agg(t::text, '|'"
            f" ORDER BY t::text), ''), 'UTF8')) FROM {table} t"
        ).fetchone()
        for table in tables
    }
    found["leaves"] = auditor.execute(
        "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE c.relispartition"
    ).fetchone()
    found["triggers"] = auditor.execute(
        "SELECT count(*), count(*) FILTER (WHERE tgenabled = 'A') FROM pg_trigger"
        " WHERE NOT tgisinternal"
    ).fetchone()
    return found


def test_no_application_role_changes_a_published_run_or_its_inputs(
    database: Any, sealed: Sealed, auditor: Any, acting_as: Any, capsys: Any
) -> None:
    before = _everything(auditor, sealed)
    answers: dict[tuple[str, str], str] = {}
    for role in ROLES:
        for name, statement in _statements(sealed):
            answers[role, name] = _attempt(
                database, role, lambda connection, sql=statement: connection.execute(sql)
            )
        for table in LEAVES:
            for target in (table, sealed.leaf(table)):
                answers[role, f"COPY {target}"] = _attempt(
                    database, role, _copy_into(table, target, sealed.run)
                )
        for name, setting in _settings():
            for change in FOLLOWED_BY:

                def act(connection: Connection, first: str = setting, then: str = change) -> None:
                    connection.execute(first)
                    connection.execute(then)

                answers[role, f"{name}, then {change[:24]}"] = _attempt(database, role, act)
        # One role at a time, so that a change names who could make it.
        assert _everything(auditor, sealed) == before, role
    with acting_as("auditor"):
        assert verification.verify(sealed.run, sealed.manifest).findings == []
    unanswered = [key for key, answer in answers.items() if not answer.startswith("refused")]
    with capsys.disabled():
        print(
            f"\n{len(answers)} attempts on a published run and its inputs as "
            f"{', '.join(ROLES)}: {len(answers) - len(unanswered)} refused, 0 succeeded"
        )
    assert unanswered == []
    assert len(answers) >= 30


def _copy_into(table: str, target: str, run: int) -> Callable[[Connection], None]:
    values = [part.strip().strip("'") for part in _split((INSERTS[table] % {"run": run})[1:-1])]

    def act(connection: Connection) -> None:
        with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
            copy.write_row(values)

    return act


def test_writers_that_race_with_the_publication_add_nothing(
    database: Any, tmp_path: Path, auditor: Any, acting_as: Any
) -> None:
    done = synthetic.complete_run(database, synthetic.make_book(60), shards=2)
    stop = threading.Event()
    answers: list[str] = []

    def write(statement: str, role: str) -> None:
        while not stop.is_set():
            answers.append(_attempt(database, role, lambda c: c.execute(statement)))

    row = INSERTS["valuation"] % {"run": done.run}
    threads = [
        threading.Thread(target=write, args=(f"INSERT INTO valuation VALUES {row}", "worker")),
        threading.Thread(
            target=write, args=("UPDATE run_task SET error = 'x', attempts = 1", "worker")
        ),
        threading.Thread(target=write, args=("UPDATE run SET status = 'RUNNING'", "web")),
    ]
    for thread in threads:
        thread.start()
    try:
        services.publish(done.run, by="ann", manifest_dir=tmp_path)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert answers
    assert all(answer.startswith("refused") for answer in answers)
    with acting_as("auditor"):
        assert verification.verify(done.run).findings == []


CLAIMS = {
    "a manifest of nothing": ("'{{}}'", "sha256('{{}}')", "sha256('')"),
    "a hash that is not the manifest's": ("{true}", "sha256('')", "{root}"),
    "a root that is not the leaves'": ("{true}", "sha256(convert_to({true}, 'UTF8'))", "'x'"),
    "another's name": ("{false}", "sha256(convert_to({false}, 'UTF8'))", "{root}"),
}


def _publication(run: int, manifest: str, manifest_hash: str, root: str) -> str:
    return (
        "INSERT INTO published_run (run_id, manifest, manifest_hash, root_hash, reason,"
        f" published_by) VALUES ({run}, {manifest}, {manifest_hash}, {root}, '', 'ann')"
    )


def _truth(auditor: Connection, done: synthetic.Completed) -> dict[str, str]:
    """A manifest the guard takes, the same under another's name, and the root, as SQL."""
    leaves = auditor.execute(
        "SELECT encode(sha256(string_agg(int4send(task_id) || convert_to(phase, 'UTF8')"
        " || int4send(first) || int4send(last) || leaf_hash, ''::bytea ORDER BY task_id)), 'hex')"
        " FROM run_task WHERE run_id = %s AND leaf_hash IS NOT NULL",
        (done.run,),
    ).fetchone()
    assert leaves is not None
    text = (
        f'{{"run":{done.run},"root":"{leaves[0]}","result_hash":"{done.final.result_hash.hex()}",'
        '"published_by":"ann"}'
    )
    root = f"decode('{leaves[0]}', 'hex')"
    return {"true": f"'{text}'", "false": f"'{text.replace('ann', 'bob')}'", "root": root}


@pytest.mark.parametrize("claim", CLAIMS)
def test_no_role_publishes_what_does_not_stand(database: Any, auditor: Any, claim: str) -> None:
    done = synthetic.complete_run(database, synthetic.make_book(20), shards=1)
    parts = [part.format(**_truth(auditor, done)) for part in CLAIMS[claim]]
    with (
        database.connect("web") as web,
        pytest.raises(psycopg.errors.CheckViolation, match="does not state what stands"),
    ):
        web.execute(_publication(done.run, *parts))


def test_a_publication_does_not_stand_beside_a_run_that_is_not_published(
    database: Any, auditor: Any
) -> None:
    done = synthetic.complete_run(database, synthetic.make_book(20), shards=1)
    truth = _truth(auditor, done)
    digest = f"sha256(convert_to({truth['true']}, 'UTF8'))"
    statement = _publication(done.run, truth["true"], digest, truth["root"])
    with database.connect("web") as web:
        with pytest.raises(psycopg.errors.CheckViolation, match="is not PUBLISHED"):
            web.execute(statement)
        with web.transaction():  # it was refused for that reason and no other
            web.execute(statement)
            web.execute("UPDATE run SET status = 'PUBLISHED' WHERE run_id = %s", (done.run,))


@pytest.mark.parametrize(
    ("role", "change"),
    [
        ("worker", "valued_count = valued_count - 1"),
        ("worker", "result_hash = sha256('x')"),
        ("worker", "started_at = now()"),
        ("web", "finished_at = now()"),
        ("web", "error = 'x'"),
        ("web", "status = 'PUBLISHED', error = 'x'"),
    ],
)
def test_what_a_completed_run_states_of_itself_is_settled(
    database: Any, role: str, change: str
) -> None:
    """A change that waits for the publication's lock would be sealed and not in the manifest."""
    done = synthetic.complete_run(database, synthetic.make_book(20), shards=1)
    with (
        database.connect(role) as connection,
        pytest.raises(psycopg.IntegrityError, match=r"is settled|has no publication"),
    ):
        connection.execute(f"UPDATE run SET {change} WHERE run_id = {done.run}")


@pytest.mark.parametrize("role", ROLES)
def test_no_role_publishes_by_hand(database: Any, role: str) -> None:
    done = synthetic.complete_run(database, synthetic.make_book(20), shards=1)
    answer = _attempt(database, role, lambda c: c.execute("UPDATE run SET status = 'PUBLISHED'"))
    assert answer.startswith("refused"), done


def _rows_that_join(done: synthetic.Completed) -> dict[str, tuple[str, ...]]:
    """Rows that would join the inputs or the record of a run, with the roles that may insert."""
    snapshot, tree = done.request.position_snapshot_id, done.request.tree_id
    return {
        "INSERT INTO position (snapshot_id, ordinal, position_id, book, product_type, instrument,"
        " terms_id, counterparty, legal_entity, currency, document, row_hash)"
        f" VALUES ({snapshot}, 9999, 'EXTRA', 1, 'AMORT_LOAN', 'I', 1, '', '', 'USD', '', '')": (
            "desk",
        ),
        "INSERT INTO position_block (snapshot_id, block, first, count, book, product_type, format,"
        f" sha256, dimensions, terms) VALUES ({snapshot}, 999, 99999, 1, 1, 'AMORT_LOAN', 1,"
        " sha256(''), '', '')": ("desk",),
        f"INSERT INTO portfolio_node VALUES ({tree}, 99, 'X', 'X', 'BOOK', 1, 1)": ("desk",),
        f"INSERT INTO portfolio_closure VALUES ({tree}, 1, 99, 1)": ("desk",),
        "INSERT INTO scenario_set_member (scenario_set_id, ordinal, scenario_id)"
        f" VALUES ({done.request.scenario_set_id}, 99, 99)": ("desk", "web"),
        _task_row(done.run): ("web", "worker"),
        _attempt_row(done.run): ("worker",),
    }


def test_a_transaction_older_than_the_seal_adds_nothing_to_what_it_does_not_see(
    database: Any, tmp_path: Path, auditor: Any, acting_as: Any
) -> None:
    """REPEATABLE READ shows a trigger the rows of the transaction's first moment."""
    early = {}
    for role in ("desk", "web", "worker"):
        early[role] = database.connect(role, autocommit=False)
        early[role].isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        early[role].execute("SELECT count(*) FROM django_migrations")
        early[role].execute("SET idle_in_transaction_session_timeout = 0")
    done = synthetic.complete_run(database, synthetic.make_book(60), shards=2)
    published = services.publish(done.run, by="ann", manifest_dir=tmp_path)
    before = _everything(auditor, Sealed(done, tmp_path))
    tried = 0
    for statement, roles in _rows_that_join(done).items():
        for role in roles:
            tried += 1
            with pytest.raises(psycopg.errors.RestrictViolation, match="READ COMMITTED"):
                early[role].execute(statement)
            early[role].rollback()
            early[role].execute("SELECT count(*) FROM django_migrations")
    for connection in early.values():
        connection.commit()
        connection.close()
    assert tried == 9
    assert _everything(auditor, Sealed(done, tmp_path)) == before
    with acting_as("auditor"):
        assert verification.verify(published.run_id).findings == []


def _valued_run(database: Any) -> tuple[synthetic.Book, Any, int]:
    """A run whose only VALUE task is done, before anybody finalises it."""
    book = synthetic.make_book(40)
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    request = synthetic.make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, request, forced=True)
    with database.connect("worker") as worker:
        worker.execute("UPDATE run SET status = 'RUNNING' WHERE run_id = %s", (run,))
        synthetic.value_shard(worker, book, run, request, 0, book.count)
    return book, request, run


@pytest.mark.parametrize(
    ("row", "role"),
    [(_task_row, "web"), (_task_row, "worker"), (_attempt_row, "worker")],
    ids=["task of web", "task of worker", "attempt of worker"],
)
def test_a_row_held_back_in_an_open_transaction_does_not_join_a_completed_run(
    database: Any, auditor: Any, role: str, row: Callable[[int], str]
) -> None:
    """Written while the run is open, committed after its seal: the completion waits for it."""
    _, request, run = _valued_run(database)
    failed: list[psycopg.Error] = []

    def finalise() -> None:
        with database.connect("worker") as worker:
            try:
                synthetic.finalise(worker, run, request)
            except psycopg.Error as error:
                failed.append(error)

    with database.connect(role, autocommit=False) as holding:
        holding.execute("SET idle_in_transaction_session_timeout = 0")
        holding.execute(row(run))
        finalising = threading.Thread(target=finalise)
        finalising.start()
        finalising.join(0.5)
        assert finalising.is_alive()
        (status,) = auditor.execute("SELECT status FROM run WHERE run_id = %s", (run,)).fetchone()
        assert status not in ("COMPLETED", "COMPLETED_WITH_ERRORS")
        holding.commit()
        finalising.join(20)
    (status,) = auditor.execute("SELECT status FROM run WHERE run_id = %s", (run,)).fetchone()
    if row is _task_row:
        assert "has no result" in str(failed[0])
        assert status == "FINALISING"
    else:
        assert failed == []
        assert status == "COMPLETED"


def test_a_run_with_an_open_task_does_not_complete(database: Any) -> None:
    _, request, run = _valued_run(database)
    with database.connect("worker") as worker:
        worker.execute(_task_row(run))
        with pytest.raises(psycopg.errors.CheckViolation, match="has no result"):
            synthetic.finalise(worker, run, request)


def test_a_late_worker_still_writes_down_that_it_was_fenced(database: Any) -> None:
    done = synthetic.complete_run(database, synthetic.make_book(20), shards=1)
    with database.connect("worker") as worker:
        worker.execute(_attempt_row(done.run).replace("SUCCEEDED", "FENCED"))
        with pytest.raises(psycopg.errors.RestrictViolation, match="no attempt ends FAILED"):
            worker.execute(_attempt_row(done.run).replace("SUCCEEDED", "FAILED"))


def test_a_block_laid_in_wait_for_the_next_snapshot_is_found_out(database: Any) -> None:
    """Workers read blocks, not positions: one more would be valued with the others."""
    with database.connect("desk") as desk:
        desk.execute(
            "INSERT INTO position_block (snapshot_id, block, first, count, book, product_type,"
            " format, sha256, dimensions, terms) VALUES (1, 999, 20, 1, 1, 'AMORT_LOAN', 1,"
            " sha256(''), '', '')"
        )
        with pytest.raises(psycopg.errors.CheckViolation, match="rows of position_block"):
            synthetic.store_inputs(desk, synthetic.make_book(20))
