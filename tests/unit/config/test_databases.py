import environ
import pytest

from config import databases
from config.processes import ROLE_OF_COMMAND, choose_role
from foundation import roles
from foundation.roles import Role

URL = "postgres://db.example:6432/tieout?sslmode=verify-full"


@pytest.fixture
def env(monkeypatch):
    for name in ("DATABASE_URL", "TIEOUT_DATABASE"):
        monkeypatch.delenv(name, raising=False)

    def given(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return databases.default(environ.Env())

    return given


def test_without_a_url_the_embedded_server_is_used(env):
    found = env(TIEOUT_DATABASE="other")
    assert (found["ENGINE"], found["NAME"]) == ("foundation.embedded.django", "other")


def test_a_url_names_server_and_database_and_no_user(env):
    found = env(DATABASE_URL=URL)
    assert found["ENGINE"] == "foundation.database"
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", 6432, "tieout")
    assert found["OPTIONS"] == {"sslmode": "verify-full"}
    assert "USER" not in found
    assert "PASSWORD" not in found


def test_each_role_has_its_password(env):
    found = env(DATABASE_URL=URL, TIEOUT_PASSWORD_WEB="w", TIEOUT_PASSWORD_WORKER="k")
    assert found["ROLES"]["web"] == {"password": "w"}
    assert found["ROLES"]["worker"] == {"password": "k"}
    assert found["ROLES"]["desk"] == {}


def test_the_password_of_the_url_is_that_of_its_user_alone(env):
    found = env(DATABASE_URL="postgres://tieout_web:s%40cret@db.example/tieout")
    assert found["ROLES"]["web"] == {"password": "s@cret"}
    assert found["ROLES"]["owner"] == {}


def test_a_role_may_have_an_address_of_its_own(env):
    own = "postgres://tieout_auditor:a@reader.example:5433/tieout?sslmode=require"
    found = env(DATABASE_URL=URL, DATABASE_URL_AUDITOR=own)
    assert found["ROLES"]["auditor"] == {
        "host": "reader.example",
        "port": 5433,
        "user": "tieout_auditor",
        "password": "a",
        "dbname": "tieout",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    ("command", "role"),
    [
        ("migrate", Role.OWNER),
        ("archive_run", Role.OWNER),
        ("ingest", Role.DESK),
        ("createsuperuser", Role.DESK),
        ("worker", Role.WORKER),
        ("verify_run", Role.AUDITOR),
        ("submit_run", Role.WEB),
        ("publish_run", Role.WEB),
        ("shell", Role.WEB),
        ("", Role.WEB),
    ],
)
def test_a_command_takes_its_role(monkeypatch, command, role):
    monkeypatch.delenv(roles.ENVIRONMENT, raising=False)
    monkeypatch.setattr(roles, "_connected_as", set())
    choose_role(["manage.py", command] if command else ["manage.py"])
    assert roles.current() is role


def test_a_role_that_is_given_stays(monkeypatch):
    monkeypatch.setenv(roles.ENVIRONMENT, "auditor")
    choose_role(["manage.py", "migrate"])
    assert roles.current() is Role.AUDITOR


def test_few_commands_run_as_the_owner():
    assert "ingest" not in {c for c, r in ROLE_OF_COMMAND.items() if r is Role.OWNER}
