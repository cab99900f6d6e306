"""The gallery and the bin as pages: who sees what, which filters count, and that nothing is counted or skipped."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from images.models import Image
from images.tests.frames import TAKEN_AT
from images.tests.pages import set_fields, shown

pytestmark = pytest.mark.django_db
NOON = datetime(2025, 1, 16, 12, tzinfo=UTC)
MARKUP = "<script>alert('x')</script>&\"'"


@pytest.fixture
def images(cheap_images) -> list[Image]:
    """Seventy images on three days, more than a page. The newest is of 16 January."""
    return cheap_images([NOON - timedelta(minutes=40 * number) for number in range(70)])


@pytest.mark.parametrize("address", ["/images/", "/images/bin/", "/images/1/"])
def test_a_stranger_is_led_to_sign_in_and_back(client, address):
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (302, f"/sign-in?next={address}")


def test_who_has_no_role_sees_nothing(client, make_user, images):
    client.force_login(make_user("eve"))
    for address in ("/images/", "/images/bin/", f"/images/{images[0].pk}/"):
        assert client.get(address).status_code == 403


def test_a_viewer_sees_and_downloads_but_has_no_bin(client, viewer, images):
    client.force_login(viewer)
    gallery = client.get("/images/").content.decode()
    page = client.get(f"/images/{images[0].pk}/").content.decode()
    assert 'id="download"' in gallery
    assert 'id="download"' in page
    for control in ('id="to-bin"', 'id="edit"', "data-may-bin"):
        assert control not in gallery + page
    assert client.get("/images/bin/").status_code == 403


def test_an_operator_may_edit_and_bin_only_their_own(client, make_user, see, images):
    assert 'id="edit"' in see(f"/images/{images[0].pk}/")
    client.force_login(make_user("bob", "operators"))
    page = client.get(f"/images/{images[0].pk}/").content.decode()
    assert 'id="edit"' not in page
    assert 'id="to-bin"' not in page


def test_the_gallery_shows_pages_newest_first_that_follow_each_other(see, images):
    first = see("/images/")
    address = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = see("/images/" + address)
    assert shown(first) + shown(second) == [image.pk for image in images]
    assert 'rel="next"' not in second


def test_days_and_times_are_the_labs_whatever_the_browser_says(client, operator, cheap_images, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    cheap_images([datetime(2025, 1, 16, 23, 30, tzinfo=UTC)])
    client.force_login(operator)
    client.cookies["timezone"] = "Asia/Tokyo"
    page = client.get("/images/").content.decode()
    assert "Friday 17 January 2025" in page and "00:30:00" in page
    assert "Times in <strong>Europe/Berlin</strong>" in page and 'data-time-zone="Europe/Berlin"' in page
    of_day = [client.get(f"/images/?from={day}&to={day}").content.decode() for day in ("2025-01-16", "2025-01-17")]
    assert ["00:30:00" in page for page in of_day] == [False, True]
    assert client.get("/api/v1/images").json()["results"][0]["capturedAt"] == "2025-01-16T23:30:00.000Z"


def test_today_is_called_so(see, cheap_images):
    cheap_images([timezone.now()])
    assert re.search(r"<h2>Today <span>", see("/images/"))


def test_filters_live_in_the_address(see, images):
    set_fields(images[3], sample="Colon 14-B", exposure_ms=25, is_simulated=False)
    for query in (
        "text=colon",
        "exposureMin=20&exposureMax=30",
        "simulated=false",
        "from=2025-01-16&to=2025-01-16&text=Colon",
    ):
        page = see(f"/images/?{query}")
        assert shown(page) == [images[3].pk], query
    assert f"/images/{images[3].pk}/?text=colon" in see("/images/?text=colon"), "an image's page knows the filter"
    assert shown(see("/images/?user=nobody&format=png")) == []
    assert "Nothing matches these filters" in see("/images/?user=nobody")
    assert len(shown(see("/images/?from=2025-01-16&to=2025-01-16"))) == 19


def test_the_page_after_a_filtered_one_is_filtered_too(see, images):
    page = see("/images/?text=capture&simulated=true")
    assert re.search(r'rel="next" href="\?text=capture&amp;simulated=true&amp;cursor=', page)


def test_the_box_for_simulated_ones_works_without_scripts(see, images):
    set_fields(images[0], is_simulated=False)
    assert len(shown(see("/images/?simulated=false&simulated="))) == 60
    assert shown(see("/images/?simulated=false")) == [images[0].pk]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("exposureMin=bright", "Exposure from: Enter a number."),
        ("simulated=junk", "Simulated: Must be true or false."),
        ("from=yesterday", "Taken from: Invalid day. Write it as 2025-01-16."),
        ("to=9999-12-31", "Taken to: Invalid day."),
        ("cursor=nonsense", "Place in the list: Invalid cursor. Load the first page without a cursor."),
        ("format=bmp", "Format: Select a valid choice."),
    ],
)
def test_a_bad_filter_is_a_sentence_and_the_list_stays(see, images, query, sentence):
    page = see(f"/images/?{query}")
    assert sentence in page
    assert len(shown(page)) == 60


def test_where_one_filter_is_bad_the_others_still_count(see, images):
    set_fields(images[5], sample="Smear 220")
    assert shown(see("/images/?exposureMin=bright&gainMin=x&text=smear")) == [images[5].pk]


def test_an_empty_library_says_what_to_do(see):
    assert "Capture the first picture" in see("/images/")
    assert "The bin is empty" in see("/images/bin/")


@pytest.mark.parametrize(
    "address", ["/images/", "/images/?text=capture&from=2025-01-01", "/images/bin/", "/images/{}/"]
)
def test_no_page_counts_or_skips_rows(see, images, address):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        see(address.format(images[30].pk))
    said = " ".join(query["sql"].upper() for query in queries)
    assert "COUNT(" not in said
    assert " OFFSET " not in said
    assert len(queries) < 20, "no query for each image"


def test_what_is_in_the_bin_shows_only_there(client, make_user, see, images):
    set_fields(images[0], binned_at=timezone.now() - timedelta(days=10))
    assert images[0].pk not in shown(see("/images/"))
    page = see("/images/bin/")
    assert shown(page) == [images[0].pk]
    assert "30 d left" in page
    assert 'id="empty-bin"' not in page, "only managers empty it"
    assert "In the bin since" in see(f"/images/{images[0].pk}/")
    client.force_login(make_user("mary", "managers"))
    assert 'id="empty-bin"' in client.get("/images/bin/").content.decode()


def test_what_people_wrote_is_never_markup(see, images):
    set_fields(images[0], sample=MARKUP, note=MARKUP)
    for address in (
        "/images/",
        f"/images/{images[0].pk}/",
        "/images/?text=%3Cscript%3Ealert",
        "/images/?user=%22%3E%3Cscript%3E",
    ):
        page = see(address)
        assert "<script>alert" not in page
        assert '"><script>' not in page
    assert "&lt;script&gt;alert" in see("/images/")


@pytest.mark.parametrize("address", ["/images/", "/images/bin/", "/images/{}/"])
def test_no_script_or_style_stands_in_a_page(see, images, address):
    page = see(address.format(images[0].pk))
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", page)
    assert page.count("<h1") == 1


def test_tiff_can_be_asked_for_on_every_page(see, keep_image):
    image, _ = keep_image(image_format="tiff"), keep_image(taken_at=TAKEN_AT + timedelta(hours=1))
    assert 'name="format" value="tiff"' in see("/")
    assert '<option value="tiff"' in see("/images/")
    assert shown(see("/images/?format=tiff")) == [image.pk]
