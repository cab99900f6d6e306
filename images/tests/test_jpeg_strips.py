"""A JPEG encoded by two threads is the same picture as one encoded in one piece."""

import numpy as np
import pytest
from PIL import Image

from images.formats.jpeg_strips import can_split, save_in_strips, save_jpeg
from images.formats.pixel_sum import sum_coded_data


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8)


def decode(path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("shape", [(1080, 1920, 3), (1081, 1923, 3), (33, 40, 3), (17, 16, 3), (960, 1280), (31, 9)])
@pytest.mark.parametrize("quality", [30, 95, 100])
def test_the_pixels_are_those_of_one_piece(tmp_path, shape, quality):
    pixels = noise(*shape)
    Image.fromarray(pixels).save(tmp_path / "whole.jpg", quality=quality)
    with open(tmp_path / "strips.jpg", "x+b") as file:
        save_in_strips(file, pixels, quality=quality)
    assert np.array_equal(decode(tmp_path / "strips.jpg"), decode(tmp_path / "whole.jpg"))


@pytest.mark.parametrize("shape", [(1080, 1920, 3), (960, 1280), (48, 64)])
def test_the_sum_is_that_of_the_file(tmp_path, shape):
    with open(tmp_path / "strips.jpg", "x+b") as file:
        said = save_jpeg(file, noise(*shape), 95, lambda: {"comment": b"the record"})
        assert said == sum_coded_data(file).hexdigest()


def test_the_file_ends_where_the_picture_ends(tmp_path):
    with open(tmp_path / "strips.jpg", "x+b") as file:
        save_in_strips(file, noise(1080, 1920, 3), quality=95)
    content = (tmp_path / "strips.jpg").read_bytes()
    assert content.endswith(b"\xff\xd9")
    assert content.count(b"\xff\xd9") == 1


def test_exif_and_comment_are_kept(tmp_path):
    exif = Image.Exif()
    exif[271] = "Pixelink"
    with open(tmp_path / "strips.jpg", "x+b") as file:
        save_in_strips(file, noise(720, 960, 3), 90, lambda: {"exif": exif, "comment": b"the record"})
    with Image.open(tmp_path / "strips.jpg") as picture:
        assert picture.size == (960, 720)
        assert picture.getexif()[271] == "Pixelink"
        assert picture.info["comment"] == b"the record"


def test_small_pictures_and_those_beyond_the_longest_interval_stay_in_one_piece():
    assert not can_split(noise(480, 640, 3))
    assert can_split(noise(1080, 1920, 3))
    assert not can_split(np.zeros((3648, 5472), dtype=np.uint8))
