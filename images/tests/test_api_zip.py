"""The ZIP of a selection, or of all that filters match: what is in it, and what is refused."""

import hashlib
import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from images.api.files import zip as api_zip
from images.edit.bin import bin_image
from images.models import Image
from images.search import filters, walk
from images.search.filters import find_all
from images.tests.frames import TAKEN_AT
from images.tests.zips import ZIP, name_of, numbers, unpack

pytestmark = pytest.mark.django_db


@pytest.fixture
def images(keep_image) -> list[Image]:
    return [keep_image(taken_at=TAKEN_AT + timedelta(days=day)) for day in range(3)]


@pytest.fixture
def client(api, viewer):
    return api(viewer)


def test_the_originals_come_byte_for_byte_with_their_sums(client, archive, images):
    response = client.get(f"{ZIP}?ids={images[2].pk},{images[0].pk}")
    assert response["Content-Type"] == "application/zip"
    assert re.fullmatch(r'attachment; filename="microscope-\d{8}T\d{6}Z\.zip"', response["Content-Disposition"])
    content, rows = unpack(response)
    wanted = [images[2], images[0]]
    assert content == {name_of(image): archive.path_of(image.filename).read_bytes() for image in wanted}
    for image, row in zip(wanted, rows, strict=True):
        assert (row["filename"], row["imageId"], row["status"]) == (name_of(image), str(image.pk), "ok")
        assert row["sha256"] == image.sha256 == hashlib.sha256(content[row["filename"]]).hexdigest()
        assert row["size"] == str(image.file_size)


def test_a_lost_file_is_left_out_and_named_and_the_rest_comes(client, archive, images):
    archive.remove(images[1].filename)
    content, rows = unpack(client.post(ZIP, {"ids": [image.pk for image in images] + [4711]}, format="json"))
    assert set(content) == {name_of(images[0]), name_of(images[2])}
    assert [row["status"] for row in rows] == ["ok", "missing", "ok", "missing"]
    assert (rows[1]["filename"], rows[1]["sha256"], rows[1]["size"]) == (name_of(images[1]), images[1].sha256, "")
    assert (rows[3]["imageId"], rows[3]["filename"]) == ("4711", "")


def test_a_changed_file_is_left_out_and_named(client, archive, images):
    archive.path_of(images[0].filename).write_bytes(b"something else")
    content, rows = unpack(client.get(f"{ZIP}?ids={images[0].pk}"))
    assert content == {}
    assert (rows[0]["status"], rows[0]["sha256"], rows[0]["size"]) == ("changed", images[0].sha256, "")


def test_a_filter_gives_what_the_list_shows_newest_first(client, operator, images):
    bin_image(images[1].pk, operator)
    assert numbers(unpack(client.get(f"{ZIP}?user=ada"))[1]) == [images[2].pk, images[0].pk]
    assert numbers(unpack(client.get(f"{ZIP}?binned=true"))[1]) == [images[1].pk]
    assert numbers(unpack(client.get(f"{ZIP}?text=20250118"))[1]) == [images[2].pk]
    assert unpack(client.get(f"{ZIP}?user=nobody")) == ({}, [])


def test_simulated_images_are_left_out_unless_asked_for(client, keep_image):
    real = keep_image()
    simulated = keep_image(is_simulated=True, taken_at=TAKEN_AT + timedelta(hours=1))
    assert numbers(unpack(client.get(ZIP))[1]) == [real.pk]
    assert numbers(unpack(client.get(f"{ZIP}?simulated=true"))[1]) == [simulated.pk]
    assert numbers(unpack(client.get(f"{ZIP}?ids={simulated.pk}"))[1]) == [simulated.pk]


def test_a_form_of_a_page_asks_as_well(client, images):
    response = client.post(ZIP, f"ids={images[0].pk},{images[1].pk}", content_type="application/x-www-form-urlencoded")
    assert numbers(unpack(response)[1]) == [images[0].pk, images[1].pk]


def test_an_image_named_twice_comes_once(client, images):
    assert numbers(unpack(client.get(f"{ZIP}?ids={images[0].pk},{images[0].pk}"))[1]) == [images[0].pk]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *[(f"ids={ids}", "ids") for ids in ("", "x", "1,", "0", "-1", "1.5", "9" * 30, "9" * 19)],
        *[("ids=1&user=ada", "ids"), ("limit=5", "limit"), ("cursor=x", "cursor"), ("exposureMin=x", "exposureMin")],
        *[("simulated=perhaps", "simulated"), ("binned=x", "binned")],
    ],
)
def test_a_selection_that_makes_no_sense_is_told_by_its_name(client, query, field):
    response = client.get(f"{ZIP}?{query}")
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": "1"}, {"ids": [0]}, {"ids": [1], "limit": 5}, [1]])
def test_a_body_that_makes_no_sense_is_refused(client, body):
    assert client.post(ZIP, body, format="json").status_code == 400


def test_a_drive_that_is_away_is_told_before_anything_is_sent(client, archive, images, tmp_path):
    archive.root.rename(tmp_path / "drive")
    response = client.get(f"{ZIP}?ids={images[0].pk}")
    assert (response.status_code, response.json()["code"]) == (507, "storage_missing")


def test_only_who_may_view_takes_anything_away(api, make_user):
    assert api().get(f"{ZIP}?ids=1").status_code == 401
    assert api(make_user("eve")).post(ZIP, {"ids": [1]}, format="json").status_code == 403


def test_head_sends_nothing(client, images):
    response = client.head(f"{ZIP}?ids={images[0].pk}")
    assert (response.status_code, response.content) == (200, b"")


def test_rows_are_read_some_at_a_time_and_never_counted_or_skipped(images):
    with CaptureQueriesContext(connection) as queries:
        found = [[image.pk for image in some] for some in find_all(QueryDict(), Image.objects.only("id"), 2)]
    assert found == [[images[2].pk, images[1].pk], [images[0].pk]]
    for query in queries.captured_queries:
        assert not re.search(r"\bOFFSET\b|COUNT\(", query["sql"], re.IGNORECASE)


@pytest.mark.parametrize(
    "more", ["", "&format=jpg", "&user=ada", "&binned=true", "&capturedBefore=2025-06-01T00:00:00Z"]
)
@pytest.mark.parametrize("text", ["S1", "1", "S1 capture"])
def test_a_zip_by_text_takes_what_the_list_shows_however_old_it_is(
    client, operator, keep_image, cheap_images, monkeypatch, text, more
):
    """Also for words that are too short for the index."""
    for module in (filters, walk):
        monkeypatch.setattr(module, "EXAMINED_AT_ONCE", 40)
    old = [keep_image(taken_at=TAKEN_AT + timedelta(hours=hour)) for hour in range(3)]
    cheap_images([TAKEN_AT + timedelta(days=9, minutes=minute) for minute in range(300)])
    Image.objects.filter(pk__in=[image.pk for image in old]).update(sample="S1")
    Image.objects.filter(sample="").update(is_simulated=False)
    if "binned" in more:
        bin_image(old[1].pk, operator)
    query, listed, address = f"text={text}{more}", [], "/api/v1/images"
    address = f"{address}?{query}&limit=200"
    while address:
        page = client.get(address).json()
        listed += [one["imageId"] for one in page["results"]]
        address = page["next"]
    assert listed and (text == "1" or set(listed) <= {image.pk for image in old})
    assert numbers(unpack(client.get(f"{ZIP}?{query}"))[1]) == listed


def test_filters_that_leave_simulated_images_must_say_whether_they_are_meant(client, keep_image):
    real = keep_image()
    simulated = keep_image(is_simulated=True, taken_at=TAKEN_AT + timedelta(hours=1))
    refused = client.get(f"{ZIP}?format=jpg")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["simulated"])
    assert "1 of these 2 images are simulated" in refused.json()["message"]
    assert numbers(unpack(client.get(f"{ZIP}?format=jpg&simulated=false"))[1]) == [real.pk]
    assert numbers(unpack(client.get(f"{ZIP}?format=jpg&simulated=true"))[1]) == [simulated.pk]
    content = b"".join(client.get(ZIP).streaming_content)
    assert zipfile.ZipFile(io.BytesIO(content)).comment.startswith(b"1 simulated images are left out")


def test_more_than_one_zip_takes_are_refused(client, images, monkeypatch):
    monkeypatch.setattr(api_zip, "MAX_IDS_OF_ZIP", 2)
    assert "at most 2" in client.get(ZIP).json()["message"]
