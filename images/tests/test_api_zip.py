import csv
import hashlib
import io
import re
import tracemalloc
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images import zipping
from images.bin import bin_image
from images.models import Image
from images.tests.frames import TAKEN_AT, make_pixels
from images.zipping import select_by_filter, select_by_ids, stream_zip

pytestmark = pytest.mark.django_db
ZIP = "/api/v1/images/zip"


@pytest.fixture
def images(keep_image) -> list[Image]:
    return [keep_image(taken_at=TAKEN_AT + timedelta(days=day)) for day in range(3)]


@pytest.fixture
def client(api, viewer):
    return api(viewer)


def unpack(response) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """The files of a ZIP by name, and the rows of its manifest."""
    assert response.status_code == 200, response.content
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        content = {name: archive.read(name) for name in archive.namelist()}
    manifest = content.pop("manifest.csv").decode()
    return content, list(csv.DictReader(io.StringIO(manifest)))


def name_of(image: Image) -> str:
    return f"{image.captured_at:%Y-%m-%d}/{image.filename}"


def numbers(rows: list[dict[str, str]]) -> list[int]:
    return [int(row["imageId"]) for row in rows]


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


def test_a_changed_file_comes_as_it_is_and_is_named(client, archive, images):
    archive.path_of(images[0].filename).write_bytes(b"something else")
    content, rows = unpack(client.get(f"{ZIP}?ids={images[0].pk}"))
    assert content == {name_of(images[0]): b"something else"}
    assert (rows[0]["status"], rows[0]["size"]) == ("changed", "14")
    assert rows[0]["sha256"] == hashlib.sha256(b"something else").hexdigest()


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


def test_one_original_is_open_at_a_time_and_none_after_the_reader_left(images, monkeypatch, archive):
    opened = []
    monkeypatch.setattr(archive, "open", lambda name: opened.append(type(archive).open(archive, name)) or opened[-1])
    stream = stream_zip(select_by_ids([image.pk for image in images]))
    while len(opened) < 2:
        next(stream)
    assert [file.closed for file in opened] == [True, False]
    stream.close()
    assert [file.closed for file in opened] == [True, True]


def test_rows_are_read_some_at_a_time_and_never_counted_or_skipped(monkeypatch, images):
    monkeypatch.setattr(zipping, "READ_AT_ONCE", 2)
    with CaptureQueriesContext(connection) as queries:
        entries = [entry.image_id for entry in select_by_filter(Image.objects.shown())]
        assert [entry.image_id for entry in select_by_ids(entries)] == entries
    assert entries == [image.pk for image in reversed(images)]
    for query in queries.captured_queries:
        assert not re.search(r"\bOFFSET\b|COUNT\(", query["sql"], re.IGNORECASE)


def test_a_large_zip_needs_little_memory(keep_image):
    images = [
        keep_image(pixels=make_pixels(2000, 1500), image_format="png", taken_at=TAKEN_AT + timedelta(hours=hour))
        for hour in range(2)
    ]
    tracemalloc.start()
    sent_bytes = sum(map(len, stream_zip(select_by_ids([image.pk for image in images]))))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent_bytes > 15_000_000
    assert peak_bytes < 3_000_000
