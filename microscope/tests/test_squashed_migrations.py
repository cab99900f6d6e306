"""A new database is made by squashed migrations, and is the same as one that older versions made step by step. Older
databases continue with the steps."""

import os
import subprocess
import sys

import pytest
from django.db.migrations.loader import MigrationLoader

from microscope.tests.migrated import empty_postgres, fill_file, own_postgres
from microscope.tests.starting import ROOT, run_command
from microscope.tests.tables import describe, opened, read_rows

# They make databases of both kinds, on whichever kind the tests run.
pytestmark = pytest.mark.long

SQUASHED = [("images", "0001_squashed_0029_instruments"), ("microscope", "0001_squashed_0011_audit_evicted")]
OLDER_ROW = (
    "INSERT INTO image_removals (record_id, filename, decided_at) "
    "VALUES ('0d3cf8bd9d4e4b0fb8a8f0a1c2f4e6d7', 'old.png', '2025-01-16 10:30:45')"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request) -> str:
    return request.param


@pytest.fixture
def new(kind, request, tmp_path):
    """Return the address of a database that this version has made."""
    if kind == "sqlite":
        fill_file(tmp_path / "new.sqlite3")
        yield f"sqlite:///{tmp_path / 'new.sqlite3'}"
        return
    with own_postgres(request.getfixturevalue("needs_postgres"), "new") as address:
        yield address


@pytest.fixture
def older(kind, request, tmp_path):
    """Return the address of a database without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'older.sqlite3'}"
        return
    with empty_postgres(request.getfixturevalue("needs_postgres"), "older") as address:
        yield address


@pytest.fixture
def make(older, tmp_path):
    """make(*targets) makes the older database up to these migrations, or all of it, and puts a row into it."""

    def make(*targets: str) -> None:
        command = [sys.executable, "-m", "microscope.tests.older_migrations", *targets]
        settings = {"DATA_PATH": str(tmp_path), "DATABASE_URL": older, "DJANGO_SETTINGS_MODULE": "microscope.settings"}
        subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, check=True, timeout=120)
        with opened(older) as database:
            database.execute(OLDER_ROW)

    return make


@pytest.fixture
def migrate(older, tmp_path):
    """migrate() does to the older database what a start of this version does, and returns what it says."""

    def migrate(*options: str) -> str:
        done = run_command("migrate", *options, DATA_PATH=str(tmp_path), DATABASE_URL=older)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return migrate


def test_a_database_of_the_version_before_only_learns_the_names_and_equals_a_new_one(new, older, make, migrate):
    make()
    made, before = describe(older), read_rows(older)
    assert not set(SQUASHED) & set(made["migrations"])

    # Without the migrations that came later.
    migrate(*SQUASHED[0], "-v0")
    started, after = describe(older), read_rows(older)
    assert set(started.pop("migrations")) - set(made.pop("migrations")) == set(SQUASHED)
    assert started == made
    assert {table for table in after if after[table] != before[table]} <= {"django_migrations", "sqlite_sequence"}

    migrate("-v0")
    assert describe(older) == describe(new)


def test_a_database_that_has_some_of_the_steps_continues_with_the_others(new, older, make, migrate):
    make("images", "0018_sidecar", "microscope", "0004_deletions")
    said = migrate()
    assert "Applying images.0019_jobs" in said and "Applying microscope.0005_audit_search_text" in said
    assert not any(name in said for _, name in SQUASHED)
    assert describe(older) == describe(new)
    with opened(older) as database:
        assert database.execute("SELECT filename, instrument_id FROM image_removals").fetchall() == [("old.png", None)]


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_new_database_is_made_by_the_squashed_migrations(older, migrate):
    said, squashed = migrate(), MigrationLoader(None).replacements
    assert all(f"Applying {app}.{name}..." in said for app, name in squashed)
    replaced = [one for migration in squashed.values() for one in migration.replaces]
    assert not any(f"Applying {app}.{name}..." in said for app, name in replaced)
