"""Django's PostgreSQL engine under the role of the process.

ENGINE "foundation.database" for a server named by DATABASE_URL; "foundation.embedded.django" adds
the start of the embedded one.
"""

from typing import Any

from django.db.backends.postgresql import base

from foundation import roles
from foundation.database.client import DatabaseClient


class DatabaseWrapper(base.DatabaseWrapper):
    """Connects as the process's role and refuses to work under a role that owns tables."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Psycopg's parameters; the user is the process's role unless settings name another."""
        parameters: dict[str, Any] = super().get_connection_params()
        role = roles.current()
        if not self.settings_dict.get("USER"):
            parameters["user"] = role.login
        parameters |= self.settings_dict.get("ROLES", {}).get(role.value, {})
        parameters.setdefault("application_name", f"tieout:{role.value}")
        return parameters

    def init_connection_state(self) -> None:
        """Guard first: nothing is read or written by a role that could lift its own limits."""
        connection = self.connection
        assert connection is not None
        role = roles.current()
        if role is not roles.Role.OWNER:
            roles.refuse_unsafe(connection)
        roles.connected(role)
        super().init_connection_state()
