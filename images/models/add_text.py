"""A migration operation that adds a text column to a table in place."""

from typing import Any

from django.db import migrations


class AddText(migrations.AddField):
    """Adds a text column that is empty in all rows. On SQLite, Django's own AddField would copy the table into a new
    one. The triggers that update the text index would be lost with the old table, and the search would not find new
    images."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        field = model._meta.get_field(self.name)
        table, column = (schema_editor.quote_name(name) for name in (model._meta.db_table, field.column))
        kind = field.db_type(schema_editor.connection)
        schema_editor.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind} NOT NULL DEFAULT ''")
