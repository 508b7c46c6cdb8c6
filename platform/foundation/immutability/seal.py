"""Seal: rows are added and never changed."""

from collections.abc import Sequence

from foundation.immutability import names
from foundation.immutability.operation import SqlOperation

# The refusal is of class 23, an integrity error to psycopg and Django.
_FUNCTIONS = (
    """
CREATE OR REPLACE FUNCTION public.sealed_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'restrict_violation',
        MESSAGE = format('%I is sealed: %s is refused', TG_TABLE_NAME, TG_OP);
END
$body$
""",
    "REVOKE ALL ON FUNCTION public.sealed_refuse() FROM PUBLIC",
    # A partition inherits the row trigger of its parent and nothing else: TRUNCATE of the leaf
    # itself, and everything once it is detached, need triggers of its own.
    """
CREATE OR REPLACE FUNCTION public.seal_leaf(leaf regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    EXECUTE format('CREATE TRIGGER sealed_leaf BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION public.sealed_refuse()', leaf);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER sealed_leaf', leaf);
END
$body$
""",
    "REVOKE ALL ON FUNCTION public.seal_leaf(regclass) FROM PUBLIC",
    # By row and by statement: COPY fires both, and a statement that adds nothing is refused too.
    # Making the trigger waits for every open COPY into the leaf and refuses all later ones.
    """
CREATE OR REPLACE FUNCTION public.close_leaf(leaf regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    EXECUTE format('CREATE TRIGGER closed_leaf BEFORE INSERT ON %s '
        'FOR EACH ROW EXECUTE FUNCTION public.sealed_refuse()', leaf);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER closed_leaf', leaf);
    EXECUTE format('CREATE TRIGGER closed_leaf_statement BEFORE INSERT ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION public.sealed_refuse()', leaf);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER closed_leaf_statement', leaf);
END
$body$
""",
    "REVOKE ALL ON FUNCTION public.close_leaf(regclass) FROM PUBLIC",
)

ROW_TRIGGER = "sealed_row"
STATEMENT_TRIGGER = "sealed"


def seal_leaf_sql(leaf: str) -> str:
    """The statement that seals a new partition: UPDATE, DELETE and TRUNCATE, also if detached."""
    return f"SELECT public.seal_leaf({names.literal(names.table(leaf))}::regclass)"


def close_leaf_sql(leaf: str) -> str:
    """The statement that ends INSERT and COPY into a partition."""
    return f"SELECT public.close_leaf({names.literal(names.table(leaf))}::regclass)"


class Seal(SqlOperation):
    """Refuse UPDATE, DELETE and TRUNCATE on `table` to every role, its owner included.

    On a partitioned table the row trigger reaches every partition; each leaf needs `seal_leaf`
    (SQL, also as `seal_leaf_sql`) for the statements that name it directly.
    """

    def __init__(self, table: str) -> None:
        self.table = table

    def forwards(self) -> Sequence[str]:
        """The functions, and a trigger by row and one by statement, both ENABLE ALWAYS."""
        table = names.table(self.table)
        return (
            *_FUNCTIONS,
            f"CREATE TRIGGER {ROW_TRIGGER} BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION public.sealed_refuse()",
            f"CREATE TRIGGER {STATEMENT_TRIGGER} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION public.sealed_refuse()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {ROW_TRIGGER}",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {STATEMENT_TRIGGER}",
        )

    def backwards(self) -> Sequence[str]:
        """The functions stay: other tables use them."""
        table = names.table(self.table)
        return tuple(
            f"DROP TRIGGER IF EXISTS {trigger} ON {table}"
            for trigger in (STATEMENT_TRIGGER, ROW_TRIGGER)
        )

    def describe(self) -> str:
        """For `migrate` and `showmigrations`."""
        return f"Seal table {self.table}"

    @property
    def migration_name_fragment(self) -> str:
        """For a migration named by Django."""
        return f"seal_{self.table}"
