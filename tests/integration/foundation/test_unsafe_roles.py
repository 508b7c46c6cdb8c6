"""An application process refuses to start under a role that could lift its own guards."""

import psycopg
import pytest

from foundation import roles
from foundation.roles import Role


@pytest.mark.parametrize("role", roles.APPLICATION)
def test_the_application_s_roles_are_safe(database, role):
    with database.connect(role) as connection:
        roles.refuse_unsafe(connection)


@pytest.fixture
def stranger(database):
    """A login of the test's own; roles belong to the server, so it is taken away again."""
    name = f"stranger_{database.name}"
    with database.databases.server.superuser(database.name) as superuser:
        superuser.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
        superuser.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {name}")
        superuser.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {database.name} TO {name}")
        yield name, superuser
        superuser.execute(f"DROP OWNED BY {name}")
        superuser.execute(f"DROP ROLE {name}")


def _connect(database, name):
    parameters = database.databases.server.parameters(Role.WEB, database.name)
    return psycopg.connect(**(parameters | {"user": name, "password": "x"}), autocommit=True)


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("SUPERUSER", "is a superuser"),
        ("BYPASSRLS", "bypasses row level security"),
        ("CREATEROLE", "may create roles"),
        ("REPLICATION", "may replicate"),
    ],
)
def test_a_role_with_too_much_power_is_refused(database, stranger, attribute, message):
    name, superuser = stranger
    superuser.execute(f"ALTER ROLE {name} {attribute}")
    with _connect(database, name) as connection, pytest.raises(roles.UnsafeRole, match=message):
        roles.refuse_unsafe(connection)


def test_a_role_that_owns_a_table_is_refused(database, stranger):
    name, _ = stranger
    with _connect(database, name) as connection:
        connection.execute("CREATE TABLE public.mine (id int)")
        with pytest.raises(roles.UnsafeRole, match="owns mine"):
            roles.refuse_unsafe(connection)


def test_a_member_of_the_owner_is_refused(database, stranger):
    name, superuser = stranger
    superuser.execute(f"GRANT tieout_owner TO {name} ")
    with _connect(database, name) as connection, pytest.raises(roles.UnsafeRole, match="member"):
        roles.refuse_unsafe(connection)


def test_a_role_that_owns_a_function_is_refused(database, stranger):
    name, _ = stranger
    with _connect(database, name) as connection:
        connection.execute("CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        with pytest.raises(roles.UnsafeRole, match=r"owns mine\(\)"):
            roles.refuse_unsafe(connection)


@pytest.mark.parametrize("group", ["pg_write_all_data", "pg_execute_server_program"])
def test_a_member_of_a_group_that_writes_everywhere_is_refused(database, stranger, group):
    name, superuser = stranger
    superuser.execute(f"GRANT {group} TO {name}")
    with _connect(database, name) as connection, pytest.raises(roles.UnsafeRole, match=group):
        roles.refuse_unsafe(connection)


def test_a_superuser_in_the_clothes_of_a_role_is_refused(database, stranger):
    """`options=-c role=..` in an address: RESET ROLE would give everything back."""
    name, superuser = stranger
    superuser.execute(f"ALTER ROLE {name} SUPERUSER")
    parameters = database.databases.server.parameters(Role.WEB, database.name)
    disguise = {"user": name, "password": "x", "options": "-c role=tieout_web"}
    with psycopg.connect(**(parameters | disguise), autocommit=True) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("tieout_web",)
        with pytest.raises(roles.UnsafeRole, match="is a superuser"):
            roles.refuse_unsafe(connection)


def test_a_temporary_table_is_no_ownership(database, stranger):
    name, _ = stranger
    with _connect(database, name) as connection:
        connection.execute("CREATE TEMPORARY TABLE mine (id int)")
        roles.refuse_unsafe(connection)


def test_django_refuses_the_owner_s_login_in_an_application_process(database):
    from django.db import connections

    parameters = database.databases.server.parameters(Role.OWNER, database.name)
    wrapper = connections["default"].copy()
    wrapper.get_connection_params = lambda: parameters | {"cursor_factory": psycopg.Cursor}
    try:
        with pytest.raises(roles.UnsafeRole, match="tieout_owner owns"):
            wrapper.ensure_connection()
    finally:
        wrapper.close()


def test_a_connected_process_keeps_its_role(monkeypatch):
    monkeypatch.setattr(roles, "_connected_as", {Role.WEB})
    monkeypatch.setenv(roles.ENVIRONMENT, "web")
    roles.use("web")
    with pytest.raises(roles.UnsafeRole, match="cannot become worker"):
        roles.use("worker")


def test_an_unknown_role_is_refused_by_name(monkeypatch):
    monkeypatch.setenv(roles.ENVIRONMENT, "admin")
    with pytest.raises(roles.UnsafeRole, match="'admin'"):
        roles.current()
