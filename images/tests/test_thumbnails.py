import resource

import numpy as np
import pytest
from PIL import Image as Picture

from images.apps import the_library
from images.capture import capture_image
from images.errors import StorageUnavailable
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
