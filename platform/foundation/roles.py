"""The database roles, the one of this process, and the guard against one that may do too much."""

import os
from enum import StrEnum

from psycopg import Connection


class Role(StrEnum):
    """Who a process is to the database. The role's name there is `tieout_` and this word."""

    OWNER = "owner"
    WEB = "web"
    DESK = "desk"
    WORKER = "worker"
    AUDITOR = "auditor"

    @property
    def login(self) -> str:
        """The name of the role in the database."""
        return f"tieout_{self.value}"


APPLICATION = (Role.WEB, Role.DESK, Role.WORKER, Role.AUDITOR)
"""The roles that own nothing; everything but migrations and archiving runs as one of them."""

ENVIRONMENT = "TIEOUT_ROLE"


class UnsafeRole(RuntimeError):
    """An application process was about to work under a role that can lift its own guards."""


def current() -> Role:
    """The role of this process: TIEOUT_ROLE, web when it is not set."""
    name = os.environ.get(ENVIRONMENT, Role.WEB)
    try:
        return Role(name)
    except ValueError:
        known = ", ".join(Role)
        raise UnsafeRole(f"{ENVIRONMENT} is {name!r}; it must be one of {known}") from None


def is_given() -> bool:
    """Whether somebody has chosen a role for this process already."""
    return bool(os.environ.get(ENVIRONMENT))


def use(role: Role | str) -> None:
    """Make `role` that of this process and of the processes it starts.

    To be called before the first connection: a process that has connected keeps its role.
    """
    chosen = Role(role)
    if _connected_as and _connected_as != {chosen}:
        held = ", ".join(sorted(_connected_as))
        raise UnsafeRole(f"this process is connected as {held} and cannot become {chosen}")
    os.environ[ENVIRONMENT] = chosen


_connected_as: set[Role] = set()


def connected(role: Role) -> None:
    """Note that this process has opened a connection as `role`."""
    _connected_as.add(role)


# Both users of the session: `options=-c role=tieout_web` looks harmless until RESET ROLE.
# Memberships count as ownership: SET ROLE would be enough to use them. Temporary tables do not.
# Whoever owns the schema may drop what is in it, whoever owns a function may rewrite a guard.
_UNSAFE = """
SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication,
       coalesce(
           (SELECT c.oid::regclass::text FROM pg_class c
             WHERE c.relnamespace <> 'pg_catalog'::regnamespace
               AND c.relpersistence <> 't'
               AND pg_has_role(r.oid, c.relowner, 'MEMBER')
             ORDER BY c.oid LIMIT 1),
           (SELECT p.oid::regprocedure::text FROM pg_proc p
             WHERE p.pronamespace = 'public'::regnamespace
               AND pg_has_role(r.oid, p.proowner, 'MEMBER')
             ORDER BY p.oid LIMIT 1),
           (SELECT 'schema ' || n.nspname FROM pg_namespace n
             WHERE n.nspname = 'public' AND pg_has_role(r.oid, n.nspowner, 'MEMBER'))
       ),
       (SELECT min(g.rolname::text) FROM pg_roles g
         WHERE g.rolname IN ('pg_write_all_data', 'pg_write_server_files', 'pg_maintain',
                             'pg_execute_server_program')
           AND pg_has_role(r.oid, g.oid, 'MEMBER'))
FROM pg_roles r WHERE r.rolname IN (current_user, session_user)
"""


def refuse_unsafe(connection: Connection[tuple[object, ...]]) -> None:
    """Raise UnsafeRole when the connection's role could undo what grants and triggers refuse."""
    rows = connection.execute(_UNSAFE).fetchall()
    assert rows
    for name, superuser, bypasses, creates_roles, replicates, owned, group in rows:
        if superuser:
            raise UnsafeRole(f"{name} is a superuser; run the application as tieout_<role>")
        if bypasses:
            raise UnsafeRole(f"{name} bypasses row level security; run ALTER ROLE .. NOBYPASSRLS")
        if creates_roles:
            raise UnsafeRole(f"{name} may create roles; run ALTER ROLE .. NOCREATEROLE")
        if replicates:
            raise UnsafeRole(f"{name} may replicate; run ALTER ROLE .. NOREPLICATION")
        if owned is not None:
            raise UnsafeRole(f"{name} owns {owned} or is a member of its owner")
        if group is not None:
            raise UnsafeRole(f"{name} is a member of {group}; run REVOKE {group} FROM {name}")
