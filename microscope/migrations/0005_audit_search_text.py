"""A folded text of each entry of the audit log, to be searched."""

from django.db import migrations

import folding.fields
from folding.migrating import fold_column


def fold_entries(apps, schema_editor):
    fold_column(schema_editor.connection, "audit", ["who", "object"], into="search_text")


class Migration(migrations.Migration):
    dependencies = [
        ("microscope", "0004_deletions"),
    ]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="search_text",
            field=folding.fields.FoldedField(
                editable=False, help_text="Both names, folded for the search.", null=True, of=["who", "object"]
            ),
        ),
        migrations.RunPython(fold_entries, migrations.RunPython.noop),
    ]
