import csv
import hashlib
import io
import os
import re
import struct
import tracemalloc
import zipfile
import zlib
from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from images.api.files import zip as api_zip
from images.edit.bin import bin_image
from images.export import zipping
from images.export.zip_layout import ZipLayout
from images.export.zipping import plan_zip, read_by_ids, stream_zip
from images.models import Image
from images.search import filters, walk
from images.search.filters import find_all
from images.tests.frames import TAKEN_AT, make_pixels

pytestmark = pytest.mark.django_db
ZIP = "/api/v1/images/zip"


@pytest.fixture
def images(keep_image) -> list[Image]:
    return [keep_image(taken_at=TAKEN_AT + timedelta(days=day)) for day in range(3)]


@pytest.fixture
def client(api, viewer):
    return api(viewer)


def unpack(response) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """Return the files of a ZIP by name, and the rows of its manifest."""
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


def test_one_original_is_open_at_a_time_and_none_after_the_reader_left(images, archive):
    before = open_files()
    stream = stream_zip(plan_zip(read_by_ids([image.pk for image in images])))
    seen = []
    for _ in range(4):
        next(stream)
        seen.append(open_files() - before)
    assert set(seen) == {1}
    stream.close()
    assert open_files() == before


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


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


@pytest.mark.parametrize("query", ["", "&as=png"])
def test_it_can_be_read_as_a_stream(client, settings, images, query):
    """Sizes and CRC come before each file. Entries are plain files with the current time of the PC."""
    settings.TIME_ZONE = "Asia/Tokyo"
    ids = ",".join(str(image.pk) for image in images)
    response = client.get(f"{ZIP}?ids={ids}{query}")
    content = b"".join(response.streaming_content)
    packed = zipfile.ZipFile(io.BytesIO(content))
    assert len(packed.infolist()) == 4
    for entry, image in zip(packed.infolist(), [*images, None], strict=True):
        assert entry.flag_bits & 8 == 0 and entry.external_attr >> 16 == 0o100644
        crc, size = struct.unpack("<L4xL", content[entry.header_offset + 14 : entry.header_offset + 26])
        assert (crc, size) == (zlib.crc32(packed.read(entry)), entry.file_size)
        if image:
            assert entry.date_time == (2025, 1, image.captured_at.day, 19, 30, 44)
    if not query:
        head = client.head(f"{ZIP}?ids={ids}")
        assert int(response["Content-Length"]) == int(head["Content-Length"]) == len(content)


def spoil_by_change(path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])


@pytest.mark.parametrize(("spoil", "status"), [(spoil_by_change, "changed"), (lambda path: path.unlink(), "missing")])
def test_what_is_found_only_while_it_is_sent_keeps_the_length_that_was_told(
    client, archive, images, monkeypatch, spoil, status
):
    monkeypatch.setattr(zipping, "CHECKED_BEFORE_BYTES", 0)
    response = client.get(f"{ZIP}?ids={images[0].pk},{images[1].pk}")
    spoil(archive.path_of(images[0].filename))
    length = int(response["Content-Length"])
    content, rows = unpack(response)
    assert [row["status"] for row in rows] == [status, "ok"]
    instead = name_of(images[0]).replace("capture_", "changed_").replace(".jpg", ".txt")
    assert set(content) == {instead, name_of(images[1])}
    assert f"is {status}, so it is not in this ZIP" in content[instead].decode()
    sent = zipping.plan_zip(read_by_ids([images[1].pk])).length_bytes
    assert length > sent + images[0].file_size


def test_a_file_that_is_cut_while_it_is_sent_is_refused_by_readers_and_the_rest_comes(archive, keep_image):
    large = keep_image(pixels=make_pixels(1000, 1000), image_format="tiff")
    small = keep_image(taken_at=TAKEN_AT + timedelta(days=1))
    plan = plan_zip(read_by_ids([large.pk, small.pk]))
    stream = stream_zip(plan)
    content = next(stream) + next(stream)
    os.truncate(archive.path_of(large.filename), 300_000)
    content += b"".join(stream)
    assert len(content) == plan.length_bytes
    packed = zipfile.ZipFile(io.BytesIO(content))
    assert packed.testzip() == name_of(large)
    assert packed.read(name_of(small)) == archive.path_of(small.filename).read_bytes()
    rows = list(csv.DictReader(io.StringIO(packed.read("manifest.csv").decode())))
    assert [row["status"] for row in rows] == ["changed", "ok"]


def test_beyond_four_gigabytes_and_65535_files_it_is_a_zip64():
    layout = ZipLayout()
    for number in range(70_000):
        layout.add(f"{number}.txt", 100_000, 0, TAKEN_AT)
    start, end = layout.position, layout.end()
    assert start > 2**32
    entries = zipfile.ZipFile(Behind(start, end)).infolist()
    assert len(entries) == 70_000
    assert entries[-1].header_offset == start - 100_000 - 30 - len("69999.txt")


class Behind(io.BytesIO):
    """A file in memory that keeps only its end."""

    def __init__(self, start: int, end: bytes) -> None:
        super().__init__(end)
        self._start = start

    def seek(self, position: int, whence: int = 0) -> int:
        moved = super().seek(position if whence else max(position - self._start, 0), whence)
        return moved + self._start

    def tell(self) -> int:
        return super().tell() + self._start


def test_a_large_zip_needs_little_memory(keep_image):
    images = [
        keep_image(pixels=make_pixels(2000, 1500), image_format="png", taken_at=TAKEN_AT + timedelta(hours=hour))
        for hour in range(2)
    ]
    tracemalloc.start()
    sent_bytes = sum(map(len, stream_zip(plan_zip(read_by_ids([image.pk for image in images])))))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent_bytes > 15_000_000
    assert peak_bytes < 3_000_000
