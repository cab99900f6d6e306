"""A ZIP while it is sent: read as a stream, spoilt under way, very large, and with little memory."""

import csv
import io
import os
import struct
import tracemalloc
import zipfile
import zlib
from datetime import timedelta

import pytest

from images.export import zipping
from images.export.zip_layout import ZipLayout
from images.export.zipping import plan_zip, read_by_ids, stream_zip
from images.models import Image
from images.tests.frames import TAKEN_AT, make_pixels
from images.tests.zips import ZIP, name_of, unpack

pytestmark = pytest.mark.django_db


@pytest.fixture
def images(keep_image) -> list[Image]:
    return [keep_image(taken_at=TAKEN_AT + timedelta(days=day)) for day in range(3)]


@pytest.fixture
def client(api, viewer):
    return api(viewer)


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
