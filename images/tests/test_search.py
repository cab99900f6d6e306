"""Pages of a search show every image once and in order, with every search strategy and every limit."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.http import QueryDict

from images.edit.bin import bin_image
from images.models import Image, Job
from images.search import filters, walk, words
from images.search.filters import Page, find_all, find_beside, find_page

pytestmark = pytest.mark.django_db
DAY = datetime(2025, 1, 16, tzinfo=UTC)
ENOUGH = {"EXAMINED_AT_ONCE": 10_000, "SHORT_WALK": 2_000, "CANDIDATES": 300}
LITTLE = {"EXAMINED_AT_ONCE": 4, "SHORT_WALK": 1, "CANDIDATES": 2}
TEXTS = ["mouse", "old", "old liver", "rat", "liver rat", "capture", "nothing", "d", "o mouse", ""]


@pytest.fixture(params=[ENOUGH, {**ENOUGH, "SHORT_WALK": 1, "CANDIDATES": 2}, LITTLE])
def limits(request, monkeypatch) -> dict[str, int]:
    """Limits of how many rows one page reads."""
    for name, value in request.param.items():
        monkeypatch.setattr(walk, name, value)
    monkeypatch.setattr(filters, "EXAMINED_AT_ONCE", request.param["EXAMINED_AT_ONCE"])
    monkeypatch.setattr(walk.find_first, "__defaults__", (request.param["EXAMINED_AT_ONCE"],))
    return request.param


@pytest.fixture(params=[0, 30_000] if connection.vendor == "postgresql" else [30_000])
def rare(request, monkeypatch) -> None:
    """PostgreSQL takes every word for rare, or none."""
    monkeypatch.setattr(words, "MAX_RARE_COUNT", request.param)


@pytest.fixture
def scattered(cheap_images) -> list[Image]:
    """Thirty images of five moments, newest first, with different texts and settings. Their rows were not made in the
    order of time."""
    images = cheap_images([DAY + timedelta(hours=number * 7 % 5) for number in range(30)])
    for number, image in enumerate(images):
        image.sample = "mouse liver" if number % 3 == 0 else "Mouse" if number < 6 else "rat"
        image.note = "old" if image.captured_at == DAY else ""
        image.exposure_ms = number
    Image.objects.bulk_update(images, ["sample", "note", "exposure_ms"])
    return sorted(images, key=lambda image: (image.captured_at, image.pk), reverse=True)


def pages(**asked) -> list[Page]:
    """Return all pages, one after the other."""
    found, query = [], QueryDict(mutable=True)
    query.update({name: str(value) for name, value in asked.items()})
    while True:
        found.append(find_page(query))
        assert len(found) < 200, "it comes to an end"
        if found[-1].next_cursor is None:
            return found
        query["cursor"] = found[-1].next_cursor


def shown(**asked) -> list[int]:
    """Return the list page by page. A ZIP and an action on all images take the same."""
    listed = [image.pk for page in pages(**asked) for image in page.images]
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in asked.items() if name != "limit"})
    at_once = asked.get("limit", 50)
    taken = [image.pk for some in find_all(query, Image.objects.only("id", "captured_at"), at_once) for image in some]
    assert taken == listed
    return listed


def holds(image: Image, text: str) -> bool:
    said = f"{image.filename} {image.note} {image.sample}".lower()
    return all(word in said for word in text.split())


@pytest.mark.parametrize("text", TEXTS)
def test_pages_show_each_image_once_and_in_order(limits, rare, scattered, text):
    expected = [image.pk for image in scattered if holds(image, text)]
    assert shown(text=text, limit=1) == shown(text=text, limit=4) == shown(text=text, limit=200) == expected


@pytest.mark.parametrize("text", ["mouse", "old", "rat", "d", ""])
def test_other_filters_narrow_a_search(limits, rare, scattered, operator, text):
    job = Job.objects.create(name="series", user=operator)
    Image.objects.filter(pk__in=[image.pk for image in scattered[::2]]).update(job=job)
    bin_image(scattered[0].pk, operator)
    kept = [image for image in scattered[1:] if holds(image, text)]
    by_exposure = [image.pk for image in kept if 5 <= image.exposure_ms <= 9]
    assert shown(text=text, limit=2, exposureMin=5, exposureMax=9) == by_exposure
    assert shown(text=text, limit=2, job=job.pk, user="ada") == [image.pk for image in kept if image in scattered[::2]]
    noon = scattered[12].captured_at
    assert shown(text=text, limit=2, capturedBefore=noon.isoformat()) == [
        image.pk for image in kept if image.captured_at < noon
    ]
    assert shown(text=text, limit=2, capturedAfter=noon.isoformat(), simulated="true") == [
        image.pk for image in kept if image.captured_at >= noon
    ]
    assert shown(text=text, format="png") == shown(text=text, user="nobody") == []
    assert shown(text=text, binned="true") == [scattered[0].pk] * holds(scattered[0], text)


@pytest.mark.parametrize("asked", [{"text": "mouse"}, {"text": "old"}, {"exposureMin": 12}, {"text": "d"}])
def test_what_stands_beside_an_image_is_found_however_far_away(limits, rare, scattered, asked):
    expected = shown(**asked)
    query = QueryDict(mutable=True)
    query.update(asked)
    for place, image in enumerate(scattered):
        newer, older = find_beside(image, query, 2, 3)
        before = [one.pk for one in scattered[:place] if one.pk in expected]
        behind = [one.pk for one in scattered[place + 1 :] if one.pk in expected]
        assert [one.pk for one in newer] == before[::-1][:2]
        assert [one.pk for one in older] == behind[:3]


def test_a_page_looks_at_so_many_images_and_says_how_far_it_came(monkeypatch, cheap_images):
    monkeypatch.setattr(filters, "EXAMINED_AT_ONCE", 4)
    monkeypatch.setattr(walk, "MAX_EXAMINED_AT_ONCE", 8)
    monkeypatch.setattr(filters, "MAX_EXAMINED_AT_ONCE", 8)
    images = cheap_images([DAY + timedelta(hours=hour) for hour in range(20)])
    Image.objects.filter(pk=images[0].pk).update(exposure_ms=500)
    found = pages(exposureMin=500)
    # The pages read 4 rows, then 8, and 8 again.
    assert [page.reached for page in found] == [images[16].captured_at, images[8].captured_at, None]
    assert [[image.pk for image in page.images] for page in found] == [[], [], [images[0].pk]]


def test_images_of_one_millisecond_are_all_found(limits, rare, cheap_images):
    """The text index knows times only to the millisecond."""
    moments = [DAY + timedelta(microseconds=number * 137 % 2_500) for number in range(20)]
    images = cheap_images(moments)
    Image.objects.update(note="mouse")
    Image.objects.filter(pk=images[3].pk).update(note="", captured_at=DAY - timedelta(days=1), sample="Mouse")
    expected = list(Image.objects.newest_first().values_list("pk", flat=True))
    assert shown(text="mouse", limit=3) == expected


@pytest.mark.parametrize("year", [1, 1969, 9999])
def test_a_clock_that_went_wrong_hides_nothing(limits, rare, cheap_images, year):
    images = cheap_images([datetime(year, 1, 2, tzinfo=UTC), DAY])
    assert (
        shown(text="capture", limit=1) == [image.pk for image in sorted(images, key=lambda one: one.captured_at)][::-1]
    )


def test_sqlite_finds_words_by_its_indexes_newest_first():
    """Checks SQLite's query plan, whichever database the tests use."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE images (id INTEGER PRIMARY KEY, captured_at, search_text)")
        for statement in import_module("images.migrations.0012_search_text").MAKE:
            database.execute(statement)
        rows = database.execute(
            "EXPLAIN QUERY PLAN SELECT images.id FROM images_text CROSS JOIN images ON "
            f"{words.PLACE} = +images_text.rowid WHERE images_text MATCH 'mouse' ORDER BY images_text.rowid DESC"
        )
        plan = " ".join(row[-1] for row in rows)
    assert "images_text_place" in plan and "B-TREE" not in plan


def test_a_day_is_looked_up_between_two_names(cheap_images):
    cheap_images([DAY])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # For one row PostgreSQL prefers a scan to the index.
            cursor.execute("SET LOCAL enable_seqscan = off")
    between = {"sqlite": "filename>? AND filename<?", "postgresql": "~>=~"}[connection.vendor]
    assert between in Image.objects.of_day(DAY.date()).explain()


def test_a_day_holds_the_images_whose_names_say_so(cheap_images):
    images = cheap_images([DAY - timedelta(seconds=1), DAY, DAY + timedelta(hours=23), DAY + timedelta(days=1)])
    assert {image.pk for image in Image.objects.of_day(DAY.date())} == {images[1].pk, images[2].pk}
