"""Make exports: files in other formats, made from an original on request.

The original stays as it is. An export cannot be mistaken for an original: its name says so, and so does the record
inside, which lists what was done to the pixels.
"""

import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
from django.utils import timezone

from camera.memory import open_memory_file
from images.archive.folder import raising_storage_errors
from images.editable_fields import nest_for_record, values_in_row
from images.errors import NotAnOriginal, OriginalMissing, ScaleUnknown
from images.export.scale_bar import burn_scale_bar
from images.formats import FORMATS, format_of
from images.index.opening import open_original
from images.library import the_library
from images.models import Image
from images.permissions import Person
from images.record.image import bits_held, format_time
from images.record.people import name_person
from images.record.sums import read_sum

SCHEMA = "microscope.export"
ARRAY = "npy"
EXPORT_FORMATS = [*FORMATS, ARRAY]
CONTENT_TYPE_OF_BYTES = "application/octet-stream"
PREFIX = "export_of_"

# Limits memory: a 20-megapixel image of more than 8 bits takes 120 MB while it is converted.
_converting = threading.BoundedSemaphore(max(os.cpu_count() or 1, 2))


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """The export settings of a request for one or many images. `image_format` None: each image keeps its own format."""

    image_format: str | None
    quality: int
    has_scale_bar: bool

    def for_image(self, image: Image) -> "Export":
        return Export(self.image_format or image.image_format, self.quality, self.has_scale_bar)

    def for_image_if_known(self, image: Image) -> "Export":
        """Like `for_image`, but without a scale bar if the scale of the image is unknown."""
        return replace(self.for_image(image), has_scale_bar=self.has_scale_bar and image.um_per_pixel_x is not None)


@dataclass(frozen=True, slots=True)
class Export:
    """The settings of one export. `quality`, 1 to 100, counts only for JPEG."""

    image_format: str
    quality: int = 95
    has_scale_bar: bool = False

    @property
    def content_type(self) -> str:
        return CONTENT_TYPE_OF_BYTES if self.image_format == ARRAY else FORMATS[self.image_format].content_type

    @property
    def has_quality(self) -> bool:
        return self.image_format != ARRAY and FORMATS[self.image_format].has_quality

    @property
    def mark(self) -> str:
        """A text that differs between all exports of one original. It is part of the ETag."""
        bar = "-bar" if self.has_scale_bar else ""
        return f"{self.image_format}{self.quality if self.has_quality else ''}{bar}"

    def name_for(self, filename: str) -> str:
        """Return the file name of the export, such as `export_of_capture_20250116_103045_123_scale_bar.png`."""
        known = format_of(filename)
        stem = filename.removesuffix(known.extension) if known else filename
        extension = f".{ARRAY}" if self.image_format == ARRAY else FORMATS[self.image_format].extension
        return f"{PREFIX}{stem}{'_scale_bar' if self.has_scale_bar else ''}{extension}"


def make_export(image: Image, wanted: Export, by: Person) -> BinaryIO:
    """Return the export as a file in memory, at its start. The caller closes it. Blocks until the export is made.

    Raises ScaleUnknown if a scale bar is requested and the scale is unknown, OriginalMissing, OriginalChanged or
    StorageUnavailable.
    """
    # The bar is horizontal, so only the scale along x counts.
    um_per_pixel = image.um_per_pixel_x if wanted.has_scale_bar else None
    if wanted.has_scale_bar and um_per_pixel is None:
        raise ScaleUnknown(
            f"Cannot draw a scale bar: the scale of {image.filename} is unknown. Export it without a scale bar, or "
            "calibrate its objective."
        )
    # The checks come before this: a request that fails must not wait for others.
    with _converting:
        pixels = read_pixels(image)
        if um_per_pixel is not None:
            pixels = burn_scale_bar(pixels, um_per_pixel, bits_held(image.metadata))
        file = open_memory_file()
        try:
            _write(file, pixels, image, wanted, by)
        except BaseException:
            file.close()
            raise
    file.seek(0)
    return file


def read_pixels(image: Image) -> np.ndarray:
    """Return the pixels of the original as (height, width[, 3]), uint8, uint16 or uint32 as in the file.

    Raises OriginalMissing if the file cannot be decoded, else as `images.index.opening.open_original`.
    """
    try:
        with open_original(image, the_library().archive) as original, raising_storage_errors():
            pixels = FORMATS[image.image_format].read_pixels(original.file)
            # After the decoder: it checks the very bytes that were decoded.
            original.require_unchanged()
            return pixels
    except NotAnOriginal as problem:
        raise OriginalMissing(f"The file {image.filename} cannot be read as an image.") from problem


def _write(file: BinaryIO, pixels: np.ndarray, image: Image, wanted: Export, by: Person) -> None:
    if wanted.image_format == ARRAY:
        # A pickled array could run code in the program that opens it.
        np.save(file, pixels, allow_pickle=False)
        return
    kind = FORMATS[wanted.image_format]
    record = make_export_record(image, wanted, pixels, by)
    kind.write(file, pixels, record, wanted.quality)


def make_export_record(image: Image, wanted: Export, pixels: np.ndarray, by: Person) -> dict[str, Any]:
    """Return the record of the original, with a list of what was done to its pixels.

    Its schema differs from that of an original, so that no library adopts an export.
    """
    original = image.metadata
    encoding = FORMATS[wanted.image_format].encoding_of(pixels, wanted.quality)
    return {
        **original,
        "schema": SCHEMA,
        "id": str(uuid.uuid4()),
        # The texts as they are now, not as they were at the capture.
        **nest_for_record(values_in_row(image)),
        "file": {"format": encoding.format, "bits": encoding.bits, "quality": encoding.quality},
        "export": {
            "of": {"id": original["id"], "filename": image.filename, "sha256": image.sha256},
            "originalChangedSinceCapture": image.changed_since_capture,
            "madeAt": format_time(timezone.now()),
            **name_person("madeBy", by),
            "steps": list(_steps(image, wanted, encoding.bits)),
        },
    }


def _steps(image: Image, wanted: Export, bits: int) -> Iterator[str]:
    """Yield a sentence for each step, in the order in which they were done."""
    if image.changed_since_capture:
        yield "The original was changed since capture: its pixels differ from those described in its record."
    if FORMATS[image.image_format].has_quality:
        yield f"Read from a lossy {image.image_format.upper()} of 8 bits."
    if wanted.has_scale_bar:
        yield "A scale bar was drawn into the pixels at the bottom right."
    if bits < (held := bits_held(image.metadata)):
        yield f"The upper {bits} of {held} significant bits were kept."
        if summed := read_sum(image.metadata):
            yield f"So the values are those of the mean of {summed.frames} frames, not of their sum."
    if wanted.has_quality:
        yield f"Encoded as lossy {wanted.image_format.upper()} with quality {wanted.quality}."
