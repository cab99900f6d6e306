"""Exports: other files made from an original when they are asked for. The original stays as it is, and nobody can take
an export for one: not by its name, and not by the record inside, which says what was done."""

import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from django.utils import timezone

from camera.scratch import open_scratch_file
from images.apps import the_library
from images.errors import NotAnOriginal, OriginalMissing, ScaleUnknown
from images.formats import FORMATS, format_of
from images.models import Image
from images.record import bits_held, format_time
from images.scale_bar import burn_scale_bar
from images.storage import telling_faults

SCHEMA = "microscope.export"
ARRAY = "npy"
EXPORT_FORMATS = [*FORMATS, ARRAY]
CONTENT_TYPE_OF_ARRAY = "application/octet-stream"
PREFIX = "export_of_"

# A deep picture of 20 megapixels takes 120 MB while it is converted.
_converting = threading.BoundedSemaphore(max(os.cpu_count() or 1, 2))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for, of images that may differ: `image_format` None stands for that of each."""

    image_format: str | None
    quality: int
    has_scale_bar: bool

    def of(self, image: Image) -> "Export":
        return Export(self.image_format or image.image_format, self.quality, self.has_scale_bar)

    def as_far_as_known(self, image: Image) -> "Export":
        """Without the scale bar where the image has no scale."""
        return replace(self.of(image), has_scale_bar=self.has_scale_bar and image.um_per_pixel_x is not None)


@dataclass(frozen=True, slots=True)
class Export:
    """What shall be made of one original. `quality` is for JPEG."""

    image_format: str
    quality: int = 95
    has_scale_bar: bool = False

    @property
    def content_type(self) -> str:
        return CONTENT_TYPE_OF_ARRAY if self.image_format == ARRAY else FORMATS[self.image_format].content_type

    @property
    def mark(self) -> str:
        """Tells exports of one original apart."""
        bar = "-bar" if self.has_scale_bar else ""
        return f"{self.image_format}{self.quality if self.image_format == 'jpg' else ''}{bar}"

    def name_for(self, filename: str) -> str:
        """`export_of_capture_20250116_103045_123_scale_bar.png`."""
        known = format_of(Path(filename))
        stem = filename.removesuffix(known.extension) if known else filename
        extension = f".{ARRAY}" if self.image_format == ARRAY else FORMATS[self.image_format].extension
        return f"{PREFIX}{stem}{'_scale_bar' if self.has_scale_bar else ''}{extension}"


def make_export(image: Image, wanted: Export, username: str) -> BinaryIO:
    """The export in a scratch file, from its start; the caller closes it. Blocks while it is made.

    Raises ScaleUnknown where a scale bar is wanted of an image that has none, OriginalMissing, or a StorageUnavailable.
    """
    um_per_pixel = image.um_per_pixel_x if wanted.has_scale_bar else None
    if wanted.has_scale_bar and um_per_pixel is None:
        raise ScaleUnknown(f"The scale of {image.filename} is unknown, so it can have no scale bar.")
    with _converting:
        pixels = read_pixels(image)
        if um_per_pixel is not None:
            pixels = burn_scale_bar(pixels, um_per_pixel, bits_held(image.metadata))
        file = open_scratch_file()
        try:
            _write(file, pixels, image, wanted, username)
        except BaseException:
            file.close()
            raise
    file.seek(0)
    return file


def read_pixels(image: Image) -> np.ndarray:
    """Those of the original, at the depth at which they were kept."""
    archive = the_library().archive
    archive.open(image.filename).close()  # tells what is the matter where it is not there
    try:
        with telling_faults():
            return FORMATS[image.image_format].read_pixels(archive.path_of(image.filename))
    except NotAnOriginal as problem:
        raise OriginalMissing(f"The file {image.filename} cannot be read as a picture.") from problem


def _write(file: BinaryIO, pixels: np.ndarray, image: Image, wanted: Export, username: str) -> None:
    if wanted.image_format == ARRAY:
        np.save(file, pixels, allow_pickle=False)
        return
    kind = FORMATS[wanted.image_format]
    record = make_export_record(image, wanted, pixels, username)
    kind.write(file, pixels, record, wanted.quality)


def make_export_record(image: Image, wanted: Export, pixels: np.ndarray, username: str) -> dict[str, Any]:
    """The original's record, and what was done to its pixels. Of another schema, so that it is adopted nowhere."""
    original = image.metadata
    encoding = FORMATS[wanted.image_format].encoding_of(pixels, wanted.quality)
    return {
        **original,
        "schema": SCHEMA,
        "id": str(uuid.uuid4()),
        "sample": image.sample or None,
        "note": image.note or None,
        "file": {"format": encoding.format, "bits": encoding.bits, "quality": encoding.quality},
        "export": {
            "of": {"id": original["id"], "filename": image.filename, "sha256": image.sha256},
            "madeAt": format_time(timezone.now()),
            "madeBy": username,
            "steps": list(_steps(image, wanted, encoding.bits)),
        },
    }


def _steps(image: Image, wanted: Export, bits: int) -> Iterator[str]:
    """In words, in the order in which they were done."""
    if image.image_format == "jpg":
        yield "Read from a JPEG, which had lost detail and all but eight bits."
    if wanted.has_scale_bar:
        yield "A scale bar was drawn into the pixels at the lower right."
    if bits < (held := bits_held(image.metadata)):
        yield f"The upper {bits} of {held} significant bits were kept."
    if wanted.image_format == "jpg":
        yield f"Encoded as JPEG of quality {wanted.quality}, which loses detail."
