"""What a steward changes is in the history, whatever the session sets."""

import psycopg
import pytest

INSERT = (
    "INSERT INTO legal_entity (code, name, lei, country, base_currency)"
    " VALUES ('E1', 'Entity', '', 'US', 'USD')"
)
UPDATE = "UPDATE legal_entity SET name = 'Renamed' WHERE code = 'E1'"


def _labels(auditor):
    rows = auditor.execute("SELECT pgh_label FROM legal_entity_event ORDER BY pgh_id").fetchall()
    return [row[0] for row in rows]


def test_an_insert_and_an_update_leave_their_events(desk, auditor):
    desk.execute(INSERT)
    desk.execute(UPDATE)
    assert _labels(auditor) == ["insert", "update"]


def test_the_ignore_setting_of_pgtrigger_is_not_obeyed(desk, auditor, owner):
    triggers = owner.execute(
        "SELECT array_agg(tgname)::text FROM pg_trigger WHERE tgrelid = 'legal_entity'::regclass"
    ).fetchone()[0]
    desk.execute("SELECT set_config('pgtrigger.ignore', %s, false)", [triggers])
    desk.execute(INSERT)
    desk.execute(UPDATE)
    assert _labels(auditor) == ["insert", "update"]


def test_a_temporary_table_does_not_catch_the_events(desk, auditor):
    desk.execute("CREATE TEMPORARY TABLE legal_entity_event (LIKE public.legal_entity_event)")
    desk.execute(INSERT)
    assert _labels(auditor) == ["insert"]


def test_the_replica_role_of_a_session_is_not_the_desk_s_to_set(desk):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        desk.execute("SET session_replication_role = replica")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE legal_entity_event SET name = 'x'",
        "DELETE FROM legal_entity_event",
        "TRUNCATE legal_entity_event",
    ],
)
def test_the_history_itself_is_sealed(desk, owner, statement):
    desk.execute(INSERT)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        desk.execute(statement)
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)


def test_the_desk_makes_up_no_event(desk, auditor):
    desk.execute(INSERT)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        desk.execute(
            "INSERT INTO legal_entity_event SELECT (e).* FROM legal_entity_event e LIMIT 1"
        )
    assert _labels(auditor) == ["insert"]


def test_an_event_carries_who_and_why(desk, auditor):
    with desk.transaction():
        desk.execute(
            "SELECT set_config('pghistory.context_id', gen_random_uuid()::text, true),"
            """ set_config('pghistory.context_metadata', '{"user": "ann"}', true)"""
        )
        desk.execute(INSERT)
    row = auditor.execute("SELECT pgh_context ->> 'user' FROM legal_entity_event").fetchone()
    assert row == ("ann",)
