"""A JPEG encoded by two processors is the same picture as one encoded in one piece."""

import os

import numpy as np
import pytest
from PIL import Image

from images.formats.jpeg_strips import can_split, encode_elsewhere, find_processor, save_in_strips


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


def test_the_file_ends_where_the_picture_ends(tmp_path):
    with open(tmp_path / "strips.jpg", "x+b") as file:
        save_in_strips(file, noise(1080, 1920, 3), quality=95)
    content = (tmp_path / "strips.jpg").read_bytes()
    assert content.endswith(b"\xff\xd9")
    assert content.count(b"\xff\xd9") == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="here one cannot choose a processor")
class TestProcessor:
    @pytest.fixture(params=["all", "one"])
    def allowed(self, request):
        """Those that this thread may use; one of them runs it."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, before if request.param == "all" else {find_processor()})
        yield os.sched_getaffinity(0)
        os.sched_setaffinity(0, before)

    def test_a_half_is_encoded_wherever_it_may_be(self, allowed):
        assert encode_elsewhere(find_processor(), noise(32, 32, 3), 95, 4).endswith(b"\xff\xd9")
        assert os.sched_getaffinity(0) == allowed

    def test_after_a_failure_too_the_thread_may_use_what_it_might_before(self, allowed):
        with pytest.raises(TypeError):
            encode_elsewhere(find_processor(), noise(32, 32, 5), 95, 4)
        assert os.sched_getaffinity(0) == allowed


def test_exif_and_comment_are_kept(tmp_path):
    exif = Image.Exif()
    exif[271] = "Pixelink"
    with open(tmp_path / "strips.jpg", "x+b") as file:
        save_in_strips(file, noise(720, 960, 3), quality=90, exif=exif, comment=b"the record")
    with Image.open(tmp_path / "strips.jpg") as picture:
        assert picture.size == (960, 720)
        assert picture.getexif()[271] == "Pixelink"
        assert picture.info["comment"] == b"the record"


def test_small_pictures_and_those_beyond_the_longest_interval_stay_in_one_piece():
    assert not can_split(noise(480, 640, 3))
    assert can_split(noise(1080, 1920, 3))
    assert not can_split(np.zeros((3648, 5472), dtype=np.uint8))
