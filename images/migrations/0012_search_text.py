"""A folded text of each image, from which the databases' own indexes are made: case, width and the way accents are
written no longer matter. SQLite's index stays in the order of time, as 0007 made it. Older rows are folded in batches.
"""

import logging
from importlib import import_module

from django.db import DatabaseError, migrations, models, transaction

from folding import fold

logger = logging.getLogger(__name__)

time_index = import_module("images.migrations.0007_text_in_time")
PLACE, OLD, NEW, DROP = time_index.PLACE, time_index.OLD, time_index.NEW, time_index.DROP
FOLDED_AT_ONCE = 5000
FORGET = f"INSERT INTO images_text(images_text, rowid, search_text) VALUES ('delete', {OLD}, old.search_text); "
ADD = f"INSERT INTO images_text(rowid, search_text) VALUES ({NEW}, new.search_text); "
MAKE = [
    "CREATE VIRTUAL TABLE images_text USING fts5(search_text, content='', tokenize='trigram case_sensitive 1')",
    f"CREATE TRIGGER images_text_insert AFTER INSERT ON images BEGIN {ADD} END",
    f"CREATE TRIGGER images_text_delete AFTER DELETE ON images BEGIN {FORGET} END",
    f"CREATE TRIGGER images_text_update AFTER UPDATE OF captured_at, search_text ON images BEGIN {FORGET} {ADD} END",
    f"CREATE INDEX images_text_place ON images ({PLACE.replace('{of}', '')})",
    "INSERT INTO images_text(rowid, search_text) "
    f"SELECT {PLACE.replace('{of}', '')}, search_text FROM images ORDER BY 1",
]
POSTGRESQL = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX images_text ON images USING gin (search_text gin_trgm_ops)",
]


def fold_rows(apps, schema_editor):
    """Raw rows: nothing but the text is read and written."""
    connection, last_id = schema_editor.connection, 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT id, filename, note, sample FROM images WHERE id > %s ORDER BY id LIMIT %s",
                [last_id, FOLDED_AT_ONCE],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            last_id = rows[-1][0]
            texts = [("\n".join(map(fold, parts)), image_id) for image_id, *parts in rows]
            _write(connection, cursor, texts)


def _write(connection, cursor, texts):
    if connection.vendor == "postgresql":
        cursor.execute(
            "UPDATE images SET search_text = folded.text "
            "FROM unnest(%s::text[], %s::bigint[]) AS folded(text, id) WHERE images.id = folded.id",
            [[text for text, _ in texts], [image_id for _, image_id in texts]],
        )
    else:
        cursor.executemany("UPDATE images SET search_text = %s WHERE id = %s", texts)


def make_text_index(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        _run(connection, DROP + MAKE)
    elif connection.vendor == "postgresql":
        try:
            with transaction.atomic(using=connection.alias):
                _run(connection, POSTGRESQL)
        except DatabaseError as refused:
            logger.warning(
                "PostgreSQL refuses the extension pg_trgm (%s). Text search works, but slows down as images grow in "
                "number. To mend it, have an administrator of the database run: %s;",
                str(refused).strip(),
                "; ".join(POSTGRESQL),
            )


def drop_text_index(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        _run(connection, DROP)
    elif connection.vendor == "postgresql":
        _run(connection, ["DROP INDEX IF EXISTS images_text"])


def make_former_text_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        time_index.make_text_index(apps, schema_editor)
    else:
        import_module("images.migrations.0003_note_sample_bin").make_text_index(apps, schema_editor)


def _run(connection, statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0011_changed_since_capture"),
    ]

    operations = [
        migrations.RunPython(drop_text_index, make_former_text_index),
        migrations.AddField(
            model_name="image",
            name="search_text",
            field=models.TextField(
                editable=False, help_text="File name, note and sample, folded for the search.", null=True
            ),
        ),
        migrations.RunPython(fold_rows, migrations.RunPython.noop),
        migrations.RunPython(make_text_index, drop_text_index),
    ]
