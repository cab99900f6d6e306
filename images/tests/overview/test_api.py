"""The instruments over the API, images by instrument, and the admin."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from images.models import Image, Instrument

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
DRIVING = {"name": "Grace Hopper", "label": "browser", "kind": "person", "note": "", "until": None}


def test_a_pc_alone_lists_none_without_asking_for_any(api, viewer):
    with CaptureQueriesContext(connection) as captured:
        assert api(viewer).get("/api/v1/instruments").json() == {"results": []}
    assert not [query for query in captured.captured_queries if "instruments" in query["sql"]]


def test_it_lists_them_by_name_with_all_that_they_say(api, viewer, join, start_job, give_control):
    join("Upright", seen_s_ago=60)
    oldest = timezone.now()
    row = join("inverted", spool_count=4, spool_bytes=128, oldest_local_at=oldest, clock_offset_ms=-12.5, version="1.2")
    job = start_job(row)
    give_control(row)
    first, second = api(viewer).get("/api/v1/instruments").json()["results"]
    assert first.pop("seenAt") and first["spool"].pop("oldestAt").startswith(f"{oldest:%Y-%m-%dT%H:%M:%S}")
    assert first == {
        "id": str(row.pk),
        "name": "inverted",
        "url": "https://lab-214.example.org/",
        "state": "streaming",
        "simulated": False,
        "problem": "",
        "isLost": False,
        "driving": DRIVING,
        "job": {"id": job.pk, "name": "Wound 3, HeLa", "stored": 607, "missed": 2, "expected": 840},
        "freeBytes": 412_000_000_000,
        "spool": {"count": 4, "bytes": 128},
        "clockOffsetMs": -12.5,
        "version": "1.2",
    }
    assert (second["name"], second["isLost"], second["driving"], second["job"]) == ("Upright", True, None, None)


def test_who_may_not_see_images_may_not_see_instruments(api, make_user, join):
    join()
    assert api(make_user("nobody")).get("/api/v1/instruments").status_code == 403
    assert api().get("/api/v1/instruments").status_code == 401


@pytest.fixture
def two(join, cheap_images):
    """Two instruments with two images each."""
    rows = join("Upright"), join("Inverted")
    moments = [timezone.now() - timezone.timedelta(minutes=minute) for minute in range(4)]
    for number, image in enumerate(cheap_images(moments)):
        Image.objects.filter(pk=image.pk).update(instrument=rows[number % 2])
    return rows


def list_names(answer) -> list:
    return [image["instrument"]["name"] for image in answer.json()["results"]]


def test_images_are_found_by_instrument_and_say_theirs(api, viewer, two):
    asking = api(viewer)
    found = asking.get(f"/api/v1/images?instrument={two[0].pk}")
    assert [image["instrument"] for image in found.json()["results"]] == [
        {"id": str(two[0].pk), "name": "Upright"},
        {"id": str(two[0].pk), "name": "Upright"},
    ]
    assert list_names(asking.get("/api/v1/images")) == ["Upright", "Inverted", "Upright", "Inverted"]
    assert list_names(asking.get(f"/api/v1/images?instrument={two[1].pk}&exposureMin=1")) == ["Inverted", "Inverted"]
    refused = asking.get("/api/v1/images?instrument=upright")
    assert refused.status_code == 400
    assert "instrument" in refused.json()["message"]


def test_an_image_of_a_pc_alone_has_no_instrument(api, viewer, image):
    assert api(viewer).get(f"/api/v1/images/{image.pk}").json()["instrument"] is None


def test_a_list_of_images_reads_no_pictures_of_instruments(api, viewer, two):
    with CaptureQueriesContext(connection) as captured:
        api(viewer).get("/api/v1/images")
    assert not [query for query in captured.captured_queries if '"instruments"."picture"' in query["sql"]]


def test_the_gallery_offers_the_microscopes_where_there_are_several(client, viewer, two):
    client.force_login(viewer)
    page = client.get(f"/images/?instrument={two[0].pk}").content.decode()
    assert f'<option value="{two[0].pk}" selected>Upright</option>' in page
    assert f'<option value="{two[1].pk}">Inverted</option>' in page
    assert "Clear the filter Microscope" in page and 'class="chip"' not in page
    two[1].images.all().delete()
    two[1].delete()
    page = client.get(f"/images/?instrument={two[0].pk}").content.decode()
    assert "<option" not in page.split('name="instrument"')[1].split(">")[0]
    assert "Microscope <strong>Upright</strong>" in page, "one alone is no choice, but its filter can be taken away"


def test_the_page_of_an_image_says_its_microscope(client, viewer, image, join):
    client.force_login(viewer)
    assert "Microscope</dt>" not in client.get(f"/images/{image.pk}/").content.decode()
    row = join("Upright")
    Image.objects.update(instrument=row)
    page = client.get(f"/images/{image.pk}/").content.decode()
    assert f'<dt>Microscope</dt><dd><a href="/images/?instrument={row.pk}">Upright</a></dd>' in page


def test_the_admin_shows_instruments_and_deletes_only_those_without_images(client, administrator, two, join):
    client.force_login(administrator)
    empty = join("Empty")
    assert "Upright" in client.get("/admin/images/instrument/").content.decode()
    place = f"/admin/images/instrument/{two[0].pk}"
    assert "LAB-214" in client.get(f"{place}/change/").content.decode()
    assert client.post(f"{place}/change/", {"name": "Other"}).status_code == 403
    assert client.get("/admin/images/instrument/add/").status_code == 403
    assert "refer to it" in client.get(f"{place}/delete/").content.decode()
    client.post(f"{place}/delete/", {"post": "yes"})
    client.post(f"/admin/images/instrument/{empty.pk}/delete/", {"post": "yes"})
    assert set(Instrument.objects.values_list("name", flat=True)) == {"Upright", "Inverted"}


def test_the_admin_filters_images_by_instrument_where_several_share_the_library(client, administrator, two, settings):
    client.force_login(administrator)
    address = f"/admin/images/image/?instrument__id__exact={two[0].pk}"
    assert client.get(address).context["cl"].result_count == 2
    assert "By instrument" in client.get("/admin/images/image/").content.decode()
    settings.MICROSCOPE_ROLE = ""
    assert "By instrument" not in client.get("/admin/images/image/").content.decode()
