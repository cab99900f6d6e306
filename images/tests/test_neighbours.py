import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.edit.bin import bin_image
from images.models import Image

pytestmark = pytest.mark.django_db
DAY = datetime(2025, 1, 16, tzinfo=UTC)


@pytest.fixture
def beside(api, viewer):
    """beside(image) returns the numbers of the newer and the older image."""
    client = api(viewer)

    def ask(image: Image, query: str = "") -> tuple[int | None, int | None]:
        answer = client.get(f"/api/v1/images/{image.pk}/neighbours?{query}").json()
        return tuple(answer[side] and answer[side]["imageId"] for side in ("newer", "older"))

    return ask


def test_each_image_has_the_neighbours_that_the_list_shows_beside_it(api, viewer, beside, cheap_images):
    images = cheap_images([DAY] * 3 + [DAY + timedelta(hours=1)] * 2)
    listed = [one["imageId"] for one in api(viewer).get("/api/v1/images").json()["results"]]
    for image in images:
        place = listed.index(image.pk)
        newer = listed[place - 1] if place else None
        assert beside(image) == (newer, [*listed, None][place + 1])


def test_neighbours_obey_the_filters(beside, cheap_images, operator):
    images = cheap_images([DAY + timedelta(hours=hour) for hour in range(5)])
    bin_image(images[1].pk, operator)
    assert beside(images[2]) == (images[3].pk, images[0].pk)
    assert beside(images[2], "binned=true") == (None, images[1].pk)
    assert beside(images[2], "text=20250116_04") == (images[4].pk, None)


def test_they_are_found_by_two_short_queries(beside, cheap_images):
    images = cheap_images([DAY + timedelta(hours=hour) for hour in range(3)])
    with CaptureQueriesContext(connection) as queries:
        beside(images[1])
    walks = [
        query["sql"]
        for query in queries.captured_queries
        if "LIMIT 1" in query["sql"] and "captured_at" in query["sql"]
    ]
    assert len([sql for sql in walks if "ORDER BY" in sql and 'FROM "images"' in sql]) >= 2
    assert not any(re.search(r"\bOFFSET\b|COUNT\(", sql) for sql in walks)


@pytest.mark.parametrize("query", ["cursor=x", "limit=1", "colour=red", "job=x"])
def test_a_filter_that_makes_no_sense_is_refused(api, viewer, cheap_images, query):
    [image] = cheap_images([DAY])
    response = api(viewer).get(f"/api/v1/images/{image.pk}/neighbours?{query}")
    assert (response.status_code, list(response.json()["errors"])) == (400, [query.split("=")[0]])


def test_an_image_that_is_not_there_has_none(api, viewer):
    assert api(viewer).get("/api/v1/images/4711/neighbours").status_code == 404
