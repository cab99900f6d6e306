"""Days are those of the lab's time zone. If its clocks change, a day has 23 or 25 hours and an hour may come twice."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image as Picture

from images.models import Image
from images.tests.pages import shown
from images.tests.zips import ZIP

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
OFFSET_TIME_ORIGINAL = 0x9011
# Each day with its start, its hours, and the texts with which an API client in the lab asks for it.
DAYS = {
    "2025-03-30": (datetime(2025, 3, 29, 23, tzinfo=UTC), 23, "2025-03-30T00:00:00+01:00", "2025-03-31T00:00:00+02:00"),
    "2025-10-26": (
        datetime(2025, 10, 25, 22, tzinfo=UTC),
        25,
        "2025-10-26T00:00:00+02:00",
        "2025-10-27T00:00:00+01:00",
    ),
}


@pytest.fixture(autouse=True)
def berlin(settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.fixture(params=DAYS)
def day(request) -> str:
    return request.param


@pytest.fixture
def images_around(day, keep_image) -> list[Image]:
    """Images one second before the day, at its start, in the middle, in its last second, and after it."""
    begins_at, hours, *_ = DAYS[day]
    ends_at = begins_at + timedelta(hours=hours)
    moments = [begins_at - SECOND, begins_at, begins_at + timedelta(hours=2, minutes=30), ends_at - SECOND, ends_at]
    return [keep_image(taken_at=moment) for moment in moments]


def test_a_day_is_exactly_the_labs_on_page_list_and_zip(day, images_around, client, api, operator):
    of_day = images_around[1:-1]
    client.force_login(operator)
    client.cookies["timezone"] = "Asia/Tokyo"
    assert shown(client.get(f"/images/?from={day}&to={day}").content.decode()) == [one.pk for one in reversed(of_day)]

    *_, after, before = DAYS[day]
    query = {"capturedAfter": after, "capturedBefore": before}
    listed = api(operator).get("/api/v1/images", query).json()["results"]
    assert [one["imageId"] for one in listed] == [one.pk for one in reversed(of_day)]

    packed = zipfile.ZipFile(io.BytesIO(b"".join(client.get(ZIP, query).streaming_content)))
    pictures = [entry for entry in packed.infolist() if entry.filename.endswith(".jpg")]
    assert sorted(entry.filename.rpartition("/")[2] for entry in pictures) == [one.filename for one in of_day]
    assert {f"{datetime(*entry.date_time):%Y-%m-%d}" for entry in pictures} == {day}


def test_the_page_names_each_day_once(day, images_around, client, operator):
    client.force_login(operator)
    page = client.get("/images/").content.decode()
    name = f"{datetime.fromisoformat(day):%A %-d %B %Y}"
    assert page.count(f'data-day="{day}"') == page.count(name) == 1
    section = page.split(f'data-day="{day}"')[1].split('data-day="')[0]
    assert shown(section) == [one.pk for one in reversed(images_around[1:-1])]


def test_moments_of_the_hour_that_comes_twice_are_told_apart(keep_image, client, operator, archive):
    client.force_login(operator)
    twice = [datetime(2025, 10, 26, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    for moment, zone, offset in zip(twice, ("CEST", "CET"), ("+02:00", "+01:00"), strict=True):
        image = keep_image(taken_at=moment)
        page = client.get(f"/images/{image.pk}/").content.decode()
        assert f'<time datetime="2025-10-26T02:30:00{offset}">26 October 2025, 02:30:00.000 {zone}</time>' in page
        exif = Picture.open(archive.path_of(image.filename)).getexif().get_ifd(0x8769)
        assert (exif[0x9003], exif[OFFSET_TIME_ORIGINAL]) == ("2025:10:26 02:30:00", offset)
