"""Roles and databases of a running embedded server, from the SQL of the deploy folder."""

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from foundation.embedded.places import Places
from foundation.roles import APPLICATION, Role

Connection = psycopg.Connection[tuple[object, ...]]

_TRUSTED = ",".join(role.login for role in APPLICATION)

ACCESS_RULES = f"""\
# The folder of the socket is private. Inside it the application's roles, which own nothing, need
# no password; the owner and the superuser do.
local all {_TRUSTED} trust
local all all scram-sha-256
"""
"""pg_hba.conf: there is no network line, so that nothing is reachable but through the socket."""


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "roles.sql").read_bytes()).hexdigest()


def is_current(places: Places, folder: Path) -> bool:
    """Whether the roles in `folder` are those the server was given last."""
    return places.provisioned.exists() and places.provisioned.read_text() == _digest(folder)


def mark_current(places: Places, folder: Path) -> None:
    """Remember that the server has the roles in `folder`."""
    places.provisioned.write_text(_digest(folder))


def create_roles(connection: Connection, folder: Path, passwords: Mapping[str, str]) -> None:
    """Run roles.sql and give the owner its password."""
    connection.execute((folder / "roles.sql").read_bytes())
    owner = Role.OWNER.login
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(owner), sql.Literal(passwords[owner])
        )
    )


def database_exists(connection: Connection, name: str) -> bool:
    """Whether the server has a database `name`."""
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    return found is not None


def create_database(
    connection: Connection, name: str, *, template: str | None, copy_files: bool
) -> None:
    """Make a database of the owner; another process may have been faster.

    Copying the template's files takes a quarter of the time of copying them through the log, and
    a checkpoint, which is cheap on a server without fsync only.
    """
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}").format(
        sql.Identifier(name),
        sql.Identifier(Role.OWNER.login),
        sql.Identifier(template or "template1"),
        sql.SQL("FILE_COPY" if copy_files else "WAL_LOG"),
    )
    with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        connection.execute(statement)


def prepare_database(connection: Connection, folder: Path, *, empty: bool) -> None:
    """Give the roles their way into the database, and an empty one its schema's ownership."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('tieout prepare database'))")
        if empty:
            connection.execute((folder / "database.sql").read_bytes())
        connection.execute((folder / "connect.sql").read_bytes())


def drop_database(connection: Connection, name: str) -> None:
    """Drop a database and end the sessions in it."""
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )
