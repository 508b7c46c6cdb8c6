"""`manage.py dbshell` under the role of the process."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.postgresql import client

from foundation import roles


class DatabaseClient(client.DatabaseClient):
    """psql as the process would connect."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        """The command line and environment of psql."""
        role = roles.current()
        own = settings_dict.get("ROLES", {}).get(role.value, {})
        named = {
            "HOST": own.get("host"),
            "PORT": own.get("port"),
            "NAME": own.get("dbname"),
            "USER": own.get("user") or settings_dict.get("USER") or role.login,
            "PASSWORD": own.get("password"),
        }
        complete = settings_dict | {key: value for key, value in named.items() if value}
        return super().settings_to_cmd_args_env(complete, list(parameters))
