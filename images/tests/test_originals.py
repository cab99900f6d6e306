"""If a file is no longer the original, the program does not serve, convert, show, measure or pack it."""

import csv
import io
import os
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from PIL import Image as Picture

from images.errors import OriginalChanged
from images.index import originals
from images.index.opening import open_original
from images.index.originals import FileState, RememberedSums, Sums
from images.library import the_library
from images.models import Image, Objective
from images.tests.frames import TAKEN_AT, make_pixels

pytestmark = pytest.mark.django_db
FORMATS = ["jpg", "png", "tiff"]


@pytest.fixture
def two(keep_image) -> Callable[[str], tuple[Image, Image]]:
    """two("tiff") makes two originals with the same width and height but different pixels."""

    def keep(image_format: str) -> tuple[Image, Image]:
        light = np.full_like(make_pixels(), 200)
        kept = [
            keep_image(image_format=image_format, pixels=pixels, taken_at=TAKEN_AT + timedelta(hours=hour))
            for hour, pixels in enumerate((make_pixels(), light))
        ]
        return kept[0], kept[1]

    return keep


@pytest.fixture
def path_of(archive) -> Callable[[Image], Path]:
    return lambda image: archive.path_of(image.filename)


@pytest.fixture
def client(api, viewer):
    return api(viewer)


def assert_refused(response) -> None:
    assert (response.status_code, response.json()["code"]) == (409, "original_changed")
    assert "ETag" not in response and "immutable" not in response.get("Cache-Control", "")


def ask_in_every_way(client, image: Image) -> list:
    file = f"/api/v1/images/{image.pk}/file"
    etag = f'"{image.sha256}"'
    asked = [(file, {}), (file, {"Range": "bytes=0-9"}), (file, {"If-None-Match": etag}), (file, {"If-Range": etag})]
    asked += [(f"{file}?as={made}", {}) for made in ("png", "jpg", "tiff", "npy")]
    asked += [(f"{file}?as=png", {"If-None-Match": "*"}), (f"/api/v1/images/{image.pk}/thumbnail", {})]
    return [client.get(address, headers=headers) for address, headers in asked]


def swap_for_other(path: Path, other: Path) -> None:
    shutil.copyfile(other, path)


def swap_by_rename(path: Path, other: Path) -> None:
    beside = path.with_name("beside")
    shutil.copy2(other, beside)
    os.replace(beside, path)


def cut(path: Path, other: Path) -> None:
    os.truncate(path, path.stat().st_size - 10)


def flip_one_bit(path: Path, other: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def flip_one_bit_and_set_the_time_back(path: Path, other: Path) -> None:
    before = path.stat()
    flip_one_bit(path, other)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def write_another_format(path: Path, other: Path) -> None:
    Picture.new("RGB", (64, 48), "red").save(path, "GIF")


def put_a_folder(path: Path, other: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES = [
    swap_for_other,
    swap_by_rename,
    cut,
    flip_one_bit,
    flip_one_bit_and_set_the_time_back,
    write_another_format,
    put_a_folder,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("image_format", FORMATS)
def test_nothing_comes_from_a_changed_original(client, two, path_of, image_format, change):
    image, other = two(image_format)
    change(path_of(image), path_of(other))
    for response in ask_in_every_way(client, image):
        assert_refused(response)
    head = client.head(f"/api/v1/images/{image.pk}/file")
    assert (head.status_code, head.headers.get("ETag")) == (409, None)


@pytest.mark.parametrize("change", [swap_for_other, swap_by_rename, flip_one_bit_and_set_the_time_back])
def test_a_change_while_the_program_runs_is_noticed_and_the_original_put_back_is_served(
    client, two, path_of, monkeypatch, change
):
    """Also if the file was read before, and the program remembers that it was right."""
    monkeypatch.setattr(originals, "SETTLED_NS", -1)
    image, other = two("tiff")
    path = path_of(image)
    content = path.read_bytes()
    address = f"/api/v1/images/{image.pk}/file"
    assert b"".join(client.get(address).streaming_content) == content
    change(path, path_of(other))
    assert_refused(client.get(address))
    path.write_bytes(content)
    assert b"".join(client.get(address).streaming_content) == content


def test_a_file_that_is_written_to_while_it_is_sent_ends_the_answer(client, keep_image, path_of):
    image = keep_image(image_format="tiff", pixels=make_pixels(1000, 1000))
    content = path_of(image).read_bytes()
    sending = iter(client.get(f"/api/v1/images/{image.pk}/file").streaming_content)
    sent = [next(sending)]
    path_of(image).write_bytes(bytes(len(content)))
    with pytest.raises(OriginalChanged):
        sent.extend(sending)
    assert content.startswith(b"".join(sent))


def test_a_file_that_was_read_is_not_read_again(keep_image, monkeypatch):
    """Each range of a large original costs one `stat`, and no new hash of the file."""
    monkeypatch.setattr(originals, "SETTLED_NS", -1)
    read = []
    monkeypatch.setattr(originals, "sum_up", lambda file, sum_up=originals.sum_up: read.append(1) or sum_up(file))
    image = keep_image()
    for _ in range(5):
        open_original(image, the_library().archive).close()
    assert len(read) == 1


def test_a_file_that_was_written_just_now_is_not_remembered(keep_image):
    """A second change within one tick of the file system's clock would not change the file's time."""
    image = keep_image()
    with open_original(image, the_library().archive) as original:
        assert originals._remembered.find(originals.state_of(original.file)) is None


def test_what_is_remembered_is_bounded():
    remembered = RememberedSums(max_count=3)
    states = [FileState(1, number, 1, 1, 1) for number in range(5)]
    for state in states:
        remembered.add(state, Sums("", state.inode))
    assert [remembered.find(state) is not None for state in states] == [False, False, True, True, True]


def test_the_thumbnail_of_another_original_is_not_shown(client, two, path_of):
    image, other = two("png")
    address = f"/api/v1/images/{image.pk}/thumbnail"
    right = b"".join(client.get(address).streaming_content)
    b"".join(client.get(f"/api/v1/images/{other.pk}/thumbnail").streaming_content)
    folder = the_library().thumbnails._folder
    shutil.copyfile(folder / other.thumbnail_path, folder / image.thumbnail_path)
    assert b"".join(client.get(address).streaming_content) == right
    swap_for_other(path_of(image), path_of(other))
    assert client.get(address).status_code == 200, "it was made from the original"
    shutil.copyfile(folder / other.thumbnail_path, folder / image.thumbnail_path)
    assert_refused(client.get(address))


def test_a_zip_leaves_a_changed_original_out_and_says_so(client, two, path_of):
    image, other = two("tiff")
    swap_for_other(path_of(image), path_of(other))
    for wanted in ("", "&as=png"):
        response = client.get(f"/api/v1/images/zip?ids={image.pk},{other.pk}{wanted}")
        packed = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
        rows = list(csv.DictReader(io.StringIO(packed.read("manifest.csv").decode())))
        assert [row["status"] for row in rows] == ["changed", "ok"]
        assert packed.namelist() == [rows[1]["filename"], "manifest.csv"]


def test_no_link_is_given_to_a_changed_original_and_an_older_one_opens_nothing(client, two, path_of):
    image, other = two("tiff")
    link = client.post(f"/api/v1/images/{image.pk}/link").json()["url"]
    swap_for_other(path_of(image), path_of(other))
    assert_refused(client.post(f"/api/v1/images/{image.pk}/link"))
    refused = client.get(link)
    assert refused.status_code == 409 and b"changed after it was saved" in refused.content


def test_nothing_is_calibrated_on_a_changed_original(api, manager, objective, two, path_of):
    image, other = two("tiff")
    swap_for_other(path_of(image), path_of(other))
    line = {"imageId": image.pk, "x1": 0, "y1": 0, "x2": 40, "y2": 0, "lengthUm": 20}
    address = f"/api/v1/objectives/{objective.pk}/calibrations"
    assert_refused(api(manager).post(address, line, format="json"))
    assert not Objective.objects.get().calibrations.exists()


def test_the_page_of_a_changed_original_says_so(viewer, two, path_of):
    image, other = two("png")
    browser = Client()
    browser.force_login(viewer)
    assert "changed after it was saved" not in browser.get(f"/images/{image.pk}/").content.decode()
    swap_for_other(path_of(image), path_of(other))
    assert "changed after it was saved" in browser.get(f"/images/{image.pk}/").content.decode()
