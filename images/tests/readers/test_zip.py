"""A ZIP of originals, as Java reads it, and ImageJ with it: as a stream, without a look at its end."""

import zipfile
import zlib
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from images.formats import FORMATS
from images.tests.frames import TAKEN_AT
from images.tests.readers.programs import read_with_imagej, run_java

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("query", ["", "&as=png"])
def test_java_reads_it_as_a_stream(api, viewer, keep_image, tmp_path, query):
    formats = enumerate(("jpg", "png", "tiff"))
    kept = [keep_image(image_format=one, taken_at=TAKEN_AT + timedelta(days=day)) for day, one in formats]
    ids = ",".join(str(image.pk) for image in kept)
    path = tmp_path / "taken.zip"
    path.write_bytes(b"".join(api(viewer).get(f"/api/v1/images/zip?ids={ids}{query}").streaming_content))
    said = run_java("ReadZip", path).decode()
    with zipfile.ZipFile(path) as packed:
        contents = [(name, packed.read(name)) for name in packed.namelist()]
    expected = [f"{name}\t{len(content)}\t{zlib.crc32(content)}" for name, content in contents]
    assert len(expected) == 4 and said.splitlines() == expected


def test_imagej_opens_the_first_of_three_tiffs(api, viewer, keep_image, archive, tmp_path):
    """It takes one picture from a ZIP, the first, and that only if it is a TIFF."""
    days = (timedelta(days=day) for day in range(3))
    kept = [keep_image(image_format="tiff", taken_at=TAKEN_AT + day) for day in days]
    path = tmp_path / "taken.zip"
    ids = ",".join(str(image.pk) for image in kept)
    path.write_bytes(b"".join(api(viewer).get(f"/api/v1/images/zip?ids={ids}").streaming_content))
    with zipfile.ZipFile(path) as packed:
        first = Path(packed.namelist()[0]).name
    [seen] = read_with_imagej([path])
    pixels = FORMATS["tiff"].read_pixels(archive.path_of(first))
    assert (seen.values == np.moveaxis(pixels, -1, 0)).all()
