"""Grant: exactly these privileges on a table, no others."""

from collections.abc import Mapping, Sequence

from foundation.immutability import names
from foundation.immutability.operation import SqlOperation
from foundation.roles import APPLICATION, Role

_ALLOWED = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})

Columns = Sequence[str]
Rights = str | Mapping[str, Columns | None]
"""`"SELECT, INSERT"`, or privilege -> its columns with None for the whole table."""


class Grant(SqlOperation):
    """Give the application's roles exactly `rights` on `table` and take everything else away.

    `rights` maps a role (`web`, or `tieout_web`) to `"SELECT, INSERT"` or to a mapping such as
    `{"SELECT": None, "UPDATE": ["status", "lease_owner"]}`. A role that is not named gets
    nothing. Roles that may INSERT may draw from the sequences of the table's columns. TRUNCATE,
    REFERENCES and TRIGGER are nobody's: each can undo a seal. Backwards, all is taken away.
    """

    def __init__(self, table: str, rights: Mapping[str, Rights]) -> None:
        self.table = table
        self.rights = rights
        for role, right in rights.items():
            _login(role)
            _privileges(right)

    def forwards(self) -> Sequence[str]:
        """Revoke all, then grant what is named."""
        return (*self._revoke(), *self._grant(), self._grant_sequences())

    def backwards(self) -> Sequence[str]:
        """What was granted before is not known: nothing is."""
        return self._revoke()

    def _revoke(self) -> Sequence[str]:
        everyone = ", ".join(["PUBLIC", *(role.login for role in APPLICATION)])
        return (f"REVOKE ALL ON TABLE {names.table(self.table)} FROM {everyone}",)

    def _grant(self) -> Sequence[str]:
        statements = []
        for role, right in self.rights.items():
            listed = ", ".join(
                privilege
                if columns is None
                else f"{privilege} ({', '.join(names.plain(column) for column in columns)})"
                for privilege, columns in _privileges(right).items()
            )
            if listed:
                statements.append(
                    f"GRANT {listed} ON TABLE {names.table(self.table)} TO {_login(role)}"
                )
        return statements

    def _grant_sequences(self) -> str:
        everyone = ", ".join(["PUBLIC", *(role.login for role in APPLICATION)])
        inserting = [
            _login(role) for role, right in self.rights.items() if "INSERT" in _privileges(right)
        ]
        grant = (
            f"EXECUTE format('GRANT USAGE ON SEQUENCE %s TO {', '.join(inserting)}', sequence);"
            if inserting
            else ""
        )
        return f"""
DO $body$
DECLARE
    sequence regclass;
BEGIN
    FOR sequence IN
        SELECT d.objid::regclass FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        WHERE d.classid = 'pg_catalog.pg_class'::regclass
          AND d.refclassid = 'pg_catalog.pg_class'::regclass
          AND d.refobjid = {names.literal(names.table(self.table))}::regclass
          AND d.deptype IN ('a', 'i')
    LOOP
        EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM {everyone}', sequence);
        {grant}
    END LOOP;
END
$body$
"""

    def describe(self) -> str:
        """For `migrate` and `showmigrations`."""
        return f"Grants on table {self.table}"

    @property
    def migration_name_fragment(self) -> str:
        """For a migration named by Django."""
        return f"grants_{self.table}"


def _login(role: str) -> str:
    chosen = Role(role.removeprefix("tieout_"))
    if chosen not in APPLICATION:
        raise ValueError(f"{chosen.login} owns the table; it is granted nothing")
    return chosen.login


def _privileges(right: Rights) -> Mapping[str, Columns | None]:
    if isinstance(right, str):
        named: Mapping[str, Columns | None] = {
            word.strip().upper(): None for word in right.split(",") if word.strip()
        }
    else:
        named = {privilege.strip().upper(): columns for privilege, columns in right.items()}
    unknown = set(named) - _ALLOWED
    if unknown:
        raise ValueError(f"{sorted(unknown)} are not granted; choose among {sorted(_ALLOWED)}")
    if "DELETE" in named and named["DELETE"] is not None:
        raise ValueError("DELETE is granted on a table, not on columns")
    return named
