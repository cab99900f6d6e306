"""What a database is made of: everything that its migrations make, in words that can be compared."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

SQLITE = {"objects": "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"}
# Columns are in their order, without their numbers: a column that was removed leaves a gap.
POSTGRESQL = {
    "columns": "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, "
    "collation_name, identity_generation FROM information_schema.columns WHERE table_schema = 'public' "
    "ORDER BY table_name, ordinal_position",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "rules": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    "functions": "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    "sequences": "SELECT sequencename, data_type::text, start_value, increment_by FROM pg_sequences ORDER BY 1",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1",
    "collations": "SELECT collname FROM pg_collation WHERE collnamespace = 'public'::regnamespace ORDER BY 1",
    "extensions": "SELECT extname FROM pg_extension ORDER BY 1",
}
ROWS = {
    "content types": "SELECT app_label, model FROM django_content_type ORDER BY 1, 2",
    "permissions": "SELECT app_label, model, codename, auth_permission.name FROM auth_permission "
    "JOIN django_content_type ON django_content_type.id = content_type_id ORDER BY 1, 2, 3",
    "roles": "SELECT auth_group.name, codename FROM auth_group "
    "LEFT JOIN auth_group_permissions ON auth_group.id = group_id "
    "LEFT JOIN auth_permission ON auth_permission.id = permission_id ORDER BY 1, 2",
    "migrations": "SELECT app, name FROM django_migrations ORDER BY 1, 2",
}


def describe(url: str) -> dict[str, list[Any]]:
    """Return tables, columns, indexes, rules, triggers and so on, and the rows that migrations make."""
    queries = {**(POSTGRESQL if url.startswith("postgres") else SQLITE), **ROWS}
    with opened(url) as database:
        return {kind: database.execute(query).fetchall() for kind, query in queries.items()}


def read_rows(url: str) -> dict[str, list[Any]]:
    """Return all rows of each table."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if url.startswith("postgres"):
        names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with opened(url) as database:
        tables = [name for (name,) in database.execute(names).fetchall()]
        return {name: sorted(database.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in tables}


@contextmanager
def opened(url: str) -> Iterator[Any]:
    if url.startswith("postgres"):
        with psycopg.connect(url) as connection:
            yield connection
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        yield connection
