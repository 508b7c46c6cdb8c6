"""StateMachine: a column moves along the declared transitions only."""

from collections.abc import Mapping, Sequence

from foundation.immutability import names
from foundation.immutability.operation import SqlOperation

# BEFORE triggers fire by name: this one sees the row as all others have left it.
TRIGGER = "zz_state_machine"


class StateMachine(SqlOperation):
    """Let `column` of `table` start in `initial` and move along `transitions`, nothing else.

    A row in a `final` state takes no update at all, whatever the column; in a `settled` state it
    moves on and nothing else about it changes. Another state may be kept while other columns
    change and needs no transition to itself. NULL is no state.
    """

    def __init__(
        self,
        table: str,
        column: str,
        transitions: Mapping[str, Sequence[str]],
        *,
        initial: Sequence[str],
        final: Sequence[str] = (),
        settled: Sequence[str] = (),
    ) -> None:
        self.table = table
        self.column = column
        self.transitions = transitions
        self.initial = initial
        self.final = final
        self.settled = settled
        left = [state for state in final if transitions.get(state)]
        if left:
            raise ValueError(f"{left} of {table}.{column} are final and have transitions")

    @property
    def _function(self) -> str:
        return f"public.{names.shortened(f'{self.table}_{self.column}_states')}"

    def _settled_check(self) -> str:
        if not self.settled:
            return ""
        column = names.plain(self.column)
        return f"""
    IF OLD.{column} = ANY ({names.text_array(list(self.settled))})
        AND to_jsonb(NEW) - '{column}' IS DISTINCT FROM to_jsonb(OLD) - '{column}'
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            MESSAGE = format('{self.table}.{column}: %s is settled, the rest of the row does '
                'not change', OLD.{column});
    END IF;"""

    def forwards(self) -> Sequence[str]:
        """A function with the transitions in its text, and its ENABLE ALWAYS trigger."""
        table, column = names.table(self.table), names.plain(self.column)
        trigger = names.shortened(f"{TRIGGER}_{self.column}")
        moves = [
            f"{old}>{new}" for old, new_states in self.transitions.items() for new in new_states
        ]
        return (
            f"""
CREATE OR REPLACE FUNCTION {self._function}() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.{column} = ANY ({names.text_array(list(self.initial))}) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            MESSAGE = format('{self.table}.{column}: a row cannot begin as %L', NEW.{column});
    END IF;
    IF OLD.{column} = ANY ({names.text_array(list(self.final))}) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            MESSAGE = format('{self.table}.{column}: %s is final', OLD.{column});
    END IF;{self._settled_check()}
    IF NEW.{column} = OLD.{column}
        OR OLD.{column} || '>' || NEW.{column} = ANY ({names.text_array(moves)})
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'check_violation',
        MESSAGE = format('{self.table}.{column}: %s -> %L is no transition',
            OLD.{column}, NEW.{column});
END
$body$
""",
            f"REVOKE ALL ON FUNCTION {self._function}() FROM PUBLIC",
            f"CREATE OR REPLACE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {self._function}()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}",
        )

    def backwards(self) -> Sequence[str]:
        """Trigger and function go together."""
        trigger = names.shortened(f"{TRIGGER}_{self.column}")
        return (
            f"DROP TRIGGER IF EXISTS {trigger} ON {names.table(self.table)}",
            f"DROP FUNCTION IF EXISTS {self._function}()",
        )

    def describe(self) -> str:
        """For `migrate` and `showmigrations`."""
        return f"State machine on {self.table}.{self.column}"

    @property
    def migration_name_fragment(self) -> str:
        """For a migration named by Django."""
        return f"states_{self.table}_{self.column}"
