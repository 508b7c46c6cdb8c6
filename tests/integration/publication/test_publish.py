"""Publishing: one seal per run, however many ask; a manifest file that verifies."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.publication import selectors, services, verification
from tests.integration.result import synthetic


@pytest.fixture
def done(database: Any) -> synthetic.Completed:
    return synthetic.complete_run(database, synthetic.make_book(200, errors=(5, 77)), shards=4)


def test_a_publication_is_stored_written_and_final(
    done: synthetic.Completed, tmp_path: Path, auditor: Any
) -> None:
    published = services.publish(done.run, by="ann", reason="year end", manifest_dir=tmp_path)
    text = (tmp_path / f"run-{done.run}.manifest.json").read_bytes()
    assert text.decode() == published.manifest
    assert hashlib.sha256(text).digest() == bytes(published.manifest_hash)
    assert auditor.execute("SELECT status FROM run").fetchone() == ("PUBLISHED",)
    document = json.loads(text)
    assert document["counts"]["positions"] == 200
    assert document["counts"]["errors"] == 2
    assert document["result_hash"] == done.final.result_hash.hex()
    assert document["root"] == bytes(published.root_hash).hex()
    assert [task["phase"] for task in document["tasks"]] == ["VALUE"] * 4 + ["FINALISE"]
    assert (document["published_by"], document["reason"]) == ("ann", "year end")


def test_publishing_again_returns_the_same_publication(
    done: synthetic.Completed, tmp_path: Path
) -> None:
    first = services.publish(done.run, by="ann", manifest_dir=tmp_path)
    second = services.publish(done.run, by="bob", reason="again", manifest_dir=tmp_path)
    assert (second.pk, second.published_by) == (first.pk, "ann")


def test_fifty_publishers_make_one_publication(
    done: synthetic.Completed, tmp_path: Path, auditor: Any
) -> None:
    from django.db import connection

    gate = threading.Barrier(50)
    seals: list[bytes] = []
    failures: list[BaseException] = []

    def publish(number: int) -> None:
        try:
            gate.wait()
            found = services.publish(done.run, by=f"user{number}", manifest_dir=tmp_path)
            seals.append(bytes(found.manifest_hash))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(seals) == 50
    assert len(set(seals)) == 1
    assert auditor.execute("SELECT count(*) FROM published_run").fetchone() == (1,)
    text = (tmp_path / f"run-{done.run}.manifest.json").read_bytes()
    assert hashlib.sha256(text).digest() == seals[0]


def test_a_run_that_is_not_complete_cannot_be_published(database: Any, tmp_path: Path) -> None:
    book = synthetic.make_book(10)
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, synthetic.make_request(snapshot, tree_id=tree))
    with pytest.raises(services.NotPublishable, match="is QUEUED"):
        services.publish(run, by="ann", manifest_dir=tmp_path)
    with pytest.raises(services.NotPublishable, match="there is no run 99"):
        services.publish(99, by="ann", manifest_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_whose_result_hash_was_touched_cannot_be_published(
    done: synthetic.Completed, owner: Any, tmp_path: Path
) -> None:
    owner.execute("ALTER TABLE run DISABLE TRIGGER USER")
    owner.execute("UPDATE run SET result_hash = sha256('other')")
    owner.execute("ALTER TABLE run ENABLE TRIGGER USER")
    with pytest.raises(services.NotPublishable, match="result_hash"):
        services.publish(done.run, by="ann", manifest_dir=tmp_path)


def test_a_run_whose_final_tables_were_touched_cannot_be_published(
    done: synthetic.Completed, owner: Any, tmp_path: Path
) -> None:
    leaf = f"rollup_r{done.run}"
    owner.execute(f"ALTER TABLE {leaf} DISABLE TRIGGER USER")
    owner.execute(f"UPDATE {leaf} SET cells[1] = cells[1] + 1 WHERE node = 1 AND dimension = 0")
    owner.execute(f"ALTER TABLE {leaf} ENABLE TRIGGER USER")
    with pytest.raises(services.NotPublishable, match="final tables"):
        services.publish(done.run, by="ann", manifest_dir=tmp_path)


def test_a_later_publication_names_the_one_it_replaces(database: Any, tmp_path: Path) -> None:
    book = synthetic.make_book(50)
    with database.connect("desk") as desk:
        inputs = synthetic.store_inputs(desk, book)
    first, second, third = (
        synthetic.complete_run(database, book, inputs=inputs).run for _ in range(3)
    )
    services.publish(first, by="ann", manifest_dir=tmp_path)
    with pytest.raises(services.NotPublishable, match="cannot replace itself"):
        services.publish(second, by="ann", supersedes=second, manifest_dir=tmp_path)
    with pytest.raises(services.NotPublishable, match="is not published"):
        services.publish(second, by="ann", supersedes=third, manifest_dir=tmp_path)
    services.publish(second, by="ann", supersedes=first, manifest_dir=tmp_path)
    with pytest.raises(services.NotPublishable, match="replaced already"):
        services.publish(third, by="ann", supersedes=first, manifest_dir=tmp_path)
    assert selectors.superseded_by(first) == second
    assert selectors.superseded_by(second) is None


def test_the_commands_say_what_they_sealed_and_that_it_is_intact(
    done: synthetic.Completed, tmp_path: Path, acting_as: Any, capsys: Any
) -> None:
    call_command("publish_run", done.run, "--json", "--manifest-dir", str(tmp_path))
    sealed = json.loads(capsys.readouterr().out)
    with acting_as("auditor"):
        call_command("verify_run", done.run, "--manifest", sealed["manifest_file"], "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["intact"] is True
    assert found["findings"] == []
    assert found["manifest_hash"] == sealed["manifest_hash"]
    assert found["checked"]["positions"] == 200


def test_verifying_what_is_not_published_says_so(
    done: synthetic.Completed, tmp_path: Path, acting_as: Any
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with acting_as("auditor"):
        with pytest.raises(verification.NotVerifiable, match="has no publication"):
            verification.verify(done.run)
        with pytest.raises(CommandError, match="is not a manifest"):
            call_command("verify_run", done.run, "--manifest", str(broken))
        with pytest.raises(CommandError, match="there is no run 99"):
            call_command("verify_run", 99)


@pytest.mark.parametrize(
    ("_case", "column", "value"),
    [
        ("its hash", "result_hash", "sha256('x')"),
        ("its counts", "valued_count", "valued_count + 1, error_count = error_count - 1"),
        ("its times", "finished_at", "now()"),
        ("its phase", "phase", "'CONTEXT'"),
        ("its error", "error", "'none'"),
    ],
)
def test_a_completed_run_stands_still_before_it_is_published(
    done: synthetic.Completed, worker_conn: Any, _case: str, column: str, value: str
) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="is settled"):
        worker_conn.execute(f"UPDATE run SET {column} = {value}")


@pytest.mark.parametrize(
    ("_case", "statement"),
    [
        (
            "terms",
            "INSERT INTO instrument_terms (instrument_id, content_hash, document)"
            " SELECT instrument_id, sha256('x'), document FROM instrument_terms",
        ),
        (
            "a counterparty",
            "INSERT INTO counterparty_version (counterparty_id, content_hash, document)"
            " SELECT counterparty_id, content_hash, document || ' ' FROM counterparty_version",
        ),
        (
            "a market",
            "INSERT INTO marketdata_snapshot (content_hash, as_of, name, document, source)"
            " VALUES (sha256('x'), '2022-12-30', 'x', '{}', '')",
        ),
        (
            "a scenario",
            "INSERT INTO scenario (code, name, kind, content_hash, document)"
            " VALUES ('X', 'X', 'INSTANT', sha256('x'), '{}')",
        ),
        (
            "a packed block",
            "INSERT INTO position_block (snapshot_id, block, first, count, book, product_type,"
            " format, sha256, dimensions, terms)"
            " VALUES (99, 0, 0, 1, 3, 'CASH', 1, sha256('x'), '', '')",
        ),
    ],
)
def test_nothing_is_stored_under_a_hash_that_is_not_its_own(
    done: synthetic.Completed, database: Any, _case: str, statement: str
) -> None:
    with (
        database.connect("desk") as desk,
        pytest.raises(psycopg.errors.CheckViolation, match="_hash"),
    ):
        desk.execute(statement)
