import os
import resource

import numpy as np
import pytest
from PIL import Image as Picture

from images.archive.folder import lock
from images.capture.capture import capture_image
from images.errors import StorageUnavailable
from images.index.thumbnails import Thumbnails
from images.library import the_library
from images.tests.conftest import wait_until
from images.tests.frames import make_frame, make_pixels
from images.tests.test_storage import limited

pytestmark = pytest.mark.django_db


def test_a_capture_has_its_thumbnail_soon_and_it_says_simulated(camera, archive, operator):
    image = capture_image(by=operator, exposure_ms=20).image
    path = the_library().thumbnails._folder / image.thumbnail_path
    wait_until(path.exists)
    with Picture.open(path) as thumbnail, Picture.open(archive.path_of(image.filename)) as original:
        assert thumbnail.size == original.size == (320, 240)
        banner = np.asarray(thumbnail.convert("L"))[:13].astype(int)
        assert np.abs(banner - np.asarray(original.convert("L"))[:13]).mean() < 8
    assert banner.max() > 230 and banner.min() < 25


@pytest.mark.parametrize(("bits", "value"), [(10, 513), (12, 2055), (16, 0x80FF)])
@pytest.mark.parametrize("is_colour", [False, True])
def test_one_made_at_capture_shows_the_upper_eight_bits(keep_image, bits, value, is_colour):
    pixels = np.full_like(make_pixels(bits=bits, is_colour=is_colour), value)
    image = keep_image(pixels=pixels, bits=bits, image_format="tiff")
    path = the_library().thumbnails._folder / image.thumbnail_path
    the_library().thumbnails.make_soon(image.thumbnail_path, make_frame(pixels, bits=bits))
    wait_until(path.exists)
    with Picture.open(path) as thumbnail:
        assert set(np.asarray(thumbnail).ravel().tolist()) == {value >> (bits - 8)} == {128}


def test_a_disk_without_room_for_a_thumbnail_is_told_and_nothing_half_remains(archive, keep_image):
    image = keep_image(pixels=make_pixels(512, 512))
    thumbnails = the_library().thumbnails
    with limited(resource.RLIMIT_FSIZE, 2_000), pytest.raises(StorageUnavailable):
        thumbnails.open(image)
    assert [path for path in thumbnails._folder.rglob("*") if path.is_file()] == []
    thumbnails.open(image).close()


def test_more_than_can_wait_are_made_once_they_are_asked_for(archive, keep_image):
    thumbnails = the_library().thumbnails
    images = [keep_image() for _ in range(8)]
    for image in images:
        thumbnails.make_soon(image.thumbnail_path, make_frame())
    for image in images:
        thumbnails.open(image).close()


def test_a_thumbnail_that_cannot_be_made_hinders_none_that_follows(archive, keep_image):
    image = keep_image()
    thumbnails = the_library().thumbnails
    (thumbnails._folder / "blocked").parent.mkdir(parents=True, exist_ok=True)
    (thumbnails._folder / "blocked").write_text("a file in the place of a folder")
    thumbnails.make_soon("blocked/thumbnail.jpg", make_frame())
    thumbnails.make_soon(image.thumbnail_path, make_frame())
    wait_until((thumbnails._folder / image.thumbnail_path).exists)


def test_what_a_writer_that_died_left_is_removed_and_what_is_being_written_is_not(archive):
    thumbnails = the_library().thumbnails
    folder = thumbnails._folder / "2025-01-16"
    folder.mkdir(parents=True)
    left, in_progress = folder / ".one.jpg.1-1.part", folder / ".two.jpg.1-2.part"
    left.write_bytes(b"half a thumb")
    with in_progress.open("wb") as file:
        lock(file)
        assert thumbnails.remove_orphaned_temporaries() == 1
    assert list(folder.iterdir()) == [in_progress]


def test_a_thumbnail_is_on_disk_as_a_whole_before_it_gets_its_name(archive, keep_image, tmp_path):
    image, synced = keep_image(), []

    def note(descriptor: int) -> None:
        written = os.pread(descriptor, 10**7, 0)
        synced.append((written[:2] + written[-2:], (tmp_path / "own" / image.thumbnail_path).exists()))

    with Thumbnails(tmp_path / "own", archive, sync=note).open(image) as file:
        assert file.read(2) == b"\xff\xd8"
    assert synced == [(b"\xff\xd8\xff\xd9", False)]
