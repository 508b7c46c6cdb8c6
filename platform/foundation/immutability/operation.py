"""The common base of the operations: statements forwards and backwards, no change of state."""

from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class SqlOperation(Operation):
    """An operation that runs statements and leaves Django's model state alone."""

    reduces_to_sql = True
    reversible = True
    atomic = True

    def forwards(self) -> Sequence[str]:
        """The statements that put the rule into force."""
        raise NotImplementedError

    def backwards(self) -> Sequence[str]:
        """The statements that lift it."""
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not change."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Run the statements."""
        self._run(schema_editor, self.forwards())

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Undo them."""
        self._run(schema_editor, self.backwards())

    def _run(self, schema_editor: BaseDatabaseSchemaEditor, statements: Sequence[str]) -> None:
        for statement in statements:
            schema_editor.execute(statement, params=None)
