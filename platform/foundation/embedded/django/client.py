"""`manage.py dbshell` on the embedded server, with the server's own psql."""

from collections.abc import Iterable
from typing import Any

from foundation import embedded, roles
from foundation.database import client


class DatabaseClient(client.DatabaseClient):
    """psql from the embedded server's programs, under the role of the process."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        """The command line and environment of psql."""
        server = embedded.configured()
        name = str(settings_dict["NAME"])
        server.ensure(name)
        address = server.parameters(roles.current(), name)
        complete = settings_dict | {
            "HOST": address["host"],
            "PORT": address["port"],
            "USER": address["user"],
            "PASSWORD": address.get("password", ""),
        }
        arguments, environment = super().settings_to_cmd_args_env(complete, list(parameters))
        return [str(server.program("psql")), *arguments[1:]], environment
