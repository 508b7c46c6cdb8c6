"""A database that the tests of one module share: for tests that only read what is dear to make."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from foundation import roles
from foundation.roles import Role
from tests.databases import environment


@dataclass(frozen=True)
class SharedDatabase:
    """The database, and the ways into it."""

    name: str
    databases: Any

    def connect(self, role: str) -> psycopg.Connection[Any]:
        """A psycopg connection of a role, in autocommit."""
        parameters = self.databases.server.parameters(Role(role), self.name)
        return psycopg.connect(autocommit=True, **parameters)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that works on this database."""
        kept = {key: value for key, value in environment().items() if key != roles.ENVIRONMENT}
        return kept | {"TIEOUT_DATABASE": self.name}

    @contextmanager
    def acting_as(self, role: str) -> Iterator[None]:
        """Django's connection under another role, in its own session."""
        before = roles.current()
        _become(role)
        try:
            yield
        finally:
            _become(before)


@contextmanager
def shared_database(databases: Any, template: str, blocker: Any) -> Iterator[SharedDatabase]:
    """A clone that Django's connection points at, as web, until the module's tests are over."""
    from django.db import connections

    before = connections.settings["default"]["NAME"]
    name = databases.clone(template, "shared")
    found = SharedDatabase(name, databases)
    with blocker.unblock():
        _point_at(name)
        try:
            with found.acting_as("web"):
                yield found
        finally:
            _point_at(before)
            databases.server.drop_database(name)


def _become(role: str) -> None:
    from django.db import connections

    connections.close_all()
    roles._connected_as.clear()
    os.environ[roles.ENVIRONMENT] = role


def _point_at(name: str) -> None:
    from django.db import connections

    connections.close_all()
    connections.settings["default"]["NAME"] = name
    os.environ["TIEOUT_DATABASE"] = name
