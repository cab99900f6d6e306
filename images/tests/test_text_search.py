import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from folding import words_of
from images.models import Image
from images.search import words
from images.search.walk import Search, walk

pytestmark = pytest.mark.django_db
DAY = datetime(2025, 1, 16, tzinfo=UTC)


@pytest.fixture
def said(cheap_images) -> dict[str, Image]:
    """Three images with different texts."""
    images = cheap_images([DAY + timedelta(hours=hour) for hour in range(3)])
    texts = [
        ("Mouse liver 7", "seen at 50 % light"),
        ("mouse kidney", 'a "quoted" word'),
        ("", "Gr\u00fc\u00dfe * OR NOT"),
    ]
    for image, (sample, note) in zip(images, texts, strict=True):
        Image.objects.filter(pk=image.pk).update(sample=sample, note=note)
    return dict(zip("abc", images, strict=True))


def found(text: str) -> set[int]:
    images = Image.objects.all()
    return {image.pk for some in walk(Search(images, images, words=words_of(text)), 10) for image in some}


QUERIES = [
    ("mouse", "ab"),
    ("MOUSE", "ab"),
    ("ouse kid", "b"),
    ("liver light", "a"),
    ("20250116 mouse", "ab"),
    ("capture", "abc"),
    ("nothing", ""),
    ("%", "a"),
    ("50 %", "a"),
    ('"', "b"),
    ('"quoted"', "b"),
    ('"""', ""),
    ("Gr\u00fc\u00dfe", "c"),
    ("OR NOT", "c"),
    ("note:seen", ""),
    ("mouse*", ""),
    ("___", ""),
    ("7", "a"),
    ("(((", ""),
    ("\\\\\\", ""),
]


@pytest.mark.parametrize(("text", "expected"), QUERIES)
def test_every_word_stands_anywhere_in_name_note_or_sample(said, text, expected):
    assert found(text) == {said[letter].pk for letter in expected}


@pytest.mark.parametrize(("text", "expected"), QUERIES)
def test_words_that_stand_in_very_many_images_find_the_same(monkeypatch, said, text, expected):
    monkeypatch.setattr(words, "MAX_RARE_COUNT", 0)
    assert found(text) == {said[letter].pk for letter in expected}


def test_what_is_changed_or_removed_is_found_no_longer(said):
    Image.objects.filter(pk=said["a"].pk).update(sample="rat")
    Image.objects.filter(pk=said["b"].pk).delete()
    assert found("mouse") == set()
    assert found("rat") == {said["a"].pk}


def test_the_database_has_an_index_for_texts():
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'images_text'")
            assert "gin_trgm_ops" in cursor.fetchone()[0]
        else:
            cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'images'")
            assert cursor.fetchone() == (3,), "a migration made the table anew and must make its triggers again"


def test_a_search_skips_and_counts_nothing(said):
    with CaptureQueriesContext(connection) as queries:
        found("mouse")
        found("7")
    for query in queries.captured_queries:
        assert not re.search(r"\bOFFSET\b|COUNT\(", query["sql"], re.IGNORECASE)
