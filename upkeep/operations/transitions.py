"""The database refuses every transition of a status that is not allowed, whatever writes the row."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import BaseConstraint, Model

TRIGGER = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'run % is % and cannot become %', old.id, old.status, new.status
        USING ERRCODE = 'check_violation', SCHEMA = tg_table_schema, TABLE = tg_table_name, CONSTRAINT = tg_name;
END $$;
CREATE TRIGGER {name} AFTER UPDATE ON {table} FOR EACH ROW
    WHEN (old.status <> new.status AND old.status || '>' || new.status <> ALL ('{{{transitions}}}'::text[]))
    EXECUTE FUNCTION {name}();
"""
"""A trigger that fires after the update locks no row, and its function is called for what it refuses alone.

PostgreSQL reads the condition anew for each statement, so it is short.
"""


class StatusTransitions(BaseConstraint):
    """Lets a run's status go only where one of the `transitions` leads. A new row may have any status.

    It is an option of the model, so that changing the transitions makes a migration.
    """

    def __init__(self, *, name: str, transitions: Iterable[tuple[str, str]]) -> None:
        """`transitions` are pairs of the status before and the one after."""
        super().__init__(name=name)
        self.transitions = sorted((str(before), str(after)) for before, after in transitions)

    def constraint_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        """Nothing within CREATE TABLE: the trigger is made after it."""
        if schema_editor:
            schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        """The trigger and its function."""
        if not model or not schema_editor:
            return ""
        allowed = ",".join(f"{before}>{after}" for before, after in self.transitions)
        table = schema_editor.quote_name(model._meta.db_table)  # noqa: SLF001 - Django documents it
        return TRIGGER.format(name=schema_editor.quote_name(self.name), table=table, transitions=allowed)

    def remove_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:  # noqa: ARG002 - Django's signature
        """The trigger goes with its function."""
        return f"DROP FUNCTION {schema_editor.quote_name(self.name)}() CASCADE" if schema_editor else ""

    def validate(self, *_args: Any, **_kwargs: Any) -> None:
        """Only the database knows the status before."""

    def deconstruct(self) -> Any:
        """As a migration writes it."""
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "transitions": self.transitions}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StatusTransitions) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, *self.transitions))
