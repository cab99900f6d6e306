"""ome-types: the OME-XML is valid by the schema of the Open Microscopy Environment, and says what the record says."""

from datetime import UTC, datetime

import pytest
import tifffile
from hypothesis import given, settings

from images.formats.ome import make_ome
from images.tests.frames import make_frame, make_pixels
from images.tests.readers.libraries import read_with_ome_types, validate_with_ome_types
from images.tests.readers.samples import EXPOSURE_MS, UM_PER_PIXEL, USER
from images.tests.records import OBJECTIVE, records

FRAME = make_frame(make_pixels(12, 8, 12), bits=12)


def test_every_file_is_valid_by_the_schema(tiffs):
    for sample in tiffs:
        validate_with_ome_types(tifffile.tiffcomment(sample.path))


@settings(deadline=None, max_examples=60)
@given(records(FRAME, "tiff"))
def test_whatever_was_said_it_stays_valid(record):
    validate_with_ome_types(make_ome(record).decode())


def test_it_reads_what_the_record_says(tiffs):
    for sample in tiffs:
        ome = read_with_ome_types(sample.path)
        (image,) = ome.images
        pixels = image.pixels
        assert (pixels.size_x, pixels.size_y) == (sample.pixels.shape[1], sample.pixels.shape[0])
        assert (pixels.type.value, pixels.significant_bits) == (str(sample.pixels.dtype), sample.bits)
        assert (pixels.size_c, len(pixels.channels)) == (3 if sample.is_colour else 1, 1)
        assert image.acquisition_date.astimezone(UTC) == datetime(2025, 1, 16, 10, 30, 45, 123_000, UTC)
        (plane,) = pixels.planes
        assert (plane.exposure_time, plane.exposure_time_unit.value) == (EXPOSURE_MS, "ms")
        assert (plane.position_x, plane.position_y, plane.position_z) == (1.5, -2.25, 3.0)
        assert plane.position_x_unit.value == "reference frame"
        assert pixels.channels[0].detector_settings.gain == sample.record["actual"]["gainDb"]
        assert ome.experimenters[0].user_name == USER
        (detector,) = ome.instruments[0].detectors
        assert (detector.manufacturer, detector.model, detector.serial_number) == ("Pixelink", "PL-D752", "775001234")


def test_scale_and_objective_are_there_where_they_are_known_and_nowhere_else(tiffs):
    for sample in tiffs:
        ome = read_with_ome_types(sample.path)
        pixels, objectives = ome.images[0].pixels, ome.instruments[0].objectives
        if sample.is_scaled:
            assert (pixels.physical_size_x, pixels.physical_size_y) == UM_PER_PIXEL
            assert (pixels.physical_size_x_unit.value, pixels.physical_size_y_unit.value) == ("µm", "µm")
            assert (objectives[0].nominal_magnification, objectives[0].lens_na) == (20.0, 0.75)
            assert objectives[0].model == OBJECTIVE["name"]
        else:
            assert (pixels.physical_size_x, pixels.physical_size_y, objectives) == (None, None, [])


def test_the_schema_would_tell_what_is_wrong(tiffs):
    text = tifffile.tiffcomment(tiffs[0].path)
    with pytest.raises(Exception, match=r"(?i)valid|plane|enumeration"):
        validate_with_ome_types(text.replace('ExposureTimeUnit="ms"', 'ExposureTimeUnit="blinks"'))
