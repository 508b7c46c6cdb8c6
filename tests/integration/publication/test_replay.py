"""Replay computes the numbers of a run again and names the positions that come out otherwise."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from apps.publication import replay, services, verification
from tests.integration.result import priced


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[priced.Bank]:
    with priced.shared_bank(databases, template, django_db_blocker, shards=4) as made:
        yield made


def test_a_replay_gives_the_same_bits(bank: priced.Bank) -> None:
    with bank.acting_as("auditor"):
        found = replay.replay(bank.run)
    assert found.differences == []
    assert (found.tasks, found.positions, found.crashed) == (4, 50, 0)


def test_a_run_made_from_real_inputs_verifies_against_its_manifest(
    bank: priced.Bank, tmp_path: Path
) -> None:
    other = priced.submit(bank.inputs, measures=["PV"], shards=2)
    priced.work(bank)
    published = services.publish(other, by="ann", manifest_dir=tmp_path)
    with bank.acting_as("auditor"):
        found = verification.verify(other, services.manifest_path(other, tmp_path))
    assert [str(finding) for finding in found.findings] == []
    assert found.manifest_hash == bytes(published.manifest_hash).hex()
    assert found.checked == {"tasks": 3, "positions": 50, "rollups": found.checked["rollups"]}


def test_a_cell_that_was_changed_is_named_by_its_position(bank: priced.Bank, capsys: Any) -> None:
    with bank.connect("owner") as owner:
        leaf = f"valuation_r{bank.run}"
        owner.execute(f"ALTER TABLE {leaf} DISABLE TRIGGER USER")
        for shift in (1, -1):
            owner.execute(
                f"UPDATE {leaf} SET cells[1] = cells[1] + %s WHERE position = 21", (shift,)
            )
            owner.execute(
                "ALTER TABLE run_task DISABLE TRIGGER USER;"
                "UPDATE run_task SET leaf_hash = sha256(leaf_hash) WHERE phase = 'VALUE'"
                " AND first <= 21 AND last > 21"
            )
            with bank.acting_as("auditor"), pytest.raises(SystemExit):
                call_command("replay_run", bank.run, "--json")
            facts = json.loads(capsys.readouterr().out)
            assert facts["same"] is False
            (difference,) = facts["differences"]
            assert ("(ordinal 21)" in difference) is (shift == 1)


def test_another_engine_is_refused_unless_asked_for(bank: priced.Bank, monkeypatch: Any) -> None:
    monkeypatch.setattr(replay, "engine", lambda: "0" * 64)
    with bank.acting_as("auditor"):
        with pytest.raises(replay.NotReplayable, match="was computed with engine"):
            replay.replay(bank.run)
        assert replay.replay(bank.run, any_engine=True).positions == 50
        with pytest.raises(replay.NotReplayable, match="there is no run 999"):
            replay.replay(999)


def test_a_block_that_is_not_its_rows_is_named_although_the_bits_agree(bank: priced.Bank) -> None:
    """Swapped before the run was made: hashes agree, and so do the numbers that came of it."""
    with bank.acting_as("desk"):
        positions = priced.small_book.positions(40, 10)
        other = dataclasses.replace(
            positions[0], state=dict(positions[0].state) | {"outstanding_principal": "1"}
        )
        snapshots = [
            priced.portfolio.create_position_snapshot(
                as_of=priced.small_book.AS_OF, name="test", positions=chosen
            ).snapshot_id
            for chosen in ([other, *positions[1:]], positions)
        ]
    with bank.connect("owner") as owner:
        owner.execute(
            "ALTER TABLE position_block DISABLE TRIGGER USER;"
            "ALTER TABLE position_snapshot DISABLE TRIGGER USER"
        )
        changed = owner.execute(
            "UPDATE position_block b SET terms = o.terms, sha256 = sha256(b.dimensions || o.terms)"
            " FROM position_block o WHERE b.snapshot_id = %s AND o.snapshot_id = %s"
            " AND b.block = o.block AND b.terms <> o.terms RETURNING b.block",
            (snapshots[0], snapshots[1]),
        ).fetchall()
    assert len(changed) == 1
    run = priced.submit(
        dataclasses.replace(bank.inputs, positions=snapshots[0]), measures=["PV"], shards=2
    )
    priced.work(bank)
    with bank.acting_as("auditor"):
        found = replay.replay(run)
    assert found.differences == []
    assert [text.split(",")[0] for text in found.altered] == [f"position_block {changed[0][0]}"]
    assert not found.same


def test_a_broken_block_is_an_error_that_names_it(bank: priced.Bank) -> None:
    with bank.connect("owner") as owner, owner.transaction():
        owner.execute("ALTER TABLE position DISABLE TRIGGER USER")
        (kept,) = owner.execute(
            "SELECT document FROM position WHERE snapshot_id = %s AND ordinal = 3",
            (bank.inputs.positions,),
        ).fetchone()
        owner.execute(
            "UPDATE position SET document = '{}' WHERE snapshot_id = %s AND ordinal = 3",
            (bank.inputs.positions,),
        )
    with bank.acting_as("auditor"), pytest.raises(replay.NotReplayable, match="has been altered"):
        replay.replay(bank.run)
    with bank.connect("owner") as owner:
        owner.execute(
            "UPDATE position SET document = %s WHERE snapshot_id = %s AND ordinal = 3",
            (kept, bank.inputs.positions),
        )
