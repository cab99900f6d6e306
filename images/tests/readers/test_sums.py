"""Sums of frames in other people's programs: the same values to the last digit, and words that say what they are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from images.formats import FORMATS
from images.index.originals import find_changed_since_capture
from images.tests.frames import make_record_of, make_sum
from images.tests.readers.libraries import open_with_bioio, read_with_ome_types, validate_with_ome_types
from images.tests.readers.programs import read_with_exiftool, read_with_imagej
from images.tests.readers.samples import EXPOSURE_MS, HEIGHT, USER, WIDTH

COUNT = 16
KINDS = [(8, False), (12, False), (16, False), (8, True), (12, True), (16, True)]


@dataclass(frozen=True, slots=True)
class SumSample:
    path: Path
    pixels: np.ndarray
    bits: int
    record: dict[str, Any]

    @property
    def is_colour(self) -> bool:
        return self.pixels.ndim == 3


@pytest.fixture(scope="module")
def sums(tmp_path_factory) -> list[SumSample]:
    folder = tmp_path_factory.mktemp("sums")
    return [make_sample(folder, bits, is_colour) for bits, is_colour in KINDS]


def make_sample(folder: Path, bits: int, is_colour: bool) -> SumSample:
    random, kind = np.random.default_rng(bits), np.uint8 if bits == 8 else np.uint16
    shape = (HEIGHT, WIDTH, 3) if is_colour else (HEIGHT, WIDTH)
    frames = [random.integers(0, 2**bits, shape, dtype=kind) for _ in range(COUNT)]
    # The largest sum that there can be stands at the first pixel.
    for one in frames:
        one[0, 0] = 2**bits - 1
    frame = make_sum(frames, bits, exposure_ms=EXPOSURE_MS)
    record = make_record_of(frame, "tiff", USER, note="after the wash")
    path = folder / f"sum-{bits}-{'colour' if is_colour else 'mono'}.ome.tif"
    with path.open("w+b") as file:
        FORMATS["tiff"].write(file, frame.pixels, record, 0)
    return SumSample(path, np.sum([one.astype(np.uint64) for one in frames], axis=0), bits, record)


def test_this_program_reads_them_back(sums):
    for sample in sums:
        assert np.array_equal(FORMATS["tiff"].read_pixels(sample.path), sample.pixels), sample.path.name
        assert FORMATS["tiff"].read_record(sample.path) == sample.record
        assert find_changed_since_capture(sample.path, sample.record) is False


def test_tifffile_and_bioio_read_every_value(sums):
    for sample in sums:
        for read in (tifffile.imread(sample.path), np.squeeze(open_with_bioio(sample.path).data)):
            assert read.dtype == np.uint32, sample.path.name
            assert np.array_equal(read, sample.pixels), sample.path.name


def test_imagej_reads_every_value_of_a_mono_sum(sums):
    mono = [sample for sample in sums if not sample.is_colour]
    for sample, seen in zip(mono, read_with_imagej([sample.path for sample in mono]), strict=True):
        assert seen.bits == 32, sample.path.name
        assert np.array_equal(seen.values[0], sample.pixels), sample.path.name


def test_ome_says_how_many_frames_how_many_bits_and_the_light_of_all(sums):
    for sample in sums:
        validate_with_ome_types(tifffile.tiffcomment(sample.path))
        (image,) = read_with_ome_types(sample.path).images
        pixels = image.pixels
        assert (pixels.type.value, pixels.significant_bits) == ("uint32", sample.bits + 4)
        assert pixels.channels[0].detector_settings.integration == COUNT
        assert pixels.planes[0].exposure_time == COUNT * EXPOSURE_MS
        assert image.description.startswith("The exact sum of 16 frames: divide the values by 16 for the mean.")


def test_tiff_says_the_largest_value(sums):
    for sample in sums:
        with tifffile.TiffFile(sample.path) as tiff:
            tags = tiff.pages[0].tags
            said = [tags[name].value for name in ("MaxSampleValue", "SMaxSampleValue") if name in tags]
        assert np.max(said) == 2 ** (sample.bits + 4) - 1, sample.path.name


def test_exif_and_xmp_say_that_it_is_made_of_several(sums):
    told = read_with_exiftool([sample.path for sample in sums])
    for sample in sums:
        tags = told[sample.path.name]
        assert not [tag for tag in tags if "Warning" in tag or "Error" in tag]
        assert tags["ExifIFD:CompositeImage"] == 3, sample.path.name
        assert str(tags["ExifIFD:CompositeImageCount"]) == "16 16"
        times = [float(time) for time in str(tags["ExifIFD:CompositeImageExposureTimes"]).split()[:7]]
        assert times == pytest.approx([0.2] * 3 + [0.0125] * 4)
        assert tags["ExifIFD:ExposureTime"] == pytest.approx(0.2)
        assert tags["XMP-exifEX:CompositeImage"] == 3
        assert tags["XMP-dc:Description"].startswith("The exact sum of 16 frames"), sample.path.name
