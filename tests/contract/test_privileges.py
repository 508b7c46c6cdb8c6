"""The rights of every table are those a reviewer has seen, and none can undo a seal."""

import difflib
import os

import pytest

from foundation import privileges
from foundation.privileges import TableClass

GOLDEN = "tests/contract/privileges.txt"
APPLICATION = ("tieout_web", "tieout_desk", "tieout_worker", "tieout_auditor")


@pytest.fixture
def relations(owner):
    return privileges.relations(owner)


def test_the_rights_are_those_of_the_golden_file(owner, repository):
    """UPDATE_GOLDEN=1 writes the file anew; the difference is then read in review."""
    found = privileges.report(owner)
    path = repository / GOLDEN
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found)
    difference = difflib.unified_diff(
        path.read_text().splitlines(), found.splitlines(), GOLDEN, "database", lineterm=""
    )
    assert "\n".join(difference) == ""


def test_nobody_has_a_right_that_can_undo_a_seal(relations):
    held = [
        (relation.name, role, privilege)
        for relation in relations
        for role, rights in relation.rights.items()
        for privilege in rights
        if privilege not in ("SELECT", "INSERT", "UPDATE", "DELETE")
    ]
    assert held == []


def test_a_sealed_table_is_read_and_added_to_and_nothing_else(relations):
    sealed = [r for r in relations if r.table_class is TableClass.SEALED]
    assert sealed
    for relation in sealed:
        for rights in relation.rights.values():
            assert set(rights) <= {"SELECT", "INSERT"}, relation.name


def test_state_is_updated_by_named_columns_and_never_deleted(relations):
    for relation in relations:
        if relation.table_class is TableClass.STATE:
            for rights in relation.rights.values():
                assert "DELETE" not in rights, relation.name
                assert rights.get("UPDATE") != [], f"{relation.name}: UPDATE of the whole row"


def test_what_stewards_edit_cannot_be_deleted(relations):
    for relation in relations:
        if relation.table_class is TableClass.EDITED:
            assert not any(relation.may(role, "DELETE") for role in APPLICATION), relation.name


def test_the_auditor_reads(relations):
    held = {p for relation in relations for p in relation.rights.get("tieout_auditor", {})}
    assert held == {"SELECT"}


def test_nothing_is_granted_to_everybody(relations):
    assert [r.name for r in relations if "PUBLIC" in r.rights] == []


def test_everything_belongs_to_the_owner(relations):
    assert {relation.owner for relation in relations} == {"tieout_owner"}


def test_every_guard_fires_always(relations):
    """Not for `origin` alone: a session that calls itself a replica would pass."""
    weak = [
        (relation.name, trigger.name)
        for relation in relations
        for trigger in relation.triggers
        if trigger.fires != "ALWAYS"
    ]
    assert weak == []


def test_every_history_is_sealed(relations):
    by_name = {relation.name: relation for relation in relations}
    events = [name for name in by_name if name.endswith("_event")]
    assert events
    assert [n for n in events if by_name[n].table_class is not TableClass.SEALED] == []


def test_nobody_but_the_triggers_writes_history(relations):
    events = [r for r in relations if r.name.endswith("_event") or r.name == "pghistory_context"]
    assert len(events) > 1
    held = [
        (relation.name, role, sorted(rights))
        for relation in events
        for role, rights in relation.rights.items()
        if set(rights) != {"SELECT"}
    ]
    assert held == []


def test_no_function_runs_as_its_owner_on_an_open_search_path(owner):
    rows = owner.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
        " AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, pg_temp%'"
        "  OR proconfig::text LIKE '%search_path=public, pg_temp%', false)"
    ).fetchall()
    assert rows == []


def test_a_guard_calls_nothing_on_an_open_search_path(owner):
    rows = owner.execute(
        "SELECT DISTINCT p.proname FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid"
        " WHERE NOT g.tgisinternal AND p.proconfig IS NULL"
    ).fetchall()
    assert rows == []


def test_no_function_is_everybody_s(owner):
    rows = owner.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND has_function_privilege('public', oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype"
    ).fetchall()
    assert rows == []


def test_the_switch_of_pgtrigger_is_dead(owner):
    owner.execute("SET pgtrigger.ignore = '{any}'")
    assert owner.execute("SELECT _pgtrigger_should_ignore('any')").fetchone() == (False,)


def test_the_report_names_a_right_that_was_slipped_in(owner):
    before = privileges.report(owner)
    owner.execute("GRANT UPDATE (username) ON user_account TO tieout_auditor")
    added = set(privileges.report(owner).splitlines()) - set(before.splitlines())
    assert len(added) == 1
    assert "UPDATE (username)" in added.pop()
