"""Which PostgreSQL the application talks to, read from the environment."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ

from foundation.roles import Role


def binaries(env: environ.Env) -> Path | None:
    """The bin folder of another PostgreSQL for the embedded server, None for the wheel's."""
    folder = env.str("TIEOUT_PG_BIN", default="")
    return Path(folder) if folder else None


def default(env: environ.Env) -> dict[str, Any]:
    """Django's description of the database.

    DATABASE_URL names the server and the database; the user is the role of the process. A role
    has its password in TIEOUT_PASSWORD_<ROLE>, or a whole address of its own in
    DATABASE_URL_<ROLE> (the auditor on a reader endpoint, say).
    """
    if not env.str("DATABASE_URL", default=""):
        return {
            "ENGINE": "foundation.embedded.django",
            "NAME": env.str("TIEOUT_DATABASE", default="tieout"),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    server: dict[str, Any] = env.db_url("DATABASE_URL", engine="foundation.database")
    server["HOST"] = unquote(server["HOST"])  # a socket's folder is written with %2F
    user, password = server.pop("USER", ""), server.pop("PASSWORD", "")
    server["ROLES"] = {role.value: _role_parameters(env, role, {user: password}) for role in Role}
    return server | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def _role_parameters(env: environ.Env, role: Role, known: dict[str, str]) -> dict[str, Any]:
    """What psycopg needs besides the common address to connect as `role`."""
    if env.str(f"DATABASE_URL_{role.name}", default=""):
        own = env.db_url(f"DATABASE_URL_{role.name}")
        named = {
            "host": unquote(own["HOST"]),
            "port": own["PORT"],
            "user": own["USER"] or role.login,
            "password": own["PASSWORD"],
            "dbname": own["NAME"],
        }
        options: dict[str, Any] = own.get("OPTIONS", {})
        return {key: value for key, value in named.items() if value} | options
    password = env.str(f"TIEOUT_PASSWORD_{role.name}", default=known.get(role.login, ""))
    return {"password": password} if password else {}
