"""The numbers of all images of a selection, and the count of newer images."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.edit.bin import bin_image
from images.models import Image
from images.search import filters, newer
from images.search.newer import find_newest_id

pytestmark = pytest.mark.django_db
DAY = datetime(2025, 1, 16, tzinfo=UTC)


@pytest.fixture
def ask(api, viewer):
    """ask("ids?limit=2") returns that answer."""
    client = api(viewer)
    return lambda rest: client.get(rest if rest.startswith("/") else f"/api/v1/images/{rest}")


@pytest.fixture
def images(cheap_images) -> list[Image]:
    """Images over three days, oldest first."""
    return cheap_images([DAY + timedelta(hours=hour, minutes=10 * (hour % 6)) for hour in range(72)])


def walk(ask, rest: str) -> list[int]:
    found, address = [], rest
    while address:
        answer = ask(address).json()
        found += answer["ids"]
        address = answer["next"]
    return found


@pytest.mark.parametrize("limit", ["", "&limit=10000", "&limit=7", "&limit=1"])
def test_all_numbers_come_newest_first_and_each_once(ask, images, limit):
    assert walk(ask, f"ids?simulated=true{limit}") == [image.pk for image in reversed(images)]


def test_filters_that_leave_little_still_lead_to_the_end(monkeypatch, ask, images):
    monkeypatch.setattr(filters, "EXAMINED_AT_ONCE", 4)
    Image.objects.filter(pk=images[3].pk).update(exposure_ms=500)
    assert walk(ask, "ids?exposureMin=400") == [images[3].pk]
    assert walk(ask, "ids?exposureMin=600") == []


def test_a_day_is_one_of_the_labs_zone(settings, ask, images):
    settings.TIME_ZONE = "Asia/Tokyo"  # the lab's clock is nine hours ahead of UTC
    begins, ends = DAY + timedelta(hours=15), DAY + timedelta(hours=39)
    own = [image.pk for image in reversed(images) if begins <= image.captured_at < ends]
    assert walk(ask, "ids?day=2025-01-17") == own
    assert [one["imageId"] for one in ask("/api/v1/images?day=2025-01-17&limit=200").json()["results"]] == own


@pytest.mark.parametrize("day", ["2025-02-30", "9999-12-31", "0001-01-01", "today", "2025-01-16T10:00:00Z"])
def test_what_is_no_day_of_the_calendar_is_refused_by_name(settings, ask, day):
    settings.TIME_ZONE = "Asia/Tokyo"
    answer = ask(f"ids?day={day}")
    assert answer.status_code == 400
    assert "day" in answer.json()["errors"]


def test_what_came_after_the_page_was_made_is_not_among_them(ask, images, cheap_images):
    said = find_newest_id()
    cheap_images([DAY + timedelta(hours=50, seconds=1)])
    assert walk(ask, f"ids?idMax={said}") == [image.pk for image in reversed(images)]


def test_each_comes_with_its_size_and_the_answer_says_whether_one_may_be_binned(api, ask, images, operator):
    Image.objects.filter(pk=images[-1].pk).update(file_size=4711)
    assert ask("ids").json()["fileSizes"][:2] == [4711, 1]
    assert ask("ids").json()["mayBin"] is False
    assert api(operator).get("/api/v1/images/ids").json()["mayBin"] is True


def test_what_is_in_the_bin_has_numbers_of_its_own(keep_image, ask, operator):
    kept, binned = keep_image(), keep_image(taken_at=DAY)
    bin_image(binned.pk, operator)
    assert walk(ask, "ids") == [kept.pk]
    assert walk(ask, "ids?binned=true") == [binned.pk]


@pytest.mark.parametrize("asked", ["limit=0", "limit=10001", "limit=x", "cursor=junk", "colour=red", "idMax=-1"])
def test_what_makes_no_sense_is_refused_by_name(ask, asked):
    answer = ask(f"ids?{asked}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [asked.partition("=")[0]]


def test_newer_images_are_counted_within_the_filters(ask, images, cheap_images):
    said = find_newest_id()
    assert ask(f"newer?after={said}").json() == {"count": 0, "newest": said, "more": False}
    first, second, _old = cheap_images([DAY + timedelta(days=4), DAY + timedelta(days=5), DAY - timedelta(days=900)])
    Image.objects.filter(pk=first.pk).update(exposure_ms=20)
    newest = find_newest_id()
    assert ask(f"newer?after={said}").json() == {"count": 3, "newest": newest, "more": False}
    assert ask(f"newer?after={said}&exposureMin=10").json()["count"] == 1
    assert ask(f"newer?after={said}&day=2025-01-21&simulated=true").json()["count"] == 1
    assert ask(f"newer?after={said}&text=capture_20250121").json()["count"] == 1
    assert ask(f"newer?after={said}&user=nobody").json()["count"] == 0
    assert ask(f"newer?after={second.pk}").json()["count"] == 1


def test_newer_images_in_the_bin_are_not_counted(ask, keep_image, operator):
    bin_image(keep_image().pk, operator)
    assert ask("newer").json()["count"] == 0
    assert ask("newer?binned=true").json()["count"] == 1


def test_so_many_newer_images_are_looked_at_and_no_more(monkeypatch, ask, images):
    monkeypatch.setattr(newer, "EXAMINED_AT_ONCE", 10)
    assert ask("newer?after=0").json() == {"count": 10, "newest": images[9].pk, "more": True}
    assert ask(f"newer?after={images[61].pk}").json() == {"count": 10, "newest": images[71].pk, "more": False}


@pytest.mark.parametrize("after", ["-1", "x", "9" * 17, "9999999999999999", ""])
def test_a_number_that_is_none_is_refused(ask, after):
    answer = ask(f"newer?after={after}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["after"])


def test_nothing_newer_costs_one_look_at_the_end_of_the_numbers(ask, images):
    said = find_newest_id()
    ask("newer")
    with CaptureQueriesContext(connection) as captured:
        ask(f"newer?after={said}&exposureMin=10")
    assert len([query for query in captured.captured_queries if '"images"' in query["sql"]]) == 1
