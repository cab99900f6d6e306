"""Note and sample, the bin, and the databases' own indexes for a text anywhere in file name, note or sample.

SQLite drops the triggers with the table whenever a later migration makes the table anew (AlterField, for one): such a
migration must make the text index again.
"""

import logging

import django.db.models.deletion
from django.conf import settings
from django.db import DatabaseError, migrations, models, transaction

logger = logging.getLogger(__name__)

SQLITE_TEXT_INDEX = [
    "CREATE VIRTUAL TABLE images_text USING fts5("
    "filename, note, sample, content='images', content_rowid='id', tokenize='trigram')",
    "CREATE TRIGGER images_text_insert AFTER INSERT ON images BEGIN "
    "INSERT INTO images_text(rowid, filename, note, sample) VALUES (new.id, new.filename, new.note, new.sample); END",
    "CREATE TRIGGER images_text_delete AFTER DELETE ON images BEGIN "
    "INSERT INTO images_text(images_text, rowid, filename, note, sample) "
    "VALUES ('delete', old.id, old.filename, old.note, old.sample); END",
    "CREATE TRIGGER images_text_update AFTER UPDATE OF filename, note, sample ON images BEGIN "
    "INSERT INTO images_text(images_text, rowid, filename, note, sample) "
    "VALUES ('delete', old.id, old.filename, old.note, old.sample); "
    "INSERT INTO images_text(rowid, filename, note, sample) VALUES (new.id, new.filename, new.note, new.sample); END",
    "INSERT INTO images_text(images_text) VALUES ('rebuild')",
]
SQLITE_NO_TEXT_INDEX = [
    *(f"DROP TRIGGER images_text_{event}" for event in ("insert", "delete", "update")),
    "DROP TABLE images_text",
]
# Django asks `UPPER(column::text) LIKE UPPER('%word%')`.
POSTGRESQL_TEXT_INDEX = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX images_text ON images USING gin "
    "(upper(filename::text) gin_trgm_ops, upper(note::text) gin_trgm_ops, upper(sample::text) gin_trgm_ops)",
]


def make_text_index(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        _run(connection, SQLITE_TEXT_INDEX)
    elif connection.vendor == "postgresql":
        try:
            with transaction.atomic(using=connection.alias):
                _run(connection, POSTGRESQL_TEXT_INDEX)
        except DatabaseError as refused:
            logger.warning(
                "PostgreSQL refuses the extension pg_trgm (%s). Text search works, but slows down as images grow in "
                "number. To mend it, have an administrator of the database run: %s;",
                str(refused).strip(),
                "; ".join(POSTGRESQL_TEXT_INDEX),
            )


def drop_text_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        _run(schema_editor.connection, SQLITE_NO_TEXT_INDEX)
    elif schema_editor.connection.vendor == "postgresql":
        _run(schema_editor.connection, ["DROP INDEX IF EXISTS images_text"])


def _run(connection, statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0002_roles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="image",
            name="binned_at",
            field=models.DateTimeField(blank=True, help_text="When it was moved to the bin.", null=True),
        ),
        migrations.AddField(
            model_name="image",
            name="binned_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="note",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="image",
            name="sample",
            field=models.CharField(blank=True, default="", help_text="What lies under the microscope.", max_length=200),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("binned_at__isnull", True)), fields=["captured_at", "id"], name="images_shown"
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("binned_at__isnull", True)),
                fields=["user", "captured_at", "id"],
                name="images_shown_user",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("binned_at__isnull", True)),
                fields=["job", "captured_at", "id"],
                name="images_shown_job",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("binned_at__isnull", False)), fields=["captured_at", "id"], name="images_in_bin"
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("binned_at__isnull", False)), fields=["binned_at"], name="images_binned"
            ),
        ),
        migrations.RunPython(make_text_index, drop_text_index),
    ]
