"""Pages stay quick among a million images: none of their queries skips or counts rows."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.search import filters, walk
from images.search.filters import make_cursor

pytestmark = pytest.mark.django_db
DAY = datetime(2025, 1, 16, tzinfo=UTC)
SKIPS_OR_COUNTS = re.compile(r"\bOFFSET\b|\bCOUNT\s*\(", re.IGNORECASE)
FILTERS = ["", "user=ada", "job=1", "format=jpg", "text=capture", "text=0", "text=nothing", "exposureMin=1"]


@pytest.fixture
def images(cheap_images):
    return cheap_images([DAY + timedelta(minutes=minute) for minute in range(70)])


@pytest.fixture
def queries(client, viewer, images):
    """queries(address) returns the queries of one answer."""
    client.force_login(viewer)

    def ask(address: str, is_continued: bool) -> list[str]:
        cursor = f"&cursor={make_cursor(images[40])}" if is_continued else ""
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address + cursor).status_code == 200
        return [query["sql"] for query in captured.captured_queries]

    return ask


@pytest.mark.parametrize("look_at", [5, 10_000])
@pytest.mark.parametrize("is_continued", [False, True])
@pytest.mark.parametrize("asked", FILTERS)
@pytest.mark.parametrize("address", ["/api/v1/images", "/images/"])
def test_no_page_skips_or_counts_rows(monkeypatch, queries, address, asked, is_continued, look_at):
    for limit in ("EXAMINED_AT_ONCE", "SHORT_WALK", "CANDIDATES"):
        monkeypatch.setattr(walk, limit, look_at)
    ran = queries(f"{address}?{asked}", is_continued)
    assert any('FROM "images"' in sql for sql in ran)
    assert [sql for sql in ran if SKIPS_OR_COUNTS.search(sql)] == []


@pytest.mark.parametrize("address", ["/api/v1/images?", "/images/?from=2025-01-16&to=2025-01-16"])
def test_days_neither_skip_nor_count(queries, address):
    asked = queries(f"{address}&capturedAfter=2025-01-16T00:00:00Z", is_continued=False)
    assert [sql for sql in asked if SKIPS_OR_COUNTS.search(sql)] == []


@pytest.mark.parametrize(
    "address", ["/images/bin/", "/api/v1/images/{image}/neighbours", "/images/{image}/", "/api/v1/images/{image}"]
)
@pytest.mark.parametrize("asked", ["", "user=ada", "text=capture", "text=nothing", "exposureMin=5", "format=png"])
def test_neither_bin_nor_image_skips_or_counts(client, operator, images, address, asked):
    client.force_login(operator)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{address.format(image=images[30].pk)}?{asked}").status_code == 200
    assert [query["sql"] for query in captured.captured_queries if SKIPS_OR_COUNTS.search(query["sql"])] == []


def test_a_page_says_how_far_back_it_looked_where_it_found_nothing_yet(monkeypatch, client, viewer, images):
    monkeypatch.setattr(filters, "EXAMINED_AT_ONCE", 10)
    client.force_login(viewer)
    page = client.get("/images/?exposureMin=5").content.decode()
    assert "Searched back to 16 January 2025." in page
    assert "Older images" in page
    looked_at, address = [], "/api/v1/images?exposureMin=5"
    while address:
        listed = client.get(address).json()
        looked_at.append(listed["results"])
        address = listed["next"]
    assert looked_at == [[], [], []], "10 images, then 20, then 40"
