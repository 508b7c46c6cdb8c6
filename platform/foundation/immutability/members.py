"""SealMembers: nothing joins a set whose header has been written."""

from collections.abc import Sequence

from foundation.immutability import names
from foundation.immutability.isolation import REFUSE_FROZEN_SNAPSHOT
from foundation.immutability.operation import SqlOperation

MEMBER_TRIGGER = "sealed_members"
HEADER_TRIGGER = "sealed_header"


class SealMembers(SqlOperation):
    """Members first, header last: refuse rows of `member_table` whose header exists.

    `member_column` of a member names `header_column` of its header. Members and header of one
    set are written one transaction after the other (both triggers lock the set until commit),
    and with `count_column` a header is refused whose count is not that of its members (with
    `sum_column`, the sum of that column of its members): a row slipped in before the header is
    found out, one after it is refused. Transactions that would
    not see a header committed meanwhile (REPEATABLE READ and above) write neither.
    """

    def __init__(
        self,
        member_table: str,
        header_table: str,
        *,
        member_column: str,
        header_column: str = "id",
        count_column: str | None = None,
        sum_column: str | None = None,
    ) -> None:
        self.member_table = member_table
        self.header_table = header_table
        self.member_column = member_column
        self.header_column = header_column
        self.count_column = count_column
        self.sum_column = sum_column

    def _lock(self, value: str) -> str:
        return (
            "PERFORM pg_advisory_xact_lock(hashtextextended("
            f"{names.literal(self.header_table + '/')} || ({value})::text, 0));"
        )

    @property
    def _tally(self) -> str:
        if self.sum_column is None:
            return "count(*)"
        return f"coalesce(sum(m.{names.plain(self.sum_column)}), 0)"

    @property
    def _member_function(self) -> str:
        return f"public.{names.shortened(f'{self.member_table}_join_{self.header_table}')}"

    @property
    def _header_function(self) -> str:
        return f"public.{names.shortened(f'{self.header_table}_close_{self.member_table}')}"

    @property
    def _header_trigger(self) -> str:
        return names.shortened(f"{HEADER_TRIGGER}_{self.member_table}")

    @property
    def _member_trigger(self) -> str:
        return names.shortened(f"{MEMBER_TRIGGER}_{self.header_table}")

    def forwards(self) -> Sequence[str]:
        """A trigger over the statement's new members, one before each header; ENABLE ALWAYS."""
        members, headers = names.table(self.member_table), names.table(self.header_table)
        return (
            self._member_body(),
            f"REVOKE ALL ON FUNCTION {self._member_function}() FROM PUBLIC",
            f"CREATE TRIGGER {self._member_trigger} AFTER INSERT ON {members} "
            "REFERENCING NEW TABLE AS added "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {self._member_function}()",
            f"ALTER TABLE {members} ENABLE ALWAYS TRIGGER {self._member_trigger}",
            self._header_body(),
            f"REVOKE ALL ON FUNCTION {self._header_function}() FROM PUBLIC",
            f"CREATE TRIGGER {self._header_trigger} BEFORE INSERT ON {headers} "
            f"FOR EACH ROW EXECUTE FUNCTION {self._header_function}()",
            f"ALTER TABLE {headers} ENABLE ALWAYS TRIGGER {self._header_trigger}",
        )

    def functions(self) -> Sequence[str]:
        """The two functions alone: how a migration brings those of a database up to date."""
        return (self._member_body(), self._header_body())

    def _member_body(self) -> str:
        member, header = names.plain(self.member_column), names.plain(self.header_column)
        return f"""
CREATE OR REPLACE FUNCTION {self._member_function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    joined record;
BEGIN
{REFUSE_FROZEN_SNAPSHOT}
    FOR joined IN SELECT DISTINCT {member} AS header FROM added ORDER BY 1 LOOP
        {self._lock("joined.header")}
        IF EXISTS (SELECT FROM {names.table(self.header_table)} h
                    WHERE h.{header} = joined.header) THEN
            RAISE EXCEPTION USING
                ERRCODE = 'restrict_violation',
                MESSAGE = format('{self.header_table} %s is sealed: it takes no more rows of '
                    '{self.member_table}', joined.header);
        END IF;
    END LOOP;
    RETURN NULL;
END
$body$
"""

    def _header_body(self) -> str:
        member, header = names.plain(self.member_column), names.plain(self.header_column)
        check = ""
        if self.count_column is not None:
            count = names.plain(self.count_column)
            check = f"""
    SELECT {self._tally} INTO found FROM {names.table(self.member_table)} m
     WHERE m.{member} = NEW.{header};
    IF found IS DISTINCT FROM NEW.{count} THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            MESSAGE = format('{self.header_table} %s counts %s rows of {self.member_table}, '
                'there are %s', NEW.{header}, NEW.{count}, found);
    END IF;"""
        return f"""
CREATE OR REPLACE FUNCTION {self._header_function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    found bigint;
BEGIN
{REFUSE_FROZEN_SNAPSHOT}
    {self._lock(f"NEW.{header}")}{check}
    RETURN NEW;
END
$body$
"""

    def backwards(self) -> Sequence[str]:
        """Triggers and functions of this pair."""
        return (
            f"DROP TRIGGER IF EXISTS {self._member_trigger} ON {names.table(self.member_table)}",
            f"DROP TRIGGER IF EXISTS {self._header_trigger} ON {names.table(self.header_table)}",
            f"DROP FUNCTION IF EXISTS {self._member_function}()",
            f"DROP FUNCTION IF EXISTS {self._header_function}()",
        )

    def describe(self) -> str:
        """For `migrate` and `showmigrations`."""
        return f"Seal members {self.member_table} by their header {self.header_table}"

    @property
    def migration_name_fragment(self) -> str:
        """For a migration named by Django."""
        return f"members_{self.member_table}"
