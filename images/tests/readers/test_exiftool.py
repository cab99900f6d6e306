"""exiftool, the reference for metadata: the same facts from every format, in every script."""

from typing import Any

import pytest

from images.tests.readers.programs import read_with_exiftool
from images.tests.readers.samples import NOTE, UM_PER_PIXEL, USER
from images.tests.records import OBJECTIVE


@pytest.fixture(scope="session")
def told(samples) -> dict[str, dict[str, Any]]:
    return read_with_exiftool([sample.path for sample in samples])


def test_no_file_has_anything_to_complain_about(samples, told):
    for sample in samples:
        complaints = {tag: text for tag, text in told[sample.path.name].items() if "Warning" in tag or "Error" in tag}
        assert complaints == {}, sample.path.name


def test_exposure_time_and_camera_are_told_by_every_format(samples, told):
    for sample in samples:
        tags = told[sample.path.name]
        assert tags["ExifIFD:ExposureTime"] == pytest.approx(0.0125), sample.path.name
        assert tags["Composite:SubSecDateTimeOriginal"] == "2025:01:16 10:30:45.123+00:00", sample.path.name
        assert (tags["IFD0:Make"], tags["IFD0:Model"]) == ("Pixelink", "PL-D752"), sample.path.name
        assert str(tags["ExifIFD:SerialNumber"]) == "775001234", sample.path.name
        assert tags["IFD0:Software"] == sample.record["software"], sample.path.name


def test_names_survive_in_every_script(samples, told):
    for sample in samples:
        tags = told[sample.path.name]
        assert (tags["IFD0:Artist"], tags["XMP-dc:Creator"]) == (USER, USER), sample.path.name
        assert tags["XMP-dc:Description"] == f"µ-beads\n{NOTE}", sample.path.name
        if sample.is_scaled:
            assert tags["ExifIFD:LensModel"] == OBJECTIVE["name"], sample.path.name
        if sample.image_format == "png":
            assert tags["PNG:Author"] == USER, sample.path.name


def test_exif_and_xmp_belong_to_the_same_record(samples, told):
    for sample in samples:
        tags, record_id = told[sample.path.name], sample.record["id"]
        assert tags["ExifIFD:ImageUniqueID"] == record_id.replace("-", ""), sample.path.name
        assert tags["XMP-xmpMM:DocumentID"] == f"urn:uuid:{record_id}", sample.path.name


def test_the_scale_is_told_with_its_unit_where_it_is_known(samples, told):
    for sample in samples:
        tags = told[sample.path.name]
        if sample.is_scaled:
            assert tags["IFD0:ResolutionUnit"] == 3, sample.path.name
            sizes_um = 10_000 / tags["IFD0:XResolution"], 10_000 / tags["IFD0:YResolution"]
            assert sizes_um == pytest.approx(UM_PER_PIXEL, rel=1e-6), sample.path.name
            if sample.image_format == "png":
                assert 1e6 / tags["PNG-pHYs:PixelsPerUnitX"] == pytest.approx(UM_PER_PIXEL[0], rel=1e-6)
                assert tags["PNG-pHYs:PixelUnits"] == 1
        else:
            assert tags.get("IFD0:ResolutionUnit", 1) == 1, sample.path.name
            assert tags.get("JFIF:ResolutionUnit", 0) == 0, sample.path.name
            assert not [tag for tag in tags if "pHYs" in tag], sample.path.name


def test_a_tiff_tells_depth_and_largest_value(tiffs, told):
    for sample in tiffs:
        tags, samples_per_pixel = told[sample.path.name], 3 if sample.is_colour else 1
        held, largest = (str(tags[f"IFD0:{name}"]).split() for name in ("BitsPerSample", "MaxSampleValue"))
        assert held == [str(8 * sample.pixels.itemsize)] * samples_per_pixel, sample.path.name
        assert largest == [str(2**sample.bits - 1)] * samples_per_pixel, sample.path.name
