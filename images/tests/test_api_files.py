import os

import numpy as np
import pytest
from PIL import Image as Picture

from camera.frame import to_display
from images.formats import FORMATS
from images.library import the_library
from images.tests.frames import make_pixels

pytestmark = pytest.mark.django_db


@pytest.fixture
def content(archive, image) -> bytes:
    return archive.path_of(image.filename).read_bytes()


@pytest.fixture
def get(api, viewer, image):
    """get(Range="bytes=0-1") requests the original of the image."""
    client = api(viewer)
    return lambda method="GET", **headers: client.generic(method, f"/api/v1/images/{image.pk}/file", headers=headers)


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_the_original_is_served_byte_for_byte(get, image, content):
    response = get()
    assert response.status_code == 200
    assert body(response) == content
    assert response["Content-Length"] == str(len(content))
    assert response["Content-Type"] == "image/jpeg"
    assert response["ETag"] == f'"{image.sha256}"'
    assert response["Accept-Ranges"] == "bytes"
    assert image.filename in response["Content-Disposition"]
    assert "private" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [("0-0", 0, 1), ("0-99", 0, 100), ("100-", 100, None), ("-100", -100, None), ("50-999999999", 50, None)],
)
def test_one_range_is_served_alone(get, content, asked, first, end):
    response = get(Range=f"bytes={asked}")
    expected = content[first:end]
    assert response.status_code == 206
    assert body(response) == expected
    begin = first % len(content)
    assert response["Content-Range"] == f"bytes {begin}-{begin + len(expected) - 1}/{len(content)}"
    assert response["Content-Length"] == str(len(expected))


def test_a_suffix_longer_than_the_file_is_the_whole_file(get, content):
    response = get(Range="bytes=-999999999")
    assert (response.status_code, body(response)) == (206, content)


@pytest.mark.parametrize("asked", ["999999999-", "-0", "5-2"])
def test_a_range_beyond_the_end_is_told(get, content, asked):
    response = get(Range=f"bytes={asked}")
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(content)}")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=" + "9" * 5000 + "-"])
def test_a_range_that_is_not_understood_is_passed_over(get, content, asked):
    response = get(Range=asked)
    assert (response.status_code, body(response)) == (200, content)


@pytest.mark.parametrize("asked", ['"{etag}"', 'W/"{etag}"', '"other", "{etag}"', "*"])
def test_a_client_with_a_current_copy_gets_not_modified(get, image, asked):
    response = get(**{"If-None-Match": asked.format(etag=image.sha256)})
    assert (response.status_code, response.content) == (304, b"")
    assert response["ETag"] == f'"{image.sha256}"'


def test_a_client_with_another_copy_gets_the_file(get, content):
    assert body(get(**{"If-None-Match": '"other"'})) == content


def test_a_download_goes_on_only_if_it_is_still_the_same_file(get, image, content):
    same = get(Range="bytes=10-", **{"If-Range": f'"{image.sha256}"'})
    assert (same.status_code, body(same)) == (206, content[10:])
    other = get(Range="bytes=10-", **{"If-Range": '"other"'})
    assert (other.status_code, body(other)) == (200, content)


def test_head_tells_the_size_and_sends_nothing(get, content):
    response = get("HEAD")
    assert (response.status_code, response["Content-Length"], body(response)) == (200, str(len(content)), b"")


def test_a_lost_original_is_told(get, archive, image):
    archive.remove(image.filename)
    response = get()
    assert (response.status_code, response.json()["code"]) == (404, "original_missing")
    assert image.filename in response.json()["message"]


def test_a_drive_that_is_away_is_told_as_that(get, archive, image, tmp_path):
    archive.root.rename(tmp_path / "drive")
    response = get()
    assert (response.status_code, response.json()["code"]) == (507, "storage_missing")


def test_files_that_were_served_are_closed(get, content):
    before = len(os.listdir("/proc/self/fd"))
    for headers in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=999999999-"}, {"If-None-Match": "*"}):
        response = get(**headers)
        body(response)
        response.close()
    get().close()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def get_thumbnail(api, viewer):
    return lambda image: api(viewer).get(f"/api/v1/images/{image.pk}/thumbnail")


def save_and_open(response, folder) -> Picture.Image:
    (folder / "thumbnail.jpg").write_bytes(body(response))
    return Picture.open(folder / "thumbnail.jpg")


@pytest.mark.parametrize("image_format", ["jpg", "png", "tiff"])
@pytest.mark.parametrize(("size", "expected"), [((1200, 600), (512, 256)), ((700, 1000), (358, 512)), ((64, 48),) * 2])
def test_a_thumbnail_is_made_on_demand(get_thumbnail, keep_image, tmp_path, image_format, size, expected):
    response = get_thumbnail(keep_image(pixels=make_pixels(*size), image_format=image_format))
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert save_and_open(response, tmp_path).size == expected


@pytest.mark.parametrize("image_format", list(FORMATS))
@pytest.mark.parametrize(("bits", "value"), [(8, 128), (10, 513), (12, 2055), (16, 0x80FF)])
@pytest.mark.parametrize("is_colour", [False, True])
def test_a_thumbnail_of_deep_pixels_shows_the_same_as_the_screen(
    get_thumbnail, keep_image, tmp_path, image_format, bits, value, is_colour
):
    pixels = np.full_like(make_pixels(bits=bits, is_colour=is_colour), value)
    image = keep_image(pixels=pixels, bits=bits, image_format=image_format)
    thumbnail = save_and_open(get_thumbnail(image), tmp_path)
    assert thumbnail.mode == ("RGB" if is_colour else "L")
    assert set(np.asarray(thumbnail).ravel().tolist()) == set(to_display(pixels, bits).ravel().tolist()) == {128}


def test_an_ome_tiff_is_served_under_its_whole_name_and_kind(api, viewer, archive, keep_image):
    image = keep_image(image_format="tiff")
    response = api(viewer).get(f"/api/v1/images/{image.pk}/file")
    assert response["Content-Type"] == "image/tiff"
    assert 'filename="capture_20250116_103045_123.ome.tif"' in response["Content-Disposition"]
    assert body(response) == archive.path_of(image.filename).read_bytes()


def test_the_thumbnail_of_a_damaged_tiff_is_an_error_and_no_crash(get_thumbnail, archive, keep_image):
    image = keep_image(image_format="tiff")
    os.truncate(archive.path_of(image.filename), 500)
    assert get_thumbnail(image).status_code == 409


def test_a_thumbnail_that_somebody_removed_is_made_again(get_thumbnail, image, tmp_path):
    folder = the_library().thumbnails._folder
    assert get_thumbnail(image).status_code == 200
    (folder / image.thumbnail_path).unlink()
    assert get_thumbnail(image).status_code == 200
    assert [path.name for path in (folder / image.thumbnail_path).parent.iterdir()] == [f"{image.filename}.jpg"]


def test_a_thumbnail_of_a_lost_original_is_told(get_thumbnail, archive, image):
    archive.remove(image.filename)
    response = get_thumbnail(image)
    assert (response.status_code, response.json()["code"]) == (404, "original_missing")


def test_a_thumbnail_of_a_damaged_original_is_told(get_thumbnail, archive, image):
    archive.path_of(image.filename).write_bytes(b"\xff\xd8 damaged")
    response = get_thumbnail(image)
    assert (response.status_code, response.json()["code"]) == (409, "original_changed")
    assert "changed after it was saved" in response.json()["message"]


def test_a_thumbnail_made_before_outlives_its_original(get_thumbnail, archive, image):
    get_thumbnail(image)
    archive.remove(image.filename)
    assert get_thumbnail(image).status_code == 200
