"""SQLite's text index in the order of time, newest last, so that it gives the newest images that hold a word at once.

Its numbers are no longer those of the images: they are made of the millisecond and the image's number, and an index of
`images` leads from one to the other. As 0003 says: a migration that makes the table anew must make this again.
"""

from importlib import import_module

from django.db import migrations

FORMER = import_module("images.migrations.0003_note_sample_bin").SQLITE_TEXT_INDEX
# Of a moment as Django writes it, which lacks the fraction of a whole second.
PLACE = (
    "((CAST(strftime('%s', substr({of}captured_at, 1, 19)) AS INTEGER) * 1000 "
    "+ CAST(substr({of}captured_at, 21, 3) AS INTEGER)) * 32768 + {of}id % 32768)"
)
OLD, NEW = PLACE.replace("{of}", "old."), PLACE.replace("{of}", "new.")
FORGET = (
    "INSERT INTO images_text(images_text, rowid, filename, note, sample) "
    f"VALUES ('delete', {OLD}, old.filename, old.note, old.sample); "
)
ADD = f"INSERT INTO images_text(rowid, filename, note, sample) VALUES ({NEW}, new.filename, new.note, new.sample); "
MAKE = [
    "CREATE VIRTUAL TABLE images_text USING fts5(filename, note, sample, content='', tokenize='trigram')",
    f"CREATE TRIGGER images_text_insert AFTER INSERT ON images BEGIN {ADD} END",
    f"CREATE TRIGGER images_text_delete AFTER DELETE ON images BEGIN {FORGET} END",
    f"CREATE TRIGGER images_text_update AFTER UPDATE OF captured_at, filename, note, sample ON images BEGIN "
    f"{FORGET} {ADD} END",
    f"CREATE INDEX images_text_place ON images ({PLACE.replace('{of}', '')})",
    "INSERT INTO images_text(rowid, filename, note, sample) "
    f"SELECT {PLACE.replace('{of}', '')}, filename, note, sample FROM images ORDER BY 1",
]
DROP = [
    *(f"DROP TRIGGER IF EXISTS images_text_{event}" for event in ("insert", "delete", "update")),
    "DROP TABLE IF EXISTS images_text",
    "DROP INDEX IF EXISTS images_text_place",
]


def make_text_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        _run(schema_editor.connection, DROP + MAKE)


def drop_text_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        _run(schema_editor.connection, DROP)


def make_former_text_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        _run(schema_editor.connection, DROP + FORMER)


def _run(connection, statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0006_idempotency_key"),
    ]

    operations = [
        migrations.RunPython(make_text_index, make_former_text_index),
    ]
