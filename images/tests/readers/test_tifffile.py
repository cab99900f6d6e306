"""tifffile, which napari and many Python programs read TIFF with."""

import numpy as np
import tifffile

from images.tests.readers.samples import EXPOSURE_MS, UM_PER_PIXEL


def test_pixels_and_depth_are_those_of_the_camera(tiffs):
    for sample in tiffs:
        read = tifffile.imread(sample.path)
        assert read.dtype == sample.pixels.dtype, sample.path.name
        assert np.array_equal(read, sample.pixels), sample.path.name


def test_it_knows_an_ome_tiff_of_one_series_with_the_right_axes(tiffs):
    for sample in tiffs:
        with tifffile.TiffFile(sample.path) as tiff:
            assert tiff.is_ome, sample.path.name
            assert [series.axes for series in tiff.series] == ["YXS" if sample.is_colour else "YX"], sample.path.name


def test_scale_time_and_exposure_are_those_of_the_record(tiffs):
    for sample in tiffs:
        with tifffile.TiffFile(sample.path) as tiff:
            image = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]
            size = tiff.pages[0].get_resolution("MICROMETER") if sample.is_scaled else None
        assert image["AcquisitionDate"] == "2025-01-16T10:30:45.123Z"
        assert (image["Pixels"]["Plane"]["ExposureTime"], image["Pixels"]["Plane"]["ExposureTimeUnit"]) == (
            EXPOSURE_MS,
            "ms",
        )
        if size:
            assert np.allclose([1 / one for one in size], UM_PER_PIXEL, rtol=1e-6), sample.path.name
