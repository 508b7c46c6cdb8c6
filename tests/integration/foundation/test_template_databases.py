import subprocess
import sys

import psycopg
import pytest
from django.db import connection


@pytest.mark.django_db
def test_the_default_connection_is_that_of_the_web():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("tieout_web",)


@pytest.mark.django_db
@pytest.mark.role("desk")
def test_a_test_may_choose_its_role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("tieout_desk",)


def test_what_a_test_commits_stays_in_its_own_clone(database, owner, web):
    owner.execute("CREATE TABLE committed (id int)")
    owner.execute("GRANT SELECT ON committed TO tieout_web")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM committed")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("INSERT INTO committed VALUES (1)")


def test_a_clone_holds_nothing_of_another_test(owner):
    assert owner.execute("SELECT to_regclass('committed')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("fixture", "role"),
    [("owner", "owner"), ("desk", "desk"), ("worker_conn", "worker"), ("auditor", "auditor")],
)
def test_each_role_has_a_connection(request, fixture, role):
    found = request.getfixturevalue(fixture)
    assert found.execute("SELECT current_user").fetchone() == (f"tieout_{role}",)


def test_a_process_started_with_the_environment_works_on_the_clone(process_env, owner, repository):
    owner.execute("CREATE TABLE mark (id int)")
    owner.execute("GRANT SELECT ON mark TO tieout_auditor")
    shown = subprocess.run(
        [sys.executable, "manage.py", "dbshell", "--", "-Atc", "SELECT current_user FROM mark"],
        cwd=repository,
        env=process_env | {"TIEOUT_ROLE": "auditor"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == ""
    assert shown.stderr == ""
