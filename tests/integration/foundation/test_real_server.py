"""DATABASE_URL: another server, the same roles. The tests' own server stands in for it."""

import subprocess
import sys
from urllib.parse import quote

import pytest

from foundation.roles import Role


@pytest.fixture
def manage(database, process_env, repository):
    server = database.databases.server
    socket = quote(str(server.places.socket), safe="")
    environment = process_env | {
        "DATABASE_URL": f"postgres://{socket}/{database.name}",
        "TIEOUT_PASSWORD_OWNER": str(server.parameters(Role.OWNER, "")["password"]),
        "PATH": f"{server.program('psql').parent}:{process_env['PATH']}",
    }

    def run(*arguments, **more):
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=repository,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("role", ["web", "worker", "owner"])
def test_psql_opens_as_the_role_of_the_process(manage, role):
    shown = manage("dbshell", "--", "-Atc", "SELECT current_user", TIEOUT_ROLE=role)
    assert shown.stdout == f"tieout_{role}\n", shown.stderr


def test_django_connects_as_the_role_of_the_process(manage):
    ask = "from django.db import connection as c; x = c.cursor();"
    show = "x.execute('SELECT current_user'); print(x.fetchone()[0])"
    assert manage("shell", "-v0", "-c", ask + show).stdout == "tieout_web\n"


def test_migrations_run_as_the_owner(manage):
    done = manage("migrate", "--check")
    assert done.returncode == 0, done.stderr


def test_an_application_process_does_not_start_under_the_owner(manage, database):
    socket = quote(str(database.databases.server.places.socket), safe="")
    password = database.databases.server.parameters(Role.OWNER, "")["password"]
    url = f"postgres://tieout_owner:{quote(str(password))}@{socket}/{database.name}"
    ask = "from django.db import connection as c; c.ensure_connection()"
    done = manage("shell", "-v0", "-c", ask, DATABASE_URL_WEB=url)
    assert done.returncode != 0
    assert "UnsafeRole: tieout_owner owns" in done.stderr
