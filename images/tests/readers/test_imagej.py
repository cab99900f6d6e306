"""Debian's ImageJ, without a window: calibration, depth and values, as they are measured there."""

import numpy as np
import pytest

from images.tests.readers.programs import Seen, read_with_imagej
from images.tests.readers.samples import HEIGHT, UM_PER_PIXEL, WIDTH


@pytest.fixture(scope="session")
def seen(samples) -> dict[str, Seen]:
    seen = read_with_imagej([sample.path for sample in samples])
    return {sample.path.name: one for sample, one in zip(samples, seen, strict=True)}


def test_every_file_is_opened(samples, seen):
    assert len(seen) == len(samples) > 40


def test_values_are_those_that_the_format_keeps(samples, seen):
    for sample in samples:
        values = seen[sample.path.name].values
        planes = np.moveaxis(sample.kept, -1, 0) if sample.is_colour else sample.kept[None]
        assert values.shape[1:] == (HEIGHT, WIDTH)
        assert np.abs(values - planes.astype(int)).max() <= sample.tolerance, sample.path.name


def test_depth_is_that_of_the_file(samples, seen):
    for sample in samples:
        is_deep = sample.kept.dtype == np.uint16
        assert seen[sample.path.name].bits == (16 if is_deep else 24 if sample.is_colour else 8), sample.path.name


def test_a_tiff_is_calibrated_where_the_scale_is_known_and_in_pixels_where_not(tiffs, seen):
    for sample in tiffs:
        found = seen[sample.path.name]
        if sample.is_scaled:
            assert found.unit in ("µm", "um", "micron"), sample.path.name
            assert found.size == pytest.approx(UM_PER_PIXEL, rel=1e-6), sample.path.name
        else:
            assert (found.unit, found.size) == ("pixel", (1.0, 1.0)), sample.path.name


def test_no_other_format_is_calibrated_by_what_is_no_scale(samples, seen):
    for sample in samples:
        if sample.image_format != "tiff" and not sample.is_scaled:
            assert (seen[sample.path.name].unit, seen[sample.path.name].size) == ("pixel", (1.0, 1.0))
