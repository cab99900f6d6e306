import base64
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from images.models import Image, Job
from images.search.filters import ImageFilter
from images.tests.frames import TAKEN_AT

pytestmark = pytest.mark.django_db
IMAGES = "/api/v1/images"
DAY = datetime(2025, 1, 16, tzinfo=UTC)


@pytest.fixture
def find(api, viewer):
    """find("limit=2") returns the answer to that query."""
    client = api(viewer)
    return lambda query="": client.get(query if query.startswith("/") else f"{IMAGES}?{query}")


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [image["filename"] for image in response.json()["results"]]


def walk(find, query: str) -> list[str]:
    found, address = [], f"{IMAGES}?{query}"
    while address:
        response = find(address)
        found += names(response)
        address = response.json()["next"]
    return found


def test_one_image_tells_what_its_row_knows(api, viewer, operator, keep_image):
    job = Job.objects.create(name="wound healing", user=operator)
    image = keep_image(job=job)
    answer = api(viewer).get(f"{IMAGES}/{image.pk}").json()
    assert (answer["imageId"], answer["filename"], answer["sha256"]) == (image.pk, image.filename, image.sha256)
    assert (answer["user"], answer["userId"], answer["jobId"]) == ("ada", operator.pk, job.pk)
    assert (answer["exposureTime"], answer["gain"], answer["capturedAt"]) == (100.0, 1.5, "2025-01-16T10:30:45.123Z")
    assert answer["metadata"] == image.metadata
    assert find_result(api(viewer), image.pk) == answer


def find_result(client, image_id: int) -> dict:
    return next(one for one in client.get(IMAGES).json()["results"] if one["imageId"] == image_id)


def test_the_newest_come_first_and_ties_by_the_order_they_were_listed(find, cheap_images):
    images = cheap_images([DAY, DAY + timedelta(hours=1), DAY, DAY])
    assert names(find()) == [images[place].filename for place in (1, 3, 2, 0)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_pages_show_everything_once_also_where_times_are_equal(find, cheap_images, limit):
    images = cheap_images([DAY] * 5 + [DAY + timedelta(seconds=1)] * 4)
    found = walk(find, f"limit={limit}")
    assert len(found) == 9
    assert set(found) == {image.filename for image in images}


def test_pages_hold_still_while_images_come_and_go(find, cheap_images):
    images = cheap_images([DAY + timedelta(minutes=minute) for minute in range(6)])
    first = find("limit=2")
    assert names(first) == [images[5].filename, images[4].filename]
    cheap_images([DAY + timedelta(hours=1, milliseconds=7)])
    Image.objects.filter(pk__in=[images[4].pk, images[2].pk])._raw_delete("default")
    assert names(find(first.json()["next"])) == [images[3].filename, images[1].filename]


def test_the_next_page_keeps_the_filters(find, cheap_images):
    cheap_images([DAY + timedelta(minutes=minute) for minute in range(4)])
    address = find("limit=1&user=ada&text=capture").json()["next"]
    assert "user=ada" in address and "text=capture" in address


def test_the_last_page_has_no_next(find, cheap_images):
    cheap_images([DAY, DAY])
    assert find("limit=2").json()["next"] is None
    assert find("limit=1").json()["next"] is not None


@pytest.fixture
def mixed(keep_image, make_user):
    """Three images that differ in every field."""
    grace = make_user("grace", "operators")
    job = Job.objects.create(name="wound healing", user=grace)
    hour = timedelta(hours=1)
    return {
        "a": keep_image(taken_at=TAKEN_AT, exposure_ms=10.0, gain_db=0.0, is_simulated=True),
        "b": keep_image(taken_at=TAKEN_AT + hour, exposure_ms=20.0, gain_db=6.0, user=grace, job=job),
        "c": keep_image(taken_at=TAKEN_AT + 2 * hour, exposure_ms=30.0, gain_db=12.0, image_format="png"),
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("user=grace", "b"),
        ("user=nobody", ""),
        ("job={job}", "b"),
        ("job=4711", ""),
        ("capturedAfter=2025-01-16T11:30:45.123Z", "cb"),
        ("capturedBefore=2025-01-16T11:30:45.123Z", "a"),
        ("capturedAfter=2025-01-16T12:00:00%2B01:00&capturedBefore=2025-01-16T12:00:00Z", "b"),
        ("capturedAfter=2025-01-17T00:00:00Z", ""),
        ("exposureMin=20", "cb"),
        ("exposureMax=20", "ba"),
        ("exposureMin=15&exposureMax=25", "b"),
        ("gainMin=6", "cb"),
        ("gainMax=0", "a"),
        ("format=png", "c"),
        ("simulated=true", "a"),
        ("simulated=false", "cb"),
        ("text=_113045", "b"),
        ("text=CAPTURE_2025", "cba"),
        ("text=%25", ""),
        ("user=ada&format=jpg", "a"),
        ("", "cba"),
    ],
)
def test_every_filter_finds_what_it_says(find, mixed, query, expected):
    found = names(find(query.replace("{job}", str(mixed["b"].job_id))))
    assert found == [mixed[letter].filename for letter in expected]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("job", value) for value in ("x", "1.5", "nan", "1e400", "-")],
        *[("capturedAfter", value) for value in ("yesterday", "2025-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00")],
        *[("capturedBefore", value) for value in ("9999-12-31T23:59:59-14:00", "99999-01-01T00:00:00Z", "1e9")],
        *[("exposureMin", value) for value in ("x", "nan", "inf", "1e400")],
        *[("gainMax", value) for value in ("x", "-inf", "\0")],
        *[("format", value) for value in ("bmp", "JPG")],
        *[("limit", value) for value in ("0", "-1", "201", "x", "1.5", "9" * 5000, "\u0663", "")],
        ("user", "a\0b"),
        ("text", "\0"),
        ("simulated", "perhaps"),
        ("binned", "2"),
        ("text", "x" * 201),
        *[("cursor", value) for value in ("x", "!!!", "%", "\u00b5", "A" * 5000)],
        ("colour", "red"),
        ("offset", "10"),
    ],
)
def test_a_query_that_makes_no_sense_is_told_by_its_name(find, field, value):
    response = find(f"{field}={quote(value)}")
    assert response.status_code == 400
    assert response.json()["code"] == "bad_query"
    assert list(response.json()["errors"]) == [field]


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-16|1",
        "2025-01-16T00:00:00+00:00",
        "2025-01-16T00:00:00+00:00|x",
        "2025-01-16T00:00:00+00:00|1|2",
        "0001-01-01T00:00:00+14:00|1",
        f"2025-01-16T00:00:00+00:00|{10**30}",
        f"2025-01-16T00:00:00+00:00|{'9' * 5000}",
        f"2025-01-16T00:00:00+00:00|-{10**30}",
    ],
)
def test_a_made_up_cursor_never_leads_to_a_failure(find, cheap_images, text):
    cheap_images([DAY])
    assert find(f"cursor={cursor_of(text)}").status_code in (200, 400)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.sampled_from([*ImageFilter.base_filters, "cursor", "limit"]), st.text(max_size=12) | st.floats().map(str))
def test_no_query_makes_the_server_fail(find, field, value):
    assert find(f"{field}={quote(value, errors='replace')}").status_code in (200, 400)


def test_a_page_costs_the_same_at_the_beginning_and_far_behind(find, cheap_images):
    cheap_images([DAY + timedelta(minutes=minute) for minute in range(30)])
    with CaptureQueriesContext(
        connection,
    ) as few:
        first = find("limit=2")
    with CaptureQueriesContext(connection) as many:
        find(f"{first.json()['next']}".replace("limit=2", "limit=20"))
    assert len(few) == len(many)
    for query in [*few.captured_queries, *many.captured_queries]:
        assert not re.search(r"\bOFFSET\b|COUNT\(", query["sql"], re.IGNORECASE)


def test_one_query_reads_a_page(find, cheap_images):
    cheap_images([DAY] * 10)
    with CaptureQueriesContext(connection) as queries:
        find("limit=10")
    assert len([query for query in queries.captured_queries if 'FROM "images"' in query["sql"]]) == 1


@pytest.mark.parametrize("image_id", ["4711", "9" * 30])
@pytest.mark.parametrize("part", ["", "/file", "/thumbnail"])
def test_an_image_that_is_not_there_is_not_found(api, viewer, image_id, part):
    response = api(viewer).get(f"{IMAGES}/{image_id}{part}")
    assert response.status_code == 404
    assert set(response.json()) == {"statusCode", "code", "message", "errors"}


@pytest.mark.parametrize("address", ["", "/1", "/1/file", "/1/thumbnail"])
def test_only_who_may_view_sees_anything(api, make_user, address):
    assert api().get(f"{IMAGES}{address}").status_code == 401
    response = api(make_user("eve")).get(f"{IMAGES}{address}")
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


def test_an_address_that_leads_nowhere_is_told_in_our_words(api, viewer):
    response = api(viewer).get("/api/v1/pictures")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
