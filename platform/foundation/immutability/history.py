"""KeepHistory: the history of an edited table is not switched off, sent elsewhere or made up."""

from collections.abc import Sequence

from foundation.immutability import names
from foundation.immutability.operation import SqlOperation
from foundation.roles import APPLICATION

# One plain setting, pgtrigger.ignore, switches pgtrigger's triggers off, for any role. A later
# migration of pgtrigger brings its function back: a contract test looks for that.
_NEVER_IGNORE = """
CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS 'SELECT false'
"""

# A temporary table of the event table's name would be found first and take the events.
_FIXED_PATH = "ALTER FUNCTION public._pgh_attach_context() SET search_path = public, pg_temp"

# The triggers call them as their owner; nobody else has a use for them.
_NOBODY_CALLS = (
    "REVOKE ALL ON FUNCTION public._pgtrigger_should_ignore(name), public._pgh_attach_context()"
    f" FROM {', '.join(['PUBLIC', *(role.login for role in APPLICATION)])}"
)


class KeepHistory(SqlOperation):
    """Make pghistory's triggers on `table` ENABLE ALWAYS and deaf to settings of the session.

    They write events as their owner, so that the role that edits the table needs no right to
    write events, which it could use to make up a history.
    """

    def __init__(self, table: str) -> None:
        self.table = table

    def forwards(self) -> Sequence[str]:
        """The two functions of the libraries, then every trigger of the table."""
        return (
            _NEVER_IGNORE,
            _FIXED_PATH,
            _NOBODY_CALLS,
            self._each("ENABLE ALWAYS", "SECURITY DEFINER SET search_path = public, pg_temp"),
        )

    def backwards(self) -> Sequence[str]:
        """The functions stay as they are: other tables use them."""
        return (self._each("ENABLE", "SECURITY INVOKER RESET search_path"),)

    def _each(self, enable: str, setting: str) -> str:
        table = names.table(self.table)
        return f"""
DO $body$
DECLARE
    tracker record;
BEGIN
    FOR tracker IN
        SELECT tgname, tgfoid::regprocedure AS function FROM pg_catalog.pg_trigger
        WHERE tgrelid = {names.literal(table)}::regclass AND tgname LIKE 'pgtrigger\\_%'
    LOOP
        EXECUTE format('ALTER TABLE {table} {enable} TRIGGER %I', tracker.tgname);
        EXECUTE format('ALTER FUNCTION %s {setting}', tracker.function);
    END LOOP;
    IF NOT FOUND THEN
        RAISE EXCEPTION '{self.table} has no history to keep';
    END IF;
END
$body$
"""

    def describe(self) -> str:
        """For `migrate` and `showmigrations`."""
        return f"Keep the history of table {self.table}"

    @property
    def migration_name_fragment(self) -> str:
        """For a migration named by Django."""
        return f"history_{self.table}"
