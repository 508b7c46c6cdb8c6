"""Connections of a worker process: psycopg, in autocommit, named after the lease owner."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connections

from foundation import roles

# A network that swallows packets is noticed in about fifteen seconds instead of hours.
_LIVENESS = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "target_session_attrs": "read-write",
}
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 10.0

LOST = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a broken connection raises; some subclasses (a lock that was not free) do not break it."""

Connection = psycopg.Connection[Any]


def connect(owner: str) -> Connection:
    """Open a connection of this process's role whose application name is the lease owner's.

    The name is what lets another worker end the backend of one that was stopped in the middle of
    a COPY.
    """
    parameters = connections["default"].get_connection_params()
    for django_only in ("cursor_factory", "context"):
        parameters.pop(django_only, None)
    parameters |= _LIVENESS | {"application_name": owner, "autocommit": True}
    opened = psycopg.connect(**parameters)
    try:
        roles.refuse_unsafe(opened)
    except BaseException:
        opened.close()
        raise
    return opened


def is_lost(connection: Connection | None, error: BaseException) -> bool:
    """Return whether an error means that the connection, or the server behind it, is gone."""
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return True  # the server has become a standby
    return isinstance(error, LOST) and (connection is None or connection.closed)


class Session:
    """A connection that is opened again when it was lost, with waits that grow."""

    def __init__(self, owner: str, prepare: Callable[[Connection], None] | None = None) -> None:
        self.owner = owner
        self._prepare = prepare
        self._connection: Connection | None = None
        self._failures = 0

    @property
    def open(self) -> Connection:
        """The connection; opened now when there is none."""
        if self._connection is None or self._connection.closed:
            opened = connect(self.owner)
            try:
                if self._prepare is not None:
                    self._prepare(opened)
            except BaseException:
                opened.close()
                raise
            self._connection = opened
            self._failures = 0
        return self._connection

    def lost(self, error: BaseException) -> bool:
        """Drop the connection if the error means that it is gone, and say so."""
        current = self._connection
        if not is_lost(current, error):
            return False
        self.close()
        self._failures += 1
        return True

    def wait(self, sleep: Callable[[float], object] = time.sleep) -> None:
        """Wait before the next try: twice as long each time, at random around it."""
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(self._failures, 10))
        sleep(longest * (0.5 + random.random() / 2))

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
