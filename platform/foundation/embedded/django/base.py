"""The engine that starts the embedded server on the first connection."""

from typing import Any

import psycopg
from django.db.utils import OperationalError

from foundation import embedded, roles
from foundation.database import base
from foundation.embedded.django.client import DatabaseClient


class DatabaseWrapper(base.DatabaseWrapper):
    """The server is found, or started, when a connection is opened and not before."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Parameters of psycopg for the process's role on the embedded server."""
        server = embedded.configured()
        name = str(self.settings_dict["NAME"])
        if name not in _found:
            server.ensure(name)
            _found.add(name)
        address = server.parameters(roles.current(), name)
        return super().get_connection_params() | address

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        """A connection; when the server has gone since the last one, it is started again."""
        try:
            return self._open(conn_params)
        except (psycopg.OperationalError, OperationalError):
            embedded.configured().ensure(str(self.settings_dict["NAME"]))
            return self._open(conn_params)

    def _open(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        opened: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        return opened


_found: set[str] = set()
"""The databases this process has seen: a second connection asks nobody."""
