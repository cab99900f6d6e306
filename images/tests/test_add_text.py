"""A text column that is added later does not change the search."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations.state import ProjectState

from images.models.add_text import AddText
from images.search.words import find_candidates

DAY = datetime(2025, 1, 16, tzinfo=UTC)
ADD_LATER = AddText("image", "added_later", models.CharField(max_length=100, blank=True, default=""))

# Only SQLite can lose an index here: PostgreSQL adds every column in place.
sqlite_only = pytest.mark.on_sqlite


@pytest.fixture
def before(transactional_db) -> ProjectState:
    return ProjectState.from_apps(apps)


@pytest.fixture
def with_another_text(before) -> Iterator[None]:
    """Add the column to the table of images until the test ends."""
    after = before.clone()
    ADD_LATER.state_forwards("images", after)
    with connection.schema_editor() as editor:
        ADD_LATER.database_forwards("images", editor, before, after)
    yield
    with connection.schema_editor() as editor:
        ADD_LATER.database_backwards("images", editor, after, before)


def found_by_the_index() -> list[int]:
    return find_candidates(["liver"], 10, DAY, is_newest_first=True).image_ids


@sqlite_only
@pytest.mark.django_db
def test_no_migration_lost_the_index_of_texts(cheap_images):
    image = cheap_images([DAY])[0]
    image.sample = "mouse liver"
    image.save()
    assert found_by_the_index() == [image.pk]


@sqlite_only
def test_a_text_is_added_in_place_and_new_images_are_found_by_the_index(cheap_images, with_another_text):
    image = cheap_images([DAY])[0]
    image.sample = "mouse liver"
    image.save()
    assert found_by_the_index() == [image.pk]
    with connection.cursor() as cursor:
        cursor.execute("SELECT added_later FROM images")
        assert cursor.fetchall() == [("",)]
