"""Which database role the process of a management command takes: one process, one role."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from foundation import roles

_OWNER = (
    "archive_run",
    "db",
    "flush",
    "makemigrations",
    "migrate",
    "optimizemigration",
    "pgtrigger",
    "privileges",
    "showmigrations",
    "sqlmigrate",
    "squashmigrations",
)
_DESK = (
    "changepassword",
    "createsuperuser",
    "demo_load",
    "ingest",
    "issue_token",
    "make_scenarios",
    "qcluster",
)

ROLE_OF_COMMAND: Mapping[str, roles.Role] = MappingProxyType(
    dict.fromkeys(_OWNER, roles.Role.OWNER)
    | dict.fromkeys(_DESK, roles.Role.DESK)
    | {
        "worker": roles.Role.WORKER,
        "verify_run": roles.Role.AUDITOR,
        "replay_run": roles.Role.AUDITOR,
        "compare_runs": roles.Role.AUDITOR,
    }
)
"""Every command that is not named here runs as web, the role with the fewest rights to write."""


def choose_role(argv: Sequence[str]) -> None:
    """Take the role of the command in `argv`, unless TIEOUT_ROLE already names one."""
    if roles.is_given():
        return
    command = argv[1] if len(argv) > 1 else ""
    roles.use(ROLE_OF_COMMAND.get(command, roles.Role.WEB))
