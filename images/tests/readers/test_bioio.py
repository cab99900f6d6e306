"""bioio, which AICS's tools and napari's plug-ins read microscope images with."""

import numpy as np

from images.tests.readers.libraries import open_with_bioio
from images.tests.readers.samples import UM_PER_PIXEL


def test_pixels_and_depth_are_those_of_the_camera(tiffs):
    for sample in tiffs:
        read = open_with_bioio(sample.path).data
        assert read.dtype == sample.pixels.dtype, sample.path.name
        assert np.array_equal(np.squeeze(read), sample.pixels), sample.path.name


def test_the_scale_is_that_of_the_record_or_none(tiffs):
    for sample in tiffs:
        image = open_with_bioio(sample.path)
        sizes = image.physical_pixel_sizes
        expected = UM_PER_PIXEL if sample.is_scaled else (None, None)
        assert expected == (sizes.X, sizes.Y), sample.path.name
        if sample.is_scaled:
            assert image.metadata.images[0].pixels.physical_size_x_unit.value == "µm", sample.path.name
