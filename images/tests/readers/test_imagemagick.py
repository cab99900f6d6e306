"""ImageMagick, for all who know nothing of microscopes: pixels, depth and resolution."""

import pytest

from images.tests.readers.programs import identify_with_imagemagick, read_with_imagemagick
from images.tests.readers.samples import HEIGHT, UM_PER_PIXEL, WIDTH


@pytest.fixture(scope="session")
def identified(samples) -> dict[str, list[str]]:
    return identify_with_imagemagick([sample.path for sample in samples])


def test_every_file_is_one_picture_of_the_right_kind_and_depth(samples, identified):
    assert len(identified) == len(samples)
    for sample in samples:
        kind, width, height, channels, depth, *_ = identified[sample.path.name]
        assert kind == {"jpg": "JPEG", "png": "PNG", "tiff": "TIFF"}[sample.image_format]
        assert (int(width), int(height)) == (WIDTH, HEIGHT)
        assert channels.split()[0].startswith("srgb" if sample.is_colour else "gray"), sample.path.name
        assert int(depth) == 8 * sample.kept.itemsize, sample.path.name


def test_resolution_is_that_of_the_scale_where_it_is_known(samples, identified):
    for sample in samples:
        x, y, unit = identified[sample.path.name][5:]
        if sample.is_scaled:
            assert unit == "PixelsPerCentimeter", sample.path.name
            assert (10_000 / float(x), 10_000 / float(y)) == pytest.approx(UM_PER_PIXEL, rel=1e-5), sample.path.name
        else:  # what it takes where a file says nothing
            assert {float(x), float(y)} <= {72.0, 1.0}, sample.path.name


def test_values_are_those_that_the_format_keeps(samples):
    for sample in samples:
        assert sample.agrees_with(read_with_imagemagick(sample.path, like=sample.kept)), sample.path.name
